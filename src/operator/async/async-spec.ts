/**
 * Functions of the user that answer later: as plain data, and the part that is not.
 *
 *   waiting → under way → (waiting for its next attempt → under way)* → done → emitted
 *
 * A request is a record on its way through such a function. It is state until its result has been emitted.
 */
import type { RetrySpec } from '../retry.ts';

export type CallSpec = {
  /** Whether results leave in the order of their records. */
  readonly isOrdered: boolean;
  /** From the first attempt to the result; null for no bound. */
  readonly timeoutMs: number | null;
  readonly retry: RetrySpec | null;
};

export type CacheSpec = {
  readonly maxEntries: number;
  /** How long an entry is of use; null for as long as it has room. */
  readonly ttlMs: number | null;
};

export type AsyncSpec = CallSpec & {
  /** Requests that are under way at a time, at most. */
  readonly capacity: number;
  /** Whether a result is any number of rows. */
  readonly isFlat: boolean;
  /** Of a lookup: the field with the key, null for a key by a function. */
  readonly lookup: { readonly field: string | null; readonly cache: CacheSpec | null } | null;
};

/** What calls have of the user beside their spec. */
export type CallFunctions = {
  /** Whether to try again after what an attempt has thrown; always, when left out. */
  readonly retriesError?: ((error: unknown) => boolean) | undefined;
  /** Whether to try again after a result; never, when left out. */
  readonly retriesResult?: ((result: unknown) => boolean) | undefined;
  /** The result of a record that took too long; without it, that fails the job. */
  readonly onTimeout?: ((row: unknown) => unknown) | undefined;
  /** File and line where the user has given the function; null where that is not known. */
  readonly definedAt: string | null;
};

/** The function: called with the row or, for a lookup, its key. */
export type AsyncDefinition = CallFunctions & {
  readonly call: (input: unknown, context: unknown) => unknown;
  /** Of a lookup: the key of a row, where it is no field; and the row that is made of a row and what was found for it. */
  readonly key?: (row: unknown) => unknown;
  readonly apply?: (row: unknown, found: unknown) => unknown;
};
