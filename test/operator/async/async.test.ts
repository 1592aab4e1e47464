/** Asynchronous functions: what is under way at a time, time-outs, attempts, failures, restarts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AsyncContext, AsyncOptions } from '../../../src/api/async-options.ts';
import { EngineError, UserFunctionError } from '../../../src/base/errors.ts';
import { type Harness, harness } from '../../../src/testing/harness.ts';
import { Answers } from './answers.ts';

type Row = { id: number };

async function setUp(
  options: AsyncOptions<Row, string, string> = {},
  running: Parameters<typeof harness>[1] = {},
): Promise<{ h: Harness<Row, string>; answers: Answers<number, string> }> {
  const answers = new Answers<number, string>();
  const h = await harness<Row, string>(
    (rows) => rows.mapAsync((row, ctx) => answers.ask(row.id, ctx), options),
    running as object,
  );
  return { h, answers };
}

function pushAll(h: Harness<Row, unknown>, ...ids: number[]): void {
  for (const id of ids) h.push({ id }, id);
}

test('so many calls are under way, and the next is made when one is done', async () => {
  const { h, answers } = await setUp({ capacity: 2 });
  pushAll(h, 1, 2, 3, 4);
  await h.settle();
  assert.deepEqual(answers.asked, [1, 2]);
  answers.give(2, 'two');
  await h.settle();
  assert.deepEqual(answers.asked, [1, 2, 3]);
  assert.deepEqual(h.take(), [], 'the first is waited for');
  answers.give(1, 'one');
  await h.settle();
  assert.deepEqual(h.takeRecords(), ['one', 'two']);
});

test('as they come: what is done leaves first', async () => {
  const { h, answers } = await setUp({ ordered: false });
  pushAll(h, 1, 2);
  await h.settle();
  answers.give(2, 'two');
  await h.settle();
  assert.deepEqual(h.take(), [{ record: 'two', timestamp: 2 }]);
});

test('a full step takes no batch, but barriers: a snapshot has what waits', async () => {
  const { h, answers } = await setUp({ capacity: 1 });
  pushAll(h, 1, 2, 3);
  await h.restart();
  await h.settle();
  assert.deepEqual(answers.asked, [1, 1]);
  for (const id of [1, 2, 3]) {
    answers.give(id, `${id}`);
    await h.settle();
  }
  assert.deepEqual(
    h.take(),
    [1, 2, 3].map((id) => ({ record: `${id}`, timestamp: id })),
  );
});

test('a full step holds its source back', async () => {
  const { h, answers } = await setUp({ capacity: 1 }, { batchSize: 1 });
  pushAll(h, 1, 2);
  await h.settle();
  // A batch that had come could be in a snapshot; one that waits in front stops it.
  await assert.rejects(h.restart(), /the snapshot did not get through/);
  assert.deepEqual(answers.asked, [1]);
});

test('what is under way is asked for again, once, with more subtasks and fewer', async () => {
  const { h, answers } = await setUp({}, { parallelism: 3 });
  const ids = [1, 2, 3, 4, 5, 6, 7];
  pushAll(h, ...ids);
  for (const parallelism of [1, 2, 3]) {
    await h.restart({ parallelism });
    await h.settle();
    assert.deepEqual([...answers.open].sort(), ids);
  }
  assert.equal(answers.asked.length, 4 * ids.length);
  for (const id of ids) answers.give(id, `${id}`);
  await h.settle();
  assert.deepEqual(h.takeRecords().sort(), ids.map(String));
});

test('rows come out of a snapshot as they went in', async () => {
  const seen: unknown[] = [];
  const rows = [{ a: -0 }, { a: undefined }, {}, { a: Number.NaN, b: 5n }, -0, null, 'text'];
  const h = await harness<unknown, unknown>((stream) =>
    stream.mapAsync((row) => {
      seen.push(row);
      return new Promise(() => {});
    }),
  );
  for (const row of rows) h.push(row);
  await h.restart();
  await h.settle();
  assert.deepEqual(seen, [...rows, ...rows]);
});

test('values at once, and things that are like promises', async () => {
  const h = await harness<Row, number>((rows) =>
    rows.mapAsync(({ id }) =>
      id === 1
        ? id
        : {
            // biome-ignore lint/suspicious/noThenProperty: as old libraries do it.
            then(resolve: ((value: number) => never) | null | undefined): never {
              resolve?.(10);
              resolve?.(20);
              throw new Error('too late');
            },
          },
    ),
  );
  pushAll(h, 1, 2, 3);
  await h.settle();
  assert.deepEqual(h.takeRecords(), [1, 10, 10]);
});

test('flatMapAsync: any number of rows, however little room there is', async () => {
  for (const outputCapacity of [1, Infinity]) {
    const h = await harness<Row, number>(
      (rows) => rows.flatMapAsync(async ({ id }) => Array.from({ length: id }, (_, n) => n)),
      { outputCapacity },
    );
    pushAll(h, 2, 0, 9000);
    await h.end();
    assert.deepEqual(h.take(), [
      { record: 0, timestamp: 2 },
      { record: 1, timestamp: 2 },
      ...Array.from({ length: 9000 }, (_, n) => ({ record: n, timestamp: 9000 })),
      { watermark: Infinity },
      { end: true },
    ]);
  }
});

test('flatMapAsync: what is no iterable is told with the record', async () => {
  const h = await harness<Row, number>((rows) =>
    rows.flatMapAsync(async ({ id }) => (id === 2 ? (5 as never as number[]) : [id])),
  );
  pushAll(h, 1, 2);
  await assert.rejects(h.settle(), /operator 'flatMapAsync' \(subtask 0, record 1\)/);
});

test('too late: the job fails, and the signal says why', async () => {
  const { h, answers } = await setUp({ timeout: '1 s' });
  h.processingTime(100);
  pushAll(h, 1, 2);
  await h.settle();
  const { signal } = answers.context(2);
  answers.give(1, 'one');
  await h.settle();
  h.processingTime(1099);
  assert.equal(signal.aborted, false);
  assert.throws(
    () => h.processingTime(1100),
    (error: unknown) =>
      error instanceof EngineError &&
      error.code === 'ASYNC_TIMEOUT' &&
      error.retryable &&
      /^operator 'mapAsync' \(subtask 0, record 1\): no result within 1000 ms, in 1 attempt\n {4}at .*async\.test\.ts:\d+/.test(
        error.message,
      ),
  );
  assert.equal((signal.reason as EngineError).code, 'ASYNC_TIMEOUT');
});

test('too late, but handled: the result of onTimeout, whatever comes later', async () => {
  const { h, answers } = await setUp({ timeout: 10, onTimeout: ({ id }) => `${id} is late` });
  pushAll(h, 1, 2);
  await h.settle();
  h.processingTime(10);
  assert.deepEqual(h.takeRecords(), ['1 is late', '2 is late']);
  answers.give(1, 'one');
  await h.settle();
  assert.deepEqual(h.take(), []);
});

test('an onTimeout that throws fails the job', async () => {
  const { h } = await setUp({
    timeout: 10,
    onTimeout: () => {
      throw new Error('no use');
    },
  });
  pushAll(h, 1);
  await h.settle();
  assert.throws(() => h.processingTime(10), /record 0\): no use\n {4}at .*async\.test\.ts:\d+/);
});

test('the time of a row begins with its first call', async () => {
  const { h, answers } = await setUp({ capacity: 1, timeout: 10, onTimeout: () => 'late' });
  pushAll(h, 1, 2);
  await h.settle();
  h.processingTime(8);
  answers.give(1, 'one');
  await h.settle();
  h.processingTime(17);
  assert.deepEqual(h.takeRecords(), ['one']);
  h.processingTime(18);
  assert.deepEqual(h.takeRecords(), ['late']);
});

/** When each attempt at one row is made, of one that fails so many times. */
async function attemptsAt(
  retry: NonNullable<AsyncOptions<Row, string>['retry']>,
  failures: number,
  untilMs: number,
): Promise<{ times: string[]; end: unknown }> {
  let now = 0;
  const times: string[] = [];
  const h = await harness<Row, string>((rows) =>
    rows.mapAsync(
      async (_, { attempt }) => {
        times.push(`${attempt} at ${now}`);
        if (attempt <= failures) throw new Error(`attempt ${attempt} failed`);
        return `attempt ${attempt}`;
      },
      { retry },
    ),
  );
  pushAll(h, 1);
  try {
    await h.settle();
    while (now < untilMs) {
      h.processingTime(++now);
      await h.settle();
    }
  } catch (error) {
    return { times, end: (error as Error).message.split('\n')[0] };
  }
  return { times, end: h.takeRecords() };
}

