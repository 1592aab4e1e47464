/** What a function puts into the row that it makes, an object or an array: all of it, or a doubt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ELEMENTS_MAX } from '../../src/base/limits.ts';
import { handedOnOfFirst, madeFields, madeNames } from '../../src/data/made-fields.ts';
import { record, t } from '../../src/data/schema.ts';
import { tokensOf } from '../../src/data/tokens.ts';

const Row = record({ a: t.int32, b: t.float64, text: t.string });

/** As it stands in a module without types: `names; handed on; read`. */
function made(source: string, schema: typeof Row | null = Row): string | null {
  const fields = madeFields(new Function(`return ${source}`)(), schema);
  if (fields === null) return null;
  const handedOn = [...fields.handedOn].map(([name, field]) =>
    name === field ? name : `${name}=${field}`,
  );
  return [fields.names, handedOn, [...fields.reads].sort()]
    .map((part) => part.join(' '))
    .join('; ');
}

const KNOWN: readonly (readonly [source: string, made: string])[] = [
  ['({ a, text }) => ({ a, text })', 'a text; a text; '],
  ['({ a, b, text }) => ({ b, text, a: a * 2 })', 'b text a; b text; a'],
  ['({ a, text: note }) => ({ note, n: a })', 'note n; note=text n=a; '],
  ['({ a }) => ({ a, twice: a })', 'a twice; ; a'],
  ['({ a, a: again }) => ({ a, more: again + 1 })', 'a more; a; a'],
  ['({ text, }) => ({ text, long: text.length, })', 'text long; ; text'],
  ['({}) => ({ n: 1 })', 'n; ; '],
  ['() => ({ n: 1, text: "a" })', 'n text; ; '],
  ['(row) => ({ a: row.a, text: row.text })', 'a text; a text; '],
  ['(row) => ({ c: row.a + row.b, text: row.text })', 'c text; text; a b'],
  ['(row) => ({ text: row.text, long: row.text.length })', 'text long; text; text'],
  ['(row) => ({ ...row, b: row.b / 2 })', 'a b text; a text; b'],
  ['(row) => ({ ...row, c: row.a, b: 0 })', 'a b text c; a text c=a; '],
  ['row => ({ "a": row.a, \'b\': /* two */ row . b })', 'a b; a b; '],
  ['(row) => { return { a: row.a }; }', 'a; a; '],
  ['(row) => { const b = row.b * 2; return { b, text: row.text } }', 'b text; text; b'],
  ['function ({ a }) { return { a }; }', 'a; a; '],
  ['function named(row) { return { b: row.b }; }', 'b; b; '],
  ['({ method(row) { return { b: row.b }; } }).method', 'b; b; '],
  ['({ a, b }) => ({ c: (a + b) / 2, d: [a, b], e: { a } })', 'c d e; ; a b'],
  ['({ a, text }) => { if (a > 1) throw new Error(`no`); return { text }; }', 'text; text; a'],
  ['(row) => ({ f: (x) => x + row.a, text: row.text })', 'f text; text; a'],
  ['({ a }) => [a]', '0; 0=a; '],
  ['({ a, text }) => [text, a + 1,]', '0 1; 0=text; a'],
  ['(row) => ([row.b, [row.a, 1], { c: row.a }])', '0 1 2; 0=b; a'],
  ['(row) => { const n = row.a + 1; return [row.text, n]; }', '0 1; 0=text; a'],
  ['function ({ b, text }) { return [text, text, b] }', '0 1 2; 2=b; text'],
];

for (const [source, fields] of KNOWN) {
  test(`${source} makes '${fields}'`, () => {
    assert.equal(made(source), fields);
  });
}

