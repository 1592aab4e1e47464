/** What a function that defines a job may do with streams, and what it may return. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blackhole,
  collection,
  customWindow,
  type Flow,
  job,
  map,
  monotonous,
  record,
  type Stream,
  session,
  t,
  tumbling,
  tumblingCount,
  type,
} from 'millrace';
import { pattern } from 'millrace/cep';

type Row = { k: string; time: number; n: number };
const Schema = record({ k: t.string, time: t.timestamp, n: t.int32 });
const ROWS: readonly Row[] = [
  { k: 'a', time: 1, n: 1 },
  { k: 'b', time: 2, n: 2 },
  { k: 'a', time: 3, n: 3 },
];
const rows = (flow: Flow): Stream<Row> =>
  flow.from(collection(ROWS, Schema)).eventTime('time', monotonous());

/** A definition as plain JavaScript sees it. */
const defined = job as unknown as (
  meta: ImportMeta,
  name: string,
  define: (flow: Flow) => unknown,
) => ReturnType<typeof job>;

async function refuses(define: (flow: Flow) => unknown, message: RegExp): Promise<void> {
  const wrong = defined(import.meta, 'wrong', define);
  await assert.rejects(wrong.collect({ threads: 0 }), { code: 'JOB_DEFINITION', message });
}

/** A stream of another job. */
function streamOfAnother(): Stream<Row> {
  let stream: Stream<Row> | undefined;
  const another = job(import.meta, 'another', (flow) => {
    stream = rows(flow);
    return { stream };
  });
  another.build({}, false);
  return stream!;
}

const tables = { rows: map(t.string, Schema) };

/** Where two streams meet. */
const MEETINGS: readonly (readonly [string, (own: Stream<Row>, other: Stream<Row>) => unknown])[] =
  [
    ['union', (own, other) => own.union(own, other)],
    ['join', (own, other) => own.join(other)],
    ['coGroup', (own, other) => own.coGroup(other)],
    ['broadcastJoin', (own, other) => own.broadcastJoin(other)],
    ['connect', (own, other) => own.connect(other)],
    ['connect', (own, other) => own.connect(other.broadcast(tables))],
    ['connect', (own, other) => own.keyBy('k').connect(other.keyBy('k'))],
    ['connect', (own, other) => own.keyBy('k').connect(other.broadcast(tables))],
    ['intervalJoin', (own, other) => own.keyBy('k').intervalJoin(other.keyBy('k'))],
  ];

for (const [i, [what, meet]] of MEETINGS.entries()) {
  test(`${what} (${i}): a stream of another job is refused`, async () => {
    const other = streamOfAnother();
    await refuses(
      (flow) => void meet(rows(flow), other),
      new RegExp(`^${what}: the stream belongs to another job, `),
    );
  });
}

test('a stream of another job is refused where it is returned, also when nobody collects it', async () => {
  const shared = streamOfAnother();
  const returns = defined(import.meta, 'wrong', () => ({ shared }));
  const error = { code: 'JOB_DEFINITION', message: /^job 'wrong': 'shared': .* another job, / };
  await assert.rejects(returns.collect({ threads: 0 }), error);
  await assert.rejects(returns.run({ threads: 0 }), error);
});

test('a stream that was kept from an earlier run is refused', async () => {
  let kept: Stream<Row> | undefined;
  const twice = job(import.meta, 'twice', (flow) => {
    kept ??= rows(flow);
    return { all: rows(flow).union(kept) };
  });
  assert.equal((await twice.collect({ threads: 0 })).all.length, 6);
  await assert.rejects(twice.collect({ threads: 0 }), {
    code: 'JOB_DEFINITION',
    message: /^union: .* to another run of this one: make it from the flow /,
  });
});

for (const [what, of] of [
  ['union', (own) => own.union.bind(own)],
  ['join', (own) => own.join.bind(own)],
  ['coGroup', (own) => own.coGroup.bind(own)],
] as readonly [string, (own: Stream<Row>) => (other: never) => unknown][]) {
  test(`${what} takes streams that are not keyed`, async () => {
    await refuses(
      (flow) => void of(rows(flow))(rows(flow).keyBy('k') as never),
      new RegExp(`^${what} takes a stream that is not keyed, got `),
    );
  });
}

