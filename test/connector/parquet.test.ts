/** Parquet: a real file against another reader, round trips of every kind and codec, and damaged files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { readHybrid } from '../../src/connector/file/parquet/hybrid.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { type FieldType, record, t } from '../../src/data/schema.ts';
import { cpuMs } from '../cpu-time.ts';
import { encode, inFolder, inputFile, readAll, write } from './read-all.ts';

const FLIGHTS = 'node_modules/vega-datasets/data/flights-3m.parquet';
const Flight = record({
  date: t.timestamp,
  delay: t.int32,
  distance: t.int32,
  origin: t.string,
  destination: t.string,
});

test('the flights file: row groups as ranges, and the same rows as another reader gives', async () => {
  const file = inputFile(FLIGHTS);
  const ranges = parquet(Flight).split(file);
  assert.equal(ranges.length, 11);
  assert.equal(
    ranges.reduce((sum, range) => sum + range.weight, 0),
    3_000_000,
  );
  const { rows } = readAll(file, parquet(Flight), { ranges: [ranges[4]!] });
  const rowStart = ranges.slice(0, 4).reduce((sum, range) => sum + range.weight, 0);
  assert.equal(rows.length, ranges[4]!.weight);
  const expected = await parquetReadObjects({
    file: await asyncBufferFromFile(FLIGHTS),
    compressors,
    rowStart: rowStart + 100_000,
    rowEnd: rowStart + 110_000,
  });
  assert.deepEqual(
    rows.slice(100_000, 110_000),
    expected.map(({ date, delay, distance, origin, destination }) => ({
      date: (date as Date).getTime(),
      delay: Number(delay),
      distance: Number(distance),
      origin,
      destination,
    })),
  );
});

const Everything = record({
  int: t.int32,
  float: t.float64,
  long: t.int64,
  flag: t.boolean,
  text: t.string,
  at: t.timestamp,
  day: t.date,
  maybeInt: t.nullable(t.int32),
  maybeText: t.nullable(t.string),
  maybeFlag: t.nullable(t.boolean),
  any: t.dynamic<unknown>(),
  maybeAny: t.nullable(t.dynamic<unknown>()),
});

const SHAPES = [1, 'x', '', '1', 'true', '{', { a: [1, null, { b: 'é' }] }, ['"'], true, null];

const anyRow = fc.record({
  int: fc.integer(),
  float: fc.double({ noNaN: true }),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  flag: fc.boolean(),
  text: fc.oneof(
    fc.constantFrom('a', 'b', 'ccc'),
    fc.string({ unit: 'grapheme' }),
    fc.constant('é漢'),
  ),
  at: fc.integer({ min: -1e12, max: 1e13 }),
  day: fc.date({ noInvalidDate: true, min: new Date(-1e13), max: new Date(1e14) }),
  maybeInt: fc.option(fc.constantFrom(1, 2, 3)),
  maybeText: fc.option(fc.constantFrom('x', 'yy')),
  maybeFlag: fc.option(fc.boolean()),
  any: fc.constantFrom<unknown>(...SHAPES),
  maybeAny: fc.constantFrom<unknown>(...SHAPES),
});

test('rows of every kind come back, however they are batched and resumed', async () => {
  await inFolder((folder) => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 9 }),
        (rows, batchRows) => {
          const bytes = encode(parquet() as never, Everything, rows, batchRows);
          const file = write(`${folder}/rows.parquet`, bytes);
          for (const reopens of [false, true]) {
            assert.deepEqual(
              readAll(file, parquet(Everything), { reopens }).rows,
              rows.map((row) => ({ ...row })),
            );
          }
        },
      ),
      { numRuns: 80 },
    );
  });
});

test('a dynamic field of text that is no JSON has it as it stands', async () => {
  const Text = record({ v: t.nullable(t.string) });
  const rows = ['plain', '{"a":1', '{"a":1}', null, '12'].map((v) => ({ v }));
  await inFolder((folder) => {
    const file = write(`${folder}/text.parquet`, encode(parquet() as never, Text, rows));
    const read = readAll(file, parquet(record({ v: t.dynamic<unknown>() }))).rows;
    assert.deepEqual(
      read.map(({ v }) => v),
      ['plain', '{"a":1', { a: 1 }, null, 12],
    );
  });
});

test('several row groups and pages, with nulls, resumed at each batch', async () => {
  await inFolder((folder) => {
    const Row = record({ i: t.int32, s: t.nullable(t.string), u: t.string });
    const rows = Array.from({ length: 230_000 }, (_, i) => ({
      i,
      s: i % 7 === 0 ? null : `name ${i % 50}`,
      u: `unique ${i}`,
    }));
    const file = write(`${folder}/many.parquet`, encode(parquet() as never, Row, rows, 4096));
    assert.ok(parquet(Row).split(file).length >= 2);
    assert.deepEqual(readAll(file, parquet(Row)).rows, rows);
    assert.deepEqual(readAll(file, parquet(Row), { reopens: true }).rows.length, rows.length);
  });
});

test('a column has a dictionary where that helps, but not where it has -0, which is no 0', async () => {
  const Row = record({ few: t.float64, zeros: t.float64, when: t.timestamp });
  const rows = Array.from({ length: 1000 }, (_, n) => {
    const zero = n % 2 === 0 ? 0 : -0;
    return { few: n % 3, zeros: zero, when: n % 4 };
  });
  await inFolder(async (folder) => {
    const { path } = write(`${folder}/zeros.parquet`, encode(parquet(), Row, rows));
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(path));
    const hasDictionary = row_groups[0]!.columns.map(({ meta_data }) =>
      meta_data!.encodings.includes('RLE_DICTIONARY'),
    );
    assert.deepEqual(hasDictionary, [true, false, true]);
    assert.deepEqual(readAll(inputFile(path), parquet(Row)).rows, rows);
  });
});

const RARE_FILES = [
  { type: 'DOUBLE', encoding: 'PLAIN', field: t.float64, value: (i: number) => i / 3 },
  { type: 'DOUBLE', encoding: 'BYTE_STREAM_SPLIT', field: t.float64, value: (i: number) => i / 3 },
  { type: 'INT32', encoding: 'DELTA_BINARY_PACKED', field: t.int32, value: (i: number) => i * 7 },
  { type: 'STRING', encoding: 'DELTA_LENGTH_BYTE_ARRAY', field: t.string, value: textAt },
  { type: 'STRING', encoding: 'DELTA_BYTE_ARRAY', field: t.string, value: textAt },
] as const;

function textAt(i: number): string {
  return `text ${i}`;
}

for (const { type, encoding, field, value } of RARE_FILES) {
  for (const nullable of [false, true]) {
    test(`files of another writer: ${encoding}${nullable ? ' with nulls' : ''}`, async () => {
      await inFolder((folder) => {
        const data = Array.from({ length: 1000 }, (_, i) =>
          nullable && i % 4 === 0 ? null : value(i),
        );
        const columnData = [{ name: 'v', data, type, encoding, nullable } as never];
        const file = write(
          `${folder}/other.parquet`,
          new Uint8Array(parquetWriteBuffer({ columnData })),
        );
        const { rows } = readAll(file, parquet(record({ v: t.nullable<unknown>(field) })));
        assert.deepEqual(
          rows.map((row) => row.v),
          data,
        );
      });
    });
  }
}

test('booleans as runs, with and without nulls', async () => {
  await inFolder((folder) => {
    const Flags = record({ flag: t.boolean, maybe: t.nullable(t.boolean) });
    const rows = Array.from({ length: 1000 }, (_, i) => ({
      flag: i % 5 < 2,
      maybe: i % 3 === 0 ? null : i % 100 < 60,
    }));
    const file = write(`${folder}/flags.parquet`, encode(parquet() as never, Flags, rows));
    assert.deepEqual(readAll(file, parquet(Flags)).rows, rows);
  });
});

test('a null where the schema has none is told with its row, or skipped and counted', async () => {
  await inFolder((folder) => {
    const Loose = record({ v: t.nullable(t.int32), s: t.string });
    const Strict = record({ v: t.int32, s: t.string });
    const rows = [
      { v: 1, s: 'a' },
      { v: null, s: 'b' },
      { v: 3, s: 'c' },
    ];
    const file = write(`${folder}/nulls.parquet`, encode(parquet() as never, Loose, rows));
    assert.throws(() => readAll(file, parquet(Strict)), {
      code: 'INPUT_MALFORMED',
      message: `'${folder}/nulls.parquet': row group 0, row 1: field 'v' is null`,
    });
    const { rows: good, letters } = readAll(file, parquet(Strict), { onMalformed: 'skip' });
    assert.deepEqual(good, [
      { v: 1, s: 'a' },
      { v: 3, s: 'c' },
    ]);
    const path = `${folder}/nulls.parquet`;
    const at = { file: path, place: `${path}, row group 0, row 1`, line: null, byte: null };
    assert.deepEqual(letters, [{ ...at, reason: "field 'v' is null", text: '{"v":null,"s":"b"}' }]);
  });
});

test('the text of a dead letter is bounded, however long the row', async () => {
  await inFolder((folder) => {
    const Loose = record({ v: t.nullable(t.int32), s: t.string });
    const Strict = record({ v: t.int32, s: t.string });
    const rows = [{ v: null, s: 'x'.repeat(200_000) }];
    const file = write(`${folder}/long.parquet`, encode(parquet() as never, Loose, rows));
    const { letters } = readAll(file, parquet(Strict), { onMalformed: 'skip' });
    assert.equal(letters[0]!.text.length, 65_536);
  });
});

test('fields that are not there, or of another type, are told before anything is read', () => {
  const file = inputFile(FLIGHTS);
  assert.throws(() => parquet(record({ dely: t.int32 })).split(file), {
    code: 'INPUT_MALFORMED',
    message: `'${FLIGHTS}': it has no flat column 'dely'; it has date, delay, distance, origin, destination`,
  });
  assert.throws(() => parquet(record({ origin: t.int32 })).split(file), {
    code: 'INPUT_MALFORMED',
    message: `'${FLIGHTS}': column 'origin' is STRING, which does not fit int32`,
  });
  assert.throws(() => parquet().split(file), { code: 'JOB_DEFINITION' });
});

test('a value beyond int32 is an error, not another number', async () => {
  await inFolder((folder) => {
    const Big = record({ v: t.int64 });
    const file = write(
      `${folder}/big.parquet`,
      encode(parquet() as never, Big, [{ v: 1n }, { v: 2n ** 31n }]),
    );
    assert.throws(() => readAll(file, parquet(record({ v: t.int32 }))), {
      code: 'INPUT_MALFORMED',
      message: `'${folder}/big.parquet': row group 0, column 'v': 2147483648 does not fit int32`,
    });
  });
});

type Stored = { readonly logical_type?: object; readonly converted_type?: string };

/** A column of integers of another writer, in each encoding that it has for them. */
function integerFiles(type: 'INT32' | 'INT64', stored: Stored, data: readonly unknown[]): Buffer[] {
  const element = { name: 'v', type, repetition_type: 'REQUIRED', ...stored };
  const schema = [{ name: 'root', num_children: 1 }, element];
  return ['PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED'].map((encoding) =>
    Buffer.from(
      parquetWriteBuffer({ schema, columnData: [{ name: 'v', data, encoding }] } as never),
    ),
  );
}

