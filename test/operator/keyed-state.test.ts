/** State by key slot as a snapshot has it: a row for each key, or any number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { KeyReader, type KeySpec } from '../../src/data/key.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { KeyedState } from '../../src/operator/keyed-state.ts';
import { KeySlots } from '../../src/state/key-slots.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';

const KEY: KeySpec = { kind: 'fields', fields: ['user'] };

/** The slots of restored keys, batch by batch, and whether the keys are found again behind that. */
function restored<User>(schema: Schema, rows: 'one' | 'any', ...batches: User[][]) {
  const kept = [{ name: 'sum', kind: 'float64', nullable: false }] as const;
  const state = new KeyedState('sums', KEY, schema, kept, rows);
  const builder = new BatchBuilder(state.schema);
  const keys = new KeyReader(KEY, schema, null);
  const into = new KeySlots(keys.isInt);
  const slots: number[] = [];
  function* keyed() {
    for (const users of batches) {
      builder.reset();
      for (const user of users) builder.appendRow({ user, sum: 1 });
      yield builder.seal();
    }
  }
  const keyedRows = (): number => batches.flat().length;
  state.restore({ ...NO_STATE, keyed, keyedRows }, keys, into, (batch, found) =>
    slots.push(...found.subarray(0, batch.rowCount)),
  );
  return { slots, count: into.count };
}

for (const [kind, schema, users] of [
  ['ints', record({ user: t.int32 }), [7, -1, 3, 9]],
  ['texts', record({ user: t.string }), ['g', '', 'c', 'i']],
] as const) {
  const [a, b, c, d] = users;
  test(`${kind}: keys of all batches get slots in the order of their rows`, () => {
    assert.deepEqual(restored(schema, 'one', [a, b], [c, d]), { slots: [0, 1, 2, 3], count: 4 });
    assert.deepEqual(restored(schema, 'any', [a, b], [a, c]), { slots: [0, 1, 0, 2], count: 3 });
  });
}

for (const [kind, schema, batches] of [
  ['ints', record({ user: t.int32 }), [[7, 1], [7]]],
  ['texts', record({ user: t.string }), [['g', 'c'], ['g']]],
  ['texts of a batch', record({ user: t.string }), [['g', 'c', 'g']]],
] as const) {
  test(`${kind}: a key that comes twice where each has one row is damage`, () => {
    assert.throws(() => restored<unknown>(schema, 'one', ...batches.map((users) => [...users])), {
      code: 'CHECKPOINT_DAMAGED',
      message: /'sums' has a key twice/,
    });
  });
}
