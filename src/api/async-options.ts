/** How functions that answer later are called: what users say of it, and what becomes of that. */
import { userFrame } from '../base/errors.ts';
import {
  aPlainFunction,
  aPlainOrGenerator,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import type { CacheSpec, CallFunctions, CallSpec } from '../operator/async/async-spec.ts';
import { aRetry, type ErrorRetry, retrySpec } from '../operator/retry.ts';
import { aDuration, type Duration, durationMs } from '../time/duration.ts';

/** What an asynchronous function gets beside its record. */
export interface AsyncContext {
  /** Event time of the record; null for a record without one. */
  readonly timestamp: number | null;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Aborted when the result is not wanted any more: after the timeout, and when the job ends before it. */
  readonly signal: AbortSignal;
}

/** When to call an asynchronous function again. Defaults in brackets. */
export type AsyncRetry<Result> = ErrorRetry & {
  /** Whether to try again after this result [never]; behind the last attempt it is taken as it is. */
  readonly ifResult?: (result: Result) => boolean;
};

/** How an asynchronous function is called. Defaults in brackets. */
export type AsyncOptions<Row, Result, Late = never> = {
  /** Whether results leave in the order of their rows [true]; no row passes a watermark in any case. */
  readonly ordered?: boolean;
  /** Calls that each subtask has under way at a time [100]; with as many, it takes no more rows. */
  readonly capacity?: number;
  /** How long a row may take, over all attempts; longer fails the job with ASYNC_TIMEOUT [no bound]. */
  readonly timeout?: Duration;
  /** The result for a row that takes longer, instead of a failure. */
  readonly onTimeout?: (row: Row) => Late;
  /** Whether a call that fails is made again [no]. */
  readonly retry?: AsyncRetry<Result>;
};

/** How a function is run by threads of its own. Defaults in brackets. */
export type ParallelOptions<Row, Late = never> = {
  /** Threads over all subtasks of the step, one at least for each [as many as the machine has processors]. */
  readonly threads?: number;
  /** Rows that a thread gets at a time, at most [64]: more of them where the function is quick. */
  readonly batchRows?: number;
  /** Whether results leave in the order of their rows [true]; no row passes a watermark in any case. */
  readonly ordered?: boolean;
  /**
   * How long the rows that a thread gets at a time may take, over all attempts; longer ends the thread and fails the job with
   * ASYNC_TIMEOUT [no bound].
   */
  readonly timeout?: Duration;
  /** The result for each row that takes longer, instead of a failure. */
  readonly onTimeout?: (row: Row) => Late;
  /** Whether rows are given to the function again when it has thrown at one of them [no]. */
  readonly retry?: ErrorRetry;
};

/** What is remembered of a lookup, in each subtask. Defaults in brackets. */
export type LookupCache = {
  /** Keys, at most: the one that was used longest ago goes first. */
  readonly maxEntries: number;
  /** How long an answer is of use [as long as there is room]. */
  readonly ttl?: Duration;
};

/** How rows are looked up. Defaults in brackets. */
export type LookupOptions<Row, Found, Late = never> = AsyncOptions<Row, Found, Late> & {
  /** Remembers answers; rows that ask for the same key at the same time then share one call [none]. */
  readonly cache?: LookupCache;
};

export type AnyOptions = AsyncOptions<never, never, unknown>;
export type AnyLookupOptions = LookupOptions<never, never, unknown>;

/** Calls under way, unless told otherwise. */
export const CAPACITY = 100;

/** Rows that a thread gets at a time, unless told otherwise. */
export const PARALLEL_ROWS = 64;
export const PARALLEL_OPTIONS: OptionRules<ParallelOptions<never, unknown>> = {
  threads: wholeNumber(1),
  batchRows: wholeNumber(1),
  ordered: choice(true, false),
  timeout: aDuration,
  onTimeout: aPlainFunction,
  retry: aRetry(),
};

const CACHE: OptionRules<LookupCache> = {
  maxEntries: wholeNumber(1),
  ttl: aDuration,
};

export const ASYNC_OPTIONS: OptionRules<AnyOptions> = {
  ordered: choice(true, false),
  capacity: wholeNumber(1),
  timeout: aDuration,
  onTimeout: aPlainOrGenerator,
  retry: aRetry({ ifResult: aPlainFunction }),
};

export const LOOKUP_OPTIONS: OptionRules<AnyLookupOptions> = {
  ...ASYNC_OPTIONS,
  cache(what, value) {
    checkOptions(what, value as LookupCache, CACHE);
    if ((value as LookupCache).maxEntries === undefined)
      throw wrong(`${what}: maxEntries`, 'is how many keys to keep', undefined);
  },
};

/** The plain part of options that have been checked. */
export function callSpec(what: string, options: AnyOptions): CallSpec {
  const { ordered = true, timeout, onTimeout, retry } = options;
  if (onTimeout !== undefined && timeout === undefined)
    throw wrong(`${what}: onTimeout`, 'needs a timeout beside it', onTimeout);
  return {
    isOrdered: ordered,
    timeoutMs: timeout === undefined ? null : durationMs(timeout, `${what}: timeout`),
    retry: retry === undefined ? null : retrySpec(retry),
  };
}

/** The other part; where it is called, the function was given to the job. */
export function callFunctions(options: AnyOptions): CallFunctions {
  return {
    retriesError: options.retry?.ifError,
    retriesResult: options.retry?.ifResult as ((result: unknown) => boolean) | undefined,
    onTimeout: options.onTimeout as ((row: unknown) => unknown) | undefined,
    definedAt: userFrame(new Error()),
  };
}

export function cacheSpec({ maxEntries, ttl }: LookupCache): CacheSpec {
  return { maxEntries, ttlMs: ttl === undefined ? null : durationMs(ttl, 'lookup: cache: ttl') };
}
