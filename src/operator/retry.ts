/** When to call a function of the user again that has thrown: what users say of it, and the waits that follow from that. */
import {
  aPlainFunction,
  checkOptions,
  type OptionRule,
  type OptionRules,
  oneOf,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import { aDuration, type Duration, durationMs } from '../time/duration.ts';

type FixedDelay = {
  readonly strategy: 'fixedDelay';
  /** Before each further attempt ['100 ms']. */
  readonly delay?: Duration;
};

type Exponential = {
  readonly strategy: 'exponential';
  /** Before the second attempt ['100 ms']. */
  readonly initialDelay?: Duration;
  /** At most ['1 min']. */
  readonly maxDelay?: Duration;
  /** The delay is multiplied by this at each further attempt [2]. */
  readonly multiplier?: number;
};

/** When to call a function again that has thrown. Defaults in brackets. */
export type ErrorRetry = (FixedDelay | Exponential) & {
  /** So many attempts more [3]. */
  readonly attempts?: number;
  /** Whether to try again after this error [always]. */
  readonly ifError?: (error: unknown) => boolean;
};

/** The plain part of it. */
export type RetrySpec = {
  /** Attempts behind the first. */
  readonly attempts: number;
  /** Before the second attempt; multiplied at each further one, up to a bound. */
  readonly delayMs: number;
  readonly multiplier: number;
  readonly maxDelayMs: number;
};

const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MAX_MS = 60_000;

const FIXED_DELAY: OptionRules<FixedDelay> = { strategy: true, delay: aDuration };

const EXPONENTIAL: OptionRules<Exponential> = {
  strategy: true,
  initialDelay: aDuration,
  maxDelay: aDuration,
  multiplier(what, value) {
    if (typeof value !== 'number' || !(value >= 1) || value === Infinity)
      throw wrong(what, 'is a number from 1 on', value);
  },
};

/** The rule of a retry; `more` are those of further conditions. */
export function aRetry(more: Readonly<Record<string, OptionRule>> = {}): OptionRule {
  return (what, value) => {
    const retry = value as ErrorRetry | null;
    const strategy = oneOf(`${what}: strategy`, retry?.strategy, ['fixedDelay', 'exponential']);
    const delays = strategy === 'fixedDelay' ? FIXED_DELAY : EXPONENTIAL;
    const conditions = { attempts: wholeNumber(0), ifError: aPlainFunction, ...more };
    checkOptions<object>(what, retry!, { ...delays, ...conditions });
  };
}

export function retrySpec(retry: ErrorRetry): RetrySpec {
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

/** How long to wait behind attempt number `attempt`, from 1, until the next. */
export function retryWaitMs(
  { delayMs, multiplier, maxDelayMs }: RetrySpec,
  attempt: number,
): number {
  return Math.min(maxDelayMs, delayMs * multiplier ** (attempt - 1));
}
