/** What becomes of the time of a thread: busy, held up and idle, under a clock that steps move. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { nextTurn } from '../../src/base/event-loop.ts';
import { HEAP_LOOK_MS } from '../../src/base/limits.ts';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';
import { Scheduler } from '../../src/task/scheduler.ts';
import type { Steppable } from '../../src/task/task.ts';
import { WorkTimes } from '../../src/task/work-times.ts';

/** A step of so many milliseconds, and what it leaves behind. */
type Step = { readonly ms: number; readonly moved: boolean; readonly isHeldUp?: boolean };

/** Takes the steps of a script, one after the other, then is done. */
class Scripted implements Steppable {
  readonly id: number;
  readonly name = 'scripted';
  readonly wakeAtMs = Infinity;
  readonly waitsForEvents = false;
  isHeldUp = false;
  readonly #clock: VirtualClock;
  readonly #steps: Step[];

  constructor(id: number, clock: VirtualClock, steps: readonly Step[]) {
    this.id = id;
    this.#clock = clock;
    this.#steps = [...steps];
  }

  get isDone(): boolean {
    return this.#steps.length === 0;
  }

  open(): void {}

  begin(): void {}

  step(): boolean {
    const { ms, moved, isHeldUp = false } = this.#steps.shift()!;
    this.#clock.advanceTo(this.#clock.now() + ms);
    this.isHeldUp = isHeldUp;
    return moved;
  }

  flush(): boolean {
    return false;
  }

  close(): void {}
}

function run(scripts: readonly (readonly Step[])[], sleepMs: number) {
  const clock = new VirtualClock(0);
  const subtasks = scripts.length;
  const counters = new SharedCounters({
    workers: 1,
    operatorSlots: 0,
    subtasks,
    outputs: 0,
    stages: 0,
  });
  const thread = counters.thread(0);
  const scheduler = new Scheduler({
    subtasks: scripts.map((steps, id) => new Scripted(id, clock, steps)),
    clock,
    times: new WorkTimes(clock, thread, (subtask) => counters.subtask(subtask)),
  });
  while (!scheduler.isDone) {
    scheduler.round();
    clock.advanceTo(clock.now() + sleepMs);
  }
  return {
    thread,
    times: scripts.map((_, id) => {
      const { busyMs, heldUpMs, endedMs } = counters.subtask(id);
      return { busyMs, heldUpMs, endedMs };
    }),
  };
}

test('a subtask is busy in its own steps only, and the time between rounds is nobody’s', () => {
  const { times, thread } = run(
    [
      [
        { ms: 5, moved: true },
        { ms: 7, moved: true },
      ],
      [
        { ms: 100, moved: true },
        { ms: 0, moved: false },
      ],
    ],
    1000,
  );
  assert.deepEqual(times, [
    { busyMs: 12, heldUpMs: 0, endedMs: 1112 },
    { busyMs: 100, heldUpMs: 0, endedMs: 1112 },
  ]);
  assert.equal(thread.elapsedMs, 1112);
  assert.ok(thread.heapUsedBytes > 0 && thread.heapUsedBytes < thread.heapLimitBytes);
});

test('held up from the end of a step without room to the next step, its own work left out', () => {
  const { times } = run(
    [
      [
        { ms: 5, moved: true, isHeldUp: true },
        { ms: 0, moved: false, isHeldUp: true },
        { ms: 3, moved: true },
        { ms: 2, moved: true },
      ],
    ],
    20,
  );
  assert.deepEqual(times, [{ busyMs: 10, heldUpMs: 40, endedMs: 70 }]);
});

test('without times nothing is measured', () => {
  const clock = new VirtualClock(0);
  const scheduler = new Scheduler({
    subtasks: [new Scripted(0, clock, [{ ms: 1, moved: true }])],
    clock,
  });
  assert.equal(scheduler.round(), true);
  assert.equal(scheduler.isDone, true);
});

test('collections are measured that were handed over before a look, and before the end', async () => {
  const counters = new SharedCounters({
    workers: 1,
    operatorSlots: 0,
    subtasks: 0,
    outputs: 0,
    stages: 0,
  });
  const thread = counters.thread(0);
  const clock = new VirtualClock(0);
  const times = new WorkTimes(clock, thread, (subtask) => counters.subtask(subtask));
  times.beginRound();
  const before = thread.gcMs;
  leaveGarbage();
  await nextTurn();
  times.beginRound();
  assert.equal(thread.gcMs, before, 'no look within the second');
  clock.advanceTo(HEAP_LOOK_MS);
  times.beginRound();
  const looked = thread.gcMs;
  assert.ok(looked > before);
  leaveGarbage();
  await nextTurn();
  new Scheduler({ subtasks: [], clock, times }).close();
  assert.ok(thread.gcMs > looked);
});

/** More than fits into the young generation. */
function leaveGarbage(): void {
  let kept: object[] = [];
  for (let n = 0; n < 2_000_000; n++) {
    if (kept.length === 10_000) kept = [];
    kept.push({ n });
  }
}
