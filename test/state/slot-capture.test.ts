/** Rows are captured as they were, each once, while they change; of a delta those that have changed before alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GENERATIONS_MAX } from '../../src/base/limits.ts';
import { Random } from '../../src/base/random.ts';
import { CHANGED, ChangedSlots, FRESH } from '../../src/state/changed-slots.ts';
import { Lineage } from '../../src/state/lineage.ts';
import { SlotCapture, writtenAtOnce } from '../../src/state/slot-capture.ts';
import type { SnapshotWriter } from '../../src/state/snapshot.ts';

const SLOTS = 3000;

/** A table of numbers in a capture: written rows by slot. */
function captured(values: Float64Array, marks: Uint8Array | null, isSavedFirst: boolean) {
  const written = new Map<number, number>();
  const write = (from: Float64Array, first: number, end: number): void => {
    for (let slot = first; slot < end; slot++) {
      assert.ok(!written.has(slot), `slot ${slot} is written once`);
      written.set(slot, from[slot]!);
    }
  };
  const saved = new Float64Array(values.length);
  const chunksSaved = new Set<number>();
  const table = isSavedFirst
    ? {
        chunkShift: 6,
        savesByWriting: false,
        save: (chunks: Int32Array) => {
          for (const chunk of chunks) {
            assert.ok(!chunksSaved.has(chunk), `chunk ${chunk} is saved once`);
            chunksSaved.add(chunk);
            saved.set(values.subarray(chunk * 64, chunk * 64 + 64), chunk * 64);
          }
        },
        write: (from: number, to: number, areSaved: boolean) =>
          write(areSaved ? saved : values, from, to),
      }
    : writtenAtOnce(
        (slots) => {
          for (const slot of slots) write(values, slot, slot + 1);
        },
        () => {},
      );
  return { written, capture: new SlotCapture(values.length, table, marks, 100) };
}

for (const isSavedFirst of [true, false]) {
  for (const share of [0, 0.01, 0.5, 1, null]) {
    const what = share === null ? 'all slots' : `${share * 100} % of the slots`;
    const how = isSavedFirst ? 'saved in chunks' : 'written at once';
    test(`${what} are captured as they were, ${how} before they change`, () => {
      const random = new Random(7);
      const values = Float64Array.from({ length: SLOTS }, (_, slot) => slot);
      const marks =
        share === null
          ? null
          : Uint8Array.from({ length: SLOTS }, () => (random.float() < share ? CHANGED : 0));
      const { written, capture } = captured(values, marks, isSavedFirst);
      do {
        const touched = new Int32Array(random.below(10) === 0 ? 1100 : 20);
        for (let i = 0; i < touched.length; i++) touched[i] = random.below(SLOTS + 50);
        capture.beforeWrite(touched, 0, touched.length);
        for (const slot of touched) if (slot < SLOTS) values[slot]! += 1e6;
      } while (!capture.step());
      const wanted = [...values.keys()].filter((slot) => marks === null || marks[slot] !== 0);
      assert.deepEqual(
        [...written].sort(([a], [b]) => a - b),
        wanted.map((slot) => [slot, slot]),
      );
    });
  }
}

test('slots behind the last mark are not looked at', () => {
  const { written, capture } = captured(new Float64Array(SLOTS), new Uint8Array([0, 1]), true);
  capture.beforeWrite(Int32Array.of(2, 2999), 0, 2);
  while (!capture.step());
  assert.deepEqual([...written.keys()], [1]);
});

test('marks count each slot once, and begin anew when they are taken', () => {
  const changes = new ChangedSlots();
  changes.markFresh(2, 10);
  changes.mark(Int32Array.of(9, 2, 5, 5, 1), 0, 4, 10);
  assert.equal(changes.count, 3);
  assert.equal(changes.unmark(5), CHANGED);
  assert.equal(changes.unmark(5), 0);
  assert.equal(changes.unmark(5000), 0);
  assert.equal(changes.count, 2);
  const marks = changes.take();
  assert.deepEqual([marks[2], marks[5], marks[9], marks[1]], [FRESH, 0, CHANGED, 0]);
  assert.equal(changes.count, 0);
  changes.mark(Int32Array.of(1), 0, 1, 10);
  assert.equal(marks[1], 0, 'what was taken stays as it was');
});

const barrier = (checkpoint: number, base: number | null): SnapshotWriter =>
  ({ checkpoint, base }) as SnapshotWriter;

test('a delta goes on top of the last capture only', () => {
  const lineage = new Lineage(0);
  assert.equal(lineage.isDelta(barrier(1, null), 0, 100), false, 'the first is whole');
  assert.equal(lineage.isDelta(barrier(2, 1), 10, 100), true);
  assert.equal(lineage.isDelta(barrier(3, 1), 10, 100), false, 'checkpoint 2 has failed');
  assert.equal(lineage.isDelta(barrier(4, null), 10, 100), false, 'a savepoint is whole');
  assert.equal(lineage.isDelta(barrier(5, 3), 10, 100), false, 'behind it too');
  assert.equal(lineage.isDelta(barrier(6, 5), 10, 100), true);
  assert.equal(new Lineage(0).isDelta(barrier(7, 6), 0, 100), false, 'so is one after a restart');
});

test('all is written when generations have more than twice the keys that there are', () => {
  const kinds = (place: number, changed: number, totals: readonly number[]): string => {
    const lineage = new Lineage(place);
    return totals
      .map((total, n) => (lineage.isDelta(barrier(n + 1, n), changed, total) ? 'd' : 'W'))
      .join('');
  };
  assert.equal(kinds(0, 40, [100, 100, 100, 100, 100]), 'WddWd');
  assert.equal(kinds(0.5, 40, [100, 100, 100, 100, 100]), 'WdWdW', 'later subtasks do earlier');
  assert.equal(kinds(0, 1, [100, 100, 30, 30]), 'WdWd', 'most of the base has gone');
  assert.equal(kinds(0, 40, [10, 100, 200, 300]), 'Wddd', 'the state grows');
  const many = kinds(
    0,
    1,
    Array.from({ length: GENERATIONS_MAX + 2 }, () => 1e6),
  );
  assert.equal(many.lastIndexOf('W'), GENERATIONS_MAX, 'there are too many');
  const idle = kinds(
    0,
    0,
    Array.from({ length: GENERATIONS_MAX * 3 }, () => 1e6),
  );
  assert.equal(idle.lastIndexOf('W'), 0, 'nothing changes');
});

test('the first slices are small, since the code that writes them may not be compiled yet', () => {
  const slices: number[] = [];
  let inStep = 0;
  const table = {
    chunkShift: 6,
    savesByWriting: false,
    save: () => {},
    write: (from: number, to: number) => {
      inStep += to - from;
    },
  };
  const capture = new SlotCapture(12_000, table);
  let isDone = false;
  while (!isDone) {
    inStep = 0;
    isDone = capture.step();
    slices.push(inStep);
  }
  assert.deepEqual(slices, [512, 768, 1152, 1728, 2592, 3888, 1360]);
});

test('a step writes less behind a batch that has had many slots written', () => {
  let written = 0;
  const table = writtenAtOnce(
    (slots) => {
      written += slots.length;
    },
    () => {},
  );
  const capture = new SlotCapture(100_000, table, null, 512);
  const steps = [0, 100, 500, 5000].map((changed) => {
    const slots = Int32Array.from({ length: changed }, (_, i) => 99_999 - changed - i);
    capture.beforeWrite(slots, 0, changed);
    const before = written;
    capture.step();
    return written - before;
  });
  assert.deepEqual(steps, [512, 412, 64, 64]);
});
