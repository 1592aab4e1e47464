import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ELEMENTS_MAX } from '../../src/base/limits.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { BatchEncoder, decodeBatch, encodeToBytes } from '../../src/data/codec.ts';
import {
  COLUMN_HEAD_BYTES,
  COLUMN_SHAPED,
  FIRST_HEAD_WORD,
  FRAME_HEAD_BYTES,
} from '../../src/data/codec-layout.ts';
import { record, t } from '../../src/data/schema.ts';
import { SHAPED_FIELDS_MAX, SHAPED_VALUES_MIN } from '../../src/data/value-shape.ts';
import { anyValue } from './values.ts';

const Holder = record({ value: t.nullable(t.dynamic<unknown>()) });

function bytesOf(
  values: readonly unknown[],
  encoder: BatchEncoder = new BatchEncoder(),
): Uint8Array {
  const builder = new BatchBuilder(Holder, Math.max(1, values.length));
  for (const value of values) builder.appendRow({ value });
  const bytes = new Uint8Array(encoder.measure(builder.seal()));
  encoder.write(bytes.buffer, 0);
  return bytes;
}

function valuesIn(bytes: Uint8Array, rows: number): readonly unknown[] {
  const { columns } = decodeBatch(bytes.buffer as ArrayBuffer, 0, bytes.length, Holder);
  const [column] = columns;
  assert.equal(column?.kind, 'dynamic');
  return Array.from({ length: rows }, (_, row) =>
    column.absent !== null && column.absent[row] !== 0 ? null : column.values[row],
  );
}

function isShaped(bytes: Uint8Array): boolean {
  return (new Int32Array(bytes.buffer)[FIRST_HEAD_WORD]! & COLUMN_SHAPED) !== 0;
}

/** The keys of objects and of their parts, in their order. */
function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return null;
  return Object.entries(value).map(([key, part]) => [key, keysOf(part)]);
}

function assertSame(actual: readonly unknown[], expected: readonly unknown[]): void {
  assert.deepStrictEqual(actual, expected);
  assert.deepStrictEqual(actual.map(keysOf), expected.map(keysOf));
}

function many(make: (i: number) => unknown): unknown[] {
  return Array.from({ length: 40 }, (_, i) => make(i));
}

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('count', '1', '0', '-1', '4294967295', 'constructor', 'toString', '__proto__'),
  fc.constantFrom('"', "it's", '\n', '\u2028', '\ud800', '`', '*/', '', 'valueOf', 'length'),
);

const typed: readonly fc.Arbitrary<unknown>[] = [
  fc.integer(),
  fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, NaN, Infinity)),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt(),
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(null, undefined),
  fc.option(fc.string({ minLength: 10 })),
  fc.option(fc.integer(), { nil: undefined }),
];

/** Objects with own fields of these names, whatever the names. */
function objectsOf(fields: ReadonlyMap<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.tuple(...fields.values()).map((parts) => {
    const made: object = {};
    [...fields.keys()].forEach((key, i) => {
      Object.defineProperty(made, key, { ...OWN, value: parts[i] });
    });
    return made;
  });
}
const OWN = { enumerable: true, writable: true, configurable: true };

/** Arbitraries of values that mostly have a shape in common. */
const { shape } = fc.letrec<{ shape: fc.Arbitrary<unknown> }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...typed, anyValue),
    fc
      .array(fc.tuple(name, tie('shape')), { minLength: 1, maxLength: 4 })
      .map((fields) => objectsOf(new Map(fields))),
    fc.array(tie('shape'), { minLength: 1, maxLength: 4 }).map((all) => fc.tuple(...all)),
    tie('shape').map((one) => fc.array(one as fc.Arbitrary<unknown>, { maxLength: 5 })),
  ),
}));

