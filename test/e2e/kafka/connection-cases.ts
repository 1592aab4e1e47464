/** Brokers that ask for a password, or speak TLS; and those that are not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collection, job } from 'millrace';
import { text } from 'millrace/connectors/files';
import { type KafkaConnection, kafkaSink, kafkaSource } from 'millrace/kafka';
import { authority } from '../net/certificates.ts';
import { USER } from './broker.ts';
import { broker, topic, withBroker } from './shared-broker.ts';

/** What is read behind a line has been written. */
async function linesOf(name: string, connection: KafkaConnection): Promise<string[]> {
  const writes = job(import.meta, 'writes by it', (flow) => {
    flow
      .from(collection([{ line: 'through' }]))
      .to(kafkaSink({ ...connection, topic: name, format: text() }));
  });
  await writes.run({ threads: 0 });
  const reads = job(import.meta, 'reads by it', (flow) => ({
    rows: flow.from(kafkaSource({ ...connection, topics: [name], stop: 'latest', format: text() })),
  }));
  return (await reads.collect({ threads: 0 })).rows.map(({ line }) => line);
}

withBroker('with a password', async () => {
  const { withSasl } = broker();
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-512'] as const) {
    const name = await topic(`by-${mechanism}`, 1);
    assert.deepEqual(await linesOf(name, { brokers: withSasl, sasl: { ...USER, mechanism } }), [
      'through',
    ]);
    const sasl = { ...USER, mechanism, password: 'open' };
    await assert.rejects(linesOf(name, { brokers: withSasl, sasl }), (error: Error) => {
      assert.match(
        error.message,
        /kafkaSink: broker 127\.0\.0\.1:\d+ cannot be reached: .*uthentication/,
      );
      assert.ok(!error.message.includes('open'));
      return (error as { code?: unknown }).code === 'CONNECTION_FAILED';
    });
  }
});

withBroker('with TLS', async () => {
  const { withTls, ca } = broker();
  const name = await topic('by-tls', 1);
  assert.deepEqual(await linesOf(name, { brokers: withTls, tls: { ca } }), ['through']);
  const stranger = authority('another authority').ca;
  for (const tls of [true, { ca: stranger }] as const) {
    await assert.rejects(linesOf(name, { brokers: withTls, tls }), {
      code: 'CONNECTION_FAILED',
      message: /cannot be reached: .*certificate/,
    });
  }
});

test('a broker that cannot be reached is named', async () => {
  await assert.rejects(linesOf('any', { brokers: ['127.0.0.1:1'], timeout: '300 ms' }), {
    code: 'CONNECTION_FAILED',
    message: /kafkaSink: .*broker 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
  });
});
