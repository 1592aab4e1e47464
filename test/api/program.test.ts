/** Rows from the program into a job and back, while it runs. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { anything, endless, failing, sums, windows } from './program-jobs.ts';

const THREADS = [0, 1, 2];

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const got: Row[] = [];
  for await (const row of rows) got.push(row);
  return got;
}

for (const threads of THREADS) {
  test(`${threads} threads: a row that is written comes back, one at a time`, async () => {
    const client = await sums.start({ threads });
    const totals = client.outputs.totals[Symbol.asyncIterator]();
    let sum = 0;
    for (let n = 1; n <= 20; n++) {
      sum += n;
      assert.ok(client.inputs.clicks.write({ user: 'a', n }));
      assert.deepEqual(await totals.next(), { done: false, value: { user: 'a', n: sum } });
    }
    client.inputs.clicks.end();
    assert.deepEqual(await totals.next(), { done: true, value: undefined });
    assert.equal((await client.result()).state, 'finished');
  });

  test(`${threads} threads: many rows, as fast as the job takes them`, async () => {
    const client = await anything.start({ threads });
    const rows = Array.from({ length: 50_000 }, (_, n) =>
      n % 3 === 0 ? { n, more: `row ${n}` } : { n },
    );
    const writing = client.inputs.values.from(rows).then(() => client.inputs.values.end());
    const got = await all(client.outputs.doubled);
    await writing;
    assert.deepEqual(
      got.toSorted((a, b) => a.n - b.n),
      rows.map((row) => ({ ...row, n: row.n * 2 })),
    );
  });

  test(`${threads} threads: many rows by batches, in their order`, async () => {
    const client = await anything.start({ threads, parallelism: 1 });
    const rows = Array.from({ length: 50_000 }, (_, n) => ({ n }));
    const writing = client.inputs.values.from(rows).then(() => client.inputs.values.end());
    const batches = await all(client.outputs.doubled.batches());
    await writing;
    assert.ok(batches.every((batch) => batch.length > 0));
    assert.ok(batches.length < 5000, `${batches.length} batches`);
    const got = batches.flat();
    assert.deepEqual(
      got,
      rows.map((row) => ({ n: row.n * 2 })),
    );
  });

  test(`${threads} threads: batches end with the error of a job that fails`, async () => {
    const client = await failing.start({ threads, parallelism: 1 });
    const got: { n: number }[] = [];
    const reading = (async () => {
      for await (const rows of client.outputs.passed.batches()) got.push(...rows);
    })();
    reading.catch(() => {});
    for (let n = 0; n < 50; n++) client.inputs.rows.write({ n });
    while (got.length < 50) await new Promise((resolve) => setTimeout(resolve, 1));
    client.inputs.rows.write({ n: 100 });
    await assert.rejects(reading, /a hundred/);
    await assert.rejects(client.result(), /a hundred/);
    assert.deepEqual(
      got.map(({ n }) => n),
      Array.from({ length: 50 }, (_, n) => n),
    );
  });

  test(`${threads} threads: windows fire when the input ends`, async () => {
    const client = await windows.start({ threads });
    for (const at of [1, 2, 1500]) client.inputs.readings.write({ at, n: 7 });
    client.inputs.readings.end();
    const counts = await all(client.outputs.counts);
    assert.deepEqual(counts, [
      { n: 7, windowStart: 0, windowEnd: 1000, rows: 2 },
      { n: 7, windowStart: 1000, windowEnd: 2000, rows: 1 },
    ]);
  });

  test(`${threads} threads: a job that fails tells writers and readers`, async () => {
    const client = await failing.start({ threads });
    const reading = all(client.outputs.passed);
    reading.catch(() => {});
    for (let n = 0; n <= 100; n++) client.inputs.rows.write({ n });
    const failure = { code: 'USER_FUNCTION', message: /a hundred/ };
    await assert.rejects(client.result(), failure);
    await assert.rejects(reading, failure);
    assert.throws(() => client.inputs.rows.write({ n: 1 }), {
      code: 'INPUT_CLOSED',
      message: 'the input takes no more rows: the job is over',
    });
    await assert.rejects(client.inputs.rows.drained(), failure);
  });
}

test('write says false when the job is behind, and drained waits until it is not', async () => {
  const client = await anything.start({ threads: 1 });
  let written = 0;
  while (client.inputs.values.write({ n: written++ })) assert.ok(written < 30_000);
  await client.inputs.values.drained();
  assert.ok(client.inputs.values.write({ n: written++ }));
  client.inputs.values.end();
  assert.equal((await all(client.outputs.doubled)).length, written);
  assert.throws(() => client.inputs.values.write({ n: 0 }), {
    code: 'INPUT_CLOSED',
    message: 'the input takes no more rows: it was ended',
  });
});

test('a row that does not fit the schema is refused where it is written, and nothing of it stays', async () => {
  const client = await sums.start({ threads: 0 });
  client.inputs.clicks.write({ user: 'a', n: 1 });
  assert.throws(() => client.inputs.clicks.write({ user: 'b', n: 0.5 }), {
    code: 'FIELD_TYPE',
    message: "field 'n' wants int32, got 0.5",
  });
  client.inputs.clicks.write({ user: 'a', n: 2 });
  client.inputs.clicks.end();
  assert.deepEqual(await all(client.outputs.totals), [
    { user: 'a', n: 1 },
    { user: 'a', n: 3 },
  ]);
});

test('a reader that is slow holds the job back', async () => {
  for (const threads of [0, 2]) {
    const client = await endless.start({ threads });
    const rows = client.outputs.rows[Symbol.asyncIterator]();
    for (let n = 0; n < 10; n++) await rows.next();
    let before = -1;
    while (before !== client.status().records) {
      before = client.status().records;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await client.cancel();
    // Two rings of 1 MiB, of 4 bytes a row.
    assert.ok(before < 1_000_000, `${before} records were read for 10 that were taken`);
  }
});

test('a loop that is left lets the job go on without it, and an output has one reader', async () => {
  const client = await endless.start({ threads: 1 });
  for await (const row of client.outputs.rows) if (row.n >= 100) break;
  const before = client.status().records;
  while (client.status().records < before + 100_000) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.throws(() => client.outputs.rows[Symbol.asyncIterator](), { code: 'JOB_DEFINITION' });
  await client.cancel();
});

test('rows and then batches are one reader too many; batches that are left let the job go on', async () => {
  const client = await endless.start({ threads: 1 });
  for await (const rows of client.outputs.rows.batches()) {
    assert.equal(rows[0]!.n, 0);
    break;
  }
  assert.throws(() => client.outputs.rows[Symbol.asyncIterator](), /one reader/);
  await assert.rejects(client.outputs.rows.batches().next(), /one reader/);
  const before = client.status().operators[0]!.recordsOut;
  while (client.status().operators[0]!.recordsOut < before + 50_000)
    await new Promise((resolve) => setTimeout(resolve, 1));
  await client.cancel();
  await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
});

test('outputs: false runs without readers', async () => {
  const client = await sums.start({ threads: 1, outputs: false });
  for (let n = 0; n < 20_000; n++) {
    if (!client.inputs.clicks.write({ user: 'a', n: 1 })) await client.inputs.clicks.drained();
  }
  client.inputs.clicks.end();
  assert.equal((await client.result()).state, 'finished');
});

test('a job that waits for a program that reads nothing says which output it is', async () => {
  const warnings: string[] = [];
  const ignore = (): void => {};
  const warn = (_: object, message: string): number => warnings.push(message);
  const client = await endless.start({
    threads: 0,
    log: { debug: ignore, info: ignore, warn, error: ignore },
  });
  const deadline = Date.now() + 30_000;
  while (warnings.length === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(warnings, [
    "job 'endless rows' waits, for its output 'rows' is full and nobody reads it: read client.outputs.rows, " +
      'or start the job with outputs: false',
  ]);
  await client.cancel();
  await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
});

test('Node streams in both directions', async () => {
  const client = await anything.start({ threads: 1 });
  const rows = Array.from({ length: 20_000 }, (_, n) => ({ n }));
  const writing = pipeline(Readable.from(rows), client.inputs.values.writable());
  const got = await all(client.outputs.doubled.readable() as AsyncIterable<{ n: number }>);
  await writing;
  assert.equal(got.length, rows.length);
  assert.equal(
    got.reduce((sum, row) => sum + row.n, 0),
    rows.reduce((sum, row) => sum + row.n * 2, 0),
  );
});

test('Web streams in both directions', async () => {
  const client = await anything.start({ threads: 1 });
  const rows = Array.from({ length: 5000 }, (_, n) => ({ n }));
  const writing = ReadableStream.from(rows).pipeTo(client.inputs.values.writableStream());
  const got = await all(client.outputs.doubled.readableStream());
  await writing;
  assert.equal(got.length, rows.length);
  const partial = await anything.start({ threads: 1 });
  partial.inputs.values.write({ n: 1 });
  await partial.outputs.doubled.readableStream().cancel();
  partial.inputs.values.end();
  assert.equal((await partial.result()).state, 'finished');
});

test('a job with inputs cannot be run without a program that writes them', async () => {
  const message = /input 'clicks' has nobody who writes it: start the job with start\(\)/;
  await assert.rejects(sums.run({ threads: 0 }), { code: 'JOB_DEFINITION', message });
  await assert.rejects(sums.collect({ threads: 0 }), { code: 'JOB_DEFINITION', message });
});

test('cancel ends readers and writers', async () => {
  const client = await anything.start({ threads: 2 });
  const reading = all(client.outputs.doubled);
  reading.catch(() => {});
  client.inputs.values.write({ n: 1 });
  await client.cancel();
  await assert.rejects(reading, { code: 'JOB_CANCELLED' });
});

test('what is no directory of a savepoint, and no rows, is refused', async () => {
  const client = await anything.start({ threads: 0 });
  await assert.rejects(client.savepoint(undefined as never), {
    code: 'JOB_DEFINITION',
    message: 'savepoint: the directory is a text that is not empty, got undefined',
  });
  await assert.rejects(client.inputs.values.from(5 as never), {
    code: 'JOB_DEFINITION',
    message: 'from takes rows, got 5',
  });
  await client.cancel();
});
