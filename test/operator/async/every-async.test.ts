/** Asynchronous functions that answer in random order, in every mode, against the rules of order. */
import assert from 'node:assert/strict';
import { Random } from '../../../src/base/random.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { Element } from '../../../src/testing/elements.ts';
import { inEveryMode, type Mode } from '../../modes.ts';
import { Answers } from './answers.ts';

const Row = record({ id: t.int32, at: t.timestamp });
type Row = { id: number; at: number };
type Result = { id: number; doubled: number };

const STEPS = 40;

/** What went in: rows and watermarks, in order. */
type Given = { readonly id: number; readonly at: number } | { readonly watermark: number };

function resultOf(id: number): Result {
  return { id, doubled: id * 2 };
}

/** Positions in the output, of records by id. */
function placesOf(elements: readonly Element<Result>[]): Map<number, number> {
  return new Map(
    elements.flatMap((element, n) =>
      'record' in element ? [[element.record.id, n] as const] : [],
    ),
  );
}

function check(
  given: readonly Given[],
  elements: readonly Element<Result>[],
  { parallelism, restartEach }: Mode,
  isOrdered: boolean,
): void {
  const rows = given.filter((one) => 'id' in one);
  const records = elements.filter((element) => 'record' in element);
  const byId = (a: { record: Result }, b: { record: Result }): number => a.record.id - b.record.id;
  assert.deepEqual(
    [...records].sort(byId),
    rows.map(({ id, at }) => ({ record: resultOf(id), timestamp: at })),
    'each row once, at its time',
  );
  const isOne = parallelism === 1 && (restartEach ?? [1]).every((subtasks) => subtasks === 1);
  if (isOrdered && isOne) {
    assert.deepEqual(
      records.map((element) => element.record.id),
      rows.map(({ id }) => id),
      'in order',
    );
  }
  const places = placesOf(elements);
  const watermarks = elements.flatMap((element, place) =>
    'watermark' in element ? [{ time: element.watermark, place }] : [],
  );
  for (const { time, place } of watermarks) {
    let isBehind = false;
    for (const one of given) {
      if ('watermark' in one) isBehind ||= one.watermark >= time;
      else if (!isBehind) assert.ok(places.get(one.id)! < place, `row ${one.id} before ${time}`);
      else if (isOne && restartEach === undefined)
        assert.ok(places.get(one.id)! > place, `row ${one.id} behind ${time}`);
    }
  }
  assert.deepEqual(elements.slice(-2), [{ watermark: Infinity }, { end: true }]);
}

for (const isOrdered of [true, false]) {
  for (const [seed, capacity] of [
    [1, 3],
    [2, 100],
    [3, 1],
  ] as const) {
    let answers = new Answers<number, Result>();
    inEveryMode<Row, Result>(
      `${isOrdered ? 'in order' : 'as they come'}, ${capacity} at a time, seed ${seed}`,
      Row,
      (rows) => {
        answers = new Answers();
        return rows.mapAsync((row, ctx) => answers.ask(row.id, ctx), {
          ordered: isOrdered,
          capacity,
        });
      },
      async (h, mode) => {
        const random = new Random(seed);
        const given: Given[] = [];
        let watermark = 0;
        /** Answers some of what is asked, in random order. */
        const answer = async (share: number): Promise<void> => {
          for (const id of shuffled(answers.open, random)) {
            if (random.below(100) < share * 100) answers.give(id, resultOf(id));
          }
          await h.settle();
        };
        for (let id = 0; id < STEPS; id++) {
          const at = watermark + random.below(50);
          given.push({ id, at });
          h.push({ id, at }, at);
          if (mode.restartEach === undefined) {
            assert.ok(answers.open.length <= capacity * mode.parallelism, 'capacity');
          }
          if (random.below(4) === 0) {
            watermark += 10;
            given.push({ watermark });
            h.watermark(watermark);
          }
          if (random.below(3) === 0) await answer(0.5);
        }
        await h.end();
        while (answers.open.length > 0) await answer(1);
        check(given, h.take(), mode, isOrdered);
      },
      // Behind a full operator a batch has to wait, and a barrier behind the batch.
      ({ restartEach }) => restartEach === undefined || capacity >= STEPS,
    );
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return list.map(() => left.splice(random.below(left.length), 1)[0]!);
}
