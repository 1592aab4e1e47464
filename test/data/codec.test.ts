import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { BatchEncoder, decodeBatch, encodeToBytes } from '../../src/data/codec.ts';
import { decodeSchema, encodeSchema } from '../../src/data/codec-schema.ts';
import { StringColumn, StringEntries } from '../../src/data/column.ts';
import { RowEncoder } from '../../src/data/row-encoder.ts';
import { record, t } from '../../src/data/schema.ts';
import { anyRow, anyValue } from './values.ts';

const Everything = record({
  int: t.int32,
  float: t.float64,
  long: t.int64,
  flag: t.boolean,
  text: t.string,
  at: t.timestamp,
  day: t.date,
  any: t.dynamic<unknown>(),
  maybeInt: t.nullable(t.int32),
  maybeText: t.nullable(t.string),
  maybeDay: t.nullable(t.date),
});

const typedRow = fc.record({
  int: fc.integer(),
  float: fc.double(),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  flag: fc.boolean(),
  text: fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('\ud800')),
  at: fc.double(),
  day: fc.date({ noInvalidDate: true }),
  any: anyValue,
  maybeInt: fc.option(fc.integer()),
  maybeText: fc.option(fc.string({ unit: 'binary' })),
  maybeDay: fc.option(fc.date({ noInvalidDate: true })),
});

/** Through bytes at an odd place of a larger shared buffer, as in a ring. */
function through(
  batch: Batch,
  decode: (buffer: SharedArrayBuffer, offset: number, size: number) => Batch,
): Batch {
  const encoder = new BatchEncoder();
  const size = encoder.measure(batch);
  const buffer = new SharedArrayBuffer(size + 64);
  assert.equal(encoder.write(buffer, 24), size);
  assert.equal(size % 8, 0);
  return decode(buffer, 24, size);
}

/** Free-form rows as columns. */
function inferred(rows: readonly unknown[], encoder: RowEncoder = new RowEncoder()): Batch {
  return encoder.encode(new Batch({ rowCount: rows.length, schema: null, rows }), 0);
}

test('rows with a schema come out exactly as they went in', () => {
  fc.assert(
    fc.property(fc.array(typedRow, { maxLength: 20 }), (rows) => {
      const builder = new BatchBuilder(Everything, 32);
      for (const [i, row] of rows.entries()) builder.appendRow(row, i);
      const decoded = through(builder.seal(), (buffer, at, size) =>
        decodeBatch(buffer, at, size, Everything),
      );
      assert.equal(decoded.rowCount, rows.length);
      assert.deepStrictEqual(
        decoded.rowObjects().slice(0, rows.length),
        rows.map((row) => ({ ...row })),
      );
      assert.deepEqual(
        [...(decoded.timestamps ?? [])].slice(0, rows.length),
        rows.map((_, i) => i),
      );
    }),
    { numRuns: 300 },
  );
});