const BY_NAME = 'returns streams by name, such as \\{ rows: stream \\}';
const RETURNED: readonly (readonly [string, (flow: Flow) => unknown, string])[] = [
  ['a stream', rows, `${BY_NAME}, got _?Stream`],
  ['a keyed stream', (flow) => rows(flow).keyBy('k'), `${BY_NAME}, got _?KeyedStream`],
  [
    'a window without a function',
    (flow) => ({ hourly: rows(flow).keyBy('k').window(tumblingCount(2)) }),
    `${BY_NAME}, but 'hourly' is none, got .*: call aggregate, reduce or process behind it$`,
  ],
  ['a number', () => 5, `${BY_NAME}, got 5$`],
  ['streams in an array', (flow) => [rows(flow)], `${BY_NAME}, got \\[`],
  [
    'a keyed stream by name',
    (flow) => ({ good: rows(flow), keyed: rows(flow).keyBy('k') }),
    `${BY_NAME}, but 'keyed' is none, got _?KeyedStream`,
  ],
  [
    'an end by name',
    (flow) => ({ shown: rows(flow).to(blackhole()) }),
    `${BY_NAME}, but 'shown' is none, got Step`,
  ],
  ['nothing by name', () => ({ rows: undefined }), `${BY_NAME}, but 'rows' is none, got undefined`],
];

for (const [what, define, message] of RETURNED) {
  test(`a job that returns ${what} is refused`, async () => {
    const wrong = defined(import.meta, 'wrong', define);
    const error = { code: 'JOB_DEFINITION', message: new RegExp(`^job 'wrong' ${message}`) };
    await assert.rejects(wrong.collect({ threads: 0 }), error);
    await assert.rejects(wrong.run({ threads: 0 }), error);
  });
}

test('a job may return nothing, the end of a stream, or an object without a prototype', async () => {
  const nothing = job(import.meta, 'nothing', (flow) => void rows(flow).to(blackhole()));
  assert.deepEqual(await nothing.collect({ threads: 0 }), {});
  const end = job(import.meta, 'end', (flow) => rows(flow).to(blackhole()));
  assert.deepEqual(await end.collect({ threads: 0 }), {});
  const bare = job(import.meta, 'bare', (flow) =>
    Object.assign(Object.create(null) as object, { all: rows(flow) }),
  );
  assert.deepEqual(await bare.collect({ threads: 0 }), { all: ROWS });
});

const starts = (flow: Flow) => rows(flow).map(({ n }) => ({ windowStart: n, windowEnd: n, n }));
const counted = tumblingCount(2);
const named = (name: string) => (words: { count(): unknown }) => ({ [name]: words.count() });
const loose = (fn: unknown) => fn as (...given: readonly unknown[]) => unknown;

/** Windows of which two things would have one name in results. */
const TWICE: readonly (readonly [string, (flow: Flow) => unknown, RegExp])[] = [
  [
    'a key that is a bound',
    (flow) =>
      starts(flow)
        .keyBy('n', 'windowStart')
        .window(tumbling('1 s'))
        .aggregate(({ count }) => ({ rows: count() })),
    /^aggregate: 'windowStart' is a field of the key, .*: give the field another one by \.map\(\.\.\.\) before keyBy$/,
  ],
  [
    'a key that is a bound, with a function behind it',
    (flow) =>
      starts(flow)
        .keyBy('windowEnd')
        .window(session('1 s'))
        .aggregate(({ count }) => ({ rows: count() }), {
          emits: type<number>(),
          onWindow: (ctx, row) => ctx.emit(row.rows),
        }),
    /^aggregate: 'windowEnd' is a field of the key, /,
  ],
  [
    'an aggregate that is a bound',
    (flow) => {
      const windows = rows(flow).windowAll(tumbling('1 s'));
      return loose(windows.aggregate.bind(windows))(named('windowEnd'));
    },
    /^aggregate: results have a bound of the window under the name 'windowEnd': give the aggregate another one$/,
  ],
  [
    'an aggregate that is a field of the key',
    (flow) => {
      const windows = rows(flow).keyBy('k').window(counted);
      return loose(windows.aggregate.bind(windows))(named('k'));
    },
    /^aggregate: results have a field of the key under the name 'k': /,
  ],
  [
    'an aggregate that is the key of a function',
    (flow) => {
      const all = rows(flow)
        .keyBy(({ n }) => n)
        .fullPartition();
      return loose(all.aggregate.bind(all))(named('key'));
    },
    /^aggregate: results have a field of the key under the name 'key': /,
  ],
  [
    'a key that names a field twice',
    (flow) => rows(flow).keyBy('k', 'n', 'k'),
    /^keyBy names each field once, got \[ 'k', 'n', 'k' \]$/,
  ],
  [
    'a projection that names a field twice',
    (flow) => rows(flow).project('k', 'n', 'k'),
    /^a schema names the field 'k' twice$/,
  ],
];

