/** Rows that are kept, and lists of them by key, against plain arrays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { StringColumn, StringEntries } from '../../src/data/column.ts';
import { RowReaders } from '../../src/data/row-reader.ts';
import { record, t } from '../../src/data/schema.ts';
import { RowLists } from '../../src/state/row-lists.ts';
import { RowStore, storable } from '../../src/state/row-store.ts';

const Row = record({
  n: t.int32,
  text: t.string,
  note: t.nullable(t.string),
  day: t.date,
  any: t.dynamic<unknown>(),
});

/** Texts that are narrow, and now and then one that is not; values that are absent, and not. */
const rowOf = (n: number) => ({
  n,
  text: n % 100 === 99 ? `漢${n}` : `text ${n}`,
  note: n % 3 === 0 ? null : `note ${n}`,
  day: new Date(n),
  any: { list: [n] },
});

for (const schema of [Row, null]) {
  test(`rows read as they came, while others come, ${schema === null ? 'free-form' : 'typed'}`, () => {
    const store = new RowStore(schema, new RowReaders(schema));
    for (const length of [6000, 50, 700]) {
      const ids = new Int32Array(1000);
      const all: number[] = [];
      for (let n = 0; n < length; ) {
        const builder = new BatchBuilder(schema, 1000);
        const from = n;
        for (; n < Math.min(length, from + 1 + (from % 700)); n++) builder.appendRow(rowOf(n), n);
        const slots = Int32Array.from({ length: n - from }, (_, i) => from + i);
        assert.ok(all.every((id) => id < store.endId));
        store.append(storable(builder.seal(), schema), 0, n - from, slots, ids);
        all.push(...ids.subarray(0, n - from));
        for (const row of [0, from, n - 1, n >> 1])
          assert.deepEqual(store.row(all[row]!), rowOf(row));
      }
      assert.ok(all.every((id, n) => n === 0 || id > all[n - 1]!));
      const slots: number[] = [];
      for (let id = 0; id < store.endId; id = store.nextSegment(id)) {
        const rows = store.rowsAt(id);
        if (rows !== null) slots.push(...rows.slots.subarray(0, rows.batch.rowCount));
      }
      assert.deepEqual(slots, [...all.keys()]);
      store.clear();
      assert.equal(store.endId, 0);
    }
  });
}

test('rows of dictionaries that lie in memory that is used again', () => {
  const schema = record({ name: t.string });
  const store = new RowStore(schema, new RowReaders(schema));
  const ids = new Int32Array(2);
  const names: unknown[] = [];
  for (const text of ['onetwo', 'redtan']) {
    const bytes = Buffer.from(text);
    const entries = new StringEntries(2, Int32Array.of(0, 3, 6), bytes, false);
    const column = new StringColumn(entries, Int32Array.of(1, 0));
    const timestamps = Float64Array.of(1, 2);
    const batch = new Batch({ rowCount: 2, schema, columns: [column], timestamps });
    store.append(storable(batch, schema), 0, 2, new Int32Array(2), ids);
    bytes.fill(0);
    names.push(...[...ids].map((id) => store.row(id)));
  }
  assert.deepEqual(
    names.map((row) => (row as { name: string }).name),
    ['two', 'one', 'tan', 'red'],
  );
});

test('lists by time, and in the order in which rows come, against arrays', () => {
  const entry = fc.tuple(fc.nat(6), fc.nat(30));
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 80 }), { maxLength: 6 }), (batches) => {
      for (const isByTime of [true, false]) {
        const lists = new RowLists(isByTime);
        for (let round = 0; round < 2; round++) {
          const model: { time: number; id: number }[][] = Array.from({ length: 7 }, () => []);
          let id = 0;
          for (const batch of batches) {
            const slots = Int32Array.from(batch, ([slot]) => slot);
            const times = Float64Array.from(batch, ([, time]) => time);
            const ids = Int32Array.from(batch, () => id++);
            lists.add(7, slots, times, ids, 0, batch.length);
            batch.forEach(([slot, time], i) => void model[slot]!.push({ time, id: ids[i]! }));
          }
          model.forEach((entries, slot) => {
            if (isByTime) entries.sort((a, b) => a.time - b.time || a.id - b.id);
            const start = lists.start(slot);
            assert.equal(lists.count(slot), entries.length);
            const got = entries.map((_, i) => ({
              time: lists.times[start + i]!,
              id: lists.ids[start + i]!,
            }));
            assert.deepEqual(got, entries);
            if (!isByTime) return;
            for (const time of [-1, 0, 7, 30, 31]) {
              const firstAt = entries.filter((e) => e.time < time).length;
              const firstBehind = entries.filter((e) => e.time <= time).length;
              assert.equal(lists.firstAt(slot, time) - start, firstAt);
              assert.equal(lists.firstBehind(slot, time) - start, firstBehind);
            }
          });
          assert.equal(lists.filledCount, model.filter((one) => one.length > 0).length);
          assert.equal(lists.count(-1), 0);
          assert.equal(lists.count(7), 0);
          lists.clear();
          assert.deepEqual([lists.count(0), lists.filledCount], [0, 0]);
        }
      }
    }),
    { numRuns: 100 },
  );
});
