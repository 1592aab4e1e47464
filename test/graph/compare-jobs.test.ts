/** Two versions of a job: what is said of their state, and that a restore says the same. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareJobs, type OperatorChange } from '../../src/graph/compare-jobs.ts';
import { type JobShape, jobShape } from '../../src/graph/job-shape.ts';
import { loadJobs } from '../../src/graph/load-job.ts';
import {
  type AnyWindow,
  blackhole,
  continuousEventTimeTrigger,
  countEvictor,
  countTrigger,
  type EngineError,
  eventTimeTrigger,
  type Flow,
  generate,
  job,
  type KeyedStream,
  list,
  map,
  monotonous,
  purging,
  type RowOf,
  record,
  type Stream,
  session,
  sliding,
  t,
  timeEvictor,
  tumbling,
  tumblingCount,
  type,
  value,
  type WindowJoin,
} from '../../src/index.ts';
import { inFolder } from '../connector/read-all.ts';

const Tick = record({ n: t.int32, key: t.int32, name: t.string, at: t.timestamp });

type Version = {
  /** Left out: that of the base. */
  readonly state?: Parameters<typeof keeping>[1];
  readonly key?: 'key' | 'name';
  readonly uid?: string;
  /** Key groups of the totals. */
  readonly groups?: number;
  readonly windows?: (keyed: KeyedTicks) => unknown;
  readonly isGone?: boolean;
  readonly job?: string;
};

const Seen = record({ first: t.int32, last: t.int32 });

const BASE_STATE = {
  total: value(t.float64),
  seen: value(Seen, { default: { first: 0, last: 0 } }),
  notes: list(t.string),
};

function ticks(flow: Flow) {
  return flow
    .from(
      generate({
        schema: Tick,
        count: 1_000_000_000,
        row: (n) => ({ n, key: n % 7, name: `k${n % 7}`, at: n }),
      }),
      { name: 'ticks', rate: 5_000 },
    )
    .eventTime('at', monotonous());
}

/** Puts something into every state. */
function keeping(flow: Flow, state: Readonly<Record<string, object>>, version: Version) {
  const { key = 'key', uid = 'totals' } = version;
  const samples: Readonly<Record<string, unknown>> = {
    total: 1,
    seen: { first: 1, last: 2, note: '' },
  };
  return ticks(flow)
    .keyBy(key)
    .process({
      emits: record({ n: t.float64 }),
      state: state as typeof BASE_STATE,
      onRecord(row, { state: handles, emit }) {
        for (const [name, handle] of Object.entries(handles) as [string, never][]) {
          const any = handle as { set?(value: unknown): void; add?(value: unknown): void };
          if (name in samples) any.set?.(samples[name]);
          else any.add?.('note');
        }
        emit({ n: row.n });
      },
    })
    .name('totals')
    .uid(uid)
    .maxParallelism(version.groups ?? 64);
}

type Tick = RowOf<typeof Tick>;
type KeyedTicks = KeyedStream<RowOf<typeof Tick>, { key: number }>;

/** Sums of windows. */
function summed(window: AnyWindow<RowOf<typeof Tick>>): NonNullable<Version['windows']> {
  return (keyed) =>
    keyed
      .window(window as ReturnType<typeof tumbling>)
      .aggregate(({ sum }) => ({ total: sum('n') }));
}

function versionOf(version: Version) {
  return job(import.meta, version.job ?? 'evolving', (flow) => {
    if (version.isGone !== true)
      keeping(flow, version.state ?? BASE_STATE, version).to(blackhole());
    const { windows = summed(tumbling('1 h')) } = version;
    const stream = windows(ticks(flow).keyBy('key')) as Stream<object>;
    stream.name('hourly').uid('hourly').to(blackhole());
  });
}

const base = versionOf({});

function difference(next: Version, options = {}, from = base) {
  return compareJobs(jobShape(from.build({}, false)), versionOf(next).build({}, false), options);
}

