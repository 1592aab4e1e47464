/** Copies of values: equal to what they were made of, and not changed with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyOf } from '../../src/data/copy-value.ts';

test('a copy is equal and shares nothing with the value', () => {
  const named = JSON.parse('{"__proto__":{"a":[1]}}');
  const value = {
    list: [1, [2], { deep: -0 }],
    map: new Map<unknown, unknown>([[{ key: 1 }, [new Date(5)]]]),
    set: new Set([[1]]),
    bytes: Buffer.from('ab'),
    floats: new Float64Array([0.5]),
    none: undefined,
    null: null,
    named,
  };
  const copy = copyOf(value) as typeof value;
  assert.deepStrictEqual(copy, value);
  const before = structuredClone(value);
  (copy.list[1] as number[]).push(3);
  ([...copy.map.keys()][0] as { key: number }).key = 2;
  ([...copy.map.values()][0] as Date[])[0]!.setTime(6);
  [...copy.set][0]!.push(2);
  copy.bytes[0] = 0;
  copy.floats[0] = 0;
  Object.entries(copy.named as Record<string, { a: number[] }>)[0]![1].a.push(2);
  assert.deepStrictEqual(structuredClone(value), before);
});

test('what occurs twice occurs twice in the copy, also in itself', () => {
  const part = { n: 1 };
  const value: { a: object; b: object; self?: object } = { a: part, b: part };
  value.self = value;
  const copy = copyOf(value) as typeof value;
  assert.notEqual(copy.a, part);
  assert.equal(copy.a, copy.b);
  assert.equal(copy.self, copy);
});

test('instances of classes are left as they are', () => {
  class Sketch {
    #n = 1;
    n = (): number => this.#n;
  }
  const value = { sketch: new Sketch(), text: 'a' };
  assert.deepEqual(copyOf('a'), 'a');
  assert.equal((copyOf(value) as typeof value).sketch, value.sketch);
});
