/** Functions that only read one field: found where the source is plain, and never where it could be anything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../../src/data/batch.ts';
import { FixedColumn } from '../../src/data/column.ts';
import { KeyReader } from '../../src/data/key.ts';
import { plainField } from '../../src/data/plain-field.ts';
import { record, t } from '../../src/data/schema.ts';

const Row = record({ a: t.int32, b: t.nullable(t.int32), $c: t.float64 });

/** As it stands in a module without types. */
function field(source: string): string | null {
  const index = plainField(new Function(`return ${source}`)(), Row);
  return index === null ? null : Row.fields[index]!.name;
}

const PLAIN: readonly (readonly [string, string])[] = [
  ['(row) => row.a', 'a'],
  ['row => row.b', 'b'],
  ['( row ) => row /* the key */ . a', 'a'],
  ['(row) => { return row.a; }', 'a'],
  ['(row) => { return row.a }', 'a'],
  ['({ a }) => a', 'a'],
  ['({ a: key }) => key', 'a'],
  ['({ a }) => { return a; }', 'a'],
  ['$row => $row.$c', '$c'],
];
for (const [source, name] of PLAIN) {
  test(`${source} reads ${name}`, () => assert.equal(field(source), name));
}

const OTHERS = [
  '(row) => row',
  '(row) => row.d',
  '(row) => other.a',
  '(row) => row.a.b',
  '(row) => row?.a',
  '(row) => row.a | 0',
  '(row) => -row.a',
  '(row) => (row.a)',
  '(row) => ({ a: row.a })',
  '(row) => { row.a; }',
  '(row) => { return row.a; row.b = 1; }',
  '(row) => { row.b++; return row.a; }',
  '(row, a) => row.a',
  '(...row) => row.a',
  '(row = {}) => row.a',
  'async (row) => row.a',
  'async row => row.a',
  '({ a }) => b',
  '({ a = 1 }) => a',
  '({ a, b }) => a',
  '({ a: { b } }) => b',
  '({ a: key }) => a',
  '({ ...a }) => a',
  '([a]) => a',
  '({}) => a',
  '() => a',
  "(row) => row['a']",
  'function (row) { return row.a; }',
  '(row) => (other) => row.a',
];
for (const source of OTHERS) {
  test(`${source} is not taken for a field`, () => assert.equal(field(source), null));
}

test('without a schema, or without a function, there is no field', () => {
  assert.equal(
    plainField((row: { a: number }) => row.a, null),
    null,
  );
  assert.equal(plainField(null, Row), null);
});

const batch = (b: FixedColumn): Batch =>
  new Batch({
    rowCount: 3,
    schema: Row,
    columns: [
      new FixedColumn('int32', Int32Array.of(1, -2, 3)),
      b,
      new FixedColumn('float64', Float64Array.of(0, 0, 0)),
    ],
  });

test('keys of such a function are the column itself, unless a value is absent', () => {
  const present = new FixedColumn('int32', Int32Array.of(4, 5, 6));
  const key = (row: unknown): unknown => (row as { b: number }).b;
  const plain = new KeyReader({ kind: 'function' }, Row, key);
  assert.equal(plain.intColumn(batch(present)), present.values);
  plain.read(batch(present));
  assert.equal(plain.ints, present.values);
  const absent = new FixedColumn('int32', Int32Array.of(4, 0, 6), Uint8Array.of(0, 1, 0));
  assert.equal(plain.intColumn(batch(absent)), null);
  assert.throws(() => plain.read(batch(absent)), { code: 'KEY_INVALID' });
});