function readColumn<T>(bytes: Buffer, field: FieldType<T>): Promise<T[]> {
  return inFolder((folder) => {
    const { rows } = readAll(write(`${folder}/a.parquet`, bytes), parquet(record({ v: field })));
    return rows.map(({ v }) => v as T);
  });
}

const ODD_MS = [0, 1, 1.5, -1, -1.25, 1_700_000_000_001, 1_700_000_000_002, 1_700_000_000_002.25];

test('times in nanoseconds and microseconds are those milliseconds, whole ones to the last bit', async () => {
  for (const [type, unit, perMs] of [
    ['TIMESTAMP', 'NANOS', 1_000_000],
    ['TIMESTAMP', 'MICROS', 1000],
    ['TIME', 'NANOS', 1_000_000],
    ['TIME', 'MICROS', 1000],
  ] as const) {
    const stored = { logical_type: { type, isAdjustedToUTC: true, unit } };
    const data = ODD_MS.map((ms) => (BigInt(ms * 100) * BigInt(perMs)) / 100n);
    for (const bytes of integerFiles('INT64', stored, data)) {
      assert.deepEqual(await readColumn(bytes, t.timestamp), ODD_MS);
      const dates = await readColumn(bytes, t.date);
      assert.deepEqual(
        dates.map(Number),
        ODD_MS.map((ms) => Math.trunc(ms)),
      );
    }
  }
});

