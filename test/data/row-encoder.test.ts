/** Free-form rows as columns, where one does not fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ELEMENTS_MAX } from '../../src/base/limits.ts';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { decodeBatch, encodeToBytes } from '../../src/data/codec.ts';
import { decodeSchema, encodeSchema } from '../../src/data/codec-schema.ts';
import type { StringColumn } from '../../src/data/column.ts';
import { type FreeForm, freeFormOf, VALUES_SCHEMA } from '../../src/data/free-form.ts';
import { RowEncoder } from '../../src/data/row-encoder.ts';
import { anyValue } from './values.ts';

type Row = { first: string | null; n: unknown; last: string };

const FITTING: readonly Row[] = [
  { first: 'a', n: 1, last: 'x' },
  { first: null, n: 2, last: 'yy' },
];
/** Fits up to its second field. */
const MISFITS: readonly Row[] = [
  { first: 'half a row', n: 'no number', last: 'z' },
  { first: null, n: 'no number', last: 'z' },
  { first: 'two bytes a unit: 漢', n: 'no number', last: 'z' },
];

function batchOf(rows: readonly unknown[]): Batch {
  const timestamps = Float64Array.from(rows, (_, i) => i);
  return new Batch({ rowCount: rows.length, schema: null, rows, timestamps });
}

/** Appends rows as far as they fit. */
function append(encoder: RowEncoder, rows: readonly unknown[], builder: BatchBuilder): number {
  const selection = Int32Array.from(rows, (_, i) => i);
  return encoder.append(batchOf(rows), selection, 0, rows.length, builder);
}

for (const misfit of MISFITS) {
  test(`a row that does not fit leaves no half behind: ${JSON.stringify(misfit)}`, () => {
    const encoder = new RowEncoder();
    encoder.adapt(FITTING, Int32Array.of(0, 1), 0, 2);
    const builder = new BatchBuilder(encoder.schema, 8);
    assert.equal(append(encoder, [...FITTING, misfit, FITTING[0]], builder), 2);

    const batch = builder.seal();
    assert.equal(batch.rowCount, 2);
    assert.deepEqual(batch.rowObjects(), FITTING);
    const [first, n, last] = batch.columns as [StringColumn, StringColumn, StringColumn];
    for (const { entries } of [first, last]) assert.equal(entries.count, 2);
    for (const { absent } of [first, n, last]) {
      if (absent !== null) assert.deepEqual([...absent.subarray(2)], [0, 0, 0, 0, 0, 0]);
    }
  });

  test(`rows that fit go on behind one that did not: ${JSON.stringify(misfit)}`, () => {
    const encoder = new RowEncoder();
    encoder.adapt(FITTING, Int32Array.of(0, 1), 0, 2);
    const builder = new BatchBuilder(encoder.schema, 8);
    append(encoder, [...FITTING, misfit], builder);
    const more = [{ first: 'b', n: 3, last: '' }, FITTING[1]];
    assert.equal(append(encoder, more, builder), 2);
    const batch = builder.seal();
    assert.deepEqual(batch.rowObjects(), [...FITTING, ...more]);
    assert.deepEqual([...batch.timestamps!.subarray(0, 4)], [0, 1, 0, 1]);
  });
}

/** The rows behind an exchange, and of which form the columns were last. */
function exchanged(batches: readonly (readonly unknown[])[]): {
  rows: unknown[];
  form: FreeForm | null;
} {
  const encoder = new RowEncoder();
  const rows: unknown[] = [];
  let form: FreeForm | null = null;
  for (const batch of batches) {
    for (let from = 0; from < batch.length; ) {
      const columns = encoder.encode(batchOf(batch), from);
      const schema = decodeSchema(encodeSchema(columns.schema!));
      const bytes = encodeToBytes(columns).slice();
      rows.push(...decodeBatch(bytes.buffer, 0, bytes.length, schema).rowObjects());
      form = freeFormOf(schema);
      from += columns.rowCount;
    }
  }
  return { rows, form };
}

/** Arrays that hold what rows have mostly, or anything. */
const element = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), anyValue);
const pairs = fc.array(fc.tuple(fc.integer(), element), { minLength: 1, maxLength: 20 });
const withOthers = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.tuple(fc.integer(), fc.string()) },
    { weight: 1, arbitrary: fc.array(element, { maxLength: 4 }) },
    { weight: 1, arbitrary: anyValue },
  ),
  { maxLength: 20 },
);

test('arrays come out of an exchange as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(pairs, withOthers), { maxLength: 3 }), (batches) => {
      assert.deepStrictEqual(exchanged(batches).rows, batches.flat());
    }),
  );
});

