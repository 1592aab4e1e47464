/**
 * Whether, and after how long, a job that has failed is started again: a pure decision over the times of its failures.
 * The strategies are Flink's.
 */
import { EngineError } from '../base/errors.ts';
import { checkOptions, choice, type OptionRules, wholeNumber, wrong } from '../base/options.ts';
import { aDuration, type Duration, durationMs } from '../time/duration.ts';

/** What to do when the job fails; immutable. Defaults in brackets. */
export type RestartStrategy =
  | 'none'
  /** So many attempts more [3], each after a delay ['1 s']. */
  | { readonly strategy: 'fixedDelay'; readonly attempts?: number; readonly delay?: Duration }
  /**
   * The delay begins at `initialDelay` ['1 s'], is multiplied by `multiplier` [2] up to `maxDelay` ['1 min'] at each
   * failure, and begins anew when the job has run for `resetAfter` ['10 min'] without one.
   */
  | {
      readonly strategy: 'exponential';
      readonly initialDelay?: Duration;
      readonly maxDelay?: Duration;
      readonly multiplier?: number;
      readonly resetAfter?: Duration;
      /** Attempts until the job fails for good [no bound]. */
      readonly attempts?: number;
    }
  /** As long as there are at most so many failures [3] in an interval ['5 min'], each after a delay ['1 s']. */
  | {
      readonly strategy: 'failureRate';
      readonly failures?: number;
      readonly interval?: Duration;
      readonly delay?: Duration;
    };

type Named<Name> = Exclude<Extract<RestartStrategy, { readonly strategy: Name }>, string>;

const FIXED_DELAY: OptionRules<Named<'fixedDelay'>> = {
  strategy: true,
  attempts: wholeNumber(0),
  delay: aDuration,
};

const EXPONENTIAL: OptionRules<Named<'exponential'>> = {
  strategy: true,
  initialDelay: aDuration,
  maxDelay: aDuration,
  multiplier(what, value) {
    if (typeof value !== 'number' || !(value >= 1))
      throw wrong(what, 'is a number from 1 on', value);
  },
  resetAfter: aDuration,
  attempts: wholeNumber(0),
};

const FAILURE_RATE: OptionRules<Named<'failureRate'>> = {
  strategy: true,
  failures: wholeNumber(0),
  interval: aDuration,
  delay: aDuration,
};

/** Refuses what is no strategy. */
export function aRestartStrategy(what: string, value: unknown): void {
  if (value === 'none') return;
  const { strategy } = (value ?? {}) as { strategy?: unknown };
  switch (strategy) {
    case 'fixedDelay':
      checkOptions(what, value as Named<'fixedDelay'>, FIXED_DELAY);
      break;
    case 'exponential':
      checkOptions(what, value as Named<'exponential'>, EXPONENTIAL);
      break;
    case 'failureRate':
      checkOptions(what, value as Named<'failureRate'>, FAILURE_RATE);
      break;
    default:
      if (typeof value !== 'object') choice('none')(what, value);
      choice('fixedDelay', 'exponential', 'failureRate')(`${what}: strategy`, strategy);
  }
}

export class Restarts {
  readonly #strategy: RestartStrategy;
  /** Failures that count. */
  #count = 0;
  /** Times of those that may count, for a rate: no more than it takes to end the job. */
  #times: readonly number[] = [];
  /** When the attempt behind the last failure began. */
  #runsSinceMs = Infinity;

  constructor(strategy: RestartStrategy) {
    this.#strategy = strategy;
  }

  /** Milliseconds to wait before the next attempt; null when there is none. `nowMs` never falls. */
  onFailure(nowMs: number): number | null {
    const strategy = this.#strategy;
    if (strategy === 'none') return null;
    switch (strategy.strategy) {
      case 'fixedDelay':
        if (++this.#count > (strategy.attempts ?? 3)) return null;
        return durationMs(strategy.delay ?? '1 s', 'delay');
      case 'exponential':
        return this.#exponentialDelay(strategy, nowMs);
      case 'failureRate': {
        const sinceMs = nowMs - durationMs(strategy.interval ?? '5 min', 'interval');
        this.#times = [...this.#times.filter((time) => time > sinceMs), nowMs];
        if (this.#times.length > (strategy.failures ?? 3)) return null;
        return durationMs(strategy.delay ?? '1 s', 'delay');
      }
    }
  }

  #exponentialDelay(strategy: Named<'exponential'>, nowMs: number): number | null {
    const resetMs = durationMs(strategy.resetAfter ?? '10 min', 'resetAfter');
    // The wait before an attempt is no time in which it runs, and may be longer than that.
    if (nowMs - this.#runsSinceMs >= resetMs) this.#count = 0;
    const attempt = ++this.#count;
    if (attempt > (strategy.attempts ?? Infinity)) return null;
    const delayMs = exponentialDelayMs(strategy, attempt);
    this.#runsSinceMs = nowMs + delayMs;
    return delayMs;
  }
}

function exponentialDelayMs(strategy: Named<'exponential'>, attempt: number): number {
  const initialMs = durationMs(strategy.initialDelay ?? '1 s', 'initialDelay');
  const mostMs = durationMs(strategy.maxDelay ?? '1 min', 'maxDelay');
  // Zero times infinity is no delay either.
  if (initialMs === 0) return 0;
  return Math.min(mostMs, initialMs * (strategy.multiplier ?? 2) ** (attempt - 1));
}

/** A new attempt cannot help where the job itself, or how it was started, is wrong. */
export function mayHelp(error: unknown): boolean {
  return !(error instanceof EngineError && HOPELESS.has(error.code));
}

const HOPELESS: ReadonlySet<string> = new Set([
  'JOB_DEFINITION',
  'JOB_NOT_FOUND',
  'JOB_CANCELLED',
  'GRAPH_MISMATCH',
  'PARAM_INVALID',
  'STATE_INCOMPATIBLE',
  'STATE_UNKNOWN',
  'CHECKPOINT_DAMAGED',
  'CHECKPOINT_LOCKED',
  'OUTPUT_EXISTS',
]);
