/** Rows of many shapes, aggregated in several ways: the same on any number of threads. */
import { boundedOutOfOrderness, generate, job, record, sliding, t, tumbling } from 'millrace';

export const ROWS = 20_000;

const Reading = record({
  sensor: t.string,
  unit: t.int32,
  value: t.float64,
  note: t.nullable(t.string),
  time: t.timestamp,
});

const NAMES = ['', 'a', 'long name '.repeat(20), 'ÿ', '漢字', '\ud800'];

function reading(n: number) {
  return {
    sensor: NAMES[n % NAMES.length]!,
    unit: n % 7,
    value: ((n * 7919) % 1000) / 8,
    note: n % 3 === 0 ? null : `note ${n % 11}`,
    time: n * 10 - (n % 5) * 100,
  };
}

export const typed = job(import.meta, 'typed', (flow) => {
  const readings = flow
    .from(generate({ schema: Reading, count: ROWS, row: reading }))
    .eventTime('time', boundedOutOfOrderness('1 s'));
  const perSensor = readings
    .keyBy('sensor', 'unit')
    .window(tumbling('10 s'))
    .aggregate(({ count, sum, min, max }) => ({
      rows: count(),
      total: sum('value'),
      least: min('note'),
      most: max('value'),
    }));
  const perUnit = readings
    .filter((row) => row.note !== null)
    .keyBy('unit')
    .window(sliding('20 s', '5 s'))
    .aggregate(({ avg, count }) => ({ mean: avg((row) => row.value), rows: count() }))
    .parallelism(3);
  return { perSensor, perUnit };
});

/** Fields come and go, and have values of many types. */
function shape(n: number): { id: number; more?: unknown; when?: Date | null; list?: unknown } {
  switch (n % 6) {
    case 0:
      return { id: n };
    case 1:
      return { id: n, more: undefined, when: null };
    case 2:
      return { id: n + 0.5, more: { deep: [n, null, -0, Number.NaN] }, when: new Date(n) };
    case 3:
      return { id: n, more: new Map([['n', n]]), list: new Set([n]) };
    case 4:
      return { id: n, more: BigInt(n) * 10n ** 30n, list: Int16Array.of(n & 0xff) };
    default:
      return { id: n, more: '漢'.repeat(n % 50), list: `${n}` };
  }
}

export const freeForm = job(import.meta, 'free-form', (flow) => {
  const rows = flow.from(generate({ count: 3000, row: shape })).rebalance();
  return { rows: rows.map((row) => ({ row, kind: row.id % 6 })).rebalance() };
});

export const expectedShapes = Array.from({ length: 3000 }, (_, n) => {
  const row = shape(n);
  return { row, kind: row.id % 6 };
});

/** Rows much larger than a ring. */
export const large = job(import.meta, 'large', (flow) => {
  const rows = flow.from(
    generate({ count: 12, row: (n) => ({ n, text: `${n}`.repeat(700_000) }) }),
  );
  const typedRows = flow.from(
    generate({
      schema: record({ n: t.int32, text: t.string }),
      count: 12,
      row: (n) => ({ n, text: `${n % 10}`.repeat(700_000) }),
    }),
  );
  const sizes = rows.rebalance().map((row) => ({ n: row.n, size: row.text.length }));
  const typedSizes = typedRows.rebalance().map((row) => ({ n: row.n, size: row.text.length }));
  return { sizes, typedSizes };
});

const WIDE_ROWS = 48;

function wideRow(n: number) {
  const text = String.fromCharCode(97 + (n % 26)).repeat(n * 8000);
  return { n, text, nested: { list: [n, null, { deep: '漢'.repeat(n * 100) }] } };
}

/** Rows of some bytes to 400 KiB. */
export const wide = job(import.meta, 'wide', (flow) => {
  const rows = flow.from(generate({ count: WIDE_ROWS, row: wideRow }));
  return {
    rows: rows
      .rebalance()
      .map((row) => row)
      .keyBy((row) => row.n % 7)
      .reduce((_, row) => row),
  };
});

export const expectedWide = Array.from({ length: WIDE_ROWS }, (_, n) => wideRow(n));
