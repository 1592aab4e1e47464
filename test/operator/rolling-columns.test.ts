/** Rolling aggregations over columns against a slow model: every kind of field, null or not, and every kind of key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import type { Stream } from '../../src/api/stream.ts';
import { Random } from '../../src/base/random.ts';
import { Batch } from '../../src/data/batch.ts';
import { FixedColumn, StringColumn } from '../../src/data/column.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { StringBuilder } from '../../src/data/string-builder.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';
import type { DataflowOptions } from '../../src/testing/dataflow.ts';
import { harness } from '../../src/testing/harness.ts';

type Row = Readonly<Record<string, unknown>>;
type Kind = 'sum' | 'min' | 'max' | 'minBy' | 'maxBy';

const KINDS = {
  int32: [0, 1, -7, 2147483647, -2147483648],
  float64: [0, -0, 1.5, 0.1, 0.2, -3, 1e300, Number.NaN],
  int64: [0n, 5n, -(2n ** 40n), 2n ** 40n],
  boolean: [true, false],
  string: ['', 'a', 'a text of more than a few units', 'ÿ', '\u{1f600} wide', '\ud800'],
  timestamp: [0, -0, 1_700_000_000_000, -5],
  date: [new Date(0), new Date(1_700_000_000_000), new Date(Number.NaN)],
  dynamic: [0, -0, 3.5, -2, null, undefined],
} as const;
type FieldName = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as FieldName[];

const Wide = record({
  ...Object.fromEntries(NAMES.map((kind) => [kind, fieldType(kind)])),
  ...Object.fromEntries(NAMES.map((kind) => [`${kind}OrNull`, t.nullable(fieldType(kind))])),
  tag: t.dynamic<number | string>(),
});

function fieldType(kind: FieldName) {
  return kind === 'dynamic' ? t.dynamic<unknown>() : (t[kind] as typeof t.int32);
}

function rowOf(random: Random): Row {
  const pick = (kind: FieldName): unknown => random.pick<unknown>(KINDS[kind]);
  return Object.fromEntries([
    ...NAMES.map((kind) => [kind, pick(kind)]),
    ...NAMES.map((kind) => [`${kind}OrNull`, random.below(3) === 0 ? null : pick(kind)]),
    ['tag', random.pick([1, '1', 'a'])],
  ]);
}

const KEYS: readonly (readonly string[])[] = [
  ['int32'],
  ['int64'],
  ['boolean'],
  ['string'],
  ['timestamp'],
  ['string', 'int32'],
  ['boolean', 'tag'],
  ['timestamp', 'boolean'],
];

/** In place of key fields that are none. */
const BY_FUNCTION = (row: Row): unknown => row.string;

/** The values after each row, and the last of each key. */
function slow(rows: readonly Row[], keyOf: (row: Row) => string, kind: Kind, field: string) {
  const last = new Map<string, Row>();
  const each = rows.map((row) => {
    const key = keyOf(row);
    const value = last.get(key);
    const joined = value === undefined ? row : join(value, row, kind, field);
    last.set(key, joined);
    return joined;
  });
  return { each, last: [...last.values()] };
}

function isNone(value: unknown): boolean {
  return ['NaN', 'Invalid Date'].includes(inspect(value));
}

function join(value: Row, row: Row, kind: Kind, field: string): Row {
  const old = value[field] as number;
  const next = row[field] as number;
  if (next === null || next === undefined) return value;
  const isFirst = old === null || old === undefined;
  if (kind === 'sum') return { ...value, [field]: isFirst ? next : old + next };
  const isTaken = isFirst || (isNone(old) && !isNone(next));
  const isBetter = isTaken || (kind === 'min' || kind === 'minBy' ? next < old : next > old);
  if (!isBetter) return value;
  return kind === 'min' || kind === 'max' ? { ...value, [field]: next } : row;
}

const MODES: readonly DataflowOptions[] = [
  { batchSize: 'all' },
  { batchSize: 7 },
  { batchSize: 5, restartEach: [1] },
  { batchSize: 1, restartEach: [1], snapshotsBetween: 2 },
  { batchSize: 3, outputCapacity: 1 },
].flatMap((mode) => [mode, { ...mode, batch: true }] as DataflowOptions[]);

function keyed(stream: Stream<Row>, key: readonly string[]): KeyedStream<Row, unknown> {
  if (key.length === 0) return stream.keyBy(BY_FUNCTION as never) as never;
  return (stream.keyBy as (...fields: readonly string[]) => unknown).apply(stream, [
    ...key,
  ]) as never;
}