test('a fixed delay between attempts', async () => {
  assert.deepEqual(await attemptsAt({ strategy: 'fixedDelay', delay: 10 }, 2, 30), {
    times: ['1 at 0', '2 at 10', '3 at 20'],
    end: ['attempt 3'],
  });
});

test('a delay that grows, up to its bound', async () => {
  const retry = {
    strategy: 'exponential',
    initialDelay: 2,
    multiplier: 3,
    maxDelay: 10,
    attempts: 5,
  } as const;
  assert.deepEqual(await attemptsAt(retry, 4, 40), {
    times: ['1 at 0', '2 at 2', '3 at 8', '4 at 18', '5 at 28'],
    end: ['attempt 5'],
  });
});

test('attempts run out', async () => {
  assert.deepEqual(await attemptsAt({ strategy: 'fixedDelay', delay: 0, attempts: 1 }, 2, 5), {
    times: ['1 at 0', '2 at 0'],
    end: "operator 'mapAsync' (subtask 0, record 0): attempt 2 failed",
  });
});

test('errors that are not worth another attempt', async () => {
  const ifError = (error: unknown): boolean => (error as Error).message !== 'attempt 2 failed';
  assert.deepEqual(await attemptsAt({ strategy: 'fixedDelay', delay: 1, ifError }, 5, 9), {
    times: ['1 at 0', '2 at 1'],
    end: "operator 'mapAsync' (subtask 0, record 0): attempt 2 failed",
  });
});

