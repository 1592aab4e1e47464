/**
 * Every kind of window with every kind of trigger and evictor, on random records out of order, with late ones, in batches
 * of any size, restarted in between with other numbers of subtasks: against a slow model (slow-general-windows.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type } from '../../src/api/emits.ts';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import type { Stream } from '../../src/api/stream.ts';
import type { WindowKind } from '../../src/api/windows.ts';
import { Random } from '../../src/base/random.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { type Harness, harness } from '../../src/testing/harness.ts';
import { type Case, casesOf, saidOf } from './general-window-cases.ts';
import { SlowGeneralWindows } from './slow-general-windows.ts';

const Row = record({ k: t.string, v: t.int32 });
type Row = RowOf<typeof Row>;
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

async function run(one: Case, seed: number): Promise<void> {
  const { assigner, isByClock } = one;
  const random = new Random(seed * 7919);
  const { window, trigger, evictor, lateness, canBeLate, isPlain, rules } = saidOf(one, random);
  const work = WORKS[random.below(WORKS.length)]!;
  const paneMs = isPlain && work.name === 'all values' ? PANES_MS[assigner] : undefined;
  const isTyped = random.below(2) === 1;
  const h = await harness<Row, Readonly<Record<string, unknown>>>(
    (rows) => {
      let windowed = rows.keyBy('k').window<WindowKind>(window);
      if (trigger !== null) windowed = windowed.trigger(trigger);
      if (evictor !== null) windowed = windowed.evictor(evictor);
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
  const models = new Map(
    KEYS.map((k) => [
      k,
      new SlowGeneralWindows({ ...rules, ...(paneMs === undefined ? {} : { paneMs }) }),
    ]),
  );
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