test('integers without a sign are no negative numbers, and refused where they do not fit', async () => {
  const notFitting = {
    code: 'INPUT_MALFORMED',
    message: /column 'v': \d+ does not fit int(32|64)$/,
  };
  const ints = [1, 2 ** 31 - 1, 3_000_000_000, 2 ** 32 - 1];
  for (const stored of [
    { converted_type: 'UINT_32' },
    { logical_type: { type: 'INTEGER', bitWidth: 32, isSigned: false } },
  ]) {
    for (const bytes of integerFiles('INT32', stored, ints)) {
      assert.deepEqual(await readColumn(bytes, t.int64), ints.map(BigInt));
      assert.deepEqual(await readColumn(bytes, t.float64), ints);
      await assert.rejects(async () => await readColumn(bytes, t.int32), notFitting);
    }
    for (const bytes of integerFiles('INT32', stored, ints.slice(0, 2))) {
      assert.deepEqual(await readColumn(bytes, t.int32), ints.slice(0, 2));
    }
  }
  const longs = [1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
  for (const bytes of integerFiles('INT64', { converted_type: 'UINT_64' }, longs)) {
    assert.deepEqual(await readColumn(bytes, t.float64), longs.map(Number));
    await assert.rejects(async () => await readColumn(bytes, t.int64), notFitting);
    await assert.rejects(async () => await readColumn(bytes, t.int32), notFitting);
  }
  for (const bytes of integerFiles('INT64', { converted_type: 'UINT_64' }, longs.slice(0, 2))) {
    assert.deepEqual(await readColumn(bytes, t.int64), longs.slice(0, 2));
  }
});

/** uinteger of DuckDB, as deltas: 3000000000, 1, 4294967295, 2147483647, 5. */
const DUCKDB_DELTAS =
  'UEFSMRUAFfgQFboBLBUKFQoVBhUGAAC8CFQCAAAACgGAEAgFgPiCrRb994KtFiEAGQEw+rugZf93Qcso8IKWARkX/gEA/gEA/gEA/gEA/gEA/g' +
  'EA/gEA/gEA/gEA/gEA/gEA/gEA/gEA/gEA/gEA/gEABQEVBBksNQAYDWR1Y2tkYl9zY2hlbWEVAgAVAiUCGAF2JRoAFgoZHBkcJgAcFQIZFQoZ' +
  'GAF2FQIWChaeERbgASYIPDYAKAT/////GAQBAAAAEREAGRwVABUKFQIAAAAWnhEWCiYIFuABACgoRHVja0RCIHZlcnNpb24gdjIuMC4xIChidW' +
  'lsZCA4ZDc4MTE0ZTkwKRkcHAAAAJgAAABQQVIx';

test('deltas of unsigned integers whose first value has no room in 32 bits with a sign', async () => {
  const bytes = Buffer.from(DUCKDB_DELTAS, 'base64');
  const values = [3_000_000_000, 1, 4_294_967_295, 2_147_483_647, 5];
  assert.deepEqual(await readColumn(bytes, t.int64), values.map(BigInt));
  assert.deepEqual(await readColumn(bytes, t.float64), values);
});

/** An int32 of Arrow, twice null, with LZ4: a dictionary without entries that is compressed. */
const ARROW_NULLS =
  'UEFSMRUEFQAVAkwVABUAEgAAABUAFQ4VECwVBBUQFQYVBhwAAABwAgAAAAQAABUEGSw1ABgGc2NoZW1hFQIAFQIlAhgBdgAWBBkcGRwmABwVAh' +
  'k1AAYQGRgBdhUOFgQWUBZUJiYmCCksFQQVABUCABUAFRAVAgA8KQYZJgQAAAAAFlAWBCYIFlQAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9u' +
  'IDI2LjAuMRkcHAAAAIQAAABQQVIx';

test('a column without a value, whose empty dictionary is compressed', async () => {
  const bytes = Buffer.from(ARROW_NULLS, 'base64');
  assert.deepEqual(await readColumn(bytes, t.nullable(t.int32)), [null, null]);
});

/** Small files: ours with every kind of page, and those of another writer in the rarer encodings. */
function smallFiles(): readonly (readonly [Buffer, FileFormat])[] {
  const Row = record({ i: t.int32, s: t.nullable(t.string), f: t.float64, b: t.boolean });
  const rows = Array.from({ length: 300 }, (_, i) => ({
    i,
    s: i % 3 === 0 ? null : `s${i % 9}`,
    f: i / 7,
    b: i % 5 < 2,
  }));
  const ours = [encode(parquet() as never, Row, rows), parquet(Row)] as const;
  const others = RARE_FILES.flatMap(({ type, encoding, field, value }) =>
    [false, true].map((nullable) => {
      const data = rows.map(({ i }) => (nullable && i % 4 === 0 ? null : value(i)));
      const columnData = [{ name: 'v', data, type, encoding, nullable } as never];
      const format = parquet(record({ v: t.nullable<unknown>(field) }));
      return [Buffer.from(parquetWriteBuffer({ columnData })), format] as const;
    }),
  );
  return [ours, ...others] as (readonly [Buffer, FileFormat])[];
}

/** Of the processor: how long it takes by the clock depends on who else is there. */
const CASE_MS_MAX = 2_000;

test('a time that is none is told with its field when it is written', () => {
  const At = record({ at: t.timestamp });
  const Day = record({ day: t.nullable(t.date) });
  const day = new Date(Number.NaN);
  for (const [schema, row, told] of [
    [At, { at: Number.NaN }, "'at'.*: NaN"],
    [At, { at: 1e17 }, "'at'.*: 100000000000000000"],
    [Day, { day }, "'day'.*: Invalid Date"],
    [null, { day }, "'day'.*: Invalid Date"],
  ] as const) {
    assert.throws(() => encode(parquet(), schema, [row]), {
      code: 'FIELD_TYPE',
      message: new RegExp(`^field ${told}$`),
    });
  }
});

test('damaged files: rows or INPUT_MALFORMED, soon, and never anything else', async () => {
  const files = smallFiles();
  const anyEdits = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 3 });
  await inFolder((folder) => {
    const check = (n: number, edits: readonly (readonly [number, number])[], length: number) => {
      const [bytes, format] = files[n]!;
      const damaged = Buffer.from(bytes.subarray(0, length));
      for (const [at, value] of edits) damaged[at % bytes.length] = value;
      const file = write(`${folder}/damaged.parquet`, damaged);
      const start = process.cpuUsage();
      try {
        readAll(file, format);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'INPUT_MALFORMED', (error as Error).stack);
      }
      assert.ok(cpuMs(start) < CASE_MS_MAX, 'it takes too long');
    };
    // Levels of a run of 2^28 rows; an offset that is no whole number; a page of a gigabyte.
    check(4, [[46, 226]], Infinity);
    check(
      6,
      [
        [204, 18],
        [154, 39],
      ],
      Infinity,
    );
    check(
      6,
      [
        [35, 57],
        [30, 40],
      ],
      Infinity,
    );
    fc.assert(
      fc.property(
        fc.nat(files.length - 1),
        anyEdits,
        fc.oneof({ weight: 9, arbitrary: fc.constant(Infinity) }, fc.nat(4000)),
        check,
      ),
      { numRuns: 3000 },
    );
  });
});