test('a condition that throws fails the job', async () => {
  const ifError = (): boolean => {
    throw new Error('no condition');
  };
  assert.deepEqual(await attemptsAt({ strategy: 'fixedDelay', ifError }, 1, 1), {
    times: ['1 at 0'],
    end: "operator 'mapAsync' (subtask 0, record 0): no condition",
  });
});

test('results that are worth another attempt; the last is taken as it is', async () => {
  const ifResult = (result: string): boolean => result !== 'attempt 2';
  const retry = { strategy: 'fixedDelay', delay: 1, ifResult } as const;
  assert.deepEqual((await attemptsAt(retry, 0, 9)).end, ['attempt 2']);
  const never = { ...retry, attempts: 2, ifResult: () => true };
  assert.deepEqual((await attemptsAt(never, 0, 9)).end, ['attempt 3']);
});

test('one time-out over all attempts', async () => {
  const { h, answers } = await setUp({
    timeout: 25,
    onTimeout: () => 'late',
    retry: { strategy: 'fixedDelay', delay: 10, attempts: 9 },
  });
  pushAll(h, 1);
  await h.settle();
  for (const time of [10, 20]) {
    answers.refuse(1, new Error('again'));
    await h.settle();
    h.processingTime(time);
    await h.settle();
  }
  assert.equal(answers.asked.length, 3);
  answers.refuse(1, new Error('again'));
  await h.settle();
  h.processingTime(25);
  assert.deepEqual(h.takeRecords(), ['late']);
  h.processingTime(100);
  assert.equal(answers.asked.length, 3, 'no attempt behind the time-out');
});

test('a rejection is told with operator, record, file and line', async () => {
  const h = await harness<Row, Row>((rows) =>
    rows
      .mapAsync(async (row) => {
        await null;
        if (row.id === 3) throw new RangeError('three is too many');
        return row;
      })
      .name('rates'),
  );
  pushAll(h, 1, 2, 3);
  await assert.rejects(h.settle(), (error: unknown) => {
    assert.ok(error instanceof UserFunctionError);
    assert.match(
      error.message,
      /^operator 'rates' \(subtask 0, record 2\): three is too many\n {4}at .*async\.test\.ts:\d+:\d+$/,
    );
    assert.ok(error.cause instanceof RangeError);
    return true;
  });
});