const asText = (rows: readonly unknown[]): string[] => rows.map((row) => inspect(row));

for (const kind of ['sum', 'min', 'max', 'minBy', 'maxBy'] as const) {
  test(`${kind} of every kind of field, by every kind of key`, async () => {
    const random = new Random(1);
    const summed = ['int32', 'float64', 'int64', 'dynamic'];
    for (const name of NAMES.filter((name) => kind !== 'sum' || summed.includes(name))) {
      for (const field of [name, `${name}OrNull`]) {
        for (const key of [...KEYS, []]) {
          const mode = MODES[random.below(MODES.length)]!;
          const rows = Array.from({ length: 40 }, () => rowOf(random));
          const keyOf = (row: Row): string =>
            inspect(key.length === 0 ? BY_FUNCTION(row) : key.map((part) => plusZero(row[part])));
          const h = await harness(
            (stream: Stream<Row>) => (keyed(stream, key)[kind] as (field: string) => never)(field),
            { ...mode, schema: Wide as never },
          );
          for (const row of rows) h.push(row);
          await h.end();
          const { each, last } = slow(rows, keyOf, kind, field);
          const place = `${kind} of ${field} by ${key} in ${inspect(mode)}`;
          const got = asText(h.takeRecords());
          if (mode.batch) assert.deepEqual(got.sort(), asText(last).sort(), place);
          else assert.deepEqual(got, asText(each), place);
        }
      }
    }
  });
}

function plusZero(value: unknown): unknown {
  return value === 0 ? 0 : value;
}

/** A column of texts that come from a dictionary. */
function coded(texts: readonly string[], codes: readonly number[]): StringColumn {
  const entries = new StringBuilder(texts.length);
  for (const text of texts) entries.append(text);
  return new StringColumn(entries.seal().entries, Int32Array.from(codes));
}

const HEAVY = 'x'.repeat(100_000);
const Texts = record({ key: t.string, n: t.int64, text: t.string }) as Schema;

/** What a sum of `n` by `key` makes of rows in one batch. */
function sums(ns: readonly bigint[]): readonly (readonly Row[])[] {
  const operator = new StreamRollingOperator({
    key: { kind: 'fields', fields: ['key'] },
    rolling: { kind: 'sum', field: 'n' },
    inputSchema: Texts,
    functions: [],
  });
  const batches: (readonly Row[])[] = [];
  const output: Output = {
    isReady: true,
    emit(batch) {
      const rows = batch.rowObjects() as readonly Row[];
      batches.push(rows.map((row, i) => ({ ...row, time: batch.timestamps![i] })));
    },
    watermark() {},
    barrier() {},
    idle() {},
    end() {},
  };
  const metrics = {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  const context = { name: 'sum', subtask: 0, metrics, restored: NO_STATE };
  operator.open(context as unknown as OperatorContext, output);
  const at = (i: number): number => i % 2;
  operator.processBatch(
    new Batch({
      rowCount: ns.length,
      schema: Texts,
      columns: [
        coded(
          ['a', 'b'],
          ns.map((_, i) => at(i)),
        ),
        new FixedColumn('int64', BigInt64Array.from(ns)),
        // Those of the first record of each key, which results keep, then another.
        coded(
          [HEAVY, 'light', 'other'],
          ns.map((_, i) => Math.min(i, 2)),
        ),
      ],
      timestamps: Float64Array.from(ns, (_, i) => i * 10),
      isTransient: true,
    }),
  );
  return batches;
}

test('heavy results leave in several batches, with the keys and times of their records', () => {
  const batches = sums(Array.from({ length: 60 }, () => 1n));
  assert.ok(batches.length > 1 && batches.length < 30, `${batches.length} batches`);
  assert.deepEqual(
    batches.flat(),
    Array.from({ length: 60 }, (_, i) => ({
      key: i % 2 === 0 ? 'a' : 'b',
      n: BigInt((i >> 1) + 1),
      text: i % 2 === 0 ? HEAVY : 'light',
      time: i * 10,
    })),
  );
});

test('a sum that leaves the range of int64 names the record that it leaves it with', () => {
  assert.throws(() => sums([2n ** 62n, 1n, 2n ** 62n]), {
    code: 'FIELD_TYPE',
    message:
      "operator 'sum' (subtask 0, record 2): field 'n' wants int64, got 9223372036854775808n",
  });
});