/** The values of a column: of one shape, or of two and anything, some of them null. */
const column = fc
  .tuple(shape, shape, fc.constantFrom(0, 0, 0, 1, 10))
  .chain(([one, other, odd]) =>
    fc.array(
      fc.oneof(
        { weight: 40, arbitrary: one },
        { weight: odd, arbitrary: other },
        { weight: odd, arbitrary: anyValue },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      { minLength: 0, maxLength: 60, size: 'max' },
    ),
  );

test('values of any kind in any mixture come out as they went in, batch after batch', () => {
  const encoder = new BatchEncoder();
  let shaped = 0;
  fc.assert(
    fc.property(column, (values) => {
      const bytes = bytesOf(values, encoder);
      if (isShaped(bytes)) shaped++;
      assertSame(valuesIn(bytes, values.length), values);
    }),
    { numRuns: 600 },
  );
  assert.ok(shaped > 60, `${shaped} columns had a shape`);
});

for (const [what, make] of Object.entries<(i: number) => unknown>({
  'whole numbers': (i) => ({ a: i, b: -i }),
  fractions: (i) => ({ a: i / 8, b: i === 7 ? -0 : Number.NaN }),
  'a fraction behind whole numbers': (i) => ({ a: i < 39 ? i : 0.5 }),
  'texts, latin1 and not': (i) => ({ a: `ü ${i}`, b: i === 20 ? '\ud800' : 'a text of its own' }),
  'what is not there': (i) => ({ a: i % 3 === 0 ? null : i % 3 === 1 ? undefined : 'x', b: null }),
  'bigints, booleans, dates': (i) => ({ a: BigInt(i), b: i % 2 === 0, c: new Date(i) }),
  'bigints beyond 64 bits': (i) => ({ a: 2n ** 64n + BigInt(i), b: i }),
  'fields of mixed kinds': (i) => ({ a: i % 2 === 0 ? i : 'odd', b: [i, { c: i }] }),
  'nested objects': (i) => ({ a: { b: { c: i, d: 'x' }, e: i / 2 }, f: 1 }),
  'keys that JavaScript moves': (i) => ({ b: i, 10: 'ten', 9: 'nine', '-1': 0 }),
  'keys that need quotes': (i) => ({ '': i, 'a"b': 1, "c'd": 2, '\n\u2028': 3, '\ud800': 4 }),
  'keys that objects inherit': (i) => ({ toString: i, constructor: 'x', hasOwnProperty: null }),
  'arrays of one length': (i) => [i, `text ${i}`, i / 8, null],
  'arrays within arrays and objects': (i) => [{ a: [i, 'x'] }, [[i / 2], null]],
  'lists of numbers': (i) => new Array(i % 4).fill(i / 2),
  'lists of texts, and of nothing': (i) => ['a', null, undefined, 'b'].slice(0, i % 5),
  'lists of objects': (i) => Array.from({ length: 1 + (i % 3) }, (_, n) => ({ sku: `${n}`, n })),
  'lists in objects in lists': (i) => [{ a: [i, 1].slice(i % 2) }, { a: [] }].slice(i % 2),
  'lists of pairs': (i) => new Array(1 + (i % 2)).fill([i, 'x']),
  'numbers alone': (i) => i - 0.5,
  'whole numbers alone': (i) => i,
  'texts alone': (i) => `text ${i}`,
  'booleans alone': (i) => i % 2 === 0,
  'bigints alone': (i) => BigInt(i),
  'dates alone': (i) => new Date(i),
})) {
  test(`have a shape: ${what}`, () => {
    const values = many(make);
    const bytes = bytesOf(values);
    assert.ok(isShaped(bytes));
    assertSame(valuesIn(bytes, values.length), values);
  });
}

const inherited = Object.create({ a: 1 }) as object;

for (const [what, make] of Object.entries<(i: number) => unknown>({
  'another order of keys': (i) => (i === 5 ? { b: 1, a: 2 } : { a: 1, b: 2 }),
  'a field too few': (i) => (i === 5 ? { a: 1 } : { a: 1, b: 2 }),
  'a field too many': (i) => (i === 5 ? { a: 1, b: 2 } : { a: 1 }),
  'a number among objects': (i) => (i === 5 ? 5 : { a: 1 }),
  'a text among numbers': (i) => (i === 5 ? '5' : 5),
  'a field __proto__': () => JSON.parse('{ "__proto__": 1, "a": 2 }') as unknown,
  'a field __proto__ further down': () => ({ a: JSON.parse('{ "__proto__": 1 }') as unknown }),
  'no fields': () => ({}),
  'arrays with nothing in them': () => [],
  'an array among objects': (i) => (i === 5 ? [1] : { 0: 1 }),
  'an object among arrays': (i) => (i === 5 ? { 0: 1 } : [1]),
  'an array that leaves an element out': (i) => (i === 5 ? new Array(1) : [1]),
  'an array with a property of its own': (i) => (i === 5 ? Object.assign([1], { a: 1 }) : [1]),
  'a property in place of an element': (i) =>
    i === 5 ? Object.assign(new Array(1), { a: 1 }) : [1],
  'lists of numbers and texts': (i) => [i, 'x', i].slice(i % 2),
  'lists of lists of any length': (i) => [[i], [], [i, 1]].slice(i % 2),
  'lists of a map each': (i) => [new Map([[i, 1]]), new Map()].slice(i % 2),
  'a number among lists': (i) => (i === 5 ? 5 : [1, 2].slice(i % 2)),
  'lists with a few elements in all': (i) => (i < SHAPED_VALUES_MIN - 1 ? [i] : []),
  'a list that leaves elements out': (i) => (i === 5 ? new Array(3) : [1, 2].slice(i % 2)),
  'too many elements': (i) => new Array(ELEMENTS_MAX + 1).fill(i),
  'too many fields': (i) =>
    Object.fromEntries(Array.from({ length: SHAPED_FIELDS_MAX + 1 }, (_, c) => [`f${c}`, i])),
  'a map in a field': (i) => ({ a: i, b: new Map([[i, -0]]) }),
  'bigints beyond 64 bits alone': (i) => 2n ** 64n + BigInt(i),
})) {
  test(`have no shape: ${what}`, () => {
    const values = many(make);
    const bytes = bytesOf(values);
    assert.ok(!isShaped(bytes));
    assertSame(valuesIn(bytes, values.length), values);
  });
}

test('instances of classes and heirs of objects come out as plain objects with their own fields', () => {
  class Point {
    x = 1;
  }
  for (const made of [new Point(), Object.assign(Object.create(inherited), { x: 1 })]) {
    const values = many((i) => (i === 30 ? made : { x: 1 }));
    assertSame(
      valuesIn(bytesOf(values), values.length),
      many(() => ({ x: 1 })),
    );
  }
});

test('an object that leads back to itself does so when it comes out', () => {
  const values = many((i) => {
    const value: { i: number; self: unknown; within: unknown } = { i, self: null, within: null };
    value.self = value;
    value.within = new Map([[1, value]]);
    return value;
  });
  for (const out of valuesIn(bytesOf(values), values.length) as { self: unknown }[]) {
    assert.equal(out.self, out);
  }
});

test('a function within objects of one shape is an error that names the path', () => {
  const values = many((i) => ({ a: i, b: i === 33 ? { c: () => 1 } : null }));
  assert.throws(() => bytesOf(values), {
    code: 'VALUE_NOT_TRANSFERABLE',
    message: "field 'value.b.c' holds a function 'c', which cannot leave its thread",
  });
});

test('what is no object, or has what is no number, comes out as it went in behind objects of numbers', () => {
  const numbers = many((i) => ({ x: i + 0.5 }));
  for (const odd of [null, undefined, 7n, 'text', { x: 7n }, { x: 'text' }, { x: null }, {}, []]) {
    for (const at of [0, 1, 18, 39]) {
      const encoder = new BatchEncoder();
      for (const values of [numbers, numbers.with(at, odd)]) {
        const builder = new BatchBuilder(Holder, values.length);
        // As accumulators are appended: null is a value like others.
        const column = builder.dynamic(0).values;
        for (let i = 0; i < values.length; i++) column[i] = values[i];
        builder.advance(values.length);
        const bytes = new Uint8Array(encoder.measure(builder.seal()));
        encoder.write(bytes.buffer, 0);
        assertSame(valuesIn(bytes, values.length), values);
      }
    }
  }
});

test('few values are packed one by one', () => {
  const values = many((i) => ({ a: i }));
  assert.ok(!isShaped(bytesOf(values.slice(0, SHAPED_VALUES_MIN - 1))));
  assert.ok(isShaped(bytesOf(values.slice(0, SHAPED_VALUES_MIN))));
});

test('an invalid Date stays one', () => {
  const out = valuesIn(bytesOf(many(() => ({ day: new Date(Number.NaN) }))), 40);
  for (const { day } of out as { day: Date }[]) assert.ok(Number.isNaN(day.getTime()));
});

test('a frame of more values than there are rows is FRAME_CORRUPT', () => {
  const bytes = bytesOf(many((i) => (i < 8 ? null : i)));
  // Row 0 comes to be there: 33 rows for 32 values.
  bytes[FRAME_HEAD_BYTES + COLUMN_HEAD_BYTES] = 0;
  assert.throws(() => valuesIn(bytes, 40), {
    code: 'FRAME_CORRUPT',
    message: /32 values for 33 rows/,
  });
});

test('lists lie as the layout says', () => {
  const bytes = bytesOf(many((i) => (i < 8 ? null : new Array(i % 3).fill('x'))));
  const [, entryCount, byteCount] = new Int32Array(bytes.buffer, FRAME_HEAD_BYTES);
  const offsetsAt = FRAME_HEAD_BYTES + COLUMN_HEAD_BYTES + 40;
  const offsets = new Int32Array(bytes.buffer, offsetsAt, 33);
  assert.deepEqual([...offsets.subarray(0, 5)], [0, 2, 2, 3, 5]);
  const shapeAt = offsetsAt + 136;
  const text = new TextDecoder().decode(bytes.subarray(shapeAt, shapeAt + entryCount!));
  assert.deepEqual(JSON.parse(text), {
    fields: [{ name: 'value', kind: 'string', nullable: true }],
    freeForm: 'values',
  });
  const frameAt = shapeAt + ((entryCount! + 7) & ~7);
  assert.equal(frameAt + byteCount!, bytes.length);
  assert.deepEqual([...new Int32Array(bytes.buffer, frameAt, 2)], [byteCount, offsets[32]]);
});

test('lists whose elements are not all of the frame are FRAME_CORRUPT', () => {
  const good = bytesOf(many((i) => new Array(i % 3).fill(i)));
  const offsetsAt = (FRAME_HEAD_BYTES + COLUMN_HEAD_BYTES) / 4;
  for (const [n, value] of [
    [0, 1],
    [40, 38],
    [40, 40],
  ] as const) {
    const bytes = good.slice();
    assert.equal(valuesIn(bytes, 40).length, 40);
    new Int32Array(bytes.buffer)[offsetsAt + n] = value;
    assert.throws(() => valuesIn(bytes, 40), { code: 'FRAME_CORRUPT', message: /offsets/ });
  }
});

test('values lie behind their shape as the layout says', () => {
  const bytes = bytesOf(many((i) => (i < 8 ? null : { count: i, sum: i / 2 })));
  const [, entryCount, byteCount] = new Int32Array(bytes.buffer, FRAME_HEAD_BYTES);
  const shapeAt = FRAME_HEAD_BYTES + COLUMN_HEAD_BYTES + 40;
  const text = new TextDecoder().decode(bytes.subarray(shapeAt, shapeAt + entryCount!));
  assert.deepEqual(JSON.parse(text), {
    fields: [
      { name: 'count', kind: 'int32', nullable: true },
      { name: 'sum', kind: 'float64', nullable: true },
    ],
    freeForm: 'fields',
  });
  const frameAt = shapeAt + ((entryCount! + 7) & ~7);
  assert.equal(frameAt + byteCount!, bytes.length);
  assert.deepEqual([...new Int32Array(bytes.buffer, frameAt, 3)], [byteCount, 32, 2]);
  const counts = new Int32Array(bytes.buffer, frameAt + FRAME_HEAD_BYTES + 2 * COLUMN_HEAD_BYTES);
  assert.deepEqual([...counts.subarray(0, 3)], [8, 9, 10]);
});

test('more shapes than a thread knows are all written and read', () => {
  const encoder = new BatchEncoder();
  for (let n = 0; n < 600; n++) {
    const values = Array.from({ length: 16 }, (_, i) => ({ [`field ${n % 300}`]: i, n }));
    assert.deepStrictEqual(valuesIn(bytesOf(values, encoder), values.length), values);
  }
});

test('two columns of one shape: what the second widens changes nothing of the first', () => {
  const Pair = record({ a: t.dynamic<unknown>(), b: t.dynamic<unknown>() });
  const rows = many((i) => ({
    a: { paired: i, wide: null },
    b: { paired: i + 0.5, wide: `text ${i}` },
  }));
  const builder = new BatchBuilder(Pair, rows.length);
  for (const row of rows) builder.appendRow(row);
  const bytes = encodeToBytes(builder.seal());
  const found = decodeBatch(bytes.buffer as ArrayBuffer, 0, bytes.length, Pair).rowObjects();
  assertSame([...found], rows);
});

test('a failed batch leaves nothing behind for the next', () => {
  const encoder = new BatchEncoder();
  const good = many((i) => ({ a: `text ${i}`, b: null }));
  const bad = many((i) => ({ a: `other ${i}`, b: i === 39 ? Symbol('s') : i }));
  const lists = many((i) => [{ a: i }, { a: null }].slice(i % 3));
  const badLists = many((i) => [{ a: i }, { a: i === 39 ? Symbol('s') : i }].slice(i % 2));
  for (let n = 0; n < 3; n++) {
    for (const values of [bad, badLists]) {
      assert.throws(() => bytesOf(values, encoder), { code: 'VALUE_NOT_TRANSFERABLE' });
    }
    for (const values of [good, lists]) {
      assertSame(valuesIn(bytesOf(values, encoder), values.length), values);
    }
  }
});

test('damaged bytes of values of one shape are FRAME_CORRUPT or a batch, never anything else', () => {
  const frames = [
    many((i) => (i % 5 === 0 ? null : { a: i, b: { c: `x${i}`, d: [i], e: -0.5 }, f: 2n })),
    many((i) => i / 2),
    many((i) => ({ a: i % 2 === 0 ? null : 'text', b: new Date(i), c: { d: true } })),
    many((i) =>
      i % 7 === 0
        ? null
        : [
            { a: `x${i}`, b: [i] },
            { a: '', b: [] },
          ].slice(i % 3),
    ),
    many((i) => [i, `x${i}`]),
  ].map((values) => bytesOf(values));
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...frames), damage, fc.nat(2000), (bytes, changes, size) => {
      const damaged = bytes.slice();
      for (const [at, value] of changes) damaged[at % bytes.length] = value;
      for (const length of [bytes.length, size]) {
        try {
          decodeBatch(damaged.buffer, 0, length, Holder);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'FRAME_CORRUPT', String(error));
        }
      }
    }),
    { numRuns: 4000 },
  );
});

