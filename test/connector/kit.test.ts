/** The kit: when functions of the user are called, how many at a time, and what becomes of what they throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import { defineSink, type RowWriter } from '../../src/connector/kit/define-sink.ts';
import { defineSource } from '../../src/connector/kit/define-source.ts';
import { poll } from '../../src/connector/kit/poll.ts';
import { type SendOptions, send } from '../../src/connector/kit/send.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Sink, SinkWriter } from '../../src/operator/sink.ts';
import type { PlainData, Source, SplitReader } from '../../src/operator/source.ts';
import { contextOf, freeFormOf } from './sink-run.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

function readerOf<Row>(
  source: Source<Row>,
  clock: VirtualClock,
  position: PlainData = null,
): SplitReader {
  const split = { id: 'all', weight: 0, detail: null };
  return source.createReader(split, position, { clock, wake() {}, malformed() {} });
}

/** Rows until the reader waits for its clock, or has come to its end. */
async function rowsOf(reader: SplitReader, clock: VirtualClock): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (;;) {
    const result = reader.poll();
    if (result === 'end') return rows;
    if (result !== 'idle') rows.push(...result.rowObjects());
    else if (reader.wakeAtMs === Infinity) await turn();
    else if (reader.wakeAtMs > clock.now()) return rows;
  }
}

test('poll asks at its interval, at once where there is more, and never twice at a time', async () => {
  const clock = new VirtualClock(1000);
  const asked: number[] = [];
  let underWay = 0;
  const source = poll(
    async (position) => {
      assert.equal(++underWay, 1);
      asked.push(clock.now());
      await turn();
      underWay--;
      return { records: [position], position: position + 1, hasMore: position < 3 };
    },
    { start: 1, every: '10 s' },
  );
  const reader = readerOf(source, clock);
  assert.deepEqual(await rowsOf(reader, clock), [1, 2, 3]);
  assert.equal(reader.wakeAtMs, 11_000);
  clock.advanceTo(11_000);
  assert.deepEqual(await rowsOf(reader, clock), [4]);
  assert.deepEqual(asked, [1000, 1000, 1000, 11_000]);
  assert.deepEqual(reader.position(), { at: 5, taken: 0 });
});

test('poll tries again behind a pause that grows, then fails with the position', async () => {
  const clock = new VirtualClock(0);
  const asked: number[] = [];
  const source = poll(
    () => {
      asked.push(clock.now());
      throw new Error('HTTP 503');
    },
    {
      start: { after: 7 },
      retry: { strategy: 'exponential', initialDelay: '1 s', attempts: 3 },
    },
  );
  const reader = readerOf(source, clock);
  const fails = async (): Promise<void> => {
    for (;;) {
      await rowsOf(reader, clock);
      clock.advanceTo(reader.wakeAtMs);
    }
  };
  await assert.rejects(fails(), {
    code: 'USER_FUNCTION',
    message: /^split 'all', behind position \{"after":7\}: HTTP 503\n {4}at .*kit\.test\.ts/,
  });
  assert.deepEqual(asked, [0, 1000, 3000, 7000]);
});

test('an error that is not worth another attempt fails at once', async () => {
  const clock = new VirtualClock(0);
  const isWorth = (error: unknown): boolean => !(error as Error).message.includes('401');
  const source = poll(() => Promise.reject(new Error('HTTP 401')), {
    retry: { strategy: 'fixedDelay', ifError: isWorth },
  });
  await assert.rejects(rowsOf(readerOf(source, clock), clock), /HTTP 401/);
});

test('a call that takes too long is ASYNC_TIMEOUT, and its signal is aborted', async () => {
  const clock = new VirtualClock(0);
  let signal: AbortSignal | null = null;
  const source = poll(
    (_, context) => {
      signal = context.signal;
      return new Promise<null>(() => {});
    },
    { timeout: '5 ms' },
  );
  await assert.rejects(rowsOf(readerOf(source, clock), clock), {
    code: 'ASYNC_TIMEOUT',
    message: /no answer within 5 ms/,
    retryable: true,
  });
  assert.equal(signal!.aborted, true);
});

test('what is read is at most two portions ahead, and closing ends it', async () => {
  const clock = new VirtualClock(0);
  let made = 0;
  let hasEnded = false;
  let signal: AbortSignal | null = null;
  const source = defineSource({
    name: 'ahead',
    start: 0,
    async *read(request) {
      signal = request.signal;
      try {
        for (;;) yield { records: [made++], position: made };
      } finally {
        hasEnded = true;
      }
    },
  });
  const reader = readerOf(source, clock);
  reader.poll();
  for (let n = 0; n < 10; n++) await turn();
  assert.equal(made, 1);
  reader.poll();
  reader.poll();
  for (let n = 0; n < 10; n++) await turn();
  assert.equal(made, 2);
  assert.equal(signal!.aborted, false);
  reader.close();
  await turn();
  assert.equal(signal!.aborted, true);
  assert.equal(hasEnded, true);
});