/** What the source does not tell: each of these would be wrong if it did. */
const DOUBTFUL = [
  '(row) => row',
  '(row) => null',
  '({ a }) => ({ a }).a',
  '({ a }) => ({ a }, 1)',
  '({ a }) => a > 1 ? { a } : { b: a }',
  '({ a }) => { if (a > 1) return { a }; return { b: a }; }',
  '({ a }) => { const f = () => { return { a }; }; f(); }',
  '({ a }) => { if (a) { return { a }; } }',
  '({ a }) => { return { a }.a; }',
  '({ a }) => ({ a, [a]: 1 })',
  '({ a }) => ({ get a() { return 1; } })',
  '({ a }) => ({ a() { return 1; } })',
  '({ a }) => ({ 1: a })',
  '({ a }) => ({ "1": a })',
  '({ a }) => ({ __proto__: null, a })',
  '({ a }) => ({ a, a: 2 })',
  '({ a, ...rest }) => ({ a, ...rest })',
  '({ a = 1 }) => ({ a })',
  '({ a: { b } }) => ({ b })',
  '({ missing }) => ({ missing })',
  '(row) => ({ a: row.missing })',
  '(row) => ({ a: row.text.length, b: row })',
  '(row) => ({ b: row.b, ...row })',
  '({ a }) => []',
  '({ a, b }) => [a, ...b]',
  '({ a, b }) => [a, , b]',
  '({ a }) => [, a]',
  '({ a, b }) => [a, b][0]',
  '({ a, b }) => [a, b].map(String)',
  '({ a, b }) => ([a, b]).length',
  '({ a }) => (a > 1 ? [a] : [a, a])',
  '({ a }) => { if (a > 1) return [a]; return [a, a]; }',
  '({ a }) => { return [a].concat(a); }',
  '(row) => [row, row.a]',
  '(row) => [...row.text]',
  'async ({ a }) => [a]',
  `(row) => [${'1, '.repeat(ELEMENTS_MAX)} row.a]`,
  '(row) => { const copy = { ...row }; return { text: row.text, copy }; }',
  '(row) => { row.text = ""; return { text: row.text }; }',
  '(row) => { row.a += 1; return { a: row.a }; }',
  '(row) => { row.a++; return { a: row.a }; }',
  '(row) => { delete row.a; return { a: row.a }; }',
  '(row) => { [row.a] = [1]; return { a: row.a }; }',
  '(row) => { for (row.a of [1]) {} return { a: row.a }; }',
  '(row) => { row = { a: 1 }; return { a: row.a }; }',
  '(row) => { change(row); return { a: row.a }; }',
  '(row) => ({ a: row.a, n: row.text() })',
  '(row) => ({ a: row["a"] })',
  '(row, more) => ({ a: row.a })',
  'function ({ a }) { return { a: this.a }; }',
  'function (row) { arguments[0].a = 1; return { a: row.a }; }',
  '(row) => { eval("row.a = 1"); return { a: row.a }; }',
  '({ a }) => ({ a, n: /}/.test("}") })',
  '({ a }) => { if (a) /}/.test("}"); return { a }; }',
  '({ a }) => ({ a, n: `$' + '{a}` })',
  `({ a, text }) => { if (a) /'/.test(a); text = 1; /'/.test(a); return { text }; }`,
  '(row) => { keep({ ...row }); return { ...row, a: 1 }; }',
  '({ \\u0061 }) => ({ a: \\u0061 })',
  '(row) => ({ a: row.text`x` })',
  'async ({ a }) => ({ a })',
  'async (row) => { return { a: row.a }; }',
  'function* (row) { return { a: row.a }; }',
  'Math.abs',
  '((row) => ({ a: row.a })).bind(null)',
];

for (const source of DOUBTFUL) {
  test(`${source} is a doubt`, () => assert.equal(made(source), null));
}

test('a local name that is written again is not that of the field', () => {
  assert.equal(made('({ a }) => { a = 1; return { a }; }'), 'a; ; a');
  assert.equal(made('({ a }) => { { const a = 1; } return { a }; }'), 'a; ; a');
  assert.equal(made('({ a, b }) => { [a] = [b]; return { a, b }; }'), 'a b; ; a b');
});

