/** Topics of a real broker as sinks: each delivery, and processes that are killed while they write. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Producer } from '@platformatic/kafka';
import { collection, job, monotonous } from 'millrace';
import { csv, jsonLines, text } from 'millrace/connectors/files';
import { type KafkaSinkOptions, kafkaSink, kafkaSource } from 'millrace/kafka';
import { Random } from '../../../src/base/random.ts';
import { jobFile, startMillrace } from '../command-line.ts';
import { broker, folder, topic, untilEqual, withBroker } from './shared-broker.ts';

type Row = { readonly n: number; readonly name: string };

const rowsTo = (count: number): Row[] =>
  Array.from({ length: count }, (_, n) => ({ n, name: `name ${n % 10}` }));

async function write(
  rows: readonly Row[],
  options: Omit<KafkaSinkOptions<Row>, 'brokers'>,
  checkpoints?: { readonly dir: string; readonly every: '50 ms' },
): Promise<void> {
  const writes = job(import.meta, `writes ${typeof options.topic}`, (flow) => {
    flow.from(collection(rows)).to(kafkaSink({ brokers: broker().brokers, ...options }));
  });
  await writes.run({
    threads: 0,
    parallelism: 2,
    ...(checkpoints === undefined ? {} : { checkpoints }),
  });
}

/** What readers of committed records see. */
async function written(name: string) {
  const reads = job(import.meta, 'reads', (flow) => ({
    records: flow.from(
      kafkaSource({
        brokers: broker().brokers,
        topics: [name],
        stop: 'latest',
        format: text(),
        metadata: {
          key: 'key',
          partition: 'partition',
          offset: 'offset',
          at: 'timestamp',
          headers: 'headers',
        },
      }),
    ),
  }));
  return (await reads.collect({ threads: 0 })).records;
}

const numbersOf = async (name: string): Promise<number[]> =>
  (await written(name)).map(({ line }) => (JSON.parse(line) as Row).n).sort((a, b) => a - b);

withBroker(
  'records have keys, headers and times; a key is where another producer would put it',
  async () => {
    const name = await topic('keyed', 5);
    await write(rowsTo(1000), {
      topic: name,
      key: (row) => row.name,
      headers: (row) => ({ n: `${row.n}`, bytes: new Uint8Array([104, 105]) }),
      timestamp: (row) => 1_700_000_000_000 + row.n,
      compression: 'gzip',
      batchBytes: 2000,
    });
    const records = await written(name);
    assert.deepEqual(
      records.map(({ line }) => (JSON.parse(line) as Row).n).sort((a, b) => a - b),
      rowsTo(1000).map(({ n }) => n),
    );
    const places = new Map(records.map(({ key, partition }) => [key, partition]));
    for (const { line, key, partition, at, headers } of records) {
      const row = JSON.parse(line) as Row;
      assert.deepEqual(
        { key, partition, at, headers },
        {
          key: row.name,
          partition: places.get(row.name),
          at: 1_700_000_000_000 + row.n,
          headers: { n: `${row.n}`, bytes: 'hi' },
        },
      );
    }
    assert.ok(new Set(places.values()).size > 1);
  },
);

withBroker('times are those of rows; and a record may say that its key is deleted', async () => {
  const name = await topic('deletes', 1);
  const deletes = job(import.meta, 'deletes', (flow) => {
    flow
      .from(collection(rowsTo(3)))
      .eventTime((row) => 5000 + row.n, monotonous())
      .to(
        kafkaSink({
          brokers: broker().brokers,
          topic: name,
          key: (row) => Buffer.from(row.name),
          tombstone: (row) => row.n === 1,
        }),
      );
  });
  await deletes.run({ threads: 0 });
  assert.deepEqual(
    (await written(name)).map(({ key, offset, at }) => ({ key, offset, at })),
    [
      { key: 'name 0', offset: 0, at: 5000 },
      { key: 'name 2', offset: 2, at: 5002 },
    ],
  );
});

withBroker(
  'without a key partitions take turns; topics, partitions and values are of choice',
  async () => {
    const name = await topic('turns', 3);
    await topic('turns-odd', 2);
    await write(rowsTo(3000), { topic: name, batchBytes: 5000, compression: 'lz4' });
    const partitions = new Set((await written(name)).map(({ partition }) => partition));
    assert.equal(partitions.size, 3);
    await write(rowsTo(10), {
      topic: (row) => (row.n % 2 === 0 ? 'turns' : 'turns-odd'),
      partition: (row, count) => row.n % count,
      format: csv({ header: false }),
    });
    const odd = (await written('turns-odd')).map(({ line, partition }) => ({ line, partition }));
    assert.deepEqual(
      odd.sort((a, b) => (a.line < b.line ? -1 : 1)),
      [1, 3, 5, 7, 9].map((n) => ({ line: `${n},name ${n}`, partition: 1 })),
    );
  },
);

for (const compression of ['none', 'snappy'] as const) {
  withBroker(`a transaction for each checkpoint (${compression})`, async () => {
    const name = await topic(`exactly-${compression}`, 3);
    const options = {
      topic: name,
      compression,
      delivery: 'exactlyOnce',
      transactionalIdPrefix: `exactly-${compression}`,
    } as const;
    await write(rowsTo(2000), options, { dir: `${folder}/exactly-${compression}`, every: '50 ms' });
    await untilEqual(
      async () => await numbersOf(name),
      rowsTo(2000).map(({ n }) => n),
    );
  });
}

