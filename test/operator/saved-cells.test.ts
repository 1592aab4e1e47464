/** Cells that change while a snapshot is written are written as they were; the memory for it is kept, and given back when there is little left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { SavedCells, SavedPane } from '../../src/operator/window/saved-cells.ts';
import { SlotCapture } from '../../src/state/slot-capture.ts';

test('snapshots one after the other have the same memory, also while keys come', () => {
  const saved = new SavedCells();
  saved.begin(100_000);
  const { capacity } = saved;
  assert.ok(capacity >= 100_000);
  for (const count of [100_000, 90_000, 110_000, 50_000]) {
    saved.begin(count);
    assert.equal(saved.capacity, capacity);
  }
});

test('there is room for all; what is far too large is given back', () => {
  const saved = new SavedCells();
  saved.begin(1000);
  saved.begin(1_000_000);
  assert.ok(saved.capacity >= 1_000_000);
  saved.begin(10);
  const { capacity } = saved;
  assert.ok(capacity < 1000);
  saved.begin(0);
  assert.equal(saved.capacity, capacity, 'a little may stay');
});

const SLOTS = 3000;
const CELLS = 3;

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
