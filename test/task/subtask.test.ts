/** The order of work within a step: outputs first, then work put off, and new input only when neither is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import type { OutputGate } from '../../src/channel/output-gate.ts';
import { Batch } from '../../src/data/batch.ts';
import {
  type Operator,
  type OperatorContext,
  type Output,
  takesTime,
} from '../../src/operator/operator.ts';
import { Chain } from '../../src/task/chain.ts';
import { Subtask } from '../../src/task/subtask.ts';
import { NO_SNAPSHOTS, SubtaskSnapshot } from '../../src/task/subtask-snapshot.ts';
import type { TaskInput } from '../../src/task/task.ts';

const log: string[] = [];

class FakeGate implements OutputGate {
  tap = null;
  isReady = true;
  hasPartial = false;
  readonly rowsMax = Infinity;
  readonly sentRows = 0;
  waiting = 0;
  /** Has no room for a while behind the end. */
  isFullAtEnd = false;
  /** Takes one batch at a time. */
  isNarrow = false;

  emit(): void {
    log.push('emit');
    if (!this.isNarrow) return;
    this.isReady = false;
    this.waiting = 1;
  }
  watermark(watermark: number): void {
    log.push(`watermark ${watermark}`);
  }
  idle(): void {}
  barrier(checkpoint: number): void {
    log.push(`barrier ${checkpoint}`);
  }
  end(): void {
    log.push('end');
    if (this.isFullAtEnd) this.isReady = false;
  }
  retry(): boolean {
    if (this.waiting === 0) return false;
    log.push('retry');
    this.isReady = --this.waiting === 0;
    return true;
  }
  flush(): boolean {
    log.push('flush');
    const had = this.hasPartial;
    this.hasPartial = false;
    return had;
  }
  publish(): void {}
}

/** Emits a row at a time, as long as there is room. */
class Slices implements Operator {
  wakeAtMs = Infinity;
  #left = 0;
  #output!: Output;

  open(_context: OperatorContext, output: Output): void {
    this.#output = output;
  }
  get hasPendingWork(): boolean {
    return this.#left > 0;
  }
  processBatch(batch: Batch): void {
    this.#left = batch.rowCount;
    this.resume();
  }
  resume(): void {
    while (this.#left > 0 && this.#output.isReady) {
      this.#left--;
      this.#output.emit(BATCH);
    }
  }
  processWatermark(watermark: number): void {
    this.#output.watermark(watermark);
  }
  processIdle(): void {}
  processBarrier(checkpoint: number): void {
    this.#output.barrier(checkpoint);
  }
  advanceTime(nowMs: number): void {
    log.push(`time ${nowMs}`);
    this.wakeAtMs = Infinity;
  }
  finish(): void {
    this.#output.end();
  }
  close(): void {
    log.push('close');
  }
}

const BATCH = new Batch({ rowCount: 1, schema: null, rows: [1] });

function setUp({
  bufferTimeoutMs = 10,
  stepBudgetMs = 0,
  batches = 1,
  pollMs = 0,
  last = (): number => 0,
} = {}) {
  log.length = 0;
  const gate = new FakeGate();
  const operator = new Slices();
  const clock = new VirtualClock(0);
  const context = { name: 'slices', metrics: {} } as unknown as OperatorContext;
  const chain = new Chain(
    [{ operator, context, next: [], gates: [gate], sides: new Map() }],
    [0],
    [],
  );
  const input: TaskInput = {
    wakeAtMs: Infinity,
    controlAtMs: Infinity,
    waitsForEvents: false,
    get hasEnded() {
      return batches < 0;
    },
    poll() {
      log.push('poll');
      if (batches === 0) chain.head.end();
      else chain.head.emit(new Batch({ rowCount: 3, schema: null, rows: [1, 2, 3] }));
      batches--;
      clock.advanceTo(clock.now() + pollMs);
      return true;
    },
    pollControl: () => false,
    overtake: () => false,
    record: () => true,
    close: () => log.push('close input'),
  };
  const snapshot = new SubtaskSnapshot(0, NO_SNAPSHOTS, () => 0, clock, last);
  const subtask = new Subtask({
    id: 0,
    name: 'slices',
    input,
    chain,
    snapshot,
    listeners: null,
    clock,
    bufferTimeoutMs,
    stepBudgetMs,
  });
  subtask.open();
  return { subtask, gate, operator, clock, snapshot };
}

test('work that was put off comes before new input', () => {
  const { subtask, gate } = setUp();
  gate.isNarrow = true;
  while (!subtask.isDone) assert.ok(subtask.step());
  subtask.close();
  const slices = ['emit', 'retry', 'emit', 'retry', 'emit', 'retry'];
  assert.deepEqual(log, ['poll', ...slices, 'poll', 'end', 'close input', 'close']);
});