test('what a source reads has to be portions of rows that fit', async () => {
  const clock = new VirtualClock(0);
  const reads = (read: () => unknown) =>
    rowsOf(readerOf(defineSource({ name: 's', read } as never), clock), clock);
  await assert.rejects(
    reads(() => 7),
    { code: 'JOB_DEFINITION', message: /read gives an iterable/ },
  );
  await assert.rejects(
    reads(() => [{ rows: [] }]),
    /\{ records: \[\.\.\.\], position \}, got \{"rows":\[\]\}/,
  );
  const misfit = defineSource({
    name: 's',
    schema: record({ n: t.int32 }),
    read: () => [{ records: [{ n: 1 }, { n: 'two' as never }], position: null }],
  });
  await assert.rejects(rowsOf(readerOf(misfit, clock), clock), {
    code: 'FIELD_TYPE',
    message: /split 'all', record 1 behind position null: .*'n'/,
  });
  const twice = defineSource({
    name: 's',
    splits: () => ['a', 'a'].map((id) => ({ id, detail: null })),
    read: () => [],
  });
  await assert.rejects(twice.discoverSplits(1), /ids of their own/);
});

test('a source that discovers has splits to ask for, and no end', async () => {
  const splits = () => [{ id: 'a', detail: null }];
  const define = (more: object) =>
    defineSource({ name: 's', discover: '1 s', read: () => [], ...more } as never);
  assert.throws(() => define({}), {
    code: 'JOB_DEFINITION',
    message: /discover needs the function splits/,
  });
  assert.throws(
    () => define({ splits, isBounded: true }),
    /discover is for a source without an end/,
  );
  assert.throws(() => define({ splits, discover: 0 }), /discover is longer than nothing/);
  assert.throws(() => define({ splits, discover: 'soon' }), /discover/);
  const source = define({ splits: () => [{ id: 'a', weight: 7, detail: null }] });
  assert.deepEqual(await source.discoverSplits(1), [{ id: 'a', weight: 0, detail: null }]);
  assert.equal(source.isBounded, false);
  assert.equal(source.discovery?.everyMs, 1000);
  const later = hybrid(defineSource({ name: 's', read: () => [] }), define({ splits }));
  assert.equal(later.isBounded, false);
  assert.equal(later.discovery?.everyMs, 1000);
});

test('behind another source, what is found later is of the last one', async () => {
  const source = hybrid(
    defineSource({ name: 'stored', read: () => [] }),
    defineSource({
      name: 'coming',
      splits: () => [{ id: 'a', detail: null }],
      discover: '1 s',
      read: () => [],
    }),
  );
  const found = await source.discovery!.findSplits(2);
  assert.deepEqual(
    found.map(({ id, stage }) => [id, stage]),
    [['1:a', 1]],
  );
  const ids = (await source.discoverSplits(2)).map(({ id }) => id);
  assert.deepEqual(ids, ['0:all', '1:a']);
});

/** A writer of `send`, what it has sent, and answers that wait to be given. */
function sending(options: SendOptions = {}) {
  const clock = new VirtualClock(0);
  const calls: { rows: readonly unknown[]; attempt: number; signal: AbortSignal }[] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const sink = send((rows, { attempt, signal }) => {
    calls.push({ rows, attempt, signal });
    return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }));
  }, options);
  const writer = sink.createWriter(contextOf({ clock }));
  return { clock, calls, answers, writer };
}

test('rows are sent by so many, or when they are old enough', async () => {
  const { clock, calls, answers, writer } = sending({ maxRows: 3, maxDelay: '1 s' });
  writer.write(freeFormOf([1, 2]));
  assert.equal(calls.length, 0);
  assert.equal(writer.wakeAtMs, 1000);
  writer.write(freeFormOf([3, 4]));
  assert.deepEqual(calls.at(-1)!.rows, [1, 2, 3]);
  answers[0]!.resolve();
  await turn();
  clock.advanceTo(1000);
  writer.advanceTime!(1000);
  assert.deepEqual(calls.at(-1)!.rows, [4]);
  assert.equal(writer.wakeAtMs, Infinity);
});