test('a shape of a form that nobody knows is FRAME_CORRUPT', () => {
  const bytes = bytesOf(many((i) => [i, `text ${i}`]));
  const at = Buffer.from(bytes.buffer).indexOf('"elements"');
  assert.ok(at > 0);
  bytes.set(Buffer.from('"elementz"'), at);
  assert.throws(() => valuesIn(bytes, 40), { code: 'FRAME_CORRUPT', message: /elementz/ });
});

test('frames within frames without end are FRAME_CORRUPT', () => {
  const shape = new TextEncoder().encode(
    JSON.stringify({
      fields: [{ name: 'value', kind: 'dynamic', nullable: true }],
      freeForm: 'fields',
    }),
  );
  let frame = encodeToBytes(new BatchBuilder(Holder, 1).seal());
  for (let depth = 0; depth < 2000; depth++) {
    const at = FRAME_HEAD_BYTES + COLUMN_HEAD_BYTES + ((shape.length + 7) & ~7);
    const outer = new Uint8Array(at + frame.length);
    const words = new Int32Array(outer.buffer, 0, 8);
    words.set(new Int32Array(frame.buffer, 0, FIRST_HEAD_WORD + 1));
    words[0] = outer.length;
    words[FIRST_HEAD_WORD] = words[FIRST_HEAD_WORD]! | COLUMN_SHAPED;
    words[FIRST_HEAD_WORD + 1] = shape.length;
    words[FIRST_HEAD_WORD + 2] = frame.length;
    outer.set(shape, FRAME_HEAD_BYTES + COLUMN_HEAD_BYTES);
    outer.set(frame, at);
    frame = outer;
  }
  const bytes = frame;
  assert.throws(() => decodeBatch(bytes.buffer as ArrayBuffer, 0, bytes.length, Holder), {
    code: 'FRAME_CORRUPT',
    message: /nested too deep/,
  });
});
