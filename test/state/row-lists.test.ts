/** Lists of rows by slot, against lists of a plain program: short and long ones, few slots and more than a cache holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { RowLists } from '../../src/state/row-lists.ts';

for (const isByTime of [true, false]) {
  for (const [slotCount, rows] of [
    [3, 2000],
    [100_000, 150_000],
  ] as const) {
    test(`${rows} rows of ${slotCount} slots, ${isByTime ? 'by time' : 'as they come'}`, () => {
      const random = new Random(slotCount);
      const lists = new RowLists(isByTime);
      for (let round = 0; round < 2; round++) {
        const expected = new Map<number, { time: number; id: number }[]>();
        for (let from = 0; from < rows; from += 1000) {
          const slots = Int32Array.from({ length: 1000 }, () => random.below(slotCount));
          const times = Float64Array.from(slots, () => random.below(50));
          const ids = Int32Array.from(slots, (_, i) => from + i);
          lists.add(slotCount, slots, times, ids, 0, 1000);
          for (const [i, slot] of slots.entries()) {
            const list = expected.get(slot) ?? [];
            expected.set(slot, [...list, { time: times[i]!, id: ids[i]! }]);
          }
        }
        assert.equal(lists.filledCount, expected.size);
        for (let slot = 0; slot < slotCount; slot++) {
          const list = expected.get(slot) ?? [];
          if (isByTime) list.sort((a, b) => a.time - b.time);
          const start = lists.start(slot);
          const found = list.map((_, n) => ({
            time: lists.times[start + n],
            id: lists.ids[start + n],
          }));
          assert.equal(lists.count(slot), list.length);
          assert.deepEqual(found, list);
        }
        lists.clear();
      }
    });
  }
}
