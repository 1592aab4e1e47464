/** Which functions pick one of two rows, and by which fields. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsToPick } from '../../src/data/picked-row.ts';
import { record, t } from '../../src/data/schema.ts';

const Row = record({ a: t.int32, b: t.int32, fn: t.dynamic<() => boolean>() });

function picksBy(source: string): string | null {
  const fields = fieldsToPick(new Function(`return ${source}`)(), Row);
  return fields === null ? null : [...fields].sort().join(' ');
}

const PICKS: readonly (readonly [string, string])[] = [
  ['(x, y) => (y.a >= x.a ? y : x)', 'a'],
  ['(x,y)=>y.a>x.b?y:x', 'a b'],
  ['(x, y) => ((y.a === x.a && y.b < x.b) ? y : x)', 'a b'],
  ['(x, y) => (Math.abs(y.a) > [1, x.b][0] ? x : y)', 'a b'],
  ['(x, y) => { return y.a !== 1 ? y : x; }', 'a'],
  ['function (x, y) { return (y.a > 1) ? y : x }', 'a'],
  ['function best(x, y) { return true ? y : y; }', ''],
];

for (const [source, fields] of PICKS) {
  test(`${source} picks by '${fields}'`, () => assert.equal(picksBy(source), fields));
}

const OTHERS = [
  '(x, y) => y',
  '(x, y) => (y.a > x.a ? y : { ...x })',
  '(x, y) => f(y.a > x.a ? y : x)',
  '(x, y) => (f(y) ? y : x)',
  '(x, y) => (y.fn() ? y : x)',
  '(x, y) => (y.c > x.c ? y : x)',
  '(x, y) => ((y.a = 1) ? y : x)',
  '(x, y) => kept = y.a > 1 ? y : x',
  '(x, y) => ((y.a += 1) ? y : x)',
  '(x, y) => (y.a++ ? y : x)',
  '(x, y) => (delete y.a ? y : x)',
  '(x, y) => (y.a > 1 ? y : z)',
  '(x, y) => (y.a > 1 /* ? */ ? y : x)',
  '(x, y) => (y.a > 1 ? y : y.b > 1 ? y : x)',
  '(x, y) => { return\ny.a > 1 ? y : x; }',
  '(x, y) => { f(); return y.a > 1 ? y : x; }',
  '(x, { a }) => (a > 1 ? x : x)',
  '(x, y = 1) => (x.a > 1 ? x : y)',
  '(x, y) => (((z) => z.a)(y) ? y : x)',
  'async (x, y) => (y.a > x.a ? y : x)',
  '((x, y) => (y.a > x.a ? y : x)).bind(null)',
];

for (const source of OTHERS) {
  test(`${JSON.stringify(source)} may do anything`, () => assert.equal(picksBy(source), null));
}