test('free-form rows of any shape come out exactly as they went in, batch after batch', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyRow, { minLength: 1, maxLength: 12 }), { maxLength: 6 }),
      (batches) => {
        const encoder = new RowEncoder();
        for (const rows of batches) {
          const columns = inferred(rows, encoder);
          const schema = decodeSchema(encodeSchema(columns.schema!));
          const decoded = through(columns, (buffer, at, size) =>
            decodeBatch(buffer, at, size, schema),
          );
          assert.deepStrictEqual(decoded.rowObjects(), rows);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('the inferred schema is the same object as long as nothing new comes', () => {
  const encoder = new RowEncoder();
  const schemaOf = (rows: unknown[]): unknown => inferred(rows, encoder).schema;
  const first = schemaOf([{ a: 1, b: 'x' }]);
  assert.equal(schemaOf([{ a: 2, b: 'y' }, { a: 3 }, { b: null, a: 1 }]), first);
  const wider = schemaOf([{ a: 0.5, b: 'x' }]);
  assert.notEqual(wider, first);
  assert.equal(schemaOf([{ a: 1, b: 'x' }]), wider);
});

test('fields that every object inherits are fields only where the row has them', () => {
  const rows: object[] = [{ toString: 'mine', a: 1 }, { a: 2 }, { a: 3, constructor: null }];
  const columns = inferred(rows);
  const decoded = through(columns, (buffer, at, size) =>
    decodeBatch(buffer, at, size, columns.schema!),
  );
  assert.deepStrictEqual(decoded.rowObjects(), rows);
});

test('an invalid Date stays one', () => {
  const columns = inferred([{ day: new Date(Number.NaN) }]);
  const decoded = through(columns, (buffer, at, size) =>
    decodeBatch(buffer, at, size, columns.schema!),
  );
  assert.ok(Number.isNaN((decoded.rowObjects()[0] as { day: Date }).day.getTime()));
});

test('instances of classes come out as plain objects, as in a structured clone', () => {
  class Point {
    x = 1;
    y = 'one';
    sum(): number {
      return this.x;
    }
  }
  const rows = [new Point(), new Point()];
  const columns = inferred(rows);
  const decoded = through(columns, (buffer, at, size) =>
    decodeBatch(buffer, at, size, columns.schema!),
  );
  assert.deepStrictEqual(decoded.rowObjects(), [
    { x: 1, y: 'one' },
    { x: 1, y: 'one' },
  ]);
});

test('what cannot leave its thread is an error that names the path', () => {
  const rows = [{ a: 1, f: { g: () => 1 } }];
  const columns = inferred(rows);
  assert.throws(() => encodeToBytes(columns), {
    code: 'VALUE_NOT_TRANSFERABLE',
    message: "field 'f.g' holds a function 'g', which cannot leave its thread",
  });
});

test('a dictionary is kept, or spread out when it is larger than the batch', () => {
  const schema = record({ s: t.string });
  const entries = new StringEntries(
    3,
    Int32Array.of(0, 1, 3, 6),
    new TextEncoder().encode('abbccc'),
    false,
    true,
  );
  for (const codes of [Int32Array.of(2, 0, 1, 1), Int32Array.of(2, 0)]) {
    const batch = new Batch({
      rowCount: codes.length,
      schema,
      columns: [new StringColumn(entries, codes)],
    });
    const decoded = through(batch, (buffer, at, size) => decodeBatch(buffer, at, size, schema));
    const expected = [...codes].map((code) => ({ s: ['a', 'bb', 'ccc'][code] }));
    assert.deepEqual(decoded.rowObjects(), expected);
    assert.equal((decoded.columns[0] as StringColumn).codes === null, codes.length < 3);
  }
});

const Count = record({ n: t.int32 });

/** A row for each time. */
function timed(times: readonly number[]): Batch {
  const builder = new BatchBuilder(Count, 8);
  for (const [n, time] of times.entries()) {
    builder.appendRow({ n });
    builder.timestamps()[n] = time;
  }
  return builder.seal();
}

test('bytes that are kept have a time that all rows share once', () => {
  const bytesOf = (times: readonly number[]): Uint8Array => encodeToBytes(timed(times));
  const batchOf = (bytes: Uint8Array): Batch =>
    decodeBatch(bytes.buffer as ArrayBuffer, 0, bytes.length, Count);
  const cases = [
    [5, 5, 5],
    [5, 5],
    [6, 6, 6, 6, 6],
    [0, 0, 0],
    [-0, -0, -0],
    [NaN, NaN, NaN],
    [NaN, 5, 5],
    [0, -0, 0],
    [5, 5, 6],
    [5],
  ];
  const all = cases.map((times) => batchOf(bytesOf(times)));
  // All at once: none shares what another has changed.
  cases.forEach((times, i) => {
    assert.deepStrictEqual([...all[i]!.timestamps!.subarray(0, times.length)], times);
  });
  assert.equal(bytesOf([1, 2, 3, 4]).length - bytesOf([1, 1, 1, 1]).length, 24);
  assert.deepEqual(
    through(timed([5, 5, 5]), (buffer, at, size) => {
      assert.equal(size, bytesOf([1, 2, 3]).length);
      return decodeBatch(buffer, at, size, Count);
    }).timestamps,
    Float64Array.of(5, 5, 5),
  );
});

test('a damaged head of a batch of one time is FRAME_CORRUPT or a batch', () => {
  const bytes = encodeToBytes(timed([5, 5, 5]));
  for (let at = 0; at < 40; at++) {
    for (let value = 0; value < 256; value++) {
      const damaged = bytes.slice();
      damaged[at] = value;
      try {
        decodeBatch(damaged.buffer as ArrayBuffer, 0, damaged.length, Count);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'FRAME_CORRUPT', String(error));
      }
    }
  }
});

test('damaged bytes are FRAME_CORRUPT or a batch, never anything else', () => {
  const builder = new BatchBuilder(Everything, 8);
  builder.appendRow({
    int: 1,
    float: 2,
    long: 3n,
    flag: true,
    text: 'x',
    at: 4,
    day: new Date(5),
    any: { a: [1] },
    maybeInt: null,
    maybeText: null,
    maybeDay: null,
  });
  const bytes = encodeToBytes(builder.seal());
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, size) => {
      const damaged = bytes.slice();
      damaged[at] = value;
      for (const length of [bytes.length, size]) {
        try {
          decodeBatch(damaged.buffer, 0, length, Everything);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'FRAME_CORRUPT', String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('few rows and many are written alike over what was there, by one encoder', () => {
  const rows = fc.sample(typedRow, { numRuns: 70, seed: 7 });
  const encoder = new BatchEncoder();
  const used = new SharedArrayBuffer(256 * 1024);
  for (const count of [1, 40, 2, 3, 15, 16, 17, 18, 1, 70]) {
    const builder = new BatchBuilder(Everything);
    for (const row of rows.slice(0, count)) builder.appendRow(row);
    builder.timestamps().set(rows.slice(0, count).map(({ at }) => at));
    builder.keyHashes().set(rows.slice(0, count).map(({ int }) => int));
    const batch = builder.seal();
    new Uint8Array(used).fill(0xff);
    const size = encoder.measure(batch);
    encoder.write(used, 8);
    const decoded = decodeBatch(used, 8, size, Everything);
    assert.deepEqual(decoded.rowObjects(), batch.rowObjects(), `${count} rows`);
    assert.deepEqual([...decoded.timestamps!], [...batch.timestamps!.subarray(0, count)]);
    assert.deepEqual([...decoded.keyHashes!], [...batch.keyHashes!.subarray(0, count)]);
    // What lies between sections is written too: equal rows are equal bytes.
    const { buffer } = new Uint8Array(size);
    encoder.measure(batch);
    encoder.write(buffer, 0);
    assert.deepEqual(new Uint8Array(used.slice(8, 8 + size)), new Uint8Array(buffer));
  }
});

test('a batch that cannot be encoded leaves nothing to the next one', () => {
  const Two = record({ a: t.dynamic<unknown>(), b: t.dynamic<unknown>() });
  const batchOf = (...rows: { a: unknown; b: unknown }[]): Batch => {
    const builder = new BatchBuilder(Two);
    for (const row of rows) builder.appendRow(row);
    return builder.seal();
  };
  const encoder = new BatchEncoder();
  const shaped = Array.from({ length: 100 }, (_, x) => ({ a: { x }, b: x }));
  const bad = batchOf(...shaped, { a: { x: 2 }, b: () => {} });
  assert.throws(() => encoder.measure(bad), { code: 'VALUE_NOT_TRANSFERABLE' });
  const good = batchOf(...shaped.map(({ a, b }) => ({ a: b % 2 === 0 ? b : 'text', b: a })));
  const size = encoder.measure(good);
  const buffer = new SharedArrayBuffer(size);
  encoder.write(buffer, 0);
  assert.deepEqual(decodeBatch(buffer, 0, size, Two).rowObjects(), good.rowObjects());
});

test('objects that are filled as columns are read and written as objects are, batch after batch', () => {
  const Held = record({ key: t.int32, value: t.dynamic<unknown>() });
  const builder = new BatchBuilder(Held, 64);
  const plain = new BatchBuilder(Held, 64);
  fc.assert(
    fc.property(fc.array(typedRow, { minLength: 1, maxLength: 40 }), (rows) => {
      builder.reset();
      plain.reset();
      for (const [key, row] of rows.entries()) {
        builder.objects(1, Everything).appendRow(row);
        builder.fixed(0).values[key] = key;
        builder.advance(1);
        plain.appendRow({ key, value: { ...row } });
      }
      const read = ({ buffer, byteOffset, length }: Uint8Array): readonly unknown[] =>
        decodeBatch(buffer as ArrayBuffer, byteOffset, length, Held).rowObjects();
      assert.deepEqual(read(encodeToBytes(builder.seal())), read(encodeToBytes(plain.seal())));
      assert.deepEqual(builder.seal().rowObjects(), plain.seal().rowObjects());
    }),
  );
});

test('objects of different fields that are filled as columns, in turns', () => {
  const Held = record({ value: t.dynamic<unknown>() });
  const builders = ['left', 'right'].map((name) => {
    const builder = new BatchBuilder(Held, 1);
    builder.objects(0, record({ [name]: t.int32 })).appendRow({ [name]: 1 });
    builder.advance(1);
    return builder;
  });
  const read = builders.map((builder) => {
    const { buffer, byteOffset, length } = encodeToBytes(builder.seal());
    return decodeBatch(buffer as ArrayBuffer, byteOffset, length, Held).rowObjects()[0];
  });
  assert.deepEqual(read, [{ value: { left: 1 } }, { value: { right: 1 } }]);
});

test('texts that begin anywhere in the bytes that they lie in', () => {
  const schema = record({ text: t.string });
  const texts = ['zero', 'o', '', 'a longer text', 'the last'];
  for (const make of [ArrayBuffer, SharedArrayBuffer]) {
    for (let before = 0; before < 10; before++) {
      const whole = Buffer.from(`${'x'.repeat(before)}${texts.join('')}and more`, 'latin1');
      const bytes = new Uint8Array(new make(whole.length));
      bytes.set(whole);
      const offsets = Int32Array.of(before, 0, 0, 0, 0, 0);
      texts.forEach((text, i) => {
        offsets[i + 1] = offsets[i]! + text.length;
      });
      const columns = [new StringColumn(new StringEntries(texts.length, offsets, bytes, false))];
      const batch = new Batch({ rowCount: texts.length, schema, columns });
      const decoded = through(batch, (buffer, at, size) => decodeBatch(buffer, at, size, schema));
      assert.deepEqual(
        decoded.rowObjects(),
        texts.map((text) => ({ text })),
      );
    }
  }
});
