/** What plain JavaScript may give to calls of a job by mistake, in the place of functions, fields, types and windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blackhole,
  collection,
  customTrigger,
  type Flow,
  job,
  list,
  monotonous,
  purging,
  record,
  t,
  timeoutTrigger,
  tumbling,
  value,
} from 'millrace';
import { pattern } from 'millrace/cep';

/** A function as plain JavaScript sees it. */
type Loose = (...given: readonly unknown[]) => unknown;
const loose = (fn: unknown): Loose => fn as Loose;
/** A method of a step, as plain JavaScript calls it. */
const calling = (of: object, name: string, ...given: readonly unknown[]): unknown =>
  loose((of as Record<string, unknown>)[name]).apply(of, [...given]);

const Row = record({ n: t.int32, s: t.string, at: t.timestamp });
const ROWS = [{ n: 1, s: 'a', at: 0 }];
const rows = (flow: Flow) => flow.from(collection(ROWS, Row));
const timed = (flow: Flow) => rows(flow).eventTime('at', monotonous());
const keyed = (flow: Flow) => timed(flow).keyBy('s');
const windows = (flow: Flow) => keyed(flow).window(tumbling('1 h'));
const joined = (flow: Flow) => timed(flow).join(timed(flow)).on('s', 's').window(tumbling('1 h'));
const later = async (): Promise<never> => Promise.reject(new Error('never called'));
const late = { name: 'late' };

