/**
 * Every kind of window with every kind of trigger and evictor, on random records out of order, with late ones, in batches
 * of any size, restarted in between with other numbers of subtasks: against a slow model (slow-general-windows.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type } from '../../src/api/emits.ts';
import {
  countEvictor,
  customEvictor,
  deltaEvictor,
  type Evictor,
  timeEvictor,
} from '../../src/api/evictors.ts';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import type { Stream } from '../../src/api/stream.ts';
import {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  deltaTrigger,
  endOfStreamTrigger,
  eventTimeTrigger,
  processingTimeTrigger,
  purging,
  type Trigger,
} from '../../src/api/triggers.ts';
import {
  type AnyWindow,
  cumulating,
  customWindow,
  globalWindow,
  session,
  sliding,
  tumbling,
  type WindowBounds,
  type WindowKind,
} from '../../src/api/windows.ts';
import { Random } from '../../src/base/random.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import type { EvictorRow } from '../../src/operator/window/general/custom-evictor.ts';
import { type Harness, harness } from '../../src/testing/harness.ts';
import {
  type SlowAssigner,
  SlowGeneralWindows,
  type SlowRecord,
  type SlowRules,
  type SlowTrigger,
} from './slow-general-windows.ts';

const Row = record({ k: t.string, v: t.int32 });
type Row = RowOf<typeof Row>;
type Time = { readonly time: 'event' | 'processing' };

const floorMod = (a: number, b: number): number => ((a % b) + b) % b;
const slidingAt = (size: number, slide: number, offset: number) => (time: number) => {
  const windows: [number, number][] = [];
  const last = time - floorMod(time - offset, slide);
  for (let start = last; start > time - size; start -= slide) windows.push([start, start + size]);
  return windows;
};
const gapOf = ({ v }: { readonly v: number }): number => 3 + floorMod(v, 9);

/** Windows of the engine, and of the model. */
/** Of one length or another, in one order or the other, and none at some times. */
function ownWindows(time: number): [number, number][] {
  const start = time - floorMod(time, 8);
  const both: [number, number][] = [
    [start, start + 8],
    [start - 3, start + 12],
  ];
  if (floorMod(time, 7) === 0) return [];
  if (floorMod(time, 3) === 0) return both.slice(0, 1);
  return floorMod(time, 2) === 0 ? both : both.reverse();
}

function boundsOf(windows: readonly (readonly [number, number])[]): WindowBounds[] {
  return windows.map(([windowStart, windowEnd]) => ({ windowStart, windowEnd }));
}

const ASSIGNERS: Readonly<Record<string, readonly [(time: Time) => AnyWindow<Row>, SlowAssigner]>> =
  {
    tumbling: [
      (time) => tumbling(10, { offset: -3, ...time }),
      { kind: 'fixed', windowsOf: slidingAt(10, 10, -3) },
    ],
    sliding: [(time) => sliding(15, 6, time), { kind: 'fixed', windowsOf: slidingAt(15, 6, 0) }],
    'sliding with gaps': [
      (time) => sliding(4, 9, time),
      { kind: 'fixed', windowsOf: slidingAt(4, 9, 0) },
    ],
    cumulating: [
      (time) => cumulating(20, 5, time),
      {
        kind: 'fixed',
        windowsOf(time) {
          const start = time - floorMod(time, 20);
          return [5, 10, 15, 20]
            .filter((size) => start + size > time)
            .map((size) => [start, start + size] as const);
        },
      },
    ],
    session: [(time) => session(7, time), { kind: 'session', gapOf: () => 7 }],
    'session by the record': [(time) => session(gapOf, time), { kind: 'session', gapOf }],
    custom: [
      (time) => customWindow({ assign: (_, at) => boundsOf(ownWindows(at)), ...time }),
      { kind: 'fixed', windowsOf: ownWindows },
    ],
    'custom, merging': [
      (time) =>
        customWindow({
          assign: (row, at) => boundsOf([[at, at + gapOf(row)]]),
          merges: true,
          ...time,
        }),
      { kind: 'session', gapOf },
    ],
    global: [globalWindow, { kind: 'fixed', windowsOf: () => [[-Infinity, Infinity]] }],
  };

const TRIGGERS: Readonly<
  Record<string, readonly [(isByClock: boolean) => Trigger<Row> | null, SlowTrigger]>
> = {
  'at the end': [() => null, { kind: 'end' }],
  'at the end, said so': [
    (isByClock) => (isByClock ? processingTimeTrigger() : eventTimeTrigger()),
    { kind: 'end' },
  ],
  'by count': [() => countTrigger(3), { kind: 'count', count: 3 }],
  continuous: [
    (isByClock) => (isByClock ? continuousProcessingTimeTrigger(4) : continuousEventTimeTrigger(4)),
    { kind: 'continuous', every: 4 },
  ],
  'by distance': [
    () => deltaTrigger(20, (before, row) => row.v - before.v),
    { kind: 'delta', threshold: 20 },
  ],
  'at the end of the stream': [() => endOfStreamTrigger(), { kind: 'endOfStream' }],
};

