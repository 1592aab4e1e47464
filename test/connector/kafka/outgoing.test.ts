/** Records on their way to a broker: values, batches, and their order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv } from '../../../src/connector/file/csv.ts';
import { jsonLines } from '../../../src/connector/file/json-lines.ts';
import { text } from '../../../src/connector/file/text.ts';
import { Outgoing, type OutgoingRecord } from '../../../src/connector/kafka/sink/outgoing.ts';
import { ValueEncoder } from '../../../src/connector/kafka/sink/value-encoder.ts';
import { freeFormOf } from '../sink-run.ts';

function outgoing(bytes: number): OutgoingRecord {
  return {
    topic: 'a',
    key: null,
    value: null,
    headers: null,
    timestamp: 0,
    partition: null,
    bytes,
  };
}

test('batches of a partition are full at so many bytes, and go one after the other', () => {
  const all = new Outgoing(100);
  for (const bytes of [60, 40, 1, 250, 10]) all.add(outgoing(bytes), 0);
  all.add(outgoing(5), 1);
  assert.equal(all.bytes, 366);
  const taken: number[][] = [];
  while (!all.isEmpty) {
    const [first] = all.firsts();
    taken.push(first!.records.map(({ bytes }) => bytes));
    all.remove(first!);
  }
  assert.deepEqual(taken, [[60, 40], [1], [250], [10], [5]]);
  assert.equal(all.bytes, 0);
});

test('nothing is added to a batch that was sent: it may be sent again', () => {
  const all = new Outgoing(100);
  all.add(outgoing(10), 0);
  const [sent] = all.firsts();
  sent!.sequence = 0;
  all.add(outgoing(10), 0);
  assert.equal(sent!.records.length, 1);
  all.remove(sent!);
  assert.equal(all.firsts()[0]!.records.length, 1);
});

test('values are rows without the end of their line', () => {
  const valuesOf = (encoder: ValueEncoder, rows: readonly unknown[]) =>
    encoder.encode(freeFormOf(rows)).map(String);
  assert.deepEqual(valuesOf(new ValueEncoder(jsonLines(), null), [{ a: 'x\ny' }, { a: null }]), [
    '{"a":"x\\ny"}',
    '{"a":null}',
  ]);
  assert.deepEqual(valuesOf(new ValueEncoder(text(), null), [{ line: 'one' }, { line: '' }]), [
    'one',
    '',
  ]);
  const lines = new ValueEncoder(csv({ header: false }), null);
  assert.deepEqual(
    valuesOf(lines, [
      { a: 1, b: 'x' },
      { a: 2, b: 'two\nlines' },
    ]),
    ['1,x', '2,"two\nlines"'],
  );
  assert.deepEqual(valuesOf(lines, [{ a: 3, b: 'y' }]), ['3,y']);
});
