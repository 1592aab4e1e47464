/**
 * A job that goes on from a savepoint of an earlier version, by operator and by what is another one in it: the state goes on, or is
 * refused with the step and what has changed; nothing is lost or read as something else without a word.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pattern } from '../../src/api/cep/index.ts';
import { csv, type FileFormat, files, jsonLines } from '../../src/connector/file/index.ts';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import { defineSink, defineSource } from '../../src/connector/kit/index.ts';
import {
  aggregating,
  collection,
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  eventTimeTrigger,
  type Flow,
  generate,
  type JobClient,
  job,
  list,
  map,
  monotonous,
  processingTimeTrigger,
  purging,
  record,
  reducing,
  type Schema,
  type Sink,
  type Source,
  type Stream,
  session,
  t,
  timeoutTrigger,
  tumbling,
  tumblingCount,
  type,
  value,
} from '../../src/index.ts';
import { sourceUntil } from '../../src/operator/source-until.ts';
import { inFolder } from '../connector/read-all.ts';

const Base = record({ key: t.int32, amount: t.int32, note: t.string, time: t.timestamp });
type Row = { key: number; amount: number; note: string; time: number };

/** Another version of the rows, to the compiler the same. */
const version = (schema: Schema<unknown>): Schema<Row> => schema as unknown as Schema<Row>;

const ROWS = {
  'the same rows': version(Base),
  'a key of another type': version(
    record({ key: t.string, amount: t.int32, note: t.string, time: t.timestamp }),
  ),
  'an amount of another type': version(
    record({ key: t.int32, amount: t.float64, note: t.string, time: t.timestamp }),
  ),
  'a note that may be null': version(
    record({ key: t.int32, amount: t.int32, note: t.nullable(t.string), time: t.timestamp }),
  ),
  'a field more': version(
    record({ key: t.int32, amount: t.int32, note: t.string, time: t.timestamp, more: t.int32 }),
  ),
  'a field less': version(record({ key: t.int32, amount: t.int32, time: t.timestamp })),
} as const;

type Change = keyof typeof ROWS;

function source(flow: Flow, schema: Schema<Row>): Stream<Row> {
  const rowOf = (n: number): Row => {
    const all = { key: n % 5, amount: n, note: 'x', time: n, more: n };
    const field = ({ name, kind }: (typeof schema.fields)[number]) => {
      const of = all[name as keyof typeof all];
      return [name, kind === 'string' ? `${of}` : of];
    };
    return Object.fromEntries(schema.fields.map(field)) as Row;
  };
  return flow.from(generate({ schema, count: 1_000_000_000, row: rowOf }), {
    rate: 50_000,
    parallelism: 1,
  });
}

const keyed = (flow: Flow, schema: Schema<Row>) =>
  source(flow, schema).eventTime('time', monotonous()).keyBy('key');

type Define = (flow: Flow, schema: Schema<Row>) => Stream<unknown>;

const changing = (step: Define, schema: Schema<Row>) =>
  job(import.meta, 'changed', (flow) => {
    step(flow, schema)
      .uid('step')
      .name('the step')
      .filter(() => false)
      .print('none');
  });

async function untilRead(client: JobClient): Promise<void> {
  const hasFailed = client.result().then(
    () => true,
    () => true,
  );
  while (client.status().records < 100) {
    if (await Promise.race([hasFailed, delay(2, false)])) return;
  }
}

const ONE = { threads: 0, parallelism: 1 } as const;

async function savepointOf(step: Define, schema: Schema<Row>, path: string): Promise<void> {
  const client = await changing(step, schema).start(ONE);
  await untilRead(client);
  await client.savepoint(path);
  await client.cancel();
}

/** What becomes of a version that goes on from a savepoint: null where it reads on. */
async function goesOn(
  step: Define,
  schema: Schema<Row>,
  restoreFrom: string,
  allowDroppedState = false,
): Promise<(Error & { code: string }) | null> {
  try {
    const running = await changing(step, schema).start({ ...ONE, restoreFrom, allowDroppedState });
    await untilRead(running);
    if (running.status().state !== 'running') await running.result();
    await running.cancel();
    return null;
  } catch (error) {
    return error as Error & { code: string };
  }
}

const hour = '1 h';