const EVICTORS: Readonly<
  Record<
    string,
    readonly [(after: boolean) => Evictor<Row>, (records: readonly SlowRecord[]) => SlowRecord[]]
  >
> = {
  'by count': [(after) => countEvictor(2, { after }), (records) => records.slice(-2)],
  'by time': [
    (after) => timeEvictor(5, { after }),
    (records) => {
      const newest = Math.max(...records.map(({ time }) => time));
      return records.filter(({ time }) => time > newest - 5);
    },
  ],
  'by distance': [
    (after) => deltaEvictor(10, (row, last) => Math.abs(row.v - last.v), { after }),
    (records) => records.filter(({ v }) => Math.abs(v - records.at(-1)!.v) < 10),
  ],
  'by a function': [
    (after) => {
      const stay = (rows: readonly EvictorRow<Row>[]): EvictorRow<Row>[] =>
        rows.filter(({ row, timestamp }, i) => i === 0 || (row.v + timestamp) % 3 !== 0).reverse();
      return customEvictor(after ? { after: stay } : { before: stay });
    },
    (records) => records.filter(({ v, time }, i) => i === 0 || (v + time) % 3 !== 0),
  ],
};

type Rows = Stream<Readonly<Record<string, unknown>>>;

const late = sideOutput<Row>('late');
const KEYS = ['a', 'b', 'ü'];

/** What is made of windows, and the same of the values of a window. */
const WORKS: readonly {
  readonly name: string;
  readonly build: (windowed: ReturnType<KeyedStream<Row, { k: string }>['window']>) => Rows;
  readonly shown: (row: Readonly<Record<string, unknown>>) => unknown;
  readonly of: (values: readonly number[]) => unknown;
}[] = [
  {
    name: 'numbers',
    build: (windowed) =>
      windowed.aggregate(({ sum, count }) => ({ sum: sum('v'), n: count() })) as unknown as Rows,
    shown: ({ sum, n }) => [sum, n],
    of: (values) => [values.reduce((a, b) => a + b, 0), values.length],
  },
  {
    name: 'all values',
    build: (windowed) =>
      windowed.aggregate(({ collect }) => ({ all: collect('v') })) as unknown as Rows,
    shown: ({ all }) => all,
    of: (values) => values,
  },
  {
    name: 'a function of all rows',
    build: (windowed) =>
      windowed.process({
        emits: type<unknown>(),
        onWindow({ key, emit, ...context }, rows) {
          const { windowStart, windowEnd } = context as {
            windowStart?: number;
            windowEnd?: number;
          };
          emit({ ...key, windowStart, windowEnd, all: rows.map(({ v }) => v) });
        },
      }) as unknown as Rows,
    shown: ({ all }) => all,
    of: (values) => values,
  },
  {
    name: 'a function of the sum',
    build: (windowed) =>
      windowed.aggregate(({ sum }) => ({ sum: sum('v') }), {
        emits: type<unknown>(),
        onWindow: ({ emit }, row) => emit(row),
      }) as unknown as Rows,
    shown: ({ sum }) => sum,
    of: (values) => values.reduce((a, b) => a + b, 0),
  },
  {
    name: 'reduced',
    build: (windowed) =>
      windowed.reduce((so, row) => ({ k: so.k, v: so.v + row.v }), {
        emits: type<unknown>(),
        onWindow({ key, emit, ...context }, { v }) {
          const { windowStart, windowEnd } = context as {
            windowStart?: number;
            windowEnd?: number;
          };
          emit({ ...key, windowStart, windowEnd, v });
        },
      }) as unknown as Rows,
    shown: ({ v }) => v,
    of: (values) => values.reduce((so, v) => so + v),
  },
];

type Case = {
  readonly assigner: string;
  readonly trigger: string;
  readonly isByClock: boolean;
  readonly evictor: string | null;
};

/** Combinations that there cannot be are left out. */
function isPossible({ assigner, trigger, isByClock }: Case): boolean {
  const merges = assigner.startsWith('session') || assigner.endsWith('merging');
  if (trigger === 'by distance' && merges) return false;
  if (assigner === 'global' && isByClock) return false;
  return trigger !== 'at the end of the stream' || assigner === 'global';
}

function casesOf(): Case[] {
  const cases: Case[] = [];
  for (const assigner of Object.keys(ASSIGNERS)) {
    for (const trigger of Object.keys(TRIGGERS)) {
      for (const isByClock of [false, true]) {
        for (const evictor of [null, ...Object.keys(EVICTORS)]) {
          cases.push({ assigner, trigger, isByClock, evictor });
        }
      }
    }
  }
  return cases.filter(isPossible);
}

/** With the last one, sliding and cumulating windows collect values and have nothing else said about them. */
const SEEDS = [1, 2, 3, 4, 5, 8];
/** The stretches that tile windows: plain ones that overlap collect by them. */
const PANES_MS: Readonly<Record<string, number>> = { sliding: 3, cumulating: 5 };

