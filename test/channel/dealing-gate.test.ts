/** What is gathered for a channel, and when it has to be sent before what follows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_BYTES } from '../../src/base/limits.ts';
import { BATCH } from '../../src/channel/channel.ts';
import { TurnDealer } from '../../src/channel/dealer.ts';
import { DealingGate, fullBatchRows } from '../../src/channel/dealing-gate.ts';
import { LocalChannel } from '../../src/channel/local-channel.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';

const Typed = record({ n: t.int32 }) as Schema;

function setUp(schema: Schema | null, batchRows = 8, channels = [new LocalChannel(100)]) {
  const channel = channels[0]!;
  const gate = new DealingGate({
    sent: { rows: 0 },
    writers: channels,
    dealer: new TurnDealer(channels.length),
    schema,
    batchRows,
    errorAt: (thrown) => thrown as Error,
  });
  const batchOf = (...numbers: number[]): Batch => {
    const builder = new BatchBuilder(schema, numbers.length);
    for (const n of numbers) builder.appendRow({ n });
    return builder.seal();
  };
  /** Each batch that comes out, as its numbers and their hashes. */
  const take = (): [number[], number[] | null][] => {
    const got: [number[], number[] | null][] = [];
    for (; channel.peek() === BATCH; channel.release()) {
      const { rowCount, keyHashes } = channel.batch();
      const numbers = channel.batch().rowObjects() as readonly { n: number }[];
      got.push([
        numbers.map(({ n }) => n),
        keyHashes === null ? null : [...keyHashes.subarray(0, rowCount)],
      ]);
    }
    return got;
  };
  return { gate, channel, batchOf, take };
}

for (const schema of [Typed, null]) {
  const rows = schema === null ? 'free-form' : 'typed';

  test(`a batch has hashes of the keys of all its rows, or of none: ${rows}`, () => {
    const { gate, batchOf, take } = setUp(schema);
    gate.emit(batchOf(1, 2));
    gate.emit(batchOf(3).withKeyHashes(Int32Array.of(30)));
    gate.emit(batchOf(4, 5).withKeyHashes(Int32Array.of(40, 50)));
    gate.emit(batchOf(6));
    gate.flush();
    assert.deepEqual(take(), [
      [[1, 2], null],
      [
        [3, 4, 5],
        [30, 40, 50],
      ],
      [[6], null],
    ]);
  });

  test(`a builder that had hashes gives none to rows that have none: ${rows}`, () => {
    const { gate, batchOf, take } = setUp(schema);
    gate.emit(batchOf(1).withKeyHashes(Int32Array.of(10)));
    gate.flush();
    assert.deepEqual(take(), [[[1], [10]]]);
    for (const n of [2, 3, 4]) {
      gate.emit(batchOf(n));
      gate.flush();
      assert.deepEqual(take(), [[[n], null]]);
    }
  });
}

test('the more channels an exchange has, the fewer rows make a batch full', () => {
  assert.deepEqual(
    [1, 2, 4, 5, 64, 128, 1000].map((channels) => [channels, fullBatchRows(channels)]),
    [
      [1, 4096],
      [2, 4096],
      [4, 4096],
      [5, 3276],
      [64, 256],
      [128, 128],
      [1000, 128],
    ],
  );
});

for (const schema of [Typed, null]) {
  test(`where the consumer wants few rows to wait, batches are smaller: ${schema === null ? 'free-form' : 'typed'}`, () => {
    const { gate, channel, batchOf, take } = setUp(schema, 1000);
    const numbers = Array.from({ length: 900 }, (_, n) => n);
    const sizes = (): number[] => {
      gate.emit(batchOf(...numbers));
      const batches = take();
      gate.flush();
      return [...batches, ...take()].map(([rows]) => rows.length);
    };
    channel.limit(Infinity);
    assert.deepEqual(sizes(), [900]);
    channel.limit(600);
    assert.deepEqual(sizes(), [300, 300, 300]);
    channel.limit(1);
    assert.deepEqual(sizes(), new Array(900).fill(1));
  });
}

test('where there are many channels, few rows are no batch yet, however few the consumer wants', () => {
  const channels = Array.from({ length: 40 }, () => new LocalChannel(100));
  const { gate, batchOf } = setUp(Typed, 1000, channels);
  for (const channel of channels) channel.limit(1);
  gate.emit(batchOf(...Array.from({ length: 40 * 25 }, (_, n) => n)));
  gate.flush();
  const sizes: number[] = [];
  for (let [channel] = channels; channel!.peek() === BATCH; channel!.release())
    sizes.push(channel!.batch().rowCount);
  assert.deepEqual(sizes, [10, 10, 5]);
});

test('as many rows may wait behind it as in its channels, by the least of them', () => {
  const channels = [new LocalChannel(100), new LocalChannel(100)];
  const { gate, batchOf } = setUp(Typed, 1000, channels);
  assert.equal(gate.rowsMax, Infinity, 'nothing has been sent');
  channels[0]!.limit(500);
  channels[1]!.limit(30);
  gate.emit(batchOf(1, 2));
  gate.flush();
  assert.equal(gate.rowsMax, 60);
  channels[1]!.limit(Infinity);
  gate.emit(batchOf(1, 2));
  gate.flush();
  assert.equal(gate.rowsMax, 1000);
  channels[0]!.limit(Infinity);
  gate.emit(batchOf(1));
  gate.flush();
  assert.equal(gate.rowsMax, Infinity);
});

test('a batch that is longer than the consumer wants now goes out before more is gathered', () => {
  const { gate, channel, batchOf, take } = setUp(Typed, 1000);
  gate.emit(batchOf(...Array.from({ length: 400 }, (_, n) => n)));
  channel.limit(400);
  gate.emit(batchOf(400, 401));
  gate.flush();
  assert.deepEqual(
    take().map(([rows]) => rows.length),
    [400, 2],
  );
});

test('a batch goes out as soon as it is full', () => {
  const { gate, batchOf, take } = setUp(Typed);
  gate.emit(batchOf(...Array.from({ length: 19 }, (_, n) => n)));
  assert.deepEqual(
    take().map(([numbers]) => numbers.length),
    [8, 8],
  );
  gate.flush();
  assert.deepEqual(take(), [[[16, 17, 18], null]]);
});

for (const schema of [record({ n: t.int32, text: t.string }) as Schema, null]) {
  const rows = schema === null ? 'free-form' : 'typed';

  test(`a batch goes out as soon as it is heavy, and rows stay columns: ${rows}`, () => {
    const { gate, channel } = setUp(schema, 4096);
    // So that it happens in the middle of what is dealt.
    const heavy = 70_000;
    const count = 100;
    for (let n = 0; n < count; n += 5) {
      const builder = new BatchBuilder(schema, 5);
      for (let i = n; i < n + 5; i++) builder.appendRow({ n: i, text: 'x'.repeat(heavy) });
      gate.emit(builder.seal());
    }
    gate.flush();
    const batches: number[][] = [];
    for (; channel.peek() === BATCH; channel.release()) {
      const batch = channel.batch();
      assert.equal(batch.columns.length, 2);
      batches.push((batch.rowObjects() as readonly { n: number }[]).map(({ n }) => n));
    }
    assert.deepEqual(
      batches.flat(),
      Array.from({ length: count }, (_, n) => n),
    );
    for (const { length } of batches.slice(0, -1)) {
      const bytes = length * heavy;
      assert.ok(bytes > BATCH_BYTES / 2 && bytes < 2 * BATCH_BYTES, `${bytes} bytes`);
    }
  });
}