/** Steps that keep rows, or fields of them. `any`: what their accumulators are not of. */
const STEPS: { [name: string]: { readonly step: Define; readonly any?: Change[] } } = {
  sum: { step: (flow, rows) => keyed(flow, rows).sum('amount') },
  max: { step: (flow, rows) => keyed(flow, rows).max('amount') },
  minBy: { step: (flow, rows) => keyed(flow, rows).minBy('amount') },
  'a reduce in columns': {
    step: (flow, rows) => keyed(flow, rows).reduce((a, b) => (b.amount > a.amount ? b : a)),
  },
  'a reduce of objects': {
    step: (flow, rows) =>
      keyed(flow, rows).reduce((a, b) => (b.amount < 0 ? a : structuredClone(b))),
  },
  'aggregates of windows': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .window(tumbling(hour))
        .aggregate(({ sum, max }) => ({ s: sum('amount'), m: max('amount') })),
    any: ['a note that may be null', 'a field more', 'a field less'],
  },
  'aggregates of counts': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .window(tumblingCount(1_000_000))
        .aggregate(({ sum }) => ({ s: sum('amount') })),
    any: ['a note that may be null', 'a field more', 'a field less'],
  },
  'aggregates of sessions': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .window(session(hour))
        .aggregate(({ sum }) => ({ s: sum('amount') })),
    any: ['a note that may be null', 'a field more', 'a field less'],
  },
  'a reduce of windows': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .window(tumbling(hour))
        .reduce((_, b) => b),
  },
  'a function of windows': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .window(tumbling(hour))
        .process({ emits: type<number>(), onWindow() {} }),
  },
  'an interval join': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .intervalJoin(keyed(flow, rows))
        .between(`-${hour}`, `-1 s`)
        .process((left) => left),
  },
  'a join of windows': {
    step: (flow, rows) =>
      source(flow, rows)
        .eventTime('time', monotonous())
        .join(source(flow, rows).eventTime('time', monotonous()))
        .on('key', 'key')
        .window(tumbling(hour))
        .apply((left) => left),
  },
  'a join of sessions': {
    step: (flow, rows) =>
      source(flow, rows)
        .eventTime('time', monotonous())
        .join(source(flow, rows).eventTime('time', monotonous()))
        .on('key', 'key')
        .window(session(hour))
        .apply((left) => left),
  },
  'a pattern': {
    step: (flow, rows) =>
      keyed(flow, rows)
        .match(
          pattern<Row>()
            .begin('first', (row) => row.amount < 50)
            .followedBy('none', (row) => row.amount < 0),
        )
        .select((match) => match),
  },
};

Object.assign(STEPS, {
  'requests under way': {
    step: (flow, rows) =>
      source(flow, rows).mapAsync(() => new Promise<Row>(() => {}), {
        capacity: 10_000,
        timeout: '1 h',
      }),
  },
  'all rows of a partition': {
    step: (flow, rows) =>
      source(flow, rows)
        .fullPartition()
        .map((all) => all),
  },
  'a reduce of a partition': {
    step: (flow, rows) =>
      source(flow, rows)
        .fullPartition()
        .reduce((a, b) => (b.amount < 0 ? b : a)),
  },
  'aggregates of a partition': {
    step: (flow, rows) =>
      source(flow, rows)
        .fullPartition()
        .aggregate(({ sum }) => ({ s: sum('amount') })),
    any: ['a key of another type', 'a note that may be null', 'a field more', 'a field less'],
  },
} satisfies typeof STEPS);

const REASONS: { readonly [name in Change]: RegExp | null } = {
  'the same rows': null,
  'a key of another type': /'the step' \(uid step\).*field 'key' was int32 and is string/,
  'an amount of another type': /'the step' \(uid step\).*field 'amount' was int32 and is float64/,
  'a note that may be null':
    /'the step' \(uid step\).*field 'note' was string and is string or null/,
  'a field more': /'the step' \(uid step\).*field 'more' of int32 is new/,
  'a field less': /'the step' \(uid step\).*field 'note' of string is gone/,
};