for (const one of casesOf()) {
  const { assigner, trigger, isByClock, evictor } = one;
  const evicts = evictor === null ? '' : `, evicted ${evictor}`;
  test(`${assigner} windows ${isByClock ? 'of the clock' : 'of event time'}, fired ${trigger}${evicts}`, async () => {
    for (const seed of SEEDS) {
      await run(one, seed);
      // Lets go of what the run has held on to.
      await nextTurn();
    }
  });
}

async function run({ assigner, trigger, isByClock, evictor }: Case, seed: number): Promise<void> {
  const random = new Random(seed * 7919);
  const isPurging = random.below(2) === 1;
  const canBeLate = !isByClock && assigner !== 'global';
  const lateness = canBeLate ? [0, 0, 6, 25][random.below(4)]! : 0;
  const evictsAfter = random.below(2) === 1;
  const work = WORKS[random.below(WORKS.length)]!;
  const [windowOf, slowAssigner] = ASSIGNERS[assigner]!;
  const [triggerOf, slowTrigger] = TRIGGERS[trigger]!;
  const isNever = assigner === 'global' && slowTrigger.kind === 'end';
  const evict = evictor === null ? undefined : EVICTORS[evictor]![1];
  const chosen = triggerOf(isByClock);
  const isPlain = chosen === null && evictor === null && lateness === 0;
  const paneMs = isPlain && work.name === 'all values' ? PANES_MS[assigner] : undefined;
  const rules: SlowRules = {
    assigner: slowAssigner,
    trigger: isNever ? { kind: 'never' } : slowTrigger,
    isPurging: isPurging && chosen !== null,
    lateness,
    isByClock,
    ...(evict === undefined ? {} : { evict, evictsAfter }),
    ...(paneMs === undefined ? {} : { paneMs }),
  };
  const isTyped = random.below(2) === 1;
  const h = await harness<Row, Readonly<Record<string, unknown>>>(
    (rows) => {
      const window = windowOf({ time: isByClock ? 'processing' : 'event' });
      let windowed = rows.keyBy('k').window<WindowKind>(window);
      if (chosen !== null) windowed = windowed.trigger(isPurging ? purging(chosen) : chosen);
      if (evictor !== null) windowed = windowed.evictor(EVICTORS[evictor]![0](evictsAfter));
      if (lateness > 0) windowed = windowed.allowedLateness(lateness);
      if (canBeLate) windowed = windowed.lateTo(late);
      return work.build(windowed);
    },
    {
      batchSize: [1, 3, 'all' as const][random.below(3)]!,
      outputCapacity: [1, Infinity][random.below(2)]!,
      parallelism: 1 + random.below(3),
      seed,
      ...(isTyped ? { schema: Row } : {}),
    },
  );
  const models = new Map(KEYS.map((k) => [k, new SlowGeneralWindows(rules)]));
  const check = (): void => {
    const expected = KEYS.flatMap((k) =>
      models
        .get(k)!
        .takeResults()
        .map(({ start, end, all }) => JSON.stringify([k, start, end, work.of(all)])),
    );
    assert.deepEqual(shownOf(h, work.shown).sort(), expected.sort(), `seed ${seed}, ${work.name}`);
  };
  let watermark = -20;
  let clock = 0;
  for (let step = 0; step < 40; step++) {
    const choice = random.below(10);
    if (choice < 6) {
      for (let n = random.below(4); n >= 0; n--) {
        const k = KEYS[random.below(KEYS.length)]!;
        const v = random.below(40);
        const time = watermark + random.below(40) - 15;
        h.push({ k, v }, time);
        models.get(k)!.add({ v, time: isByClock ? clock : time });
      }
    } else if (choice < 8) {
      watermark += random.below(14);
      h.watermark(watermark);
      if (!isByClock) for (const model of models.values()) model.advance(watermark);
    } else if (choice < 9) {
      // What was pushed is to be seen at the time at which it was.
      check();
      clock += random.below(9);
      h.processingTime(clock);
      if (isByClock) for (const model of models.values()) model.advance(clock);
    } else {
      await h.restart({ parallelism: 1 + random.below(3) });
      for (const model of models.values()) model.restart();
    }
    check();
  }
  await h.end();
  if (!isByClock) for (const model of models.values()) model.advance(Infinity);
  check();
  if (!canBeLate) return;
  const expectedLate = KEYS.flatMap((k) =>
    models.get(k)!.late.map(({ v, time }) => `${k} ${v}@${time}`),
  );
  const gotLate = h
    .take(late)
    .flatMap((e) => ('record' in e ? [`${e.record.k} ${e.record.v}@${e.timestamp}`] : []));
  assert.deepEqual(gotLate.sort(), expectedLate.sort(), `late ones of seed ${seed}`);
}

/** Results since the last look, with the event time of each checked. */
function shownOf(
  h: Harness<Row, Readonly<Record<string, unknown>>>,
  shown: (row: Readonly<Record<string, unknown>>) => unknown,
): string[] {
  return h.take().flatMap((element) => {
    if (!('record' in element)) return [];
    const { k, windowStart = -Infinity, windowEnd = Infinity } = element.record;
    if (windowEnd !== Infinity) assert.equal(element.timestamp, (windowEnd as number) - 1);
    return [JSON.stringify([k, windowStart, windowEnd, shown(element.record)])];
  });
}