test('what is thrown at once, and what has no place of its own: where the function was given', async () => {
  const { h, answers } = await setUp();
  pushAll(h, 1);
  await h.settle();
  answers.refuse(1, 'just text');
  await assert.rejects(h.settle(), /record 0\): just text\n {4}at .*async\.test\.ts:\d+:\d+$/);
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const other = await setUp();
  pushAll(other.h, 1);
  await other.h.settle();
  other.answers.refuse(1, revoked);
  await assert.rejects(other.h.settle(), /record 0\): what was thrown cannot be read\n {4}at /);
  const atOnce = await harness<Row, never>((rows) =>
    rows.mapAsync((): never => {
      throw new Error('at once');
    }),
  );
  pushAll(atOnce, 1);
  await assert.rejects(atOnce.settle(), /record 0\): at once\n {4}at .*async\.test\.ts:\d+:\d+$/);
});

test('the end waits for all, and time-outs go on meanwhile', async () => {
  const { h, answers } = await setUp({ timeout: 10, onTimeout: () => 'late' });
  pushAll(h, 1, 2);
  await h.end();
  assert.deepEqual(h.take(), []);
  answers.give(2, 'two');
  await h.settle();
  h.processingTime(10);
  assert.deepEqual(h.take(), [
    { record: 'late', timestamp: 1 },
    { record: 'two', timestamp: 2 },
    { watermark: Infinity },
    { end: true },
  ]);
});

test('idleness waits for the rows in front of it', async () => {
  const { h, answers } = await setUp();
  pushAll(h, 1);
  h.watermark(5);
  h.idle();
  await h.settle();
  assert.deepEqual(h.take(), []);
  answers.give(1, 'one');
  await h.settle();
  assert.deepEqual(h.take(), [{ record: 'one', timestamp: 1 }, { watermark: 5 }, { idle: true }]);
});

test('one asynchronous step behind another in a chain, with little room', async () => {
  const first = new Answers<number, number>();
  const second = new Answers<number, number>();
  const h = await harness<Row, number>((rows) =>
    rows
      .mapAsync(({ id }, ctx) => first.ask(id, ctx))
      .flatMap(function* (id) {
        for (let n = 0; n < 3; n++) yield id * 10 + n;
      })
      .mapAsync((id, ctx) => second.ask(id, ctx), { capacity: 1, ordered: false }),
  );
  pushAll(h, 1, 2);
  await h.settle();
  first.give(1, 1);
  await h.settle();
  first.give(2, 2);
  await h.settle();
  const taken: number[] = [];
  while (second.open.length > 0) {
    assert.equal(second.open.length, 1);
    const [id] = second.open as [number];
    second.give(id, id);
    await h.settle();
    taken.push(...h.takeRecords());
  }
  assert.deepEqual(taken, [10, 11, 12, 20, 21, 22]);
});

test('what is given up is aborted', async () => {
  let ctx: AsyncContext | null = null;
  const h = await harness<Row, never>((rows) =>
    rows.mapAsync((_, given) => {
      ctx ??= given;
      given.signal.throwIfAborted();
      return new Promise<never>(() => {});
    }),
  );
  pushAll(h, 1);
  await h.restart();
  assert.equal((ctx as AsyncContext | null)?.signal.aborted, true);
});

test('what a step in front has put off waits for room, and results and time-outs go on', async () => {
  const rows = 10_000;
  const h = await harness<Row, number>((stream) =>
    stream
      .flatMap(function* () {
        for (let n = 0; n < rows; n++) yield n;
      })
      .mapAsync((n) => (n % 1000 === 7 ? new Promise<number>(() => {}) : Promise.resolve(n)), {
        capacity: 100,
        timeout: 10,
        onTimeout: () => -1,
      }),
  );
  pushAll(h, 1);
  for (let time = 10; time <= 100; time += 10) {
    await h.settle();
    h.processingTime(time);
  }
  await h.end();
  assert.deepEqual(
    h.takeRecords(),
    Array.from({ length: rows }, (_, n) => (n % 1000 === 7 ? -1 : n)),
  );
});

test('what flatMapAsync is answered has to be an iterable', async () => {
  for (const answer of [5, null, { a: 1 }]) {
    const h = await harness<number>((rows) => rows.flatMapAsync(async () => answer as never));
    h.push(1);
    await assert.rejects(
      async () => {
        await h.settle();
        h.take();
      },
      { message: /the function answered .*, which is no iterable of rows/ },
    );
  }
});
