/** Folders of part files, by fields, functions and times of rows. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { type FilesOptions, files } from '../../src/connector/file/files.ts';
import { findFiles } from '../../src/connector/file/find-files.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { bucketAssigner } from '../../src/connector/file/sink/bucket.ts';
import { fieldBucket, pathBucket } from '../../src/connector/file/sink/bucket-name.ts';
import { BucketSplitter } from '../../src/connector/file/sink/bucket-splitter.ts';
import { nodeDisk } from '../../src/connector/file/sink/output-disk.ts';
import type { CompletePart } from '../../src/connector/file/sink/part-name.ts';
import { PartWriter } from '../../src/connector/file/sink/part-writer.ts';
import { rollingLimits } from '../../src/connector/file/sink/rolling-policy.ts';
import { byTime, type TimeBucketOptions } from '../../src/connector/file/sink/time-bucket.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { inFolder } from './read-all.ts';
import { batchOf, contextOf, filesIn, freeFormOf } from './sink-run.ts';

const Order = record({ id: t.int32, country: t.nullable(t.string) });
type Order = { id: number; country: string | null };

const ORDERS: readonly Order[] = [
  { id: 1, country: 'DE' },
  { id: 2, country: 'FR' },
  { id: 3, country: 'DE' },
  { id: 4, country: null },
  { id: 5, country: 'a/b=c' },
];

function ordersOf(
  schema: Schema | null,
  rows: readonly Order[],
  times: readonly number[] = [],
): Batch {
  const builder = new BatchBuilder(schema);
  rows.forEach((row, n) => {
    builder.appendRow(row, times[n]);
  });
  return builder.seal();
}

/** What a sink makes of batches: ids by folder. */
async function idsByBucket(
  options: FilesOptions<Order>,
  schema: Schema | null,
  batches: readonly Batch[],
): Promise<Record<string, number[]>> {
  return await inFolder(async (folder) => {
    const sink = files(folder, jsonLines<Order>(), options);
    await sink.prepare?.({ jobId: 'job', stepId: 'job', restored: null });
    const clock = new VirtualClock(Date.UTC(2026, 2, 29, 1));
    const writer = sink.createWriter(contextOf({ schema, clock }));
    for (const batch of batches) writer.write(batch);
    await sink.commit(await writer.preCommit(true));
    writer.close();
    const found: Record<string, number[]> = {};
    for (const path of filesIn(folder)) {
      const lines = readFileSync(join(folder, path), 'utf8').trim().split('\n');
      const bucket = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      assert.equal(found[bucket], undefined, 'one part a bucket');
      found[bucket] = lines.map((line) => (JSON.parse(line) as Order).id);
    }
    return found;
  });
}

test('by a field: folders as Hive has them, for rows of a schema and free-form ones, batch after batch', async () => {
  for (const schema of [Order, null]) {
    const batches = [ORDERS.slice(0, 3), ORDERS.slice(3)].map((rows) => ordersOf(schema, rows));
    const twice = [...batches, ordersOf(schema, [{ id: 6, country: 'DE' }])];
    assert.deepEqual(await idsByBucket({ bucket: 'country' }, schema, twice), {
      'country=DE': [1, 3, 6],
      'country=FR': [2],
      'country=__HIVE_DEFAULT_PARTITION__': [4],
      'country=a%2Fb%3Dc': [5],
    });
  }
});

test('by a field whose values are a dictionary', async () => {
  const one = ordersOf(Order, ORDERS);
  const codes = new Int32Array([0, 1, 0, 1, 0]);
  const column = one.columns[1]!;
  assert.ok(column.kind === 'string');
  column.codes = codes;
  column.absent = null;
  assert.deepEqual(await idsByBucket({ bucket: 'country' }, Order, [one]), {
    'country=DE': [1, 3, 5],
    'country=FR': [2, 4],
  });
});

test('by a function: folders in folders, and the folder of the sink itself', async () => {
  const bucket = ({ id, country }: Order) => (country === null ? '' : `${id % 2}/${country[0]}`);
  assert.deepEqual(await idsByBucket({ bucket }, Order, [ordersOf(Order, ORDERS)]), {
    '': [4],
    '0/F': [2],
    '1/D': [1, 3],
    '1/a': [5],
  });
});

test('the rows of a function have the type of the format, or the one that it names', () => {
  files('out', jsonLines<Order>(), { bucket: (row) => row.country ?? '' });
  files('out', csv(), { bucket: ({ id }: Order) => `${id}` });
  // @ts-expect-error: no such field
  files('out', jsonLines<Order>(), { bucket: (row) => row.shop });
});

test('by time: event time in a zone, or the clock', async () => {
  const hour = 3_600_000;
  const start = Date.UTC(2026, 2, 29);
  const times = [start - 1, start, start + hour - 1, start + hour, start];
  const batch = () => [ordersOf(Order, ORDERS, times)];
  const by = (pattern?: string, options?: TimeBucketOptions) => ({
    bucket: byTime(pattern, options),
  });
  assert.deepEqual(await idsByBucket(by(), Order, batch()), {
    '2026-03-28--23': [1],
    '2026-03-29--00': [2, 3, 5],
    '2026-03-29--01': [4],
  });
  // Two o'clock does not exist in Berlin on that day.
  const berlin = by("'day='yyyy-MM-dd/HH", { zone: 'Europe/Berlin' });
  assert.deepEqual(await idsByBucket(berlin, Order, batch()), {
    'day=2026-03-29/00': [1],
    'day=2026-03-29/01': [2, 3, 5],
    'day=2026-03-29/03': [4],
  });
  const processing = by('yyyyMMdd HH:mm:ss', { time: 'processing' });
  assert.deepEqual(await idsByBucket(processing, Order, [ordersOf(Order, ORDERS)]), {
    '20260329 01%3A00%3A00': [1, 2, 3, 4, 5],
  });
});