test('runs and bit-packed values of every width, against a slow reader', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 31 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      (bitWidth, numbers, isRun) => {
        const mask = 2 ** bitWidth - 1;
        const values = numbers.map((n) => (isRun ? numbers[0]! : n) & mask);
        const bytes: number[] = [];
        if (isRun) {
          bytes.push(values.length << 1);
          for (let b = 0; b < bitWidth; b += 8) bytes.push((values[0]! >>> b) & 0xff);
        } else {
          const groups = Math.ceil(values.length / 8);
          bytes.push((groups << 1) | 1);
          const packed = new Uint8Array(groups * bitWidth);
          values.forEach((value, i) => {
            for (let bit = 0; bit < bitWidth; bit++) {
              const place = i * bitWidth + bit;
              packed[place >> 3]! |= ((value >>> bit) & 1) << (place & 7);
            }
          });
          bytes.push(...packed);
        }
        const out = new Int32Array(values.length);
        readHybrid(Uint8Array.from(bytes), 0, bytes.length, bitWidth, out, values.length);
        assert.deepEqual([...out], values);
        // The last group may be cut behind the values that are wanted.
        const needed = isRun ? bytes.length : 1 + Math.ceil((values.length * bitWidth) / 8);
        const cut = Uint8Array.from(bytes.slice(0, needed - 1));
        assert.throws(
          () => readHybrid(cut, 0, cut.length, bitWidth, out, values.length),
          RangeError,
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('no Parquet file, and one that is too short', async () => {
  await inFolder((folder) => {
    for (const content of [
      '',
      'PAR1',
      'this is a text file and nothing else',
      readFileSync(FLIGHTS).subarray(0, 5000),
    ]) {
      const file = write(`${folder}/x.parquet`, content);
      assert.throws(() => parquet(Flight).split(file), { code: 'INPUT_MALFORMED' });
    }
    assert.throws(() => parquet(Flight).split({ path: `${folder}/none`, sizeBytes: 0 }), {
      code: 'INPUT_NOT_FOUND',
    });
  });
});