for (const [name, { step, any = [] }] of Object.entries(STEPS)) {
  test(`${name}: state of other rows is refused, by step and field`, async () => {
    await inFolder(async (folder) => {
      const savepoint = join(folder, 'savepoint');
      await savepointOf(step, ROWS['the same rows'], savepoint);
      for (const [change, schema] of Object.entries(ROWS)) {
        const reason = any.includes(change as Change) ? null : REASONS[change as Change];
        const error = await goesOn(step, schema, savepoint);
        const got = error === null ? null : `${error.code}: ${error.message}`;
        if (reason === null) assert.equal(got, null, change);
        else
          assert.match(
            got ?? 'it goes on',
            new RegExp(`^STATE_INCOMPATIBLE: .*${reason.source}`),
            change,
          );
      }
    });
  });
}

test('where no request is under way rows may change', async () => {
  const step: Define = (flow, rows) =>
    source(flow, rows)
      .filter(() => false)
      .mapAsync(async (row) => row);
  await inFolder(async (folder) => {
    const savepoint = join(folder, 'savepoint');
    await savepointOf(step, ROWS['the same rows'], savepoint);
    assert.equal(await goesOn(step, ROWS['an amount of another type'], savepoint), null);
  });
});

/** Of a process function, with other states. */
const process =
  (state: object): Define =>
  (flow, rows) =>
    keyed(flow, rows).process({
      emits: type<number>(),
      state,
      onRecord({ amount }: Row, ctx: { state: object }) {
        for (const [name, one] of Object.entries(ctx.state)) {
          if (name === 'entries' && one.size !== undefined) one.set(amount, amount);
          else if (one.add === undefined) one.set(amount);
          else one.add(amount);
        }
      },
    } as never) as Stream<unknown>;

/** Of one without keys. */
const unkeyed =
  (operatorState: object): Define =>
  (flow, rows) =>
    source(flow, rows).process({
      emits: type<number>(),
      operatorState,
      onRecord({ amount }: Row, ctx: { operatorState: object }) {
        for (const one of Object.values(ctx.operatorState)) one.add(amount);
      },
    } as never) as Stream<unknown>;

const max = (a: number, b: number): number => Math.max(a, b);
const summing = aggregating({
  create: () => 0,
  add: (sum: number, n: number) => sum + n,
  result: (sum) => sum,
});

const kept: readonly {
  readonly change: string;
  readonly was: Define;
  readonly now: Define;
  /** Null where it goes on. */
  readonly error: RegExp | null;
}[] = [
  {
    change: 'a state more',
    was: process({ total: value(t.int32) }),
    now: process({ total: value(t.int32), more: value(t.int32) }),
    error: null,
  },
  {
    change: 'a state less',
    was: process({ total: value(t.int32), last: value(t.int32) }),
    now: process({ total: value(t.int32) }),
    error: /^STATE_UNKNOWN: .*state 'last' of 'the step' \(uid step\).*--allow-dropped-state/,
  },
  {
    change: 'another name',
    was: process({ total: value(t.int32) }),
    now: process({ sum: value(t.int32) }),
    error: /^STATE_UNKNOWN: .*state 'total' of 'the step'/,
  },
  {
    change: 'another name and kind',
    was: process({ total: value(t.int32) }),
    now: process({ totals: list(t.int32) }),
    error: /^STATE_UNKNOWN: .*state 'total' of 'the step'/,
  },
  {
    change: 'a list for a value',
    was: process({ total: value(t.int32) }),
    now: process({ total: list(t.int32) }),
    error:
      /^STATE_INCOMPATIBLE: .*'the step'.*state 'total': the snapshot has value state, the job keeps list state/,
  },
  {
    change: 'a map for a list',
    was: process({ entries: list(t.int32) }),
    now: process({ entries: map(t.int32, t.int32) }),
    error: /^STATE_INCOMPATIBLE: .*'the step'.*'entries'.*list state/,
  },
  {
    change: 'an accumulator for a reduced value',
    was: process({ total: reducing(t.int32, max) }),
    now: process({ total: summing }),
    error: /^STATE_INCOMPATIBLE: .*'the step'.*'total'/,
  },
  {
    change: 'another type',
    was: process({ total: value(t.int32) }),
    now: process({ total: value(t.float64) }),
    error: /^STATE_INCOMPATIBLE: .*'the step'.*state 'total'.*has int32, the job keeps float64/,
  },
  {
    change: 'an operator state less',
    was: unkeyed({ all: list(t.int32) }),
    now: unkeyed({ more: list(t.int32) }),
    error: /^STATE_UNKNOWN: .*state 'all' of 'the step'/,
  },
  {
    change: 'another operator',
    was: process({ total: value(t.int32) }),
    now: STEPS.sum!.step,
    error: /^STATE_UNKNOWN: .*state 'total' of 'the step'/,
  },
  {
    change: 'a step without state',
    was: process({ total: value(t.int32) }),
    now: (flow, rows) => source(flow, rows).map((row) => row),
    error: /^STATE_UNKNOWN: .*state 'total' of 'the step'/,
  },
  {
    change: 'a function for a sum',
    was: STEPS.sum!.step,
    now: process({ total: value(t.int32) }),
    error: /^STATE_UNKNOWN: .*state 'values' of 'the step'/,
  },
  {
    change: 'a maximum for a sum',
    was: STEPS.sum!.step,
    now: STEPS.max!.step,
    error: /^STATE_INCOMPATIBLE: .*'the step'.*#sum amount.*#max amount/,
  },
  {
    change: 'a reduce for a sum',
    was: STEPS.sum!.step,
    now: STEPS['a reduce of objects']!.step,
    error: /^STATE_INCOMPATIBLE: .*'the step'.*#reduce/,
  },
  {
    change: 'an aggregate less',
    was: STEPS['aggregates of windows']!.step,
    now: (flow, rows) =>
      keyed(flow, rows)
        .window(tumbling(hour))
        .aggregate(({ sum }) => ({ s: sum('amount') })),
    error: /^STATE_INCOMPATIBLE: .*'the step'.*max amount/,
  },
  {
    change: 'a trigger that keeps more',
    was: (flow, rows) =>
      keyed(flow, rows)
        .window(tumbling(hour))
        .trigger(countTrigger(1_000_000))
        .reduce((_, b) => b),
    now: STEPS['a reduce of windows']!.step,
    error: /^STATE_INCOMPATIBLE: .*'the step'/,
  },
];

