/** Values of any shape through JSON and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, toJson } from '../../src/checkpoint/rewrite/state-json.ts';

function through(value: unknown): unknown {
  return fromJson(JSON.parse(JSON.stringify(toJson(value))));
}

const EXACT: readonly unknown[] = [
  ...[0, -0, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 60],
  ...['', 'a', '#date', '\ud800', true, null, undefined, 12n, -(2n ** 80n)],
  ...[new Date(0), [], [undefined, [null]], {}],
  { a: 1, b: { c: [new Date(5), -0] }, u: undefined },
  ...[{ '#date': 'no date' }, { '#object': { '#x': 1 } }, { '#x': 1, y: 2 }],
  new Map<unknown, unknown>([
    ['a', 1n],
    [{ b: 2 }, new Map()],
  ]),
  ...[new Set(['x', new Set()]), new Uint8Array([1, 2]), new Float64Array([Number.NaN]), /a+/g],
  JSON.parse('{"__proto__":1,"constructor":{"__proto__":[]}}'),
];

test('every value that state has comes back as it was', () => {
  for (const value of EXACT) assert.deepStrictEqual(through(value), value);
  // No two such dates are deeply equal.
  assert.ok(Number.isNaN((through(new Date(Number.NaN)) as Date).getTime()));
  const deep = Array.from({ length: 500 }).reduce<unknown>((inner) => [inner], 1);
  assert.deepStrictEqual(through(deep), deep);
});

test('what JSON has is written as it is', () => {
  for (const value of [1, 'a', null, [true], { a: { b: [1] } }]) {
    assert.deepEqual(toJson(value), value);
  }
});

test('a value that has itself as a part comes back so', () => {
  const knot: Record<string, unknown> = { n: 1 };
  knot.again = [knot, knot];
  const found = through(knot) as typeof knot;
  const [first, second] = found.again as readonly unknown[];
  assert.equal(first, found);
  assert.equal(second, found);
});

test('what looks like a value and is none is refused', () => {
  for (const [json, message] of [
    [{ '#dat': 1 }, /^\{"#dat":1\} is no value: no value is called #dat; an object that is/],
    [{ '#date': 'x' }, /#date is a time/],
    [{ '#bigint': 1 }, /#bigint has digits/],
    [{ '#number': '1' }, /#number is one of NaN, Infinity, -Infinity, -0$/],
    [[{ '#map': [1] }], /#map is a list of pairs/],
    [{ a: { '#set': {} } }, /#set is a list/],
    [{ '#object': null }, /#object is an object/],
    [{ '#clone': 'AAAA' }, /"#clone"/],
  ] as const) {
    assert.throws(() => fromJson(json), { message });
  }
});
