/** What may go: never what a checkpoint that is kept needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Entry, planRetention } from '../../src/checkpoint/retention.ts';

function entry(id: number, condition: Entry['condition'], ...references: number[]): Entry {
  return { id, condition, references: new Set(references) };
}

function planned(entries: readonly Entry[], retained: number, ...held: number[]) {
  const { retire, remove } = planRetention(entries, retained, new Set(held));
  return { retire: retire.map(({ id }) => id), remove: remove.map(({ id }) => id) };
}

test('the newest complete ones are kept, and the state that they refer to', () => {
  const entries = [
    entry(1, 'retired'),
    entry(2, 'complete', 1),
    entry(3, 'complete', 2),
    entry(4, 'complete', 2),
  ];
  assert.deepEqual(planned(entries, 3), { retire: [], remove: [] });
  assert.deepEqual(planned(entries, 2), { retire: [2], remove: [1] });
  assert.deepEqual(planned(entries, 1), { retire: [2], remove: [3, 1] });
  assert.deepEqual(planned(entries, 1, 3, 1), { retire: [3, 2], remove: [] });
});

test('damaged ones do not count, and stay as long as an older one is kept', () => {
  const entries = [entry(5, 'complete'), entry(6, 'damaged'), entry(7, 'complete')];
  assert.deepEqual(planned(entries, 2), { retire: [], remove: [] });
  assert.deepEqual(planned(entries, 1), { retire: [], remove: [6, 5] });
  assert.deepEqual(planned([entry(5, 'complete'), entry(6, 'damaged')], 1), {
    retire: [],
    remove: [],
  });
  assert.deepEqual(planned([entry(6, 'damaged')], 1), { retire: [], remove: [] });
});

test('whatever there is: enough complete ones stay, with all their state', () => {
  const conditions = fc.constantFrom<Entry['condition'][]>(
    'complete',
    'complete',
    'damaged',
    'retired',
  );
  const entries = fc
    .array(fc.record({ condition: conditions, back: fc.array(fc.integer({ min: 1, max: 5 })) }))
    .map((all) =>
      all.map(({ condition, back }, i) =>
        entry(i, condition, ...back.map((n) => i - n).filter((id) => id >= 0)),
      ),
    );
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 4 }), (all, retained) => {
      const { retire, remove } = planned(all, retained);
      const kept = all.filter(
        ({ id, condition }) => condition === 'complete' && ![...retire, ...remove].includes(id),
      );
      const complete = all.filter(({ condition }) => condition === 'complete');
      assert.deepEqual(kept, complete.slice(-retained));
      for (const { references } of kept) {
        for (const id of references) assert.ok(!remove.includes(id));
      }
    }),
  );
});
