/**
 * The keyed state of an operator as those see it who watch the job. Every call comes from the thread of the operator, between
 * two steps, and changes nothing: no key gets a slot, and no time to live begins anew.
 */

export type StateSize = {
  readonly name: string;
  readonly kind: string;
  /** Keys that have something in it; null where there are too many to count. */
  readonly keys: number | null;
};

export interface StateLook {
  /** Keys that have something in any of them. */
  readonly keyCount: number;
  sizes(): readonly StateSize[];
  /** What a key, as JSON has it, has in a state; undefined for nothing. EngineError KEY_INVALID where it can be no key. */
  valueOf(state: string, key: unknown): unknown;
}
