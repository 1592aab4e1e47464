/** What every format must do, for each one: values of every kind, none at all, large ones, ranges, positions, damage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { EngineError } from '../../src/base/errors.ts';
import { Random } from '../../src/base/random.ts';
import type { FileRange } from '../../src/connector/file/format.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { describe } from '../../src/data/field-check.ts';
import { record, type Schema, schemaOf, t } from '../../src/data/schema.ts';
import { FORMAT_KINDS, type FormatKind } from './format-kinds.ts';
import { encode, inFolder, type ReadOptions, readAll, write } from './read-all.ts';
import { freeFormOf } from './sink-run.ts';

type Row = Readonly<Record<string, unknown>>;

/** A file of rows, in batches of `batchRows`, read again. */
async function roundTrip(
  kind: FormatKind,
  schema: Schema,
  rows: readonly Row[],
  options: ReadOptions = {},
  batchRows = 100,
): Promise<unknown[]> {
  const format = kind.of(schema);
  const bytes = encode(format, schema, rows, batchRows);
  return await inFolder(
    (folder) => readAll(write(`${folder}/a.${format.extension}`, bytes), format, options).rows,
  );
}

const KINDS = {
  int32: { type: t.int32, values: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 12345] },
  int64: { type: t.int64, values: [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 64n] },
  float64: { type: t.float64, values: [0, -1.5, 1e300, 5e-324, 2 ** 53 - 1, 1 / 3] },
  boolean: { type: t.boolean, values: [true, false, true, true, false, false] },
  string: { type: t.string, values: ['', 'a', 'zwei Wörter', '漢字', '🎲 é', 'q"uo,te\nd\r\n;'] },
  timestamp: { type: t.timestamp, values: [0, 1.7e12, -1, -62e12, 8.64e15, 1234567890123] },
  date: {
    type: t.date,
    values: [0, 1.7e12, -1, -62e12, 253402300799999, 1234567890123].map((ms) => new Date(ms)),
  },
} as const;

const kinds = Object.entries(KINDS);
const All = schemaOf(
  kinds.flatMap(([name, { type }]) => [
    { name, ...type },
    { name: `${name}Null`, kind: type.kind, nullable: true },
  ]),
);

/** Without a line break in CSV, which has them only where it is asked for. */
function rowsOf(kind: FormatKind, count: number): Row[] {
  return Array.from({ length: count }, (_, n) =>
    Object.fromEntries(
      kinds.flatMap(([name, { values }]) => {
        const at = (i: number): unknown => {
          const value: unknown = values[i % values.length];
          return kind.name === 'csv' && typeof value === 'string'
            ? value.replaceAll(/[\r\n]/g, '')
            : value;
        };
        return [
          [name, at(n)],
          [`${name}Null`, n % 3 === 0 ? null : at(n + 1)],
        ];
      }),
    ),
  );
}

const Numbered = record({ n: t.int32, text: t.string, maybe: t.nullable(t.float64) });
const numbered = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    n,
    text: `row ${n}`,
    maybe: n % 7 === 0 ? null : n / 8,
  }));

/** Rows that a format would write nothing of, or their elements as fields. */
const WITHOUT_FIELDS: readonly unknown[] = [
  ...[0.5, 'text', true, 1n, null, undefined, [1, 2], []],
  ...[new Date(5), new Map([['n', 1]]), new Set([1]), new Uint8Array(2)],
];

