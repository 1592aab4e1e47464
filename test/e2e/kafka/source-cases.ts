/** Topics of a real broker as sources. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, Producer } from '@platformatic/kafka';
import { job, monotonous, record, t } from 'millrace';
import { csv, jsonLines, text } from 'millrace/connectors/files';
import { type KafkaSourceOptions, kafkaSource } from 'millrace/kafka';
import { sourceConformance } from 'millrace/testing';
import { broker, folder, topic, untilEqual, withBroker } from './shared-broker.ts';

const Order = record({ n: t.int32, name: t.string });
const orders = (from: number, to: number, partitions: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    partition: (from + i) % partitions,
    value: JSON.stringify({ n: from + i, name: `order ${from + i}` }),
  }));

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

const sorted = (rows: readonly { readonly n: number }[]) =>
  rows.map(({ n }) => n).sort((a, b) => a - b);

/** All rows up to where the topics end now. */
async function rowsOf<Row>(options: Omit<KafkaSourceOptions<Row>, 'brokers'>): Promise<Row[]> {
  const read = job(import.meta, 'reads topics', (flow) => ({
    rows: flow.from(kafkaSource({ brokers: broker().brokers, stop: 'latest', ...options })),
  }));
  return [...(await read.collect({ threads: 0 })).rows] as Row[];
}

withBroker('what a topic has is read, with what Kafka knows of each record', async () => {
  const name = await topic('with-metadata', 1);
  await broker().send(name, [
    {
      key: 'a',
      value: '{"n":1,"name":"x"}',
      headers: { trace: 't1' },
      timestamp: 1_700_000_000_123n,
    },
    { key: 'a', value: null, timestamp: 1_700_000_000_124n },
    { value: '{"n":2,"name":"y\\u00e9"}', timestamp: 1_700_000_000_125n },
  ]);
  const read = job(import.meta, 'metadata', (flow) => {
    const rows = flow.from(
      kafkaSource({
        brokers: broker().brokers,
        topics: [name],
        stop: 'latest',
        format: jsonLines(Order),
        metadata: {
          at: 'timestamp',
          id: 'key',
          headers: 'headers',
          topic: 'topic',
          from: 'partition',
          offset: 'offset',
        },
      }),
    );
    return { rows, times: rows.eventTime('at', monotonous()).map((row): number => row.at) };
  });
  const { rows } = await read.collect({ threads: 0 });
  assert.deepEqual(rows, [
    {
      n: 1,
      name: 'x',
      at: 1_700_000_000_123,
      id: 'a',
      headers: { trace: 't1' },
      topic: name,
      from: 0,
      offset: 0,
    },
    {
      n: 2,
      name: 'yé',
      at: 1_700_000_000_125,
      id: null,
      headers: {},
      topic: name,
      from: 0,
      offset: 2,
    },
  ]);
});

withBroker('where reading begins and ends', async () => {
  const name = await topic('places', 2);
  await broker().send(
    name,
    orders(0, 10, 2).map((one, n) => ({ ...one, timestamp: BigInt(1000 + n) })),
  );
  const at = async (
    places: Pick<KafkaSourceOptions<unknown>, 'start' | 'stop' | 'partitions' | 'groupId'>,
  ) => sorted(await rowsOf({ topics: [name], format: jsonLines(Order), ...places }));
  assert.deepEqual(await at({}), numbers(0, 10));
  assert.deepEqual(await at({ start: 'latest' }), []);
  assert.deepEqual(
    await at({ start: { timestamp: 1004 }, stop: { timestamp: new Date(1007) } }),
    [4, 5, 6],
  );
  assert.deepEqual(await at({ start: { offsets: { [name]: { 0: 4, 1: 3 } } } }), [7, 8, 9]);
  assert.deepEqual(await at({ partitions: { [name]: [1] } }), [1, 3, 5, 7, 9]);
  assert.deepEqual(await at({ start: 'committed', groupId: 'places-nobody' }), numbers(0, 10));
  await assert.rejects(at({ start: { offsets: { [name]: { 0: 4 } } } }), {
    code: 'JOB_DEFINITION',
    message: /start has no offset of partition places-1/,
  });
  await assert.rejects(
    at({
      start: { offsets: { [name]: { 0: 4, 1: 90 } } },
      stop: { offsets: { [name]: { 0: 5, 1: 100 } } },
    }),
    {
      code: 'INPUT_NOT_FOUND',
      message: /places-1@90 is not there: the broker has offsets 0 to 5/,
    },
  );
  await assert.rejects(rowsOf({ topics: ['no-such-topic'], format: text() }), {
    code: 'INPUT_NOT_FOUND',
    message: /there is no topic 'no-such-topic'/,
  });
});