function operator(operators: readonly OperatorChange[], uid: string): OperatorChange {
  return operators.find((one) => one.uid === uid)!;
}

/** Whether a real restore takes the state of the base. */
async function restores(next: Version, from = base): Promise<boolean> {
  try {
    await restored(next, from);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    assert.ok(code === 'STATE_INCOMPATIBLE' || code === 'STATE_UNKNOWN', String(error));
    return false;
  }
}

async function restored(next: Version, from = base): Promise<void> {
  await inFolder(async (folder) => {
    const savepoint = join(folder, 'savepoint');
    const running = await from.start({ threads: 0 });
    while (running.status().records < 100) await new Promise((resolve) => setTimeout(resolve, 5));
    await running.stop({ savepoint });
    const again = await versionOf(next).start({ threads: 0, restoreFrom: savepoint });
    await new Promise((resolve) => setTimeout(resolve, 5));
    // Operators are opened with the first step of the job.
    await again.stop({ savepoint: join(folder, 'again') }).catch(() => again.result());
  });
}

const { total, seen } = BASE_STATE;

const EVOLUTIONS: readonly {
  readonly what: string;
  readonly next: Version;
  readonly changes: Readonly<Record<string, string>>;
  readonly goesOn: boolean;
}[] = [
  {
    what: 'a field of a record comes, with a default',
    next: {
      state: {
        ...BASE_STATE,
        seen: value(record({ first: t.int32, last: t.int32, note: t.string }), {
          default: { first: 0, last: 0, note: '' },
        }),
      },
    },
    changes: { seen: 'migrated + note', total: 'kept' },
    goesOn: true,
  },
  {
    what: 'a field comes without a default',
    next: {
      state: {
        ...BASE_STATE,
        seen: value(record({ first: t.int32, last: t.int32, note: t.string })),
      },
    },
    changes: { seen: 'refused' },
    goesOn: false,
  },
  {
    what: 'a field goes',
    next: {
      state: {
        ...BASE_STATE,
        seen: value(record({ first: t.int32 }), { default: { first: 0 } }),
      },
    },
    changes: { seen: 'migrated - last' },
    goesOn: true,
  },
  {
    what: 'another type',
    next: { state: { ...BASE_STATE, total: value(t.string) } },
    changes: { total: 'refused', seen: 'kept', notes: 'kept' },
    goesOn: false,
  },
  {
    what: 'null is allowed',
    next: { state: { ...BASE_STATE, total: value(t.nullable(t.float64)) } },
    changes: { total: 'migrated null is allowed now' },
    goesOn: true,
  },
  {
    what: 'a list becomes a map',
    next: { state: { total, seen, notes: map(t.string, t.string) } },
    changes: { notes: 'refused' },
    goesOn: false,
  },
  {
    what: 'a state more',
    next: { state: { ...BASE_STATE, more: list(t.string) } },
    changes: { more: 'added', notes: 'kept' },
    goesOn: true,
  },
  { what: 'other key groups', next: { groups: 32 }, changes: { total: 'kept' }, goesOn: false },
  { what: 'another key', next: { key: 'name' }, changes: { total: 'refused' }, goesOn: false },
];

for (const { what, next, changes, goesOn } of EVOLUTIONS) {
  test(`${what}: the state ${goesOn ? 'goes on' : 'is refused'}, and a restore agrees`, async () => {
    const { isCompatible, operators, obstacles } = difference(next);
    assert.equal(isCompatible, goesOn);
    assert.equal(obstacles.length === 0, goesOn);
    const states = new Map(
      operator(operators, 'totals').states.map(({ state, change, detail }) => [
        state,
        change === 'migrated' ? `${change} ${detail}` : change,
      ]),
    );
    for (const [name, change] of Object.entries(changes)) assert.equal(states.get(name), change);
    assert.equal(await restores(next), goesOn);
  });
}

