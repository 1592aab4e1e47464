/** How a worker shares its time: rounds, partial batches, sleep, subtasks that end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, VirtualClock } from '../../src/base/clock.ts';
import { HEAP_LOOK_MS } from '../../src/base/limits.ts';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';
import { Signal } from '../../src/sharedarraybuffer-queue/index.ts';
import { Scheduler } from '../../src/task/scheduler.ts';
import type { Steppable } from '../../src/task/task.ts';
import { WorkTimes } from '../../src/task/work-times.ts';
import { runWorkerLoop } from '../../src/task/worker-loop.ts';

/** A subtask that moves in as many steps as it has work, then is done when it may end. */
class Work implements Steppable {
  readonly name = 'work';
  readonly waitsForEvents = false;
  isHeldUp = false;
  wakeAtMs = Infinity;
  steps = 0;
  flushes = 0;
  closed = 0;
  readonly id: number;
  work: number;
  mayEnd: boolean;

  constructor(id: number, work: number, mayEnd = true) {
    this.id = id;
    this.work = work;
    this.mayEnd = mayEnd;
  }

  get isDone(): boolean {
    return this.mayEnd && this.work === 0;
  }

  open(): void {}

  begin(): void {}

  step(): boolean {
    this.steps++;
    if (this.work === 0) return false;
    this.work--;
    return true;
  }

  flush(): boolean {
    return this.flushes++ === 0;
  }

  close(): void {
    this.closed++;
  }
}

test('a round steps each subtask once, and lets those go that are done', () => {
  const subtasks = [new Work(0, 1), new Work(1, 3), new Work(2, 2)];
  const order: (number | null)[] = [];
  const scheduler = new Scheduler({
    subtasks,
    clock: new VirtualClock(0),
    onStep: (id) => order.push(id),
  });
  while (!scheduler.isDone) assert.ok(scheduler.round());
  assert.deepEqual(order, [0, 1, 2, null, 1, 2, null, 1, null]);
  assert.deepEqual(
    subtasks.map(({ flushes, closed }) => [flushes, closed]),
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  );
});

test('a test may choose the order of steps', () => {
  const subtasks = [new Work(0, 9), new Work(1, 9)];
  const scheduler = new Scheduler({ subtasks, clock: new VirtualClock(0), choose: () => 1 });
  scheduler.round();
  assert.deepEqual(
    subtasks.map(({ steps }) => steps),
    [0, 2],
  );
});

test('a round in which nothing moved says so, and the next time is the earliest of all', () => {
  const clock = new VirtualClock(100);
  const [early, late] = [new Work(0, 0, false), new Work(1, 0, false)];
  const scheduler = new Scheduler({ subtasks: [early, late], clock });
  assert.equal(scheduler.round(), false);
  assert.equal(scheduler.idleMs(), Infinity);
  early.wakeAtMs = 150;
  late.wakeAtMs = 400;
  assert.equal(scheduler.idleMs(), 50);
  clock.advanceTo(300);
  assert.equal(scheduler.idleMs(), 0);
});

const MANY = 100;

/** More subtasks than all take a step in every round; they never end. */
function many() {
  const subtasks = Array.from({ length: MANY }, (_, id) => new Work(id, 0, false));
  const scheduler = new Scheduler({ subtasks, clock: new VirtualClock(0) });
  /** How many of so many rounds moved something. */
  const roundsMoved = (count: number): number => {
    let moved = 0;
    for (let n = 0; n < count; n++) if (scheduler.round()) moved++;
    return moved;
  };
  return { subtasks, roundsMoved };
}

test('among many subtasks, a round says that nothing moved only when all have been stepped', () => {
  const { subtasks, roundsMoved } = many();
  for (let round = 0; round < 20; round++) {
    const before = subtasks.map(({ steps }) => steps);
    assert.equal(roundsMoved(1), 0);
    for (const [n, { steps }] of subtasks.entries()) assert.ok(steps > before[n]!);
  }
  // The last of those left out gets work: the round that comes does not miss it.
  subtasks[MANY - 1]!.work = 1;
  assert.equal(roundsMoved(1), 1);
  assert.equal(subtasks[MANY - 1]!.work, 0);
});

