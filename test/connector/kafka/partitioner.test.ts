/** Keys to partitions as Java's producer has it: hashes from the tests of Apache Kafka. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur2, partitionOfKey } from '../../../src/connector/kafka/sink/partitioner.ts';

const HASHES: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

test('murmur2 is that of Kafka', () => {
  for (const [key, hash] of HASHES) assert.equal(murmur2(Buffer.from(key)), hash, key);
});

test('a partition is that of the hash without its sign', () => {
  assert.equal(partitionOfKey(Buffer.from('21'), 1000), (-973932308 & 0x7fffffff) % 1000);
  assert.equal(partitionOfKey(Buffer.from('abc'), 7), 479470107 % 7);
  assert.equal(partitionOfKey(Buffer.alloc(0), 1), 0);
});
