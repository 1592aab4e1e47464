/** Options of millrace/kafka, checked where the job is defined, before any broker is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv } from '../../../src/connector/file/csv.ts';
import { jsonLines } from '../../../src/connector/file/json-lines.ts';
import { parquet } from '../../../src/connector/file/parquet/parquet.ts';
import { brokerOf } from '../../../src/connector/kafka/connection-options.ts';
import { type KafkaSinkOptions, kafkaSink } from '../../../src/connector/kafka/sink/kafka-sink.ts';
import { kafkaSource } from '../../../src/connector/kafka/source/kafka-source.ts';
import { partitionOf } from '../../../src/connector/kafka/source/splits.ts';
import { record, t } from '../../../src/data/schema.ts';

const brokers = ['localhost:9092'];
const Row = record({ n: t.int32 });

/** Plain JavaScript, which no compiler has checked. */
const source = (options: object) => () =>
  kafkaSource({ brokers, topics: ['a'], format: jsonLines(Row), ...options } as Parameters<
    typeof kafkaSource
  >[0]);
const sink = (options: object) => () =>
  kafkaSink({ brokers, topic: 'a', ...options } as KafkaSinkOptions<unknown>);

const refused = (call: () => unknown, message: RegExp): void =>
  assert.throws(call, { code: 'JOB_DEFINITION', message });

test('addresses of brokers', () => {
  assert.deepEqual(brokerOf('x', 'kafka'), { host: 'kafka', port: 9092 });
  assert.deepEqual(brokerOf('x', 'kafka:1'), { host: 'kafka', port: 1 });
  assert.deepEqual(brokerOf('x', '[::1]:9093'), { host: '::1', port: 9093 });
  for (const wrong of ['', 'a:b', 'a:70000', 'kafka://a:1', 7])
    refused(() => brokerOf('x', wrong), /have addresses like/);
});

test('a partition is found by the name of its split', () => {
  assert.deepEqual(partitionOf('a-b-12'), { topic: 'a-b', partition: 12 });
});

test('options of the source that make no sense', () => {
  refused(source({ brokers: [] }), /kafkaSource: brokers are addresses/);
  refused(source({ brokers: 'localhost' }), /kafkaSource: brokers are addresses/);
  refused(source({ topics: [] }), /topics are names, or a pattern/);
  refused(source({ topic: 'a' }), /unknown option 'topic'/);
  refused(source({ format: parquet(Row) }), /format is jsonLines\(\), text\(\) or csv\(\)/);
  refused(source({ format: csv(Row) }), /format is one without a header/);
  refused(source({ start: 'first' }), /start is 'earliest', 'latest', 'committed'/);
  refused(source({ start: { timestamp: Number.NaN } }), /start is 'earliest'/);
  refused(source({ start: 'committed' }), /groupId is needed for 'committed'/);
  refused(source({ stop: 'latest', discover: '1 s' }), /discover is for a source without an end/);
  refused(source({ discover: 0 }), /discover is longer than nothing/);
  refused(
    source({ metadata: { at: 'time' } }),
    /metadata names a field for each of .*key, headers, topic/,
  );
  refused(source({ metadata: { n: 'offset' } }), /a schema names the field 'n' twice/);
  refused(source({ sasl: { mechanism: 'PLAIN', username: 'u' } }), /sasl: password is missing/);
});

test('options of the sink that make no sense', () => {
  refused(sink({ topic: undefined }), /kafkaSink: topic is a text/);
  refused(sink({ delivery: 'exactlyOnce' }), /transactionalIdPrefix is a text/);
  refused(sink({ delivery: 'exactlyOnce', transactionalIdPrefix: 'a:b' }), /has no colon/);
  refused(sink({ transactionalIdPrefix: 'x' }), /is for delivery: 'exactlyOnce'/);
  refused(sink({ transactionTimeout: '1 min' }), /is for delivery: 'exactlyOnce'/);
  refused(sink({ tombstone: () => true }), /tombstone needs key/);
  refused(sink({ format: csv() }), /is one without a header/);
  refused(sink({ key: async () => 'a' }), /key is not async/);
  refused(sink({ compression: 'brotli' }), /compression is one of 'none', 'gzip'/);
});

test('a password is in no error, and in no graph', () => {
  const sasl = { mechanism: 'PLAIN', username: 'me', password: 'hidden' };
  assert.throws(
    source({ sasl: { ...sasl, mechanism: 'PLAN' } }),
    (error: Error) => !error.message.includes('hidden'),
  );
  assert.throws(
    source({ sasl: { ...sasl, password: 123456 } }),
    (error: Error) => !error.message.includes('123456'),
  );
  for (const { descriptor } of [source({ sasl })(), sink({ sasl })()]) {
    assert.ok(!JSON.stringify(descriptor).includes('hidden'));
  }
});

test('with an end a source is bounded; without one it looks for partitions', () => {
  const endless = source({})();
  assert.deepEqual([endless.isBounded, endless.discovery?.everyMs], [false, 300_000]);
  const bounded = source({ stop: 'latest' })();
  assert.deepEqual([bounded.isBounded, bounded.discovery], [true, undefined]);
  assert.equal(source({ discover: false })().discovery, undefined);
});
