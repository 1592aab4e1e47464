/** When a thread counts what its operators keep, under a clock that counting moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { STATE_LOOK_MS, STATE_LOOK_SHARE } from '../../src/base/limits.ts';
import { readStateCounts, type StateCell } from '../../src/metrics/state-numbers.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { StateSize } from '../../src/operator/state-look.ts';
import { StateWatch } from '../../src/task/state-watch.ts';

const SLOT = 3;
const SUBTASK = 5;

/** An operator that takes so long to count its states, and has none before it is asked the second time. */
function watched(sizes: StateSize[], countMs: number) {
  const clock = new VirtualClock(0);
  const told: (StateCell & { slot: number })[] = [];
  let looks = 0;
  const look: Operator['look'] = () =>
    looks++ === 0
      ? null
      : {
          keyCount: null,
          sizes() {
            clock.advanceTo(clock.now() + countMs);
            return sizes;
          },
          valueOf: () => undefined,
        };
  const watch = new StateWatch(clock, (slot, cell) => told.push({ slot, ...cell }));
  watch.add(SUBTASK, SLOT, { look } as Operator);
  watch.add(SUBTASK, SLOT + 1, {} as Operator);
  const round = (ms: number): void => {
    clock.advanceTo(ms);
    watch.beginRound(ms);
  };
  return { clock, told, watch, round, looks: () => looks };
}

function size(name: string, keys: number | null, windows: number | null = null): StateSize {
  return { name, kind: 'value', keys, windows };
}

test('each state is told once, and its numbers are read where it was told to be', () => {
  const sizes = [size('first', 7), size('panes', null, 12)];
  const { told, watch, round } = watched(sizes, 0);
  round(0);
  assert.deepEqual(told, []);
  round(STATE_LOOK_MS);
  assert.deepEqual(
    told.map(({ slot, name, kind }) => [slot, name, kind]),
    [
      [SLOT, 'first', 'value'],
      [SLOT, 'panes', 'value'],
    ],
  );
  const counts = () => told.map(readStateCounts);
  assert.deepEqual(counts(), [
    { keys: 7, windows: null },
    { keys: null, windows: 12 },
  ]);
  sizes[0] = size('first', 0);
  round(2 * STATE_LOOK_MS - 1);
  assert.equal(counts()[0]!.keys, 7, 'not due yet');
  watch.onEnd(SUBTASK);
  assert.equal(counts()[0]!.keys, 0, 'what is left at the end');
  assert.equal(told.length, 2);
});

test('a subtask that has ended is not asked again', () => {
  const { watch, round, looks } = watched([size('first', 7)], 0);
  watch.onEnd(SUBTASK);
  round(0);
  assert.equal(looks(), 1);
});

test('counting takes no more than its share of the time, but for once', () => {
  const countMs = 20;
  const { clock, round, looks } = watched([size('first', 7)], countMs);
  round(0);
  round(STATE_LOOK_MS);
  assert.equal(looks(), 2);
  round(clock.now() + STATE_LOOK_MS);
  assert.equal(looks(), 3, 'a single slow look says nothing');
  const dueMs = clock.now() + countMs * STATE_LOOK_SHARE;
  round(dueMs - 1);
  assert.equal(looks(), 3);
  round(dueMs);
  assert.equal(looks(), 4);
});
