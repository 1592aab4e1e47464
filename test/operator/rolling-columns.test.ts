/** Rolling aggregations over columns against a slow model: every kind of field, null or not, and every kind of key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import type { Stream } from '../../src/api/stream.ts';
import { Random } from '../../src/base/random.ts';
import { record, t } from '../../src/data/schema.ts';
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

function join(value: Row, row: Row, kind: Kind, field: string): Row {
  const old = value[field] as number;
  const next = row[field] as number;
  if (next === null || next === undefined) return value;
  const isFirst = old === null || old === undefined;
  if (kind === 'sum') return { ...value, [field]: isFirst ? next : old + next };
  const isBetter = isFirst || (kind === 'min' || kind === 'minBy' ? next < old : next > old);
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