/** Windows that a trigger fires. */
const triggered =
  (trigger: Parameters<ReturnType<ReturnType<typeof keyed>['window']>['trigger']>[0]): Define =>
  (flow, rows) =>
    keyed(flow, rows)
      .window(tumbling(hour))
      .trigger(trigger)
      .reduce((_, b) => b);

const triggers: typeof kept = [
  {
    change: 'a trigger of the clock for one of event time',
    was: triggered(eventTimeTrigger()),
    now: triggered(processingTimeTrigger()),
    error:
      /^STATE_INCOMPATIBLE: .*'the step' \(uid step\) with trigger eventTime, and the step has trigger processingTime now/,
  },
  {
    change: 'a trigger of event time for one of the clock',
    was: triggered(processingTimeTrigger()),
    now: STEPS['a reduce of windows']!.step,
    error: /^STATE_INCOMPATIBLE: .*trigger processingTime, and the step has trigger eventTime now/,
  },
  {
    change: 'a continuous trigger by the clock',
    was: triggered(continuousEventTimeTrigger('1 min')),
    now: triggered(continuousProcessingTimeTrigger('1 min')),
    error: /^STATE_INCOMPATIBLE: .*'the step'.*trigger continuousEventTime/,
  },
  {
    change: 'a timeout around another trigger',
    was: triggered(timeoutTrigger(eventTimeTrigger(), '1 min')),
    now: triggered(timeoutTrigger(processingTimeTrigger(), '1 min')),
    error: /^STATE_INCOMPATIBLE: .*'the step'.*trigger timeout of eventTime/,
  },
  {
    change: 'a trigger that purges',
    was: triggered(eventTimeTrigger()),
    now: triggered(purging(eventTimeTrigger())),
    error: null,
  },
  {
    change: 'a continuous trigger that fires more often',
    was: triggered(continuousEventTimeTrigger('2 min')),
    now: triggered(continuousEventTimeTrigger('1 min')),
    error: null,
  },
];

