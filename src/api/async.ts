/** Asynchronous functions over streams, and lookups by them. */
import { userFrame } from '../base/errors.ts';
import {
  aFunction,
  checkOptions,
  choice,
  type OptionRule,
  type OptionRules,
  oneOf,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import type { NodeId } from '../graph/graph.ts';
import type {
  AsyncDefinition,
  AsyncSpec,
  CacheSpec,
  CallFunctions,
  CallSpec,
  RetrySpec,
} from '../operator/async/async-spec.ts';
import type { ParallelDefinition, ParallelSpec } from '../operator/async/parallel-operator.ts';
import { aDuration, type Duration, durationMs } from '../time/duration.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';
import { Stream } from './stream.ts';

/** What an asynchronous function gets beside its record. */
export interface AsyncContext {
  /** Event time of the record; null for a record without one. */
  readonly timestamp: number | null;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Aborted when the result is not wanted any more: after the timeout, and when the job ends before it. */
  readonly signal: AbortSignal;
}

type RetryConditions<Result> = {
  /** So many attempts more [3]. */
  readonly attempts?: number;
  /** Whether to try again after this error [always]. */
  readonly ifError?: (error: unknown) => boolean;
  /** Whether to try again after this result [never]; behind the last attempt it is taken as it is. */
  readonly ifResult?: (result: Result) => boolean;
};

/** When to call an asynchronous function again. Defaults in brackets. */
export type AsyncRetry<Result> = RetryConditions<Result> &
  (
    | {
        readonly strategy: 'fixedDelay';
        /** Before each further attempt ['100 ms']. */
        readonly delay?: Duration;
      }
    | {
        readonly strategy: 'exponential';
        /** Before the second attempt ['100 ms']. */
        readonly initialDelay?: Duration;
        /** At most ['1 min']. */
        readonly maxDelay?: Duration;
        /** The delay is multiplied by this at each further attempt [2]. */
        readonly multiplier?: number;
      }
  );

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
  readonly retry?: AsyncRetry<never>;
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

type AnyOptions = AsyncOptions<never, never, unknown>;
type AnyLookupOptions = LookupOptions<never, never, unknown>;

const CAPACITY = 100;
const PARALLEL_ROWS = 64;
const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MAX_MS = 60_000;

const RETRY_CONDITIONS: OptionRules<RetryConditions<never>> = {
  attempts: wholeNumber(0),
  ifError: aFunction,
  ifResult: aFunction,
};

const FIXED_DELAY: OptionRules<Extract<AsyncRetry<never>, { strategy: 'fixedDelay' }>> = {
  ...RETRY_CONDITIONS,
  strategy: true,
  delay: aDuration,
};

const EXPONENTIAL: OptionRules<Extract<AsyncRetry<never>, { strategy: 'exponential' }>> = {
  ...RETRY_CONDITIONS,
  strategy: true,
  initialDelay: aDuration,
  maxDelay: aDuration,
  multiplier(what, value) {
    if (typeof value !== 'number' || !(value >= 1) || value === Infinity)
      throw wrong(what, 'is a number from 1 on', value);
  },
};

const aRetry: OptionRule = (what, value) => {
  const retry = value as AsyncRetry<never> | null;
  const strategy = oneOf(`${what}: strategy`, retry?.strategy, ['fixedDelay', 'exponential']);
  if (strategy === 'fixedDelay') checkOptions(what, retry as never, FIXED_DELAY);
  else checkOptions(what, retry as never, EXPONENTIAL);
};

const PARALLEL_OPTIONS: OptionRules<ParallelOptions<never, unknown>> = {
  threads: wholeNumber(1),
  batchRows: wholeNumber(1),
  ordered: choice(true, false),
  timeout: aDuration,
  onTimeout: aFunction,
  retry: aRetry,
};

const CACHE: OptionRules<LookupCache> = {
  maxEntries: wholeNumber(1),
  ttl: aDuration,
};

const ASYNC_OPTIONS: OptionRules<AnyOptions> = {
  ordered: choice(true, false),
  capacity: wholeNumber(1),
  timeout: aDuration,
  onTimeout: aFunction,
  retry: aRetry,
};

const LOOKUP_OPTIONS: OptionRules<AnyLookupOptions> = {
  ...ASYNC_OPTIONS,
  cache(what, value) {
    checkOptions(what, value as LookupCache, CACHE);
    if ((value as LookupCache).maxEntries === undefined)
      throw wrong(`${what}: maxEntries`, 'is how many keys to keep', undefined);
  },
};

function retrySpec(retry: AsyncRetry<never>): RetrySpec {
  const { attempts = 3 } = retry;
  if (retry.strategy === 'fixedDelay') {
    const delayMs = durationMs(retry.delay ?? RETRY_DELAY_MS, 'retry: delay');
    return { attempts, delayMs, multiplier: 1, maxDelayMs: delayMs };
  }
  return {
    attempts,
    delayMs: durationMs(retry.initialDelay ?? RETRY_DELAY_MS, 'retry: initialDelay'),
    multiplier: retry.multiplier ?? 2,
    maxDelayMs: durationMs(retry.maxDelay ?? RETRY_DELAY_MAX_MS, 'retry: maxDelay'),
  };
}

/** The plain part of options that have been checked. */
function callSpec(what: string, options: AnyOptions): CallSpec {
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
function callFunctions(options: AnyOptions): CallFunctions {
  return {
    retriesError: options.retry?.ifError,
    retriesResult: options.retry?.ifResult as ((result: unknown) => boolean) | undefined,
    onTimeout: options.onTimeout as ((row: unknown) => unknown) | undefined,
    definedAt: userFrame(new Error()),
  };
}

/** Where a step gets its rows. */
export type AsyncInput = {
  readonly builder: GraphBuilder;
  readonly edges: readonly InputEdge[];
};

/** Adds a step that calls an asynchronous function. */
export function addAsync(
  what: 'mapAsync' | 'flatMapAsync',
  { builder, edges }: AsyncInput,
  fn: object,
  options: AnyOptions,
): NodeId {
  aFunction(what, fn);
  checkOptions(what, options, ASYNC_OPTIONS);
  const async: AsyncSpec = {
    ...callSpec(what, options),
    capacity: options.capacity ?? CAPACITY,
    isFlat: what === 'flatMapAsync',
    lookup: null,
  };
  const definition: AsyncDefinition = {
    ...callFunctions(options),
    call: fn as AsyncDefinition['call'],
  };
  return builder.add({
    name: what,
    operator: { type: 'async', async },
    inputs: edges,
    schema: null,
    functions: [definition],
  });
}

/** Adds a step whose function is run by threads of its own. */
export function addParallel(
  { builder, edges }: AsyncInput,
  fn: object,
  options: ParallelOptions<never, unknown>,
): NodeId {
  const what = 'mapParallel';
  aFunction(what, fn);
  checkOptions(what, options, PARALLEL_OPTIONS);
  const parallel: ParallelSpec = {
    ...callSpec(what, options),
    threads: options.threads ?? null,
    batchRows: options.batchRows ?? PARALLEL_ROWS,
  };
  const definition: ParallelDefinition = {
    ...callFunctions(options),
    call: fn as ParallelDefinition['call'],
  };
  return builder.add({
    name: what,
    operator: { type: 'parallel', parallel },
    inputs: edges,
    schema: null,
    functions: [definition],
  });
}

/** A stream whose rows are looked up: `apply` says what becomes of a row and of what was found for it. */
export class Lookup<Row, Found, Late> {
  declare readonly late?: Late;
  readonly #input: AsyncInput;
  readonly #async: AsyncSpec;
  readonly #definition: AsyncDefinition;

  constructor(input: AsyncInput, key: string | object, fn: object, options: AnyLookupOptions) {
    if (typeof key !== 'string') aFunction('lookup: a key that is no field', key);
    aFunction('lookup', fn);
    checkOptions('lookup', options, LOOKUP_OPTIONS);
    const { cache } = options;
    this.#input = input;
    this.#async = {
      ...callSpec('lookup', options),
      capacity: options.capacity ?? CAPACITY,
      isFlat: false,
      lookup: {
        field: typeof key === 'string' ? key : null,
        cache: cache === undefined ? null : cacheSpec(cache),
      },
    };
    this.#definition = {
      ...callFunctions(options),
      call: fn as AsyncDefinition['call'],
      ...(typeof key === 'function' ? { key: key as NonNullable<AsyncDefinition['key']> } : {}),
    };
  }

  /** A new row for each row and what was found for it: `.apply((bid, auction) => ({ ...bid, seller: auction.seller }))`. */
  apply<Out>(fn: (row: Row, found: Found) => Out): Stream<Out | Late> {
    aFunction('apply', fn);
    const { builder, edges } = this.#input;
    const node = builder.add({
      name: 'lookup',
      operator: { type: 'async', async: this.#async },
      inputs: edges,
      schema: null,
      functions: [{ ...this.#definition, apply: fn } as AsyncDefinition],
    });
    return new Stream<Out | Late>(builder, node, null);
  }
}

function cacheSpec({ maxEntries, ttl }: LookupCache): CacheSpec {
  return { maxEntries, ttlMs: ttl === undefined ? null : durationMs(ttl, 'lookup: cache: ttl') };
}