test('key groups that only the running job knows are kept, or it is said how', () => {
  const versionWith = (maxParallelism: number | null) =>
    job(import.meta, 'groups', (flow) => {
      const counts = ticks(flow)
        .keyBy('key')
        .reduce((row) => row)
        .name('counts')
        .uid('counts');
      (maxParallelism === null ? counts : counts.maxParallelism(maxParallelism)).to(blackhole());
    }).build({}, false);
  const was = versionWith(null);
  const groups = was.graph.nodes.map(() => 128);
  const goesOn = (from: readonly number[] | null, next: number | null) =>
    compareJobs(jobShape(was, from), versionWith(next)).obstacles;
  assert.deepEqual(goesOn(groups, null), []);
  assert.deepEqual(goesOn(groups, 128), []);
  assert.deepEqual(goesOn(null, 4096), []);
  assert.deepEqual(goesOn(groups, 4096), [
    {
      uid: 'counts',
      reason: "state of 'counts' has 128 key groups, and its maxParallelism is 4096 now",
      wayOut: 'leave that out, or give it .maxParallelism(128): it stays for the life of the state',
    },
  ]);
});

test('nothing has changed', () => {
  const { isCompatible, operators } = difference({});
  assert.equal(isCompatible, true);
  assert.deepEqual(new Set(operators.map(({ change }) => change)), new Set(['same']));
});

test('a function of another text', () => {
  const mapped = (text: string) =>
    job(import.meta, 'mapped', (flow) => {
      ticks(flow)
        .map(text === 'n' ? (row) => ({ n: row.n }) : (row) => ({ n: row.key }))
        .to(blackhole());
    }).build({}, false);
  const { operators: changed } = compareJobs(jobShape(mapped('n')), mapped('key'));
  assert.deepEqual(
    changed.map(({ change, parts }) => [change, parts.join()]),
    [
      ['same', ''],
      ['changed', 'code'],
      ['same', ''],
    ],
  );
});

test('state that nobody takes any more is refused, with the way out, unless it may go', () => {
  const renamed = difference({ uid: 'sums' });
  assert.equal(renamed.isCompatible, false);
  const [obstacle] = renamed.obstacles;
  assert.equal(
    obstacle!.reason,
    "state of 'totals' (uid totals) would be lost: total, seen, notes",
  );
  assert.match(obstacle!.wayOut, /if 'totals' is the same step, say so by \.uid\('totals'\)/);
  const gone = difference({ isGone: true });
  assert.equal(operator(gone.operators, 'totals').change, 'removed');
  assert.match(gone.obstacles[0]!.wayOut, /give the step back, with its uid/);
  assert.equal(difference({ isGone: true }, { allowDroppedState: true }).isCompatible, true);
  const less = difference({ state: { total, seen } });
  assert.match(less.obstacles[0]!.wayOut, /give the step its state again/);
});

/** What there is instead of tumbling windows of an hour; the message. */
const OTHER_WINDOWS: readonly (readonly [string, NonNullable<Version['windows']>, string])[] = [
  ['another size', summed(tumbling('2 h')), 'tumbling windows of 7200000 ms'],
  [
    'another slide',
    summed(sliding('1 h', '30 min')),
    'sliding windows of 3600000 ms every 1800000 ms',
  ],
  [
    'another offset',
    summed(tumbling('1 h', { offset: '5 min' })),
    'tumbling windows of 3600000 ms, offset 300000 ms',
  ],
  [
    'another time',
    summed(tumbling('1 h', { time: 'processing' })),
    'tumbling windows of 3600000 ms, by the clock',
  ],
  ['sessions', summed(session('1 h')), 'sessions with a gap of 3600000 ms'],
  ['so many records', summed(tumblingCount(5)), 'windows of 5 records every 5'],
  [
    'late records',
    (keyed) =>
      keyed
        .window(tumbling('1 h'))
        .allowedLateness('1 min')
        .aggregate(({ sum }) => ({ total: sum('n') })),
    'tumbling windows of 3600000 ms, each kept for itself',
  ],
  [
    'a join',
    (keyed) =>
      keyed
        .intervalJoin(keyed)
        .between(-5, 5)
        .process((a) => a),
    'an interval of -5 to 5 ms',
  ],
  ['none', (keyed) => keyed.sum('n'), 'no windows'],
];