withBroker(
  'values of other formats; and what is malformed fails, is skipped or is handed over, with its place',
  async () => {
    const name = await topic('formats', 1);
    await broker().send(name, [
      { value: '7,seven' },
      { value: 'x,no number' },
      { value: '8,"eight, too"' },
    ]);
    const format = csv(Order, { header: false });
    await assert.rejects(rowsOf({ topics: [name], format }), {
      code: 'INPUT_MALFORMED',
      message: /formats-0@1: .*'n'/,
    });
    assert.deepEqual(await rowsOf({ topics: [name], format, onMalformed: 'skip' }), [
      { n: 7, name: 'seven' },
      { n: 8, name: 'eight, too' },
    ]);
    const letters = job(import.meta, 'letters', (flow) => {
      const source = {
        brokers: broker().brokers,
        topics: [name],
        stop: 'latest',
        format,
        onMalformed: 'deadLetter',
      } as const;
      return { letters: flow.from(kafkaSource(source)).deadLetters() };
    });
    const [letter, ...others] = (await letters.collect({ threads: 0 })).letters;
    assert.deepEqual(others, []);
    assert.equal(letter?.place, 'formats-0@1');
    assert.equal(letter?.text, 'x,no number');
    assert.deepEqual(
      (await rowsOf({ topics: /form.t/, format: text() })).length,
      0,
      'a pattern fits whole names',
    );
    assert.deepEqual(
      (await rowsOf({ topics: /form.ts/, format: text() })).map(({ line }) => line),
      ['7,seven', 'x,no number', '8,"eight, too"'],
    );
  },
);

withBroker('a transaction is read when it is committed, and never when it is not', async () => {
  const name = await topic('transactions', 1);
  const transactional = async (id: string, n: number) => {
    const producer = new Producer({
      clientId: id,
      bootstrapBrokers: [...broker().brokers],
      idempotent: true,
      transactionalId: id,
    });
    const transaction = await producer.beginTransaction();
    for (const one of orders(n, n + 2, 1)) {
      await transaction.send({
        messages: [{ topic: name, partition: 0, value: Buffer.from(one.value) }],
      });
    }
    return { producer, transaction };
  };
  const [kept, left, open] = [
    await transactional('kept', 0),
    await transactional('left', 10),
    await transactional('open', 20),
  ];
  await kept.transaction.commit();
  await left.transaction.abort();
  await broker().send(name, orders(30, 31, 1));
  const format = jsonLines(Order);
  const committed = async () => sorted(await rowsOf({ topics: [name], format }));
  // What lies behind an open transaction is not decided.
  await untilEqual(committed, [0, 1]);
  assert.deepEqual(
    sorted(await rowsOf({ topics: [name], format, isolation: 'readUncommitted' })),
    [0, 1, 10, 11, 20, 21, 30],
  );
  await open.transaction.abort();
  await untilEqual(committed, [0, 1, 30]);
  for (const { producer } of [kept, left, open]) await producer.close();
});

withBroker(
  'new partitions, other parallelism, restarts: each record once; and the group is told',
  async () => {
    const name = await topic('growing', 2);
    await broker().send(name, orders(0, 400, 2));
    const read = job(import.meta, 'grows', (flow) => ({
      rows: flow.from(
        kafkaSource({
          brokers: broker().brokers,
          topics: [name],
          format: jsonLines(Order),
          discover: '200 ms',
          groupId: 'growing',
          partitionBytes: 1000,
        }),
      ),
    }));
    const checkpoints = { dir: `${folder}/growing`, every: '50 ms' } as const;
    const seen: number[] = [];
    for (const [parallelism, upTo] of [
      [1, 400],
      [3, 1000],
      [2, 1300],
    ] as const) {
      const client = await read.start({ threads: 0, parallelism, checkpoints });
      const own: number[] = [];
      const reading = (async () => {
        for await (const { n } of client.outputs.rows) own.push(n);
      })();
      if (upTo === 1000) {
        await broker().admin.createPartitions({ topics: [{ name, count: 4, assignments: null }] });
        await broker().send(name, orders(400, 1000, 4));
      }
      if (upTo === 1300) await broker().send(name, orders(1000, 1300, 4));
      // The alarm for what never comes.
      for (let n = 0; n < 6000 && seen.length + own.length < upTo; n++) await sleep(50);
      await client.stop();
      await reading;
      seen.push(...own);
    }
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      numbers(0, 1300),
    );
    const consumer = new Consumer({
      clientId: 'looks',
      groupId: 'growing',
      bootstrapBrokers: [...broker().brokers],
    });
    const committed = await consumer.listCommittedOffsets({
      topics: [{ topic: name, partitions: [0, 1, 2, 3] }],
    });
    await consumer.close();
    assert.deepEqual(committed.get(name), [425n, 425n, 225n, 225n]);
    const later = await rowsOf({
      topics: [name],
      format: jsonLines(Order),
      start: 'committed',
      groupId: 'growing',
    });
    assert.deepEqual(later, []);
  },
);

withBroker('it keeps to the rules of sources', async (context) => {
  const name = await topic('rules', 3);
  await broker().send(name, orders(0, 40, 3));
  const cases = sourceConformance({
    source: () =>
      kafkaSource({
        brokers: broker().brokers,
        topics: [name],
        stop: 'latest',
        format: jsonLines(Order),
        partitionBytes: 200,
      }),
    rows: numbers(0, 40).map((n) => ({ n, name: `order ${n}` })),
    runs: 2,
  });
  for (const { name: rule, run } of cases) await context.test(rule, run);
});