for (const [what, build, message] of TWICE) {
  test(`${what} is refused, and the error names it`, async () => {
    await refuses((flow) => {
      build(flow);
      rows(flow).to(blackhole());
    }, message);
  });
}

test('names of bounds are free where results have none', async () => {
  const free = job(import.meta, 'free', (flow) => ({
    counts: starts(flow)
      .keyBy('windowStart')
      .window(tumblingCount(1))
      .aggregate(({ count }) => ({ windowEnd: count() })),
    starts: starts(flow)
      .keyBy('windowStart')
      .window(tumblingCount(1))
      .process({
        emits: type<number>(),
        onWindow: (ctx) => ctx.emit(ctx.key.windowStart),
      }),
  }));
  const found = await free.collect({ threads: 0, parallelism: 1 });
  assert.deepEqual(
    found.counts,
    ROWS.map(({ n }) => ({ windowStart: n, windowEnd: 1 })),
  );
  assert.deepEqual(found.starts, [1, 2, 3]);
});

test('functions of windows and of pairs may be instances of classes with fields of their own', async () => {
  class Windows {
    readonly emits = type<number>();
    fired = 0;
    onWindow(ctx: { emit(row: number): void }): void {
      ctx.emit(++this.fired);
    }
  }
  class Pairs {
    readonly emits = type<string>();
    seen = 0;
    onPair(left: Row, right: Row, ctx: { emit(row: string): void }): void {
      ctx.emit(`${left.n} ${right.n} ${++this.seen}`);
    }
  }
  const classes = job(import.meta, 'classes', (flow) => {
    const keyed = rows(flow).keyBy('k');
    return {
      windows: keyed.window(tumblingCount(1)).process(new Windows()),
      pairs: keyed.intervalJoin(keyed).between(0, 0).process(new Pairs()),
    };
  });
  const { windows, pairs } = await classes.collect({ threads: 0, parallelism: 1 });
  assert.deepEqual(windows, [1, 2, 3]);
  assert.deepEqual(pairs.sort(), ['1 1 1', '2 2 2', '3 3 3']);
});

test('pairs within an interval may become any number of rows of no schema', async () => {
  const free = job(import.meta, 'free pairs', (flow) => {
    const keyed = rows(flow).keyBy('k');
    const pairs = keyed.intervalJoin(keyed).between(0, 2);
    return {
      sums: pairs.process({
        emits: type<{ sum: number } | number>(),
        onPair(left, right, { emit }) {
          emit({ sum: left.n + right.n });
          if (left.n !== right.n) emit(right.n);
        },
      }),
    };
  });
  const { sums } = await free.collect({ threads: 0, parallelism: 1 });
  const texts = sums.map((row) => JSON.stringify(row)).sort();
  assert.deepEqual(texts, ['3', '{"sum":2}', '{"sum":4}', '{"sum":4}', '{"sum":6}']);
});

test('pairs within an interval: what emits is neither schema nor type is refused', async () => {
  await refuses((flow) => {
    const keyed = rows(flow).keyBy('k');
    const pairs = keyed.intervalJoin(keyed).between(0, 2);
    pairs.process({ emits: 5 as never, onPair() {} });
  }, /^process: emits is record\(\{ \.\.\. \}\), or type<T>\(\) for free-form rows, got 5$/);
});