withBroker('what cannot be written says so', async () => {
  const name = await topic('refusing', 1);
  const failing = async (options: Partial<KafkaSinkOptions<Row>>) =>
    await write(rowsTo(3), { topic: name, ...options });
  const exactly = { delivery: 'exactlyOnce', transactionalIdPrefix: 'refusing' } as const;
  await assert.rejects(failing({ ...exactly, transactionTimeout: '1 h' }), {
    code: 'JOB_DEFINITION',
    message:
      /transactionTimeout of 3600000 ms is longer than the broker allows: .*transaction\.max\.timeout\.ms/,
  });
  // It might be made yet.
  await assert.rejects(failing({ topic: 'not-there', timeout: '1 s' }), {
    code: 'CONNECTION_FAILED',
    message: /topic 'not-there'.*UNKNOWN_TOPIC_OR_PARTITION/,
  });
  await assert.rejects(failing({ partition: () => 4 }), {
    code: 'PARTITION_INVALID',
    message: /'refusing' .* below 1, got 4/,
  });
  await assert.rejects(failing({ headers: () => ({ big: 'x'.repeat(2_000_000) }) }), {
    code: 'OUTPUT_FAILED',
    message: /partition refusing-0: MESSAGE_TOO_LARGE.*raise max\.message\.bytes/,
  });
});

withBroker(
  'a run aborts what one before it has left open, and nobody else of another prefix',
  async () => {
    const name = await topic('left-open', 1);
    const begin = async (transactionalId: string) => {
      const producer = new Producer({
        clientId: 'dies',
        bootstrapBrokers: [...broker().brokers],
        idempotent: true,
        transactionalId,
      });
      const transaction = await producer.beginTransaction();
      await transaction.send({
        messages: [{ topic: name, partition: 0, value: Buffer.from('{"n":-1}') }],
      });
      return { producer, transaction };
    };
    const [dead, other] = [await begin('left:dead:0'), await begin('left-alive:0')];
    await write(rowsTo(2), { topic: name, delivery: 'exactlyOnce', transactionalIdPrefix: 'left' });
    await assert.rejects(dead.transaction.commit());
    await other.transaction.commit();
    await untilEqual(async () => await numbersOf(name), [-1, 0, 1]);
    for (const { producer } of [dead, other]) await producer.close(true);
  },
);

const SEED = Number(process.env.SEED ?? Math.floor(performance.timeOrigin) % 1_000_000);
const CRASHES = Number(process.env.CRASHES ?? 4);
const ROWS = 14_000;

withBroker(`killed again and again, a job writes each result once (SEED=${SEED})`, async () => {
  await topic('copied-from', 4);
  await topic('copied-to', 3);
  const all = rowsTo(ROWS);
  for (let at = 0; at < ROWS; at += 5000) {
    await broker().send(
      'copied-from',
      // A name is in one partition, so that its sums come in one order only.
      all
        .slice(at, at + 5000)
        .map((row) => ({ partition: (row.n % 10) % 4, value: JSON.stringify(row) })),
    );
  }
  const random = new Random(SEED);
  const start = (rate: number) =>
    startMillrace(
      ...['run', jobFile('kafka-copying'), '--no-progress', '--threads', 1 + random.below(2)],
      ...['--parallelism', 1 + random.below(3)],
      ...['--checkpoint-dir', `${folder}/copying`, '--checkpoint-every', '200ms'],
      ...['--param', `broker=${broker().brokers[0]}`, '--param', `rate=${rate}`],
    );
  let killed = 0;
  for (let crash = 0; crash < CRASHES; crash++) {
    // So slow that there is much left however late it is killed.
    const running = start(500);
    let hasEnded = false;
    const before = (await written('copied-to')).length;
    void running.ended.then(() => {
      hasEnded = true;
    });
    // Behind a commit of its own, most of them with records of the next one on their way.
    while (!hasEnded && (await written('copied-to')).length === before) await sleep(10);
    await sleep(random.below(300));
    running.process.kill('SIGKILL');
    await running.ended;
    if (running.process.signalCode === 'SIGKILL') killed++;
  }
  const { code, stderr } = await start(100_000).ended;
  assert.equal(code, 0, stderr);
  assert.ok(killed > 0, 'it has ended before it was killed');
  const sums = new Map<string, number>();
  const wanted = all.map(({ n, name }) => {
    sums.set(name, (sums.get(name) ?? 0) + n);
    return `${name} ${sums.get(name)}`;
  });
  await untilEqual(
    async () =>
      (await written('copied-to'))
        .map(({ line }) => JSON.parse(line) as Row)
        .map((row) => `${row.name} ${row.n}`)
        .sort(),
    wanted.sort(),
  );
});

withBroker('while the broker is away, source and sink wait for it', async () => {
  const [from, to] = [await topic('away-from', 2), await topic('away-to', 2)];
  const moves = job(import.meta, 'moves', (flow) => {
    const { brokers } = broker();
    const rows = flow.from(kafkaSource({ brokers, topics: [from], format: jsonLines<Row>() }));
    rows.to(kafkaSink({ brokers, topic: to, key: (row) => row.name }));
  });
  const client = await moves.start({ threads: 0 });
  const send = async (rows: readonly Row[]) =>
    await broker().send(
      from,
      rows.map((row) => ({ partition: row.n % 2, value: JSON.stringify(row) })),
    );
  const rows = rowsTo(600);
  await send(rows.slice(0, 300));
  await untilEqual(async () => (await numbersOf(to)).length, 300);
  await broker().restart(500);
  await send(rows.slice(300));
  await untilEqual(
    async () => await numbersOf(to),
    rows.map(({ n }) => n),
  );
  assert.equal((await client.status()).state, 'running');
  await client.stop({ drain: true });
});