test('heavy rows are sent by fewer', () => {
  const { calls, writer } = sending({ maxRows: 1000 });
  writer.write(freeFormOf(['-'.repeat(700_000), '-'.repeat(700_000), 'x']));
  assert.equal(calls[0]!.rows.length, 2);
});

test('so many calls are under way; with more to send the writer is busy', async () => {
  const { calls, answers, writer } = sending({ maxRows: 1, capacity: 2 });
  writer.write(freeFormOf([1, 2]));
  assert.equal(writer.isBusy, false);
  assert.equal(writer.waitsForEvents, true);
  writer.write(freeFormOf([3]));
  assert.equal(writer.isBusy, true);
  assert.equal(calls.length, 2);
  answers[1]!.resolve();
  await turn();
  assert.equal(writer.isBusy, false);
  assert.deepEqual(calls.at(-1)!.rows, [3]);
  for (const { resolve } of answers) resolve();
  await turn();
  assert.equal(writer.waitsForEvents, false);
});

test('a checkpoint waits for all that was written', async () => {
  const { calls, answers, writer } = sending({ maxRows: 2 });
  assert.deepEqual(writer.preCommit(false), []);
  writer.write(freeFormOf([1, 2, 3]));
  let isPrepared = false;
  const prepared = Promise.resolve(writer.preCommit(false)).then(() => {
    isPrepared = true;
  });
  answers[0]!.resolve();
  await turn();
  assert.equal(isPrepared, false);
  assert.deepEqual(calls.at(-1)!.rows, [3]);
  answers[1]!.resolve();
  await prepared;
});

test('a call that fails is made again with the same rows, then fails the job with their places', async () => {
  const retry = { strategy: 'fixedDelay', delay: 0, attempts: 1 } as const;
  const { calls, answers, writer } = sending({ maxRows: 2, retry });
  writer.write(freeFormOf([1, 2, 3, 4]));
  answers[0]!.reject(new Error('HTTP 503'));
  while (calls.length < 2) await turn();
  assert.deepEqual(calls[1]!.rows, [1, 2]);
  assert.equal(calls[1]!.attempt, 2);
  answers[1]!.resolve();
  while (calls.length < 3) await turn();
  for (const n of [2, 3]) {
    while (answers.length <= n) await turn();
    answers[n]!.reject(new Error('HTTP 503'));
  }
  while (!writer.isBusy) await turn();
  assert.throws(() => writer.resume!(), {
    code: 'USER_FUNCTION',
    message: /^records 2 to 3 of subtask 0: HTTP 503/,
  });
});

test('a call that takes too long fails; one that the job does not wait for is aborted', async () => {
  const { calls, writer } = sending({ maxRows: 1, timeout: '5 ms' });
  writer.write(freeFormOf([1]));
  await assert.rejects(Promise.resolve(writer.preCommit(true)), { code: 'ASYNC_TIMEOUT' });
  assert.equal(calls[0]!.signal.aborted, true);
  const other = sending({ maxRows: 1 });
  other.writer.write(freeFormOf([1]));
  other.writer.close();
  assert.equal(other.calls[0]!.signal.aborted, true);
});

/** A writer of `defineSink` with these functions. */
function writerOf(
  parts: Partial<RowWriter<unknown, PlainData>>,
  commit = (): void => {},
): SinkWriter {
  const sink: Sink = defineSink<unknown, PlainData>({
    name: 'sink',
    open: () => ({ write() {}, preCommit: () => [], ...parts }),
    commit,
  });
  return sink.createWriter(contextOf());
}

test('functions of a writer are called one after the other; at once where none answers later', async () => {
  const calls: string[] = [];
  let answer = (): void => {};
  const writer = writerOf({
    write: (rows) => {
      calls.push(`write ${rows}`);
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    },
    preCommit(isEnd) {
      calls.push(`preCommit ${isEnd}`);
      return [1];
    },
  });
  assert.equal(writer.isBusy, false);
  assert.deepEqual(writer.preCommit(false), [1]);
  writer.write(freeFormOf(['a']));
  assert.equal(writer.isBusy, true);
  const prepared = writer.preCommit(true);
  await turn();
  assert.deepEqual(calls, ['preCommit false', 'write a']);
  answer();
  assert.deepEqual(await prepared, [1]);
  assert.deepEqual(calls.slice(2), ['preCommit true']);
  await turn();
  assert.equal(writer.isBusy, false);
});

