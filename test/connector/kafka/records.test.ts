/** What a broker answers to a fetch, and what of it the job gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FetchedBatch,
  recordsFrom,
} from '../../../src/connector/kafka/source/committed-records.ts';
import { PartitionRecords } from '../../../src/connector/kafka/source/partition-records.ts';

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

function batch(
  firstOffset: number,
  values: readonly (string | null)[],
  parts: Partial<FetchedBatch> = {},
): FetchedBatch {
  return {
    firstOffset: BigInt(firstOffset),
    lastOffsetDelta: values.length - 1,
    attributes: 0,
    firstTimestamp: 100n,
    maxTimestamp: 900n,
    producerId: -1n,
    records: values.map((value, n) => ({
      offsetDelta: n,
      timestampDelta: BigInt(n),
      key: null,
      value: value === null ? null : Buffer.from(value),
      headers: [],
    })),
    ...parts,
  };
}

const of = (offset: number, producer: number, ...values: string[]) =>
  batch(offset, values, { attributes: TRANSACTIONAL, producerId: BigInt(producer) });

/** The end of a transaction: version 0, then 0 for aborted, 1 for committed. */
const marker = (offset: number, producer: number, type: 0 | 1) =>
  batch(offset, [''], {
    attributes: TRANSACTIONAL | CONTROL,
    producerId: BigInt(producer),
    records: [
      {
        offsetDelta: 0,
        timestampDelta: 0n,
        key: Buffer.from([0, 0, 0, type]),
        value: null,
        headers: [],
      },
    ],
  });

const aborted = (producer: number, firstOffset: number) => ({
  producerId: BigInt(producer),
  firstOffset: BigInt(firstOffset),
});

const valuesOf = (...given: Parameters<typeof recordsFrom>) => {
  const { records, next } = recordsFrom(...given);
  return { values: records.map(({ value }) => value?.toString()), next };
};

test('a batch that begins before the place is read from there; times are of making or of appending', () => {
  const { records, next } = recordsFrom(
    6,
    [batch(5, ['a', 'b', 'c']), batch(8, ['d'], { attributes: 0x08 })],
    [],
  );
  assert.deepEqual(
    records.map(({ offset, timestamp }) => [offset, timestamp]),
    [
      [6, 101],
      [7, 102],
      [8, 900],
    ],
  );
  assert.equal(next, 9);
});

test('a batch whose last records were compacted away ends where it ended', () => {
  assert.deepEqual(valuesOf(0, [batch(0, ['a'], { lastOffsetDelta: 4 })], []), {
    values: ['a'],
    next: 5,
  });
});

test('what was aborted is left out, also where the marker comes in a later answer', () => {
  const batches = [of(0, 1, 'a'), of(1, 2, 'kept'), of(2, 1, 'b')];
  assert.deepEqual(valuesOf(0, batches, [aborted(1, 0)]), { values: ['kept'], next: 3 });
});

test('a producer that aborts, commits and aborts again', () => {
  const batches = [
    ...[of(0, 1, 'lost'), marker(1, 1, 0)],
    ...[of(2, 1, 'kept'), marker(3, 1, 1)],
    ...[of(4, 1, 'lost too'), marker(5, 1, 0), batch(6, ['plain'])],
  ];
  assert.deepEqual(valuesOf(0, batches, [aborted(1, 4), aborted(1, 0)]), {
    values: ['kept', 'plain'],
    next: 7,
  });
  const all = valuesOf(0, batches, []);
  assert.deepEqual(all, { values: ['lost', 'kept', 'lost too', 'plain'], next: 7 });
});

test('an answer of nothing but markers moves on', () => {
  assert.deepEqual(valuesOf(3, [marker(3, 1, 1)], []), { values: [], next: 4 });
});

test('positions move with records; those behind the end are not read, and those without a value are passed over', () => {
  const records = new PartitionRecords('orders-3', 5, 9);
  records.push(recordsFrom(5, [batch(5, ['a', null, 'b', 'c', 'behind'])], []));
  const seen: unknown[] = [];
  while (records.next()) seen.push([records.buffer.toString(), records.place, records.offset]);
  assert.deepEqual(seen, [
    ['a', 'orders-3@5', 6],
    ['b', 'orders-3@7', 8],
    ['c', 'orders-3@8', 10],
  ]);
  assert.equal(records.isAtEnd, true);
});

test('an answer without records, which reaches the end, is the end', () => {
  const records = new PartitionRecords('orders-3', 5, 7);
  records.push({ records: [], next: 7 });
  assert.deepEqual([records.next(), records.offset, records.isAtEnd], [false, 7, true]);
});

test('nobody knows where the partition begins until the broker is asked', () => {
  const records = new PartitionRecords('orders-3', null, Infinity);
  assert.deepEqual([records.behind, records.offset, records.isAtEnd], [null, null, false]);
  records.moveTo(40);
  assert.deepEqual([records.behind, records.offset], [40, 40]);
});