/** What is left out is not the same as undefined. */
const holed = (length: number, ...elements: readonly (readonly [number, unknown])[]): unknown[] => {
  const array = new Array<unknown>(length);
  for (const [at, value] of elements) array[at] = value;
  return array;
};

for (const [what, rows] of Object.entries<readonly unknown[]>({
  'pairs of a number and a text': [
    [1, 'a'],
    [2, 'b'],
  ],
  'a number that becomes another, then a text': [
    [1, 0],
    [2, 0.5],
    [3, -0],
    [4, 'x'],
  ],
  'what is null or undefined': [
    [1, null],
    [null, undefined],
    [undefined, 'x'],
  ],
  'arrays and objects within': [
    [[1, 2], { a: 1 }],
    [['x'], { a: [2] }],
  ],
  'one element': [[1], [2]],
  'as many elements as have columns': [0, 1].map((n) => new Array(ELEMENTS_MAX).fill(n)),
})) {
  test(`have a column for each element: ${what}`, () => {
    const { rows: out, form } = exchanged([rows, rows]);
    assert.equal(form, 'elements');
    assert.deepStrictEqual(out, [...rows, ...rows]);
  });
}

for (const [what, rows] of Object.entries<readonly unknown[]>({
  'no elements': [[], []],
  'another length': [
    [1, 2],
    [1, 2, 3],
  ],
  'too many elements': [new Array(ELEMENTS_MAX + 1).fill(1)],
  'an element left out at first': [holed(2, [1, 'x']), ['a', 'b']],
  'an element left out later': [['a', 'b'], holed(2, [1, 'x']), holed(2, [0, 'x'])],
  'a property beside the elements': [['a', 'b'], Object.assign(['c', 'd'], { index: 1 })],
  'a property in place of an element': [
    ['a', 'b'],
    Object.assign(holed(2, [1, 'x']), { index: 1 }),
    Object.assign(holed(2, [0, 'x']), { index: 1 }),
  ],
  'what a regular expression finds': [['a', 'b'], /(.)x/.exec('bx')],
  'an object': [[1, 2], { 0: 1, 1: 2 }],
  'an object first': [{ 0: 1, 1: 2 }, [1, 2]],
  'a typed array': [[1, 2], Int32Array.of(1, 2)],
})) {
  test(`are packed one by one: ${what}`, () => {
    const { rows: out, form } = exchanged([rows, rows]);
    assert.equal(form, 'values');
    assert.deepStrictEqual(out, [...rows, ...rows]);
  });
}

test('what an array has of itself comes out as a copy that leads back to itself', () => {
  const array: unknown[] = [1, null];
  array[1] = array;
  const { rows } = exchanged([[array, [2, 3]]]);
  const [[one, inner], other] = rows as [[number, unknown[]], unknown];
  assert.equal(one, 1);
  assert.equal(inner[0], 1);
  assert.equal(inner[1], inner);
  assert.deepEqual(other, [2, 3]);
});

/** Rows of so many kinds, each with fields of its own. */
function kindsOfRows(kinds: number, fields: number): unknown[] {
  return Array.from({ length: kinds * 4 }, (_, i) =>
    Object.fromEntries(Array.from({ length: fields }, (_, f) => [`f${i % kinds} ${f}`, i + f])),
  );
}

for (const [kinds, fields, areColumns] of [
  [6, 10, true],
  [25, 10, false],
  [250, 1, false],
  [2, 60, true],
] as const) {
  const what = areColumns ? 'become columns' : 'have too few of all fields for columns';
  test(`rows of ${kinds} kinds with ${fields} fields each ${what}`, () => {
    const rows = kindsOfRows(kinds, fields);
    const encoder = new RowEncoder();
    const out: unknown[] = [];
    for (let from = 0; from < rows.length; ) {
      const batch = encoder.encode(batchOf(rows), from);
      out.push(...batch.rowObjects());
      from += batch.rowCount;
    }
    assert.deepStrictEqual(out, rows);
    assert.equal(encoder.schema === VALUES_SCHEMA, !areColumns);
  });
}

test('a row of few fields beside those of many changes nothing', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i]));
  const encoder = new RowEncoder();
  for (const rows of [[many], [{ f0: 1 }, { f0: 'a' }], [{ other: 1 }], [many]]) {
    assert.deepStrictEqual(encoder.encode(batchOf(rows), 0).rowObjects(), rows);
  }
  assert.equal(encoder.schema.fields.length, 101);
});