test('a full output stops everything until it has room', () => {
  const { subtask, gate } = setUp();
  gate.isReady = false;
  assert.equal(subtask.step(), false);
  assert.deepEqual(log, []);
  gate.waiting = 2;
  assert.equal(subtask.step(), true);
  assert.deepEqual(log, ['retry']);
  assert.equal(subtask.step(), true);
  assert.deepEqual(log, ['retry', 'retry', 'poll', 'emit', 'emit', 'emit']);
});

test('a subtask whose output is full is not done', () => {
  const { subtask, gate } = setUp();
  gate.isFullAtEnd = true;
  while (!log.includes('end')) subtask.step();
  subtask.step();
  assert.equal(subtask.isDone, false);
  gate.isReady = true;
  subtask.step();
  assert.equal(subtask.isDone, true);
});

test('time that is due runs before new input', () => {
  const { subtask, operator, clock } = setUp();
  operator.wakeAtMs = 50;
  clock.advanceTo(60);
  assert.equal(subtask.wakeAtMs, 50);
  subtask.step();
  assert.deepEqual(log.slice(0, 2), ['time 60', 'poll']);
});

test('a partial batch is sent when it has waited for the buffer timeout, and not before', () => {
  const { subtask, gate, clock } = setUp({ bufferTimeoutMs: 10 });
  while (!subtask.isDone) subtask.step();
  log.length = 0;
  gate.hasPartial = true;
  subtask.step();
  clock.advanceTo(9);
  subtask.step();
  assert.deepEqual(log, []);
  clock.advanceTo(10);
  subtask.step();
  assert.deepEqual(log, ['flush']);
});

test('a buffer timeout of 0 sends after every step', () => {
  const { subtask, gate } = setUp({ bufferTimeoutMs: 0 });
  gate.hasPartial = true;
  subtask.step();
  assert.deepEqual(log, ['poll', 'emit', 'emit', 'emit', 'flush']);
});

test('behind the last barrier operators do nothing by the clock, unless it has failed', () => {
  let last = 3;
  const { subtask, operator, snapshot } = setUp({ batches: 100, last: () => last });
  operator.wakeAtMs = 0;
  snapshot.begin(3);
  subtask.step();
  assert.ok(!log.includes('time 0'));
  assert.equal(subtask.wakeAtMs, Infinity);
  last = 5;
  snapshot.begin(4);
  subtask.step();
  assert.ok(!log.includes('time 0'), 'another checkpoint finds all as it was');
  last = 0;
  assert.equal(subtask.wakeAtMs, 0);
  subtask.step();
  assert.ok(log.includes('time 0'));
});

const polls = (): number => log.filter((entry) => entry === 'poll').length;

test('a step takes input for as long as its time lasts', () => {
  const { subtask } = setUp({ stepBudgetMs: 5, batches: 100, pollMs: 2 });
  subtask.step();
  assert.equal(polls(), 4);
});

test('a step without a budget takes one element', () => {
  const { subtask } = setUp({ batches: 100 });
  subtask.step();
  assert.equal(polls(), 1);
});

test('a step takes no more input when the output is full, nor behind the end', () => {
  const full = setUp({ stepBudgetMs: 5, batches: 100 });
  full.gate.isNarrow = true;
  full.subtask.step();
  assert.deepEqual(log, ['poll', 'emit']);
  const ending = setUp({ stepBudgetMs: 5, batches: 2 });
  ending.subtask.step();
  assert.equal(ending.subtask.isDone, true);
  assert.equal(polls(), 3);
});

test('a full chain is given control elements only, and is woken for those alone', () => {
  log.length = 0;
  const clock = new VirtualClock(0);
  let isFull = true;
  const operator = Object.defineProperties(new Slices(), {
    isFull: { get: () => isFull },
    waitsForEvents: { get: () => isFull },
  }) as Slices;
  const context = { name: 'full', metrics: {} } as unknown as OperatorContext;
  const gate = new FakeGate();
  const links = [{ operator, context, next: [], gates: [gate], sides: new Map() }];
  const chain = new Chain(links, [0], []);
  const subtask = new Subtask({
    id: 0,
    name: 'full',
    input: {
      hasEnded: false,
      wakeAtMs: 5,
      controlAtMs: 9,
      waitsForEvents: false,
      poll: () => log.push('poll') < 0,
      pollControl: () => log.push('poll control') < 0,
      overtake: () => false,
      record: () => true,
      close() {},
    },
    chain,
    snapshot: new SubtaskSnapshot(0, NO_SNAPSHOTS),
    listeners: null,
    clock,
    bufferTimeoutMs: 10,
    stepBudgetMs: 0,
  });
  subtask.open();
  subtask.step();
  assert.equal(subtask.wakeAtMs, 9);
  assert.equal(subtask.waitsForEvents, true);
  assert.equal(chain.head.isReady, false);
  assert.equal(takesTime(chain.head), true);
  isFull = false;
  subtask.step();
  assert.equal(subtask.wakeAtMs, 5);
  assert.equal(subtask.waitsForEvents, false);
  assert.equal(chain.head.isReady, true);
  assert.deepEqual(
    log.filter((line) => line.startsWith('poll')),
    ['poll control', 'poll'],
  );
});