test('a writer that fails is busy, and throws when it is resumed', async () => {
  const writer = writerOf({ write: () => Promise.reject(new Error('connection lost')) });
  writer.write(freeFormOf([1]));
  await turn();
  assert.equal(writer.isBusy, true);
  assert.throws(() => writer.resume!(), /connection lost/);
});

test('a writer that is opened after it was closed gives back what it holds', async () => {
  let closed = 0;
  let opened = (_: RowWriter<unknown, never>): void => {};
  const sink = defineSink<unknown, never>({
    name: 'sink',
    open: () =>
      new Promise((resolve) => {
        opened = resolve;
      }),
    commit() {},
  });
  const writer = sink.createWriter(contextOf());
  assert.equal(writer.isBusy, true);
  writer.close();
  assert.equal(closed, 0);
  opened({ write() {}, preCommit: () => [], close: () => void closed++ });
  await turn();
  assert.equal(closed, 1);
});

test('preCommit has to return an array', async () => {
  const wrong = { code: 'JOB_DEFINITION', message: /preCommit returns an array/ };
  assert.throws(() => writerOf({ preCommit: (() => {}) as never }).preCommit(false), wrong);
  const later = writerOf({ preCommit: (async () => 'token') as never }).preCommit(false);
  await assert.rejects(Promise.resolve(later), wrong);
});

test('options of the kit are checked', () => {
  const definition = { code: 'JOB_DEFINITION' };
  assert.throws(() => defineSource({ name: 'a' } as never), definition);
  assert.throws(() => defineSource({ name: 'a', reed() {} } as never), definition);
  assert.throws(() => defineSink({ name: 'a', open() {} } as never), definition);
  assert.throws(() => poll((() => null) as never, { every: 'often' as never }), definition);
  assert.throws(() => poll(1 as never), definition);
  assert.throws(() => send(() => {}, { maxRows: 0 }), definition);
  assert.throws(() => send(() => {}, { retry: { strategy: 'often' } as never }), definition);
});

test('what ifError throws is the error', async () => {
  const clock = new VirtualClock(0);
  const source = poll(() => Promise.reject(new Error('HTTP 503')), {
    retry: {
      strategy: 'fixedDelay',
      ifError: () => {
        throw new Error('a bug in ifError');
      },
    },
  });
  await assert.rejects(rowsOf(readerOf(source, clock), clock), /a bug in ifError/);
});

test('a call that is under way when the reader is closed is aborted, with a timeout too', async () => {
  const signals: AbortSignal[] = [];
  for (const options of [{}, { timeout: '1 h' } as const]) {
    const source = poll((_, { signal }) => {
      signals.push(signal);
      return new Promise<null>(() => {});
    }, options);
    const reader = readerOf(source, new VirtualClock(0));
    reader.poll();
    await turn();
    reader.close();
  }
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, true],
  );
});

/** Numbers from a position on, so many to a portion; reading fails once behind the first. */
function numbersBy(size: number, count: number, fails: boolean) {
  let hasFailed = !fails;
  return defineSource({
    name: 'numbers',
    start: 0,
    retry: { strategy: 'fixedDelay', delay: 0 },
    *read({ position }) {
      for (let from = position; from < count; from += size) {
        if (from > 0 && !hasFailed) {
          hasFailed = true;
          throw new Error('not now');
        }
        const records = Array.from({ length: Math.min(size, count - from) }, (_, n) => from + n);
        yield { records, position: from + records.length };
      }
    },
  });
}

test('what had been given of a large portion is left out over several small ones', async () => {
  const clock = new VirtualClock(0);
  const reader = readerOf(numbersBy(2, 9, false), clock, { at: 0, taken: 5 });
  assert.deepEqual(await rowsOf(reader, clock), [5, 6, 7, 8]);
});

test('reading begins anew behind what has come, also while that is being given', async () => {
  const clock = new VirtualClock(0);
  const rows = await rowsOf(readerOf(numbersBy(9000, 20_000, true), clock), clock);
  assert.deepEqual(
    rows,
    Array.from({ length: 20_000 }, (_, n) => n),
  );
});

test('an answer that comes behind the end of a reader wakes nobody', async () => {
  let answer = (_: null): void => {};
  let wakes = 0;
  const source = poll(
    () =>
      new Promise<null>((resolve) => {
        answer = resolve;
      }),
  );
  const split = { id: 'all', weight: 0, detail: null };
  const reader = source.createReader(split, null, {
    clock: new VirtualClock(0),
    wake: () => void wakes++,
    malformed() {},
  });
  reader.poll();
  reader.close();
  answer(null);
  for (let n = 0; n < 3; n++) await turn();
  assert.equal(wakes, 0);
});
