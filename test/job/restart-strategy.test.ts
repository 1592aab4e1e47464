/** When a job that has failed is started again: each strategy over the times of its failures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { EngineError, type ErrorCode, UserFunctionError } from '../../src/base/errors.ts';
import {
  aRestartStrategy,
  mayHelp,
  type RestartStrategy,
  Restarts,
} from '../../src/job/restart-strategy.ts';

/** Fails after each of these times of running; the delays before the next attempts, the last may be null. */
function delays(strategy: RestartStrategy, runsMs: readonly number[]): (number | null)[] {
  const restarts = new Restarts(strategy);
  const clock = new VirtualClock(1000);
  const result: (number | null)[] = [];
  for (const runMs of runsMs) {
    clock.advanceTo(clock.monotonic() + runMs);
    const delayMs = restarts.onFailure(clock.monotonic());
    result.push(delayMs);
    if (delayMs === null) break;
    clock.advanceTo(clock.monotonic() + delayMs);
  }
  return result;
}

test('none: the first failure is the last', () => {
  assert.deepEqual(delays('none', [5]), [null]);
});

test('fixed delay: so many attempts, however far apart', () => {
  const twice = { strategy: 'fixedDelay', attempts: 2, delay: '30 ms' } as const;
  assert.deepEqual(delays(twice, [0, 1e9, 5, 5]), [30, 30, null]);
  assert.deepEqual(delays({ strategy: 'fixedDelay' }, [1, 1, 1, 1]), [1000, 1000, 1000, null]);
  assert.deepEqual(delays({ strategy: 'fixedDelay', attempts: 0 }, [1]), [null]);
  assert.deepEqual(delays({ strategy: 'fixedDelay', delay: 0 }, [1]), [0]);
});

test('exponential: longer and longer up to a bound, anew after a quiet time', () => {
  const strategy = {
    strategy: 'exponential',
    initialDelay: 100,
    maxDelay: '1 s',
    multiplier: 3,
    resetAfter: '1 min',
  } as const;
  assert.deepEqual(delays(strategy, [1, 1, 1, 1, 1]), [100, 300, 900, 1000, 1000]);
  // The time in which the job has run counts, without the delay before it.
  assert.deepEqual(delays(strategy, [1, 59_999, 60_000, 1]), [100, 300, 100, 300]);
  assert.deepEqual(delays({ ...strategy, attempts: 2 }, [1, 1, 1]), [100, 300, null]);
  const defaults = { strategy: 'exponential' } as const;
  const many = delays(defaults, Array(2000).fill(1));
  assert.deepEqual(many.slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(many.at(-1), 60_000);
});

test('exponential: a delay that is longer than the quiet time is none', () => {
  const strategy = {
    strategy: 'exponential',
    initialDelay: '20 s',
    maxDelay: '1 h',
    resetAfter: '30 s',
  } as const;
  assert.deepEqual(delays(strategy, [1, 1, 1, 1]), [20_000, 40_000, 80_000, 160_000]);
  assert.deepEqual(delays({ ...strategy, attempts: 2 }, [1, 1, 1]), [20_000, 40_000, null]);
});

test('exponential: without a delay there is none, however many failures', () => {
  const strategy = { strategy: 'exponential', initialDelay: 0 } as const;
  assert.deepEqual(new Set(delays(strategy, Array(2000).fill(1))), new Set([0]));
});

test('failure rate: the failures of the last interval count', () => {
  const strategy = {
    strategy: 'failureRate',
    failures: 2,
    interval: '1 s',
    delay: '10 ms',
  } as const;
  assert.deepEqual(delays(strategy, [1, 1, 1]), [10, 10, null]);
  assert.deepEqual(delays(strategy, [1, 490, 490, 1]), [10, 10, 10, null]);
  assert.deepEqual(delays(strategy, Array(50).fill(600)), Array(50).fill(10));
  assert.deepEqual(delays({ strategy: 'failureRate' }, [1, 1, 1, 1]), [1000, 1000, 1000, null]);
});

test('what is no strategy is refused', () => {
  for (const wrong of [
    'always',
    null,
    {},
    { strategy: 'sometimes' },
    { strategy: 'fixedDelay', attempts: -1 },
    { strategy: 'fixedDelay', attempts: 1.5 },
    { strategy: 'fixedDelay', delay: 'soon' },
    { strategy: 'fixedDelay', tries: 3 },
    { strategy: 'exponential', multiplier: 0.5 },
    { strategy: 'exponential', multiplier: Number.NaN },
    { strategy: 'failureRate', interval: -1 },
  ]) {
    assert.throws(() => aRestartStrategy('restart', wrong), { code: 'JOB_DEFINITION' });
  }
  aRestartStrategy('restart', 'none');
  aRestartStrategy('restart', { strategy: 'fixedDelay', attempts: 0, delay: 0 });
});

test('a new attempt helps against the world, not against a wrong job', () => {
  const hopeless: readonly ErrorCode[] = [
    'JOB_DEFINITION',
    'JOB_CANCELLED',
    'GRAPH_MISMATCH',
    'PARAM_INVALID',
    'STATE_INCOMPATIBLE',
    'STATE_UNKNOWN',
    'CHECKPOINT_LOCKED',
    'OUTPUT_EXISTS',
  ];
  for (const code of hopeless) assert.equal(mayHelp(new EngineError(code, 'x')), false, code);
  for (const code of ['WORKER_DIED', 'OUTPUT_FAILED', 'CHECKPOINT_TIMEOUT'] as const) {
    assert.equal(mayHelp(new EngineError(code, 'x')), true, code);
  }
  const place = { operator: 'map', subtask: 0, record: 1 };
  assert.equal(mayHelp(new UserFunctionError(place, new Error('x'))), true);
  assert.equal(mayHelp(new TypeError('x')), true);
});