for (const [what, windows, now] of OTHER_WINDOWS) {
  test(`windows of another kind, ${what}: the state is refused, and a restore agrees`, async () => {
    assert.equal(difference({ windows }).isCompatible, false);
    await assert.rejects(restored({ windows }), ({ code, message }: EngineError) => {
      assert.equal(code, 'STATE_INCOMPATIBLE');
      const was = 'tumbling windows of 3600000 ms';
      assert.match(message, /^.* has state of 'hourly' \(uid hourly\) with /);
      assert.ok(message.includes(`with ${was}, and the step has ${now} now: go back`), message);
      return true;
    });
  });
}

type Hourly = ReturnType<typeof hourly>;
const hourly = (keyed: KeyedTicks) => keyed.window(session('1 h'));
const sums = (windows: Hourly) => windows.aggregate(({ sum }) => ({ total: sum('n') }));

/** Rows of windows, and state of their keys. */
const telling = (state: object, settle = (windows: Hourly) => windows) => ({
  windows: (keyed: KeyedTicks) =>
    settle(hourly(keyed)).process({
      emits: type<object>(),
      state: state as { fired: typeof total },
      onWindow: (ctx) => ctx.state.fired?.set(1),
    }),
});
const firing = (windows: Hourly) => windows.trigger(countTrigger(2));
const [purged, aggregated] = [purging(eventTimeTrigger()), eventTimeTrigger()].map((trigger) => ({
  windows: (keyed: KeyedTicks) => sums(hourly(keyed).trigger(trigger)),
})) as [Version, Version];
const [often, seldom] = ['1 min', '2 min'].map((every) => ({
  windows: (keyed: KeyedTicks) =>
    sums(hourly(keyed).trigger(continuousEventTimeTrigger(every as '1 min'))),
})) as [Version, Version];
const evicted = { windows: (keyed: KeyedTicks) => sums(hourly(keyed).evictor(countEvictor(3))) };
const ofMinute = { windows: (keyed: KeyedTicks) => sums(hourly(keyed).evictor(timeEvictor(60))) };

const SAME_WINDOWS: readonly {
  readonly what: string;
  readonly was: Version;
  readonly now: Version;
  readonly states: Readonly<Record<string, string>>;
  readonly goesOn: boolean;
}[] = [
  {
    what: 'a trigger that does not purge any more',
    was: purged,
    now: aggregated,
    states: { windows: 'kept' },
    goesOn: true,
  },
  {
    what: 'a trigger that fires less often',
    was: often,
    now: seldom,
    states: { windows: 'kept' },
    goesOn: true,
  },
  {
    what: 'a trigger of another kind',
    was: often,
    now: aggregated,
    states: { windows: 'refused' },
    goesOn: false,
  },
  {
    what: 'another evictor',
    was: evicted,
    now: ofMinute,
    states: { windows: 'kept' },
    goesOn: true,
  },
  {
    what: 'an evictor where sums were kept',
    was: aggregated,
    now: evicted,
    states: { windows: 'refused' },
    goesOn: false,
  },
  {
    what: 'an evictor where rows were kept',
    was: telling({}),
    now: telling({}, (windows) => windows.evictor(countEvictor(3))),
    states: { windows: 'kept' },
    goesOn: true,
  },
  {
    what: 'a function with a state more',
    was: telling({ fired: total }, firing),
    now: telling({ more: list(t.int32), fired: total }, firing),
    states: { windows: 'kept', fired: 'kept', more: 'added' },
    goesOn: true,
  },
  {
    what: 'a function with a state less',
    was: telling({ fired: total }, firing),
    now: telling({}, firing),
    states: { windows: 'kept', fired: 'dropped' },
    goesOn: false,
  },
  {
    what: 'a function with a state of another type',
    was: telling({ fired: total }, firing),
    now: telling({ fired: value(t.string) }, firing),
    states: { windows: 'kept', fired: 'refused' },
    goesOn: false,
  },
];

