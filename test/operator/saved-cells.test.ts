/** Cells that change while a snapshot is written are written as they were; the memory for it is kept, and given back when there is little left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { SavedCells, SavedPane } from '../../src/operator/window/saved-cells.ts';
import { SlotCapture } from '../../src/state/slot-capture.ts';

/** A snapshot in which so many cells change, 16 at a time. */
function fill(saved: SavedCells, count: number): void {
  saved.begin(count);
  const cells = new Float64Array(16);
  for (let kept = 0; kept < count; kept += 16) saved.keep(cells, 0, Math.min(16, count - kept));
}

test('snapshots one after the other have the same memory, also while keys come', () => {
  for (const count of [1000, 1_000_000]) {
    const saved = new SavedCells();
    fill(saved, count);
    const { capacity } = saved;
    assert.ok(capacity >= count && capacity < 1.3 * count + 70_000, `${capacity}`);
    for (const share of [1, 0.9, 1.05, 0.5]) {
      fill(saved, count * share);
      assert.ok(Math.abs(saved.capacity - capacity) <= 65_536, `${share}: ${saved.capacity}`);
    }
  }
});

test('there is memory for what changes; what is far too much is given back', () => {
  const saved = new SavedCells();
  saved.begin(1_000_000);
  saved.keep(new Float64Array(16), 0, 16);
  assert.ok(saved.capacity < 100_000, 'little has changed');
  fill(saved, 1_000_000);
  assert.ok(saved.capacity >= 1_000_000);
  fill(saved, 10);
  assert.ok(saved.capacity < 1000);
  saved.begin(0);
  assert.equal(saved.capacity, 0);
});

test('cells that are kept together lie in one piece, and come back as they were', () => {
  const random = new Random(3);
  const saved = new SavedCells();
  saved.begin(400_000);
  const kept: { place: number; cells: Float64Array }[] = [];
  for (let count = 0; count < 350_000; count += kept.at(-1)!.cells.length) {
    const cells = Float64Array.from({ length: 1 + random.below(999) }, () => random.float());
    kept.push({ place: saved.keep(cells, 0, cells.length), cells });
  }
  for (const { place, cells } of kept) {
    const back = new Float64Array(cells.length);
    saved.copy(place, back.length, back, 0);
    assert.deepEqual(back, cells);
  }
});

const SLOTS = 3000;
const CELLS = 50;

/** Panes of a snapshot that is written in slices while their cells change. */
for (const stepSlots of [1, 7, 16, 100, 4096]) {
  test(`panes are written as they were, up to ${stepSlots} slots at a time`, () => {
    const random = new Random(stepSlots);
    const saved = new SavedCells();
    const cells = [0, 1].map((pane) =>
      Float64Array.from({ length: SLOTS * CELLS }, (_, i) => pane * 1e6 + i),
    );
    for (let snapshot = 0; snapshot < 3; snapshot++) {
      const before = cells.map((one) => one.slice());
      const written = cells.map(() => new Float64Array(SLOTS * CELLS));
      saved.begin(2 * SLOTS * CELLS);
      const captures = cells.map((one, pane) => {
        const table = new SavedPane(
          { cells: one, objects: [] },
          SLOTS,
          CELLS,
          saved,
          (from, to, of, at) =>
            written[pane]!.set(
              of.cells.subarray(at * CELLS, (at + to - from) * CELLS),
              from * CELLS,
            ),
        );
        return new SlotCapture(SLOTS, table, null, stepSlots);
      });
      const touched = new Int32Array(4);
      while (captures.some(({ isComplete }) => !isComplete)) {
        for (const [pane, one] of cells.entries()) {
          for (let i = 0; i < touched.length; i++) touched[i] = random.below(SLOTS + 50);
          captures[pane]!.beforeWrite(touched, 0, touched.length);
          for (const slot of touched)
            one.fill(random.below(1000), slot * CELLS, (slot + 1) * CELLS);
        }
        captures.find(({ isComplete }) => !isComplete)!.step();
      }
      assert.deepEqual(written, before);
    }
  });
}
