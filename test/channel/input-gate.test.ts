/** All channels of an input as one stream: in order, one element a poll. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { Backlog } from '../../src/channel/backlog.ts';
import { type BatchSlices, TimedSlices, WHOLE_BATCHES } from '../../src/channel/batch-slices.ts';
import { ACTIVE, BARRIER, END, IDLE, NOTHING, WATERMARK } from '../../src/channel/channel.ts';
import { InputGate } from '../../src/channel/input-gate.ts';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import { Batch } from '../../src/data/batch.ts';

function setUp(channels: number, slices: BatchSlices = WHOLE_BATCHES) {
  const writers = Array.from({ length: channels }, () => new LocalChannel(100));
  const gate = new InputGate(writers, { slices });
  const log: unknown[] = [];
  const consumer = {
    emit: (batch: Batch) => log.push(...batch.rowObjects()),
    watermark: (watermark: number) => log.push(`W${watermark}`),
    idle: (isIdle: boolean) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  /** What each poll hands over, until there is nothing. */
  const drain = (): unknown[] => {
    const polls: unknown[] = [];
    while (!gate.hasEnded && gate.poll(consumer)) {
      polls.push(log.length > 1 ? [...log] : (log[0] ?? null));
      log.length = 0;
    }
    return polls.filter((poll) => poll !== null);
  };
  return { writers, gate, consumer, log, drain };
}

const rows = (...values: unknown[]) =>
  new Batch({ rowCount: values.length, schema: null, rows: values });

test('one element a poll: a watermark, a change of idleness and the end never come together', () => {
  const { writers, drain, gate } = setUp(1);
  const [channel] = writers as [LocalChannel];
  channel.control(WATERMARK, 5);
  channel.control(IDLE, 0);
  channel.control(ACTIVE, 0);
  channel.put(rows('a'));
  channel.control(WATERMARK, Infinity);
  channel.control(END, 0);
  assert.deepEqual(drain(), ['W5', 'idle', 'active', 'a', 'WInfinity', 'end']);
  assert.ok(gate.hasEnded);
});

test('the end of the last channel is the last watermark, then the end', () => {
  const { writers, drain } = setUp(2);
  writers[0]!.control(WATERMARK, 7);
  writers[0]!.control(END, 0);
  assert.deepEqual(drain(), []);
  writers[1]!.put(rows('b'));
  writers[1]!.control(END, 0);
  assert.deepEqual(drain(), ['b', 'WInfinity', 'end']);
});

test('the greatest watermark comes before the idleness of all', () => {
  const { writers, drain } = setUp(2);
  writers[0]!.control(WATERMARK, 7);
  writers[1]!.control(WATERMARK, 3);
  assert.deepEqual(drain(), ['W3']);
  writers[0]!.control(IDLE, 0);
  writers[1]!.control(IDLE, 0);
  assert.deepEqual(drain(), ['W7', 'idle']);
});

test('channels are read in turn', () => {
  const { writers, drain } = setUp(2);
  for (const value of [1, 2]) writers[0]!.put(rows(value));
  for (const value of [3, 4]) writers[1]!.put(rows(value));
  assert.deepEqual(drain(), [1, 3, 2, 4]);
});