for (const { what, was, now, states, goesOn } of SAME_WINDOWS) {
  test(`the same windows, ${what}: the state ${goesOn ? 'goes on' : 'is refused'}, and a restore agrees`, async () => {
    const from = versionOf(was);
    const { isCompatible, operators } = difference(now, {}, from);
    const found = operator(operators, 'hourly').states.map(({ state, change }) => [state, change]);
    assert.deepEqual(Object.fromEntries(found), states);
    assert.equal(isCompatible, goesOn);
    assert.equal(await restores(now, from), goesOn);
  });
}

test('windows of another size have other panes, and another job other state', () => {
  const { isCompatible, operators } = difference({ windows: summed(tumbling('2 h')) });
  assert.equal(isCompatible, false);
  assert.deepEqual(operator(operators, 'hourly').states, [
    {
      state: 'panes',
      change: 'refused',
      detail:
        'it is of tumbling windows of 3600000 ms, and there are tumbling windows of 7200000 ms now',
    },
  ]);
  const [other] = difference({ job: 'other' }).obstacles;
  assert.match(other!.reason, /of job 'evolving', and this is job 'other'/);
});

test('a join that keeps windows for themselves has other state than one that keeps panes; lateness makes no other', () => {
  const met = (settle: (pair: WindowJoin<Tick, Tick>) => WindowJoin<Tick, Tick>) => {
    const meeting = job(import.meta, 'meeting', (flow) => {
      const pair = ticks(flow).join(ticks(flow)).on('key', 'key').window(tumbling('1 h'));
      settle(pair)
        .apply((left, right) => left.n - right.n)
        .uid('met')
        .to(blackhole());
    });
    return meeting.build({}, false);
  };
  const changes = (was: ReturnType<typeof met>, now: ReturnType<typeof met>): unknown => {
    const { isCompatible, operators } = compareJobs(jobShape(was), now);
    const states = operator(operators, 'met').states.map(({ state, change }) => [state, change]);
    return { isCompatible, states };
  };
  const lateFor = (ms: number) => met((pair) => pair.allowedLateness(ms));
  const counting = met((pair) => pair.trigger(countTrigger(1)));
  assert.deepEqual(changes(lateFor(1), lateFor(2)), {
    isCompatible: true,
    states: [['windows', 'kept']],
  });
  assert.deepEqual(changes(lateFor(1), counting), {
    isCompatible: false,
    states: [['windows', 'refused']],
  });
  assert.deepEqual(
    changes(
      met((pair) => pair),
      lateFor(1),
    ),
    {
      isCompatible: false,
      states: [
        ['windows', 'added'],
        ['rows of both sides', 'dropped'],
      ],
    },
  );
});

test('a job of every kind of step is the same as itself, also when its shape comes as JSON', async () => {
  const modules = ['async', 'batch', 'cep', 'connected', 'joins', 'process', 'parallel'];
  const types = new Set<string>();
  for (const module of modules) {
    const { href } = new URL(`../e2e/jobs/${module}.ts`, import.meta.url);
    for (const registered of await loadJobs(href)) {
      const built = registered.build({}, false);
      const was = JSON.parse(JSON.stringify(jobShape(built))) as JobShape;
      const { isCompatible, operators } = compareJobs(was, registered.build({}, false));
      assert.equal(isCompatible, true, registered.name);
      for (const { uid, change, type, states } of operators) {
        assert.equal(change, 'same', `${registered.name} ${uid}`);
        for (const state of states) assert.equal(state.change, 'kept', `${uid} ${state.state}`);
        types.add(type);
      }
    }
  }
  for (const type of [
    'process',
    'match',
    'intervalJoin',
    'windowJoin',
    'generalJoin',
    'async',
    'parallel',
  ]) {
    assert.ok(types.has(type), type);
  }
});