for (const kind of FORMAT_KINDS) {
  test(`${kind.name}: values of every kind come back, nullable and not`, async () => {
    const rows = rowsOf(kind, 500);
    assert.deepEqual(await roundTrip(kind, All, rows), rows);
    assert.deepEqual(await roundTrip(kind, All, rows, { reopens: true }, 7), rows);
  });

  test(`${kind.name}: columns of nulls only`, async () => {
    const Nulls = schemaOf(All.fields.filter(({ nullable }) => nullable));
    const empty = Object.fromEntries(Nulls.fields.map(({ name }) => [name, null]));
    const rows = Array.from({ length: 300 }, () => empty);
    assert.deepEqual(await roundTrip(kind, Nulls, rows), rows);
  });

  test(`${kind.name}: a file without rows`, async () => {
    const format = kind.of(Numbered);
    const encoder = format.createEncoder(Numbered);
    const bytes = encoder.finish();
    await inFolder((folder) => {
      const file = write(`${folder}/a.${format.extension}`, bytes);
      assert.deepEqual(readAll(file, format).rows, []);
    });
  });

  test(`${kind.name}: lone surrogates, and numbers that are none`, async () => {
    const Odd = record({ text: t.string, number: t.float64 });
    const texts = ['\ud83d', 'a\udfb2b', '\udfb2\ud83d', 'whole 🎲'];
    const numbers = kind.keepsOddNumbers ? [NaN, Infinity, -Infinity, -0] : [1, 2, 3, 4];
    const rows = texts.map((text, n) => ({ text, number: numbers[n]! }));
    const expected = kind.keepsSurrogates
      ? rows
      : rows.map((row) => ({ ...row, text: row.text.toWellFormed() }));
    assert.deepEqual(await roundTrip(kind, Odd, rows), expected);
  });

  test(`${kind.name}: values of megabytes`, async () => {
    const Big = record({ n: t.int32, text: t.string });
    const rows = Array.from({ length: 6 }, (_, n) => ({
      n,
      text: (n % 2 === 0 ? 'ab' : 'é漢').repeat(n * 300_000),
    }));
    assert.deepEqual(await roundTrip(kind, Big, rows, { reopens: true }, 2), rows);
  });

  if (kind.name !== 'protobuf') {
    test(`${kind.name}: null in a field of any shape, whether the field may be null or not`, async () => {
      for (const type of [t.dynamic<unknown>(), t.nullable(t.dynamic<unknown>())]) {
        const Any = record({ n: t.int32, any: type, last: t.dynamic<unknown>() });
        const rows = [null, 'x', null].map((any, n) => ({ n, any, last: any }));
        const read = (await roundTrip(kind, Any, rows)) as typeof rows;
        const areNull = read.map(({ any, last }) => [any === null, last === null]);
        assert.deepEqual(
          areNull,
          [true, false, true].map((isNull) => [isNull, isNull]),
        );
      }
    });
  }

  if (kind.hasDynamic) {
    test(`${kind.name}: fields of any shape`, async () => {
      const Any = record({ any: t.dynamic<unknown>() });
      const values = [{ a: [1, 'x', null] }, [], 'text', 5, true, { deep: { er: {} } }];
      const rows = values.map((any) => ({ any }));
      assert.deepEqual(await roundTrip(kind, Any, rows), rows);
    });
  }

  test(`${kind.name}: a field that the first rows had not is written or refused, not lost`, () => {
    const format = kind.of(Numbered);
    const [first, later] = [[{ n: 1 }], [{ n: 2 }, { n: 3, extra: 'e' }]].map(freeFormOf);
    let encoder = format.createEncoder(null);
    encoder.encode(first!);
    if (encoder.snapshot !== undefined) {
      encoder = format.createEncoder(null, JSON.parse(JSON.stringify(encoder.snapshot())) as null);
    }
    if (kind.name === 'jsonLines') {
      assert.match(Buffer.from(encoder.encode(later!)).toString(), /"extra":"e"/);
    } else {
      assert.throws(() => encoder.encode(later!), { name: 'EngineError', message: /'extra'/ });
    }
  });

  if (kind.name !== 'jsonLines') {
    test(`${kind.name}: a row without fields is refused, the first one or a later one`, () => {
      const format = kind.of(Numbered);
      for (const row of WITHOUT_FIELDS) {
        for (const rows of [[row], [{ n: 1 }, row]]) {
          const encoder = format.createEncoder(null);
          const told = `${format.name} writes rows with fields, got ${describe(row)}: `;
          assert.throws(
            () => rows.forEach((one) => void encoder.encode(freeFormOf([one]))),
            (error: EngineError) => error.code === 'FIELD_TYPE' && error.message.startsWith(told),
            told,
          );
          assert.throws(() => format.createEncoder(null).encode(freeFormOf(rows)), {
            code: 'FIELD_TYPE',
          });
        }
      }
    });
  }

  if (!kind.isText && kind.name !== 'protobuf') {
    test(`${kind.name}: a value of another kind than those of the first rows is refused`, () => {
      const format = kind.of(Numbered);
      const first = { flag: true, at: new Date(5), n: 1, text: 'a', id: 1n };
      const fits = { flag: null, at: new Date(6), n: -0.5, id: 2n ** 63n - 1n };
      for (const [name, values] of Object.entries({
        flag: ['no', 0, {}],
        at: [1.5, '2020-01-01', true],
        n: ['1', 1n, new Date(5), [1]],
        text: [1, false, new Date(5)],
        id: [1, '1', 2n ** 63n],
      })) {
        for (const value of values) {
          const encoder = format.createEncoder(null);
          encoder.encode(freeFormOf([first, fits]));
          const batch = freeFormOf([first, { ...first, [name]: value }]);
          assert.throws(
            () => [encoder.encode(batch), encoder.finish()],
            (error: EngineError) =>
              error.code === 'FIELD_TYPE' &&
              error.message.startsWith(`field '${name}' wants `) &&
              error.message.includes(` or null, got ${describe(value)}`),
          );
        }
      }
    });
  }

  if (kind.keepsOddNumbers) {
    test(`${kind.name}: 0 and -0 are two numbers, however many there are`, async () => {
      const Zeros = record({ x: t.float64, maybe: t.nullable(t.float64) });
      const rows = Array.from({ length: 3000 }, (_, n) => ({
        x: n % 3 === 0 ? -0 : 0,
        maybe: n % 5 === 0 ? null : n % 7 === 0 ? -0 : n % 2,
      }));
      assert.deepEqual(await roundTrip(kind, Zeros, rows), rows);
    });
  }

  test(`${kind.name}: ranges give each row once, and positions go on within them`, async () => {
    const format = kind.of(Numbered);
    const rows = numbered(20_000);
    const bytes = encode(format, Numbered, rows, 300);
    await inFolder((folder) => {
      const file = write(`${folder}/a.${format.extension}`, bytes);
      for (let seed = 0; seed < 12; seed++) {
        const random = new Random(seed);
        const ranges = kind.isCutByBytes ? cuts(bytes.length, random) : format.split(file);
        const read = readAll(file, format, { ranges, reopens: seed % 2 === 0 });
        assert.deepEqual(read.rows, rows, `seed ${seed}`);
      }
    });
  });

  test(`${kind.name}: a file that is cut off gives the rows before the cut, or is an error`, async () => {
    const format = kind.of(Numbered);
    const rows = numbered(400);
    const bytes = encode(format, Numbered, rows, 50);
    await inFolder((folder) => {
      let refused = 0;
      for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 150)) {
        const file = write(`${folder}/a.${format.extension}`, bytes.subarray(0, length));
        for (const onMalformed of ['fail', 'deadLetter'] as const) {
          try {
            const { rows: read, letters } = readAll(file, format, { onMalformed });
            // The last record of a text may be cut where it still is one.
            const whole = kind.isText ? read.slice(0, -1) : read;
            assert.deepEqual(whole, rows.slice(0, whole.length), `${length} bytes`);
            refused += letters.length;
            for (const { file: path, byte, place, reason } of letters) {
              assert.equal(path, file.path);
              assert.ok(place.startsWith(path) && reason !== '');
              assert.ok(byte !== null && byte >= 0 && byte < length, `${byte} of ${length}`);
            }
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'INPUT_MALFORMED', String(error));
            refused++;
          }
        }
      }
      assert.ok(refused > 0);
    });
  });

  if (kind.mayBeZipped) {
    test(`${kind.name}: compressed as a whole`, async () => {
      const format = kind.of(Numbered);
      const rows = numbered(9000);
      const bytes = gzipSync(encode(format, Numbered, rows, 300));
      await inFolder((folder) => {
        const file = write(`${folder}/a.${format.extension}.gz`, bytes);
        for (const reopens of [false, true]) {
          assert.deepEqual(readAll(file, format, { reopens }).rows, rows);
        }
      });
    });
  }

  test(`${kind.name}: an encoder goes on with the file of another`, async () => {
    const format = kind.of(Numbered);
    const rows = numbered(90);
    let encoder = format.createEncoder(Numbered);
    if (encoder.snapshot === undefined) return;
    const parts: Uint8Array[] = [];
    for (let from = 0; from < rows.length; from += 30) {
      const state = JSON.parse(JSON.stringify(encoder.snapshot!())) as null;
      encoder = format.createEncoder(Numbered, from === 0 ? undefined : state);
      parts.push(encoder.encode(batchOf(rows.slice(from, from + 30))));
    }
    parts.push(encoder.finish());
    await inFolder((folder) => {
      const file = write(`${folder}/a.${format.extension}`, Buffer.concat(parts));
      assert.deepEqual(readAll(file, format).rows, rows);
    });
  });
}

/** Ranges that cover so many bytes, some of them empty. */
function cuts(length: number, random: Random): FileRange[] {
  const places = Array.from({ length: random.below(20) }, () => random.below(length));
  const all = [0, ...places.sort((a, b) => a - b), length];
  return all.slice(1).map((end, n) => ({ start: all[n]!, end, weight: 1 }));
}

function batchOf(rows: readonly Row[]): Batch {
  const builder = new BatchBuilder(Numbered);
  for (const row of rows) builder.appendRow(row);
  return builder.seal();
}