test('a consumer of two inputs is told which one each batch is for; time and the end are those of both', () => {
  const writers = Array.from({ length: 3 }, () => new LocalChannel(100));
  const gate = new InputGate(writers, { inputs: [0, 1, 1] });
  const log: unknown[] = [];
  const consumer = {
    emit: (batch: Batch, input: number) => log.push([input, ...batch.rowObjects()]),
    watermark: (watermark: number) => log.push(`W${watermark}`),
    idle: (isIdle: boolean) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  writers.forEach((writer, n) => {
    writer.put(rows(n));
    writer.control(WATERMARK, 10 - n);
  });
  writers[0]!.control(END, 0);
  while (gate.poll(consumer));
  assert.deepEqual(log, [[0, 0], [1, 1], [1, 2], 'W8']);
  for (const writer of writers.slice(1)) writer.control(END, 0);
  while (!gate.hasEnded && gate.poll(consumer));
  assert.deepEqual(log.slice(4), ['W9', 'WInfinity', 'end']);
});

test('a consumer that takes control elements only is given no batch, no end, and nothing behind them', () => {
  const { writers, gate } = setUp(2);
  const [first, second] = writers as [LocalChannel, LocalChannel];
  const log: unknown[] = [];
  const consumer = {
    emit: (batch: Batch) => log.push(...batch.rowObjects()),
    watermark: (watermark: number) => log.push(`W${watermark}`),
    idle: (isIdle: boolean) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  for (const channel of [first, second]) {
    channel.control(WATERMARK, 5);
    channel.control(BARRIER, 1);
  }
  second.put(rows('b'));
  first.control(END, 0);
  second.control(END, 0);
  while (gate.pollControl(consumer));
  assert.deepEqual(log, ['W5', 'barrier 1']);
  while (!gate.hasEnded && gate.poll(consumer));
  assert.deepEqual(log, ['W5', 'barrier 1', 'b', 'WInfinity', 'end']);
});

test('a channel that is behind in event time comes first, until it has nothing or has had its share', () => {
  const { writers, drain } = setUp(3);
  const [slow, fast, other] = writers as [LocalChannel, LocalChannel, LocalChannel];
  slow.control(WATERMARK, 1);
  fast.control(WATERMARK, 50);
  other.control(WATERMARK, 50);
  assert.deepEqual(drain(), ['W1']);
  fast.put(rows('fast'));
  for (const value of [1, 2, 3]) slow.put(rows(value));
  slow.control(WATERMARK, 50);
  other.put(rows('other'));
  assert.deepEqual(drain(), [1, 2, 3, 'W50', 'fast', 'other']);
  fast.control(WATERMARK, 90);
  other.control(WATERMARK, 90);
  assert.deepEqual(drain(), []);
  fast.put(rows('waits'));
  for (let n = 0; n < 90; n++) slow.put(rows(n));
  const taken = drain();
  assert.equal(taken.length, 91);
  const waited = taken.indexOf('waits');
  assert.ok(waited >= 60 && waited < 70, String(waited));
});

test('channels that have come as far as each other are read in turn', () => {
  const { writers, drain } = setUp(2);
  for (const writer of writers) writer.control(WATERMARK, 5);
  assert.deepEqual(drain(), ['W5']);
  for (const value of [1, 2, 3]) writers[0]!.put(rows(value));
  for (const value of [4, 5]) writers[1]!.put(rows(value));
  assert.deepEqual(drain(), [4, 1, 5, 2, 3]);
});

test('a barrier tells how long the first channel has waited for the last', () => {
  const clock = new VirtualClock(0);
  const writers = [0, 1].map(() => new LocalChannel(100));
  const gate = new InputGate(writers, { clock });
  const log: unknown[] = [];
  const consumer = {
    emit() {},
    watermark() {},
    idle() {},
    barrier: (checkpoint: number, alignmentMs: number) => log.push([checkpoint, alignmentMs]),
    end() {},
  };
  const drain = (): void => {
    while (gate.poll(consumer));
  };
  writers[0]!.control(BARRIER, 1);
  drain();
  clock.advanceTo(5);
  writers[1]!.control(BARRIER, 1);
  drain();
  // A newer one begins anew.
  writers[0]!.control(BARRIER, 2);
  drain();
  clock.advanceTo(10);
  writers[1]!.control(BARRIER, 3);
  drain();
  clock.advanceTo(13);
  writers[0]!.control(BARRIER, 3);
  drain();
  assert.deepEqual(log, [
    [1, 5],
    [3, 3],
  ]);
});

const slicesOf = (rows: number, told: number[] = []): BatchSlices => ({
  rows,
  rowsPerMs: Infinity,
  begin: () => true,
  end: (count) => told.push(count),
});

test('a batch is handed over in slices, before anything else, and released when it is through', () => {
  const told: number[] = [];
  const { writers, drain } = setUp(2, slicesOf(2, told));
  const [first, second] = writers as [LocalChannel, LocalChannel];
  first.put(rows('a', 'b', 'c', 'd', 'e'));
  first.control(WATERMARK, 5);
  second.put(rows('f', 'g'));
  second.control(WATERMARK, 5);
  assert.deepEqual(drain(), [['a', 'b'], ['c', 'd'], 'e', ['f', 'g'], 'W5']);
  assert.deepEqual(told, [2, 2, 1, 2]);
  assert.equal(first.peek(), NOTHING);
});

test('a consumer that takes no batch gets control elements of the channels that are not cut', () => {
  const { writers, gate, consumer, log } = setUp(2, slicesOf(1));
  const [first, second] = writers as [LocalChannel, LocalChannel];
  first.put(rows('a', 'b'));
  gate.poll(consumer);
  first.control(BARRIER, 1);
  second.control(BARRIER, 1);
  while (gate.pollControl(consumer));
  assert.deepEqual(log, ['a']);
  while (gate.poll(consumer));
  assert.deepEqual(log, ['a', 'b', 'barrier 1']);
});

test('slices go to the input of their channel', () => {
  const writers = [new LocalChannel(9), new LocalChannel(9)] as const;
  const gate = new InputGate(writers, { inputs: [0, 1], slices: slicesOf(1) });
  const seen: unknown[] = [];
  const emit = (batch: Batch, input: number) => seen.push([...batch.rowObjects(), input]);
  writers[1].put(rows('a', 'b'));
  const consumer = { emit, watermark() {}, idle() {}, barrier() {}, end() {} };
  while (gate.poll(consumer));
  assert.deepEqual(seen, [
    ['a', 1],
    ['b', 1],
  ]);
});

test('a gate tells its channels how many rows may wait, each its share, and not more while it waits for a barrier', () => {
  const writers = [new LocalChannel(1000), new LocalChannel(1000)] as const;
  const clock = new VirtualClock(0);
  const gate = new InputGate(writers, { backlog: new Backlog(50, 2), clock });
  const first = writers[0].rowsMax;
  assert.ok(first < Infinity);
  assert.equal(writers[1].rowsMax, first);
  for (let n = 0; n < 500; n++) for (const writer of writers) writer.put(rows('a', 'b'));
  const consumer = {
    emit: () => clock.advanceTo(clock.now() + 1),
    watermark() {},
    idle() {},
    barrier() {},
    end() {},
  };
  for (let n = 0; n < 900; n++) gate.poll(consumer);
  // Two rows a ms.
  const checkBounds = (): void => {
    for (const { rowsMax } of writers) assert.ok(rowsMax > 35 && rowsMax < 75, `${rowsMax}`);
  };
  checkBounds();
  while (gate.poll(consumer));
  writers[0].control(BARRIER, 1);
  for (let n = 0; n < 200; n++) {
    writers[1].put(rows('a', 'b'));
    while (gate.poll(consumer));
  }
  checkBounds();
});

test('however often a slow chain finds nothing to do, not much more may wait than it gets through', () => {
  const writer = new LocalChannel(1000);
  const clock = new VirtualClock(0);
  const slices = new TimedSlices([]);
  const gate = new InputGate([writer], { backlog: new Backlog(50, 1), slices, clock });
  const consumer = {
    emit: ({ rowCount }: Batch) => clock.advanceTo(clock.now() + 5 * rowCount),
    watermark() {},
    idle() {},
    barrier() {},
    end() {},
  };
  writer.put(rows(...Array.from({ length: 64 }, () => 'a')));
  for (let n = 0; n < 300; n++) {
    while (gate.poll(consumer));
    clock.advanceTo(clock.now() + 5);
    writer.put(rows('a'));
  }
  assert.ok(writer.rowsMax <= 20, `${writer.rowsMax}`);
});