test('what cannot be a bucket is an error that says why', async () => {
  const write = (options: FilesOptions<Order>, batch: Batch) =>
    idsByBucket(options, batch.schema, [batch]);
  const orders = () => ordersOf(Order, ORDERS);
  for (const [run, code, message] of [
    [() => write({ bucket: 'shop' }, orders()), 'FIELD_UNKNOWN', /no field 'shop'/],
    [() => write({ bucket: 'shop' }, freeFormOf([5])), 'FIELD_TYPE', /rows with fields/],
    [
      () => write({ bucket: 'shop' }, freeFormOf([{ shop: { id: 1 } }])),
      'OUTPUT_FAILED',
      /texts, numbers/,
    ],
    [() => write({ bucket: (row) => row.id as never }, orders()), 'OUTPUT_FAILED', /is a text/],
    [() => write({ bucket: byTime() }, orders()), 'TIMESTAMP_INVALID', /by event time/],
    [async () => byTime('yyyy-WW'), 'JOB_DEFINITION', /what is WW\?/],
    [async () => byTime("'day"), 'JOB_DEFINITION', /what is '\?/],
    [async () => byTime('yyyy', { zone: 'Mars/Olympus' }), 'JOB_DEFINITION', /no time zone/],
  ] as const) {
    await assert.rejects(run, { code, message });
  }
});

test('names of buckets are safe for the file system', () => {
  for (const [value, name] of [
    ['..', 'f=.%2E'],
    ['a:b*c?', 'f=a%3Ab%2Ac%3F'],
    ['50%\n', 'f=50%25%0A'],
    ['', 'f=__HIVE_DEFAULT_PARTITION__'],
    ['Köln', 'f=Köln'],
    [12n, 'f=12'],
    [new Date(0), 'f=1970-01-01T00%3A00%3A00.000Z'],
  ] as const) {
    assert.equal(fieldBucket('f', value), name);
  }
  for (const [path, name] of [
    ['../../etc', '%2E%2E/%2E%2E/etc'],
    ['/a//b/', 'a/b'],
    ['.hidden/_temporary', '%2Ehidden/%5Ftemporary'],
    ['dt=1/hour=2', 'dt=1/hour=2'],
  ] as const) {
    assert.equal(pathBucket(path), name);
  }
  const long = [0, 1].map((n) => fieldBucket('f', `${'ä'.repeat(300)}${n}`));
  assert.ok(long.every((name) => Buffer.byteLength(name) <= 255 && !name.includes('\ufffd')));
  assert.notEqual(long[0], long[1]);
});

test('a writer has so many parts open and no more: the one longest not written to is complete', async () => {
  await inFolder((folder) => {
    const splitter = new BucketSplitter(bucketAssigner('n', null));
    const place = { disk: nodeDisk, folder };
    const limits = { rolling: rollingLimits({}, true), compact: null };
    const writer = new PartWriter(place, jsonLines(), contextOf(), limits, splitter, 2);
    for (const n of [1, 2, 1, 3]) writer.write(batchOf(n));
    const parts = writer.preCommit(false) as readonly CompletePart[];
    const paths = parts.map(({ path }) => path);
    assert.deepEqual(paths, ['n=2/part-job-0-0-1.jsonl']);
    assert.equal(writer.snapshot().length, 2);
    writer.close();
  });
});

test('a run that fails without checkpoints leaves no folders of buckets', async () => {
  await inFolder(async (folder) => {
    const sink = files(folder, jsonLines(), { bucket: (row) => `a/${(row as { n: number }).n}` });
    const writer = sink.createWriter(contextOf({ isCheckpointed: false }));
    writer.write(batchOf(1, 2));
    writer.close();
    assert.deepEqual(readdirSync(folder), []);
    const other = sink.createWriter(contextOf({ isCheckpointed: false, runId: 'job-1' }));
    other.write(batchOf(1, 2));
    await sink.discard?.(await other.preCommit(true));
    other.close();
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('a glob reads the buckets of a folder, but not parts that are hidden', async () => {
  await inFolder(async (folder) => {
    const sink = files(folder, jsonLines(), { bucket: 'n' });
    const writer = sink.createWriter(contextOf());
    writer.write(batchOf(1, 2));
    await sink.commit(await writer.preCommit(true));
    const next = sink.createWriter(contextOf({ runId: 'job-1' }));
    next.write(batchOf(1));
    for (const pattern of ['**/*.jsonl', 'n=*/part-*', '**/*', '*/*']) {
      const found = await findFiles(`${folder}/${pattern}`, 'jsonl');
      assert.equal(found.length, 2, pattern);
    }
    next.close();
  });
});
