/** How many slots have a value, whether it is set by the methods or by generated functions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyScope } from '../../src/state/key-scope.ts';
import { RecordValues } from '../../src/state/record-values.ts';
import { slotValues } from '../../src/state/slot-values.ts';
import { valueAccess } from '../../src/state/value-access.ts';
import type { TypeSpec } from '../../src/state/value-type.ts';

const CASES: readonly (readonly [TypeSpec, unknown])[] = [
  [{ kind: 'int32', nullable: false }, 5],
  [{ kind: 'boolean', nullable: false }, true],
  [{ kind: 'date', nullable: false }, new Date(7)],
  [{ kind: 'string', nullable: false }, 'text'],
  [
    {
      kind: 'record',
      fields: [
        { name: 'n', kind: 'int32', nullable: false },
        { name: 'x', kind: 'float64', nullable: false },
      ],
    },
    { n: 1, x: 2.5 },
  ],
  [
    {
      kind: 'record',
      fields: [
        { name: 'by', kind: 'string', nullable: false },
        { name: 'x', kind: 'float64', nullable: false },
        { name: 'of', kind: 'string', nullable: false },
      ],
    },
    { by: 'somebody of a long name', x: 2.5, of: '' },
  ],
];

for (const [type, value] of CASES) {
  test(`values of ${type.kind} are counted, each slot once`, () => {
    const store = slotValues(type);
    store.reserve(10);
    const scope = new KeyScope();
    const { source } = store;
    const setters: ((slot: number) => void)[] = [(slot) => store.set(slot, value)];
    if (source !== null) {
      const setAny = (): void => assert.fail('the value fits');
      const parts = { store, scope, what: 'a state', fallback: undefined, setAny };
      const { get, set } = valueAccess(source, type, parts);
      setters.push((slot) => {
        scope.slot = slot;
        set(value);
        assert.deepEqual(get(), value);
      });
    }
    for (const set of setters) {
      for (const slot of [1, 2, 1]) set(slot);
      assert.equal(store.count, 2);
      for (const slot of [2, 2, 3]) store.clear(slot);
      assert.equal(store.count, 1);
      set(2);
      assert.equal(store.count, 2);
      store.clear(1);
      store.clear(2);
      assert.equal(store.count, 0);
    }
  });
}

test('a slot without a record holds no text', () => {
  const store = new RecordValues([{ name: 'by', kind: 'string', nullable: false }]);
  store.reserve(2);
  store.set(1, { by: 'somebody' });
  assert.equal(store.texts[0]![1], 'somebody');
  store.clear(1);
  assert.equal(store.texts[0]![1], '');
});