test('among many subtasks, the quiet ones are left out for up to 8 rounds while others move', () => {
  const { subtasks, roundsMoved } = many();
  const [busy, quiet] = subtasks as [Work, Work];
  busy.work = Infinity;
  const steppedIn: number[] = [];
  for (let round = 0; round < 100; round++) {
    const before = quiet.steps;
    assert.equal(roundsMoved(1), 1);
    if (quiet.steps > before) steppedIn.push(round);
    assert.equal(busy.steps, round + 1, 'one that moves is in every round');
  }
  const leftOut = steppedIn.slice(1).map((round, n) => round - steppedIn[n]! - 1);
  assert.deepEqual(leftOut.slice(0, 10), [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]);
  assert.ok(leftOut.slice(10).every((rounds) => rounds === 8));
  assert.equal(roundsMoved(9), 9);
  quiet.work = 3;
  roundsMoved(8 + 3);
  assert.equal(quiet.work, 0, 'found within 8 rounds, and then in every round');
});

test('the loop sleeps until it is woken, then goes on to the end', async () => {
  const work = new Work(0, 0, false);
  const words = new SharedArrayBuffer(64);
  const signal = new Signal(words, 0);
  const scheduler = new Scheduler({ subtasks: [work], clock: systemClock });
  const loop = runWorkerLoop({
    scheduler,
    signal,
    clock: systemClock,
    isCancelled: () => false,
    sharesEventLoop: true,
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const asleep = work.steps;
  work.work = 1;
  work.mayEnd = true;
  signal.notify();
  assert.equal(await loop, 'done');
  assert.ok(asleep < 100_000 && work.closed === 1);
  assert.ok(work.flushes >= 1, 'partial batches are sent before sleep');
});

test('a loop that is never idle still turns its event loop each second', async () => {
  const clock = new VirtualClock(0);
  const counters = new SharedCounters({
    workers: 1,
    operatorSlots: 0,
    subtasks: 1,
    outputs: 0,
    stages: 0,
  });
  const work = new Work(0, 10 * HEAP_LOOK_MS);
  const turned: number[] = [];
  const onTurn = (): void => {
    turned.push(work.steps);
    setImmediate(onTurn).unref();
  };
  setImmediate(onTurn);
  await runWorkerLoop({
    scheduler: new Scheduler({
      subtasks: [work],
      clock,
      onStep: (subtask) => subtask !== null && clock.advanceTo(clock.now() + 1),
      times: new WorkTimes(clock, counters.thread(0), (subtask) => counters.subtask(subtask)),
    }),
    signal: new Signal(new SharedArrayBuffer(64), 0),
    clock,
    isCancelled: () => false,
    sharesEventLoop: false,
  });
  assert.ok(turned.length >= 9 && turned.length <= 11, `${turned}`);
  assert.ok(turned[0]! >= HEAP_LOOK_MS && turned[0]! <= HEAP_LOOK_MS + 2);
});

test('a cancelled loop leaves', async () => {
  const loop = runWorkerLoop({
    scheduler: new Scheduler({ subtasks: [new Work(0, Infinity)], clock: systemClock }),
    signal: new Signal(new SharedArrayBuffer(64), 0),
    clock: systemClock,
    isCancelled: () => true,
    sharesEventLoop: true,
  });
  assert.equal(await loop, 'cancelled');
});

class CountedSleep extends Signal {
  sleeps = 0;

  override wait(timeoutMs?: number): void {
    this.sleeps++;
    super.wait(timeoutMs);
  }

  override async waitAsync(timeoutMs?: number): Promise<void> {
    this.sleeps++;
    await super.waitAsync(timeoutMs);
  }
}

test('a loop that waits for events lets promises bring work, without going to sleep', async () => {
  const work = new Work(0, 0, false);
  Object.defineProperty(work, 'waitsForEvents', { value: true });
  const signal = new CountedSleep(new SharedArrayBuffer(64), 0);
  const loop = runWorkerLoop({
    scheduler: new Scheduler({ subtasks: [work], clock: systemClock }),
    signal,
    clock: systemClock,
    isCancelled: () => false,
    sharesEventLoop: false,
  });
  await Promise.resolve().then(() => {
    work.work = 1;
    work.mayEnd = true;
  });
  assert.equal(await loop, 'done');
  assert.equal(signal.sleeps, 0);
});