for (const { change, was, now, error } of [...kept, ...triggers]) {
  test(`${change}: ${error === null ? 'state goes on' : 'refused, by step and state'}`, async () => {
    await inFolder(async (folder) => {
      const savepoint = join(folder, 'savepoint');
      await savepointOf(was, Base, savepoint);
      const failure = await goesOn(now, Base, savepoint);
      const got = failure === null ? 'it goes on' : `${failure.code}: ${failure.message}`;
      assert.match(got, error ?? /it goes on/);
      if (error?.source.startsWith('^STATE_UNKNOWN')) {
        assert.equal(await goesOn(now, Base, savepoint, true), null);
      }
    });
  });
}

const Counted = record({ n: t.int32 });
type Counted = { n: number };

const generated = generate({ schema: Counted, count: 1_000_000_000, row: (n) => ({ n }) });
const defined = (name: string): Source<Counted> =>
  defineSource({
    name,
    schema: Counted,
    start: 0,
    *read({ position }) {
      for (let n = position; ; n++) yield { records: [{ n }], position: n + 1 };
    },
  });
const keeping = (name: string): Sink<Counted> =>
  defineSink({
    name,
    open: () => ({ write() {}, preCommit: () => [name] }),
    commit() {},
  });
const dropping: Sink<Counted> = { ...keeping('dropping'), kind: 'dropping' };

/** What becomes of a job of other ends that goes on from a savepoint. */
async function endsGoOn(
  was: readonly [Source<Counted>, Sink<Counted>],
  now: readonly [Source<Counted>, Sink<Counted>],
): Promise<string> {
  const of = ([from, to]: typeof was) =>
    job(import.meta, 'ends', (flow) => {
      flow.from(from, { rate: 50_000, uid: 'in', name: 'in' }).to(to).uid('out').name('out');
    });
  return await inFolder(async (folder) => {
    const savepoint = join(folder, 'savepoint');
    const checkpoints = { dir: join(folder, 'state') };
    const first = await of(was).start({ ...ONE, checkpoints });
    await untilRead(first);
    await first.stop({ savepoint });
    try {
      const next = await of(now).start({ ...ONE, restoreFrom: savepoint });
      await untilRead(next);
      if (next.status().state !== 'running') await next.result();
      await next.cancel();
      return 'it goes on';
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
  });
}

test('positions of another source are refused, a source of another name is not', async () => {
  const to = keeping('kept');
  assert.match(
    await endsGoOn([generated, to], [defined('counted'), to]),
    /^STATE_INCOMPATIBLE: .*'in' \(uid in\) with connector generate, and the step has connector defineSource now/,
  );
  assert.match(
    await endsGoOn([generated, to], [collection([{ n: 1 }], Counted), to]),
    /^STATE_INCOMPATIBLE: .*connector generate.*connector collection/,
  );
  assert.equal(await endsGoOn([defined('one'), to], [defined('two'), to]), 'it goes on');
});

test('an end by what is in the records may come and go', async () => {
  const to = keeping('kept');
  const source = defined('one');
  const ending = sourceUntil(source, () => false);
  assert.equal(await endsGoOn([source, to], [ending, to]), 'it goes on');
  assert.equal(await endsGoOn([ending, to], [source, to]), 'it goes on');
});

test('splits of a stage that a source of the same kind does not have are refused', async () => {
  const to = keeping('kept');
  const ended = collection([{ n: 1 }], Counted);
  const [staged, alone] = [hybrid(ended, generated), generated].map((of) => ({
    ...of,
    kind: 'own',
  }));
  assert.match(
    await endsGoOn([staged!, to], [alone!, to]),
    /^STATE_INCOMPATIBLE: split '1:0\/1' of 'in' is of none of its stages/,
  );
});

test('output that another sink has prepared is refused', async () => {
  assert.match(
    await endsGoOn([generated, keeping('kept')], [generated, dropping]),
    /^STATE_INCOMPATIBLE: .*'out' \(uid out\) with connector defineSink, and the step has connector dropping now/,
  );
  assert.equal(await endsGoOn([generated, keeping('a')], [generated, keeping('b')]), 'it goes on');
});

test('files may be written in another format: what is there is completed', async () => {
  await inFolder(async (folder) => {
    const to = (format: FileFormat<Counted>) => files<Counted>(join(folder, 'out'), format);
    const [was, now] = [to(csv(Counted)), to(jsonLines(Counted))];
    assert.equal(await endsGoOn([generated, was], [generated, now]), 'it goes on');
  });
});
