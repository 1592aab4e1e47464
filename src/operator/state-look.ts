/**
 * The keyed state of an operator as those see it who watch the job. Every call comes from the thread of the operator, between
 * two steps, and changes nothing: no key gets a slot, and no time to live begins anew.
 */
import type { StateCounts } from '../metrics/state-numbers.ts';

export type StateSize = StateCounts & { readonly name: string; readonly kind: string };

/** What a key has in a window, or in a pane of some: a state with windows has a list of them, by rising start. */
export type WindowOfKey = {
  /** Milliseconds since 1970 UTC; not finite where a window has no bounds. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Accumulators by their names, or rows. */
  readonly values: unknown;
};

export interface StateLook {
  /** Keys that have something in any of them; null where there are too many to count. */
  readonly keyCount: number | null;
  sizes(): readonly StateSize[];
  /** What a key, as JSON has it, has in a state; undefined for nothing. EngineError KEY_INVALID where it can be no key. */
  valueOf(state: string, key: unknown): unknown;
}