test('without a schema nothing is handed on', () => {
  assert.equal(made('({ a, missing }) => ({ a, missing })', null), 'a missing; ; ');
  assert.equal(made('(row) => ({ ...row, a: 1 })', null), null);
});

test('the names of a row are known whatever it is made of', () => {
  const names = (source: string): string | undefined =>
    madeNames(new Function(`return ${source}`)())?.join(' ');
  assert.equal(names('(a, { b }) => ({ b, c: a.c })'), 'b c');
  assert.equal(names('(a, b = { c: (1) }, ...d) => { return { a, d }; }'), 'a d');
  assert.equal(names('function (a, b) { a.n++; return { n: a.n }; }'), 'n');
  assert.equal(names('({ join(a, b) { return { n: a + b }; } }).join'), 'n');
  assert.equal(names('a => ({ a })'), 'a');
  assert.equal(names('(a, b) => [a.n, b]'), undefined);
  for (const doubt of [
    '(a, b) => (a.n > 0 ? { n: 1 } : b)',
    '(a, b) => { if (a.n > 0) return b; return { n: 1 }; }',
    '(a, b) => ({ ...a, n: 1 })',
    '(a, b) => ({ [b]: 1 })',
    '(a, b) => ({ get n() { return 1; } })',
    '(a, b) => ({ n: 1 }).n',
    'async (a, b) => ({ n: 1 })',
    'function* (a, b) { return { n: 1 }; }',
    'Math.abs',
  ]) {
    assert.equal(names(doubt), undefined, doubt);
  }
});

test('fields of the first parameter are handed on where it is only read', () => {
  const handed = (source: string): string =>
    [...handedOnOfFirst(new Function(`return ${source}`)())].join(' ');
  assert.equal(handed('(a, { n }) => ({ key: a.key, n: a.n + n, at: a.at })'), 'key at');
  assert.equal(handed('(a, b) => { const c = a.n; return { n: a.n, c }; }'), 'n');
  assert.equal(handed('function (a, b) { return { n: a.n, m: a.n, b: b.b }; }'), 'n');
  assert.equal(handed('({ key, n: m, at }, b) => ({ key, n: m + b.n, m, at })'), 'key at');
  assert.equal(handed('function ({ n, }, { m }) { return { n, m }; }'), 'n');
  for (const none of [
    '(a) => ({ n: a.n })',
    '({ n }) => ({ n })',
    '({ n }, b) => ({ m: n })',
    '({ m: n }, b) => ({ n })',
    '({ n: m }, { n }) => ({ n })',
    '({ n }, b) => { n = b.m; return { n }; }',
    '({ n }, b = n++) => ({ n })',
    '({ n = 1 }, b) => ({ n })',
    '({ n: { m } }, b) => ({ m })',
    '({ n, ...rest }, b) => ({ n })',
    '(a, b) => ({ n: b.n })',
    '(a, b) => ({ n: a?.n })',
    '(a, b) => ({ ...a, n: a.n })',
    '(a, b) => { a.n = b.n; return { n: a.n }; }',
    '(a, b) => { a.n++; return { n: a.n }; }',
    '(a, b) => { change(a); return { n: a.n }; }',
    '(a, b) => { a = b; return { n: a.n }; }',
    '(a, b) => { const { n } = a; return { n: a.n }; }',
    '(a, b = change(a)) => ({ n: a.n })',
    '(a, b) => { return () => ({ n: a.n }); }',
    '(a, b) => { { const a = b; } return { n: a.n }; }',
    '(a, b) => (b.n > 0 ? b : { n: a.n })',
    'Math.max',
  ]) {
    assert.equal(handed(none), '', none);
  }
});

test('comments and texts are no code', () => {
  assert.deepEqual(tokensOf("a // b\n/* c */ + \"// d\" + '\\'' / `e`"), [
    'a',
    '+',
    '"// d"',
    '+',
    "'\\''",
    '/',
    '`e`',
  ]);
});