const REFUSED: readonly (readonly [(flow: Flow) => unknown, RegExp])[] = [
  [(flow) => calling(rows(flow), 'map'), /^map is a function, got undefined$/],
  [(flow) => calling(rows(flow), 'filter', 'n'), /^filter is a function, got 'n'$/],
  [(flow) => calling(rows(flow), 'flatMap', []), /^flatMap is a function, got \[\]$/],
  [
    (flow) =>
      rows(flow).map(function* ({ n }) {
        yield n;
      }),
    /^map is no generator, /,
  ],
  [
    (flow) =>
      calling(rows(flow), 'filter', function* () {
        yield true;
      }),
    /^filter is no generator, /,
  ],
  [
    (flow) =>
      rows(flow)
        .connect(rows(flow))
        .map({ first: function* () {}, second: () => 1 }),
    /^map: first is no generator, /,
  ],
  [
    (flow) => calling(rows(flow), 'eventTime', undefined, monotonous()),
    /^eventTime: a time that is no field is a function, got undefined$/,
  ],
  [
    (flow) => calling(rows(flow), 'eventTime', later, monotonous()),
    /^eventTime: a time that is no field is not async, /,
  ],
  [
    (flow) => calling(windows(flow), 'aggregate', { n: 1 }),
    /^aggregate is a function, got \{ n: 1 \}$/,
  ],
  [
    (flow) => calling(windows(flow), 'aggregate', { create: () => 0, add: () => 1 }),
    /^aggregate takes a function: \(\{ aggregate \}\) => /,
  ],
  [
    (flow) => calling(windows(flow), 'trigger', loose(customTrigger)({ state: {} })),
    /^customTrigger: state is a function that makes it, such as \(\) =>/,
  ],
  [
    (flow) => flow.input(t.string as never),
    /^input: the schema is made by record\(\{ ... \}\); leave it out for rows of any shape, got/,
  ],
  [(flow) => calling(windows(flow), 'aggregate', later), /^aggregate is not async, /],
  [
    (flow) => calling(rows(flow).fullPartition(), 'aggregate'),
    /^aggregate is a function, got undefined$/,
  ],
  [
    (flow) => windows(flow).aggregate(({ sum }) => ({ total: sum(['n'] as never) })),
    /^aggregate 'total' needs a field or a function$/,
  ],
  [
    (flow) => windows(flow).aggregate(({ first }) => ({ one: first(null as never) })),
    /^aggregate 'one' needs a field or a function$/,
  ],
  [
    (flow) => windows(flow).aggregate(({ collect }) => ({ all: collect(later) })),
    /^aggregate 'all' is not async, /,
  ],
  [
    (flow) => windows(flow).aggregate(({ quantile }) => ({ q: quantile('n', '0.5' as never) })),
    /^the share of a quantile is 0 to 1, got '0.5'$/,
  ],
  [(flow) => calling(keyed(flow), 'window', t.string), /^window takes tumbling\(/],
  [
    (flow) => calling(windows(flow), 'trigger', purging),
    /^trigger takes a trigger, such as countTrigger/,
  ],
  [() => loose(purging)(purging), /^purging takes a trigger/],
  [() => loose(timeoutTrigger)(purging, '1 s'), /^timeoutTrigger takes a trigger/],
  [(flow) => calling(windows(flow), 'lateTo', late), /^lateTo is made by sideOutput\(/],
  [(flow) => calling(rows(flow), 'sideOutput', undefined), /^sideOutput is made by sideOutput\(/],
  [(flow) => calling(joined(flow), 'lateLeftTo', late), /^lateLeftTo is made by sideOutput\(/],
  [(flow) => calling(joined(flow), 'lateRightTo', 'late'), /^lateRightTo is made by sideOutput\(/],
  [
    (flow) => calling(timed(flow).join(timed(flow)), 'on', later, 's'),
    /^on is not async, for nothing waits for it here/,
  ],
  [
    (flow) => calling(rows(flow), 'lookup', later, later),
    /^lookup: a key that is no field is not async, /,
  ],
  [
    (flow) =>
      calling(rows(flow), 'process', {
        emits: Row,
        operatorState: { a: undefined },
        onRecord() {},
      }),
    /^process: operatorState 'a' is made by list\(...\) or unionList\(...\).* got undefined$/,
  ],
  [(flow) => calling(flow, 'param', undefined, 1), /^param: the name is a text .* got undefined$/],
  [
    (flow) =>
      rows(flow)
        .map(({ n }) => n)
        .parallelism(1e9),
    /^parallelism must be a whole number from 1 to 32768, got 1000000000$/,
  ],
  [
    (flow) =>
      rows(flow)
        .map(({ n }) => n)
        .maxParallelism(32_769),
    /^maxParallelism must be a whole number from 1 to 32768, got 32769$/,
  ],
  [() => loose(record)(), /^record takes types by name, such as .* got undefined$/],
  [() => loose(record)([t.string]), /^record takes types by name, /],
  [() => loose(record)({ a: value(t.int32) }), /^record: field 'a' has a type such as t.string/],
  [() => loose(t.nullable)(), /^t.nullable takes a type such as t.string, got undefined$/],
  [() => loose(t.nullable)(t.dynamic), /^t.nullable takes a type such as t.string, got \[Function/],
  [() => loose(t.nullable)(Row), /^t.nullable takes a type such as t.string, got /],
  [() => loose(list)(value(t.int32)), /^list has a type such as t.float64, record/],
];

for (const [build, message] of REFUSED) {
  test(`${message} is told`, async () => {
    const wrong = job(import.meta, `${message}`, (flow) => {
      build(flow);
    });
    await assert.rejects(wrong.run({ threads: 0 }), { code: 'JOB_DEFINITION', message });
  });
}

test('a job without its module is told', () => {
  assert.throws(() => loose(job)(undefined, 'nowhere', () => {}), {
    code: 'JOB_DEFINITION',
    message: /^job 'nowhere': import.meta.url is empty/,
  });
});

/** Functions that return one row where rows are expected: it would be lost. */
const LOST: readonly (readonly [string, (flow: Flow) => unknown])[] = [
  ['flatMap', (flow) => calling(rows(flow), 'flatMap', ({ n }: { n: number }) => ({ n }))],
  [
    'flatMap of two streams',
    (flow) =>
      calling(rows(flow).connect(rows(flow)), 'flatMap', {
        first: ({ n }: { n: number }) => ({ n }),
        second: () => [],
      }),
  ],
  [
    'coGroup',
    (flow) =>
      calling(
        timed(flow).coGroup(timed(flow)).on('s', 's').window(tumbling('1 h')),
        'apply',
        (lefts: readonly unknown[]) => ({ n: lefts.length }),
      ),
  ],
  ['map of a partition', (flow) => calling(rows(flow).fullPartition(), 'map', () => ({ n: 1 }))],
  [
    'map of the partition of a key',
    (flow) => calling(keyed(flow).fullPartition(), 'map', () => ({ n: 1 })),
  ],
  [
    'flatSelect',
    (flow) =>
      calling(
        keyed(flow).match(pattern<{ n: number; s: string; at: number }>().begin('a', () => true)),
        'flatSelect',
        () => ({ n: 1 }),
      ),
  ],
];

for (const [what, build] of LOST) {
  test(`${what}: a row that is returned where rows are expected is told, not lost`, async () => {
    const lost = job(import.meta, what, (flow) => ({
      out: build(flow) as ReturnType<typeof rows>,
    }));
    await assert.rejects(lost.collect({ threads: 0 }), {
      code: 'USER_FUNCTION',
      message: /the function returned \[object Object\], which is no iterable of rows/,
    });
  });
}

test('a function that pushes its rows may return nothing', async () => {
  const pushed = job(import.meta, 'pushed', (flow) => ({
    grouped: timed(flow)
      .coGroup(timed(flow))
      .on('s', 's')
      .window(tumbling('1 h'))
      .apply<number>((lefts, _rights, out) => out(lefts.length)),
    connected: rows(flow)
      .connect(rows(flow))
      .flatMap<string>({ first: ({ s }, out) => out(s), second: () => null as never }),
  }));
  assert.deepEqual(await pushed.collect({ threads: 0 }), { grouped: [1], connected: ['a'] });
});

test('a function that pushes its rows on a condition may return what the condition was', async () => {
  const pushed = job(import.meta, 'pushed on a condition', (flow) => ({
    some: flow.from(collection([0, 1, 2, 3])).flatMap<number>((n, out) => n && n > 1 && out(n)),
    others: flow.from(collection([0, 1, 2])).flatMap<number>((n, out) => n < 2 || out(n)),
    connected: rows(flow)
      .connect(rows(flow))
      .flatMap<string>({
        first: ({ s }, out) => s === 'b' && out(s),
        second: ({ s }, out) => s === 'a' && out(s),
      }),
  }));
  assert.deepEqual(await pushed.collect({ threads: 0 }), {
    some: [2, 3],
    others: [2],
    connected: ['a'],
  });
});

test('an input that the program does not get is told: it would never end', async () => {
  const forgotten = job(import.meta, 'forgotten', (flow) => {
    flow.input(Row).to(blackhole());
  });
  const stepped = job(import.meta, 'stepped', (flow) => {
    const timedRows = flow.input(Row).eventTime('at', monotonous());
    return { rows: timedRows };
  });
  for (const wrong of [forgotten, stepped]) {
    await assert.rejects(wrong.start({ threads: 0 }), {
      code: 'JOB_DEFINITION',
      message: /^an input has nobody who writes it: return what flow.input\(...\) gives by a name/,
    });
  }
});
