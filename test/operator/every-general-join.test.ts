/**
 * Pairs and groups in every kind of window with every kind of trigger and evictor, on random records of both sides, out of
 * order and late, in batches of any size, restarted in between with other numbers of subtasks: against a slow model, which has
 * the records of both sides in the same windows (slow-general-windows.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sideOutput } from '../../src/api/side-output.ts';
import type { Stream } from '../../src/api/stream.ts';
import type { WindowCoGroup, WindowJoin } from '../../src/api/window-join.ts';
import { Random } from '../../src/base/random.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { type Case, casesOf, saidOf } from './general-window-cases.ts';
import { SlowGeneralWindows, type SlowResult } from './slow-general-windows.ts';

const Left = record({ k: t.string, v: t.int32 });
const Right = record({ v: t.float64, key: t.string });
type Left = RowOf<typeof Left>;
type Right = RowOf<typeof Right>;

const lateLeft = sideOutput<Left>('late left');
const lateRight = sideOutput<Right>('late right');
const KEYS = ['a', 'b', 'ü'];
const SEEDS = [1, 2];
/** The stretches that tile windows: plain ones that overlap collect by them. */
const PANES_MS: Readonly<Record<string, number>> = { sliding: 3 };
const FAST = ['tumbling', 'sliding', 'sliding with gaps'];

/** Values of the left side are even, those of the right one odd. */
const isLeft = (v: number): boolean => v % 2 === 0;

for (const one of casesOf()) {
  const { assigner, trigger, isByClock, evictor } = one;
  const evicts = evictor === null ? '' : `, evicted ${evictor}`;
  test(`joins in ${assigner} windows ${isByClock ? 'of the clock' : 'of event time'}, fired ${trigger}${evicts}`, async () => {
    for (const seed of SEEDS) {
      await run(one, seed);
      // Lets go of what the run has held on to.
      await nextTurn();
    }
  });
}

type Windowed = WindowJoin<Left, Right> | WindowCoGroup<Left, Right>;

async function run(one: Case, seed: number): Promise<void> {
  const { assigner, isByClock } = one;
  const random = new Random(seed * 7919);
  const { window, trigger, evictor, lateness, canBeLate, isPlain, rules } = saidOf(one, random);
  const isOfPairs = random.below(2) === 1;
  const paneMs = isPlain && FAST.includes(assigner) ? PANES_MS[assigner] : undefined;
  const settled = <Of extends Windowed>(windowed: Of): Of => {
    let of: Windowed = windowed;
    if (trigger !== null) of = of.trigger(trigger);
    if (evictor !== null) of = of.evictor(evictor);
    if (lateness > 0) of = of.allowedLateness(lateness);
    if (canBeLate) of = of.lateLeftTo(lateLeft).lateRightTo(lateRight);
    return of as Of;
  };
  const build = (lefts: Stream<Left>, rights: Stream<Right>): Stream<string> => {
    return isOfPairs
      ? settled(lefts.join(rights).on('k', 'key').window(window)).apply(pairText)
      : settled(lefts.coGroup(rights).on('k', 'key').window(window)).apply((left, right) => [
          groupText(left[0]?.k ?? right[0]?.key ?? '', valuesOf(left), valuesOf(right)),
        ]);
  };
  const h = await harness2<Left, Right, string>(build, {
    batchSize: [1, 3, 'all' as const][random.below(3)]!,
    outputCapacity: [1, Infinity][random.below(2)]!,
    parallelism: 1 + random.below(3),
    seed,
    ...(random.below(2) === 1 ? { firstSchema: Left } : {}),
    ...(random.below(2) === 1 ? { secondSchema: Right } : {}),
  });
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
        .flatMap((result) => textsOf(k, result, isOfPairs)),
    );
    const got = h.take().flatMap((element) => {
      if (!('record' in element)) return [];
      return assigner === 'global' ? [element.record] : [`${element.record}@${element.timestamp}`];
    });
    assert.deepEqual(got.sort(), expected.sort(), `seed ${seed}`);
  };
  const watermarks: [number, number] = [-20, -20];
  const reached = [-Infinity, -Infinity];
  let clock = 0;
  const advance = (to: number): void => {
    for (const model of models.values()) model.advance(to);
  };
  for (let step = 0; step < 50; step++) {
    const choice = random.below(10);
    const side = random.below(2) as 0 | 1;
    if (choice < 6) {
      for (let n = random.below(4); n >= 0; n--) {
        const k = KEYS[random.below(KEYS.length)]!;
        const v = random.below(20) * 2 + side;
        const time = Math.min(...watermarks) + random.below(40) - 15;
        if (side === 0) h.pushFirst({ k, v }, time);
        else h.pushSecond({ key: k, v }, time);
        models.get(k)!.add({ v, time: isByClock ? clock : time });
      }
    } else if (choice < 8) {
      watermarks[side] += random.below(25);
      if (side === 0) h.watermarkFirst(watermarks[0]);
      else h.watermarkSecond(watermarks[1]);
      reached[side] = watermarks[side];
      if (!isByClock) advance(Math.min(...reached));
    } else if (choice < 9) {
      // What was pushed is to be seen at the time at which it was.
      check();
      clock += random.below(9);
      h.processingTime(clock);
      if (isByClock) advance(clock);
    } else {
      await h.restart({ parallelism: 1 + random.below(3) });
      for (const model of models.values()) model.restart();
    }
    check();
  }
  await h.end();
  if (!isByClock) advance(Infinity);
  check();
  if (!canBeLate) return;
  const expectedLate = KEYS.flatMap((k) =>
    models.get(k)!.late.map(({ v, time }) => `${k} ${v}@${time}`),
  );
  const lefts = h
    .take(lateLeft)
    .flatMap((e) => ('record' in e ? [`${e.record.k} ${e.record.v}@${e.timestamp}`] : []));
  const rights = h
    .take(lateRight)
    .flatMap((e) => ('record' in e ? [`${e.record.key} ${e.record.v}@${e.timestamp}`] : []));
  assert.deepEqual([...lefts, ...rights].sort(), expectedLate.sort(), `late ones of seed ${seed}`);
}

function valuesOf(rows: readonly { readonly v: number }[]): number[] {
  return rows.map(({ v }) => v);
}

function pairText(left: Left, right: Right): string {
  return `${left.k} ${left.v}-${right.v}`;
}

function groupText(k: string, lefts: readonly number[], rights: readonly number[]): string {
  return `${k} ${lefts}|${rights}`;
}

/** What is to come of a result of the model. */
function textsOf(k: string, { end, all }: SlowResult, isOfPairs: boolean): string[] {
  const lefts = all.filter(isLeft);
  const rights = all.filter((v) => !isLeft(v));
  const texts = isOfPairs
    ? lefts.flatMap((left) => rights.map((right) => `${k} ${left}-${right}`))
    : [groupText(all.length === 0 ? '' : k, lefts, rights)];
  return texts.map((text) => (end === Infinity ? text : `${text}@${end - 1}`));
}