const emits = type<number>();
const keyed = (flow: Flow) => rows(flow).keyBy('k');
const pairs = (flow: Flow) => keyed(flow).intervalJoin(keyed(flow)).between(0, 1);
function* never(): Generator<never> {}
const plain = (): void => {};

/** Functions of which nobody takes what a generator would give, by what the error names. */
const GENERATORS: readonly (readonly [string, (flow: Flow) => unknown])[] = [
  ['process: onRecord', (flow) => keyed(flow).process({ emits, onRecord: never })],
  ['process: onRecord', (flow) => rows(flow).process({ emits, onRecord: never })],
  ['process: onTimer', (flow) => keyed(flow).process({ emits, onRecord: plain, onTimer: never })],
  ['process: open', (flow) => keyed(flow).process({ emits, onRecord: plain, open: never })],
  ['process: close', (flow) => rows(flow).process({ emits, onRecord: plain, close: never })],
  [
    'process: onFirst',
    (flow) => rows(flow).connect(rows(flow)).process({ emits, onFirst: never, onSecond: plain }),
  ],
  [
    'process: onSecond',
    (flow) => keyed(flow).connect(keyed(flow)).process({ emits, onFirst: plain, onSecond: never }),
  ],
  [
    'process: onBroadcast',
    (flow) =>
      keyed(flow)
        .connect(rows(flow).broadcast(tables))
        .process({ emits, onRecord: plain, onBroadcast: never }),
  ],
  ['process: onWindow', (flow) => keyed(flow).window(counted).process({ emits, onWindow: never })],
  ['process: onPair', (flow) => pairs(flow).process({ emits, onPair: never })],
  ['process', (flow) => pairs(flow).process(never)],
  [
    'apply',
    (flow) => rows(flow).join(rows(flow)).on('k', 'k').window(tumbling('1 s')).apply(never),
  ],
  [
    'select',
    (flow) =>
      keyed(flow)
        .match(pattern<Row>().begin('a', () => true))
        .select(never),
  ],
];

for (const [what, build] of GENERATORS) {
  test(`${what}: a generator is refused, of which nothing would run`, async () => {
    await refuses(
      (flow) => {
        build(flow);
        rows(flow).to(blackhole());
      },
      new RegExp(
        `^${what} is no generator, for nothing asks it for values here, .* \\[GeneratorFunction: never\\]$`,
      ),
    );
  });
}

test('what gives any number of rows or windows may be a generator', async () => {
  const fine = job(import.meta, 'generators', (flow) => {
    const found = keyed(flow).match(pattern<Row>().begin('a', ({ n }) => n > 2));
    return {
      flat: rows(flow).flatMap(function* ({ n }) {
        yield n;
      }),
      groups: rows(flow)
        .coGroup(rows(flow))
        .on('k', 'k')
        .window(tumbling('1 s'))
        .apply(function* (lefts) {
          yield lefts.length;
        }),
      matches: found.flatSelect(function* ({ a: [row] }) {
        yield row.n;
      }),
      parts: rows(flow)
        .fullPartition()
        .map(function* (all) {
          yield all.length;
        }),
      keys: keyed(flow)
        .fullPartition()
        .map(function* (all, { k }) {
          yield `${k}${all.length}`;
        }),
      windows: keyed(flow)
        .window(
          customWindow<Row>({
            *assign() {
              yield { windowStart: 0, windowEnd: 9 };
            },
          }),
        )
        .aggregate(({ count }) => ({ rows: count() }))
        .map((row) => row.rows),
    };
  });
  const found = await fine.collect({ threads: 0, parallelism: 1 });
  assert.deepEqual(
    Object.fromEntries(Object.entries(found).map(([name, all]) => [name, [...all].sort()])),
    {
      flat: [1, 2, 3],
      groups: [1, 2],
      matches: [3],
      parts: [3],
      keys: ['a2', 'b1'],
      windows: [1, 2],
    },
  );
});
