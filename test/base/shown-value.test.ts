/** Values as people are shown them: always JSON, always bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHOWN_VALUE_BYTES } from '../../src/base/limits.ts';
import { shownValue } from '../../src/base/shown-value.ts';

test('what JSON does not have', () => {
  const circle: Record<string, unknown> = { n: 1 };
  circle.itself = circle;
  const cases: readonly [unknown, unknown][] = [
    [undefined, null],
    [12345678901234567890n, '12345678901234567890'],
    [
      [Number.NaN, -Infinity, -0],
      ['NaN', '-Infinity', -0],
    ],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'Invalid Date'],
    [Uint8Array.of(1, 2, 255), 'AQL/'],
    [new Map([['a', new Set([1])]]), [['a', [1]]]],
    [Symbol('s'), 'Symbol(s)'],
    [JSON.parse('{"__proto__": {"a": 1}}'), JSON.parse('{"__proto__": {"a": 1}}')],
  ];
  for (const [value, shown] of cases) assert.deepEqual(shownValue(value), shown);
  assert.ok(JSON.stringify(shownValue(circle)).length < 1000);
  const throwing = {
    get field() {
      throw new Error('private');
    },
  };
  assert.equal(shownValue(throwing), 'cannot be shown: private');
});

test('what is long, wide or deep is cut', () => {
  const long = 'y'.repeat(1e6);
  const wide = Array.from({ length: 1e5 }, (_, n) => n);
  const fields = Object.fromEntries(wide.map((n) => [`field ${n}`, n]));
  let deep: unknown = 1;
  for (let n = 0; n < 10_000; n++) deep = [deep];
  for (const value of [
    long,
    wide,
    fields,
    deep,
    new Map(Object.entries(fields)),
    Buffer.alloc(1e6),
  ]) {
    const text = JSON.stringify(shownValue(value));
    assert.ok(text.length < 2.2 * SHOWN_VALUE_BYTES, `${text.length}`);
  }
});
