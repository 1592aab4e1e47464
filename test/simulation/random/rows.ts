/** What the code of random jobs has beside the public API: rows by number, and functions that need more than a line. */

import { nextTurn } from '../../../src/base/event-loop.ts';
import { defineSource } from '../../../src/connector/kit/define-source.ts';
import { type RowOf, record, t } from '../../../src/data/schema.ts';
import type { Source, SourceAssignment } from '../../../src/operator/source.ts';
import { textOf } from '../../../src/testing/rows.ts';

/** A field of each kind, those of texts and numbers once more with nulls. */
export const Row = record({
  text: t.string,
  maybe: t.nullable(t.string),
  small: t.int32,
  n: t.int32,
  quarter: t.float64,
  gap: t.nullable(t.float64),
  big: t.int64,
  flag: t.boolean,
  at: t.timestamp,
  day: t.date,
  any: t.dynamic<unknown>(),
});
export type Row = RowOf<typeof Row>;

const TEXTS = ['', 'a', 'Ω', 'key of more than a few bytes, as some are', '\ud800', '😀', '0', ' '];
const BIGS = [0n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 62n];
const ANY = [null, 0, 'text', [1, 2], { of: { some: 'depth' } }, 7n, true];

/** How far rows may lie behind those before them: what is not late with any bound from here on. */
export const DISORDER_MS = 600;

/**
 * Row number `n` of a source. Numbers are multiples of a quarter, and few, so that sums are exact in whichever order they are
 * added up. `step`: ms from one row to the next; 0 for rows that all have one time.
 */
export function row(n: number, salt: number, from: number, step: number): Row {
  const mixed = (Math.imul(n + salt * 1009, 0x9e3779b1) >>> 0) % 9973;
  const behind = n % 89 === 88 ? DISORDER_MS - 20 : (mixed % 5) * 4;
  return {
    text: TEXTS[mixed % TEXTS.length]!,
    maybe: mixed % 3 === 0 ? null : TEXTS[mixed % 4]!,
    small: (mixed % 11) - 5,
    n,
    quarter: (mixed % 41) / 4,
    gap: mixed % 7 < 2 ? null : mixed % 13,
    big: BIGS[mixed % BIGS.length]!,
    flag: mixed % 2 === 0,
    at: from + n * step - Math.min(behind, step * 1000),
    day: new Date(86_400_000 * ((mixed % 4) - 2)),
    any: ANY[mixed % ANY.length],
  };
}

export function rows(count: number, ...how: [salt: number, from: number, step: number]): Row[] {
  return Array.from({ length: count }, (_, n) => row(n, ...how));
}

const PORTION = 9;
/** Shares of the rows that splits have: those of a few are read long before the others, and some have none. */
const SHARES = [0, 0.5, 0.02, 0.3, 0, 0.13, 0.05];
const MANY_SHARES = Array.from({ length: 60 }, (_, n) => (n % 7 === 3 ? 0 : 0.018));

type HowRows = [salt: number, from: number, step: number];

/** Rows in splits of very different lengths, so that some subtasks come to their end early. */
export function uneven(count: number, assignment: SourceAssignment, ...how: HowRows): Source<Row> {
  return inSplits(SHARES, count, assignment, how);
}

/** Rows in many more splits than there are subtasks, most of them with few rows. */
export function manySplits(
  count: number,
  assignment: SourceAssignment,
  ...how: HowRows
): Source<Row> {
  return inSplits(MANY_SHARES, count, assignment, how);
}

function inSplits(
  shares: readonly number[],
  count: number,
  assignment: SourceAssignment,
  how: HowRows,
): Source<Row> {
  let to = 0;
  const splits = shares.map((share, n) => {
    const from = to;
    to = n === shares.length - 1 ? count : Math.min(count, from + Math.ceil(count * share));
    return { id: `split ${n}`, weight: to - from, detail: { from, to } };
  });
  return defineSource({
    name: 'uneven',
    schema: Row,
    start: 0,
    splits: () => splits,
    assignment,
    *read({ position, split: { detail } }) {
      for (let done = position; detail.from + done < detail.to; ) {
        const next = Math.min(done + PORTION, detail.to - detail.from);
        const records = [];
        for (; done < next; done++) records.push(row(detail.from + done, ...how));
        yield { records, position: next };
      }
    },
  });
}

/** The order of rows that may come in any: that of their texts. */
export function byText(a: unknown, b: unknown): number {
  const [one, other] = [textOf(a), textOf(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A number that follows from all of a row. */
export function mixed(of: unknown): number {
  let sum = 7;
  for (const letter of textOf(of)) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return sum;
}

export const sorted = <T>(values: Iterable<T>): T[] => [...values].sort(byText);

/** A few rows with more than a frame of a small ring has room for: a long name, and a long text. */
export function large(of: object): object {
  return mixed(of) % 13 > 0 ? of : { ...of, ['long '.repeat(600)]: 'text'.repeat(1000) };
}

/** The row with its lists sorted. */
export function withSortedLists(of: object): object {
  const fields = Object.entries(of).map(([name, value]) => [
    name,
    Array.isArray(value) ? sorted(value) : value,
  ]);
  return Object.fromEntries(fields);
}

/** The greater of two rows: a reduction that is the same in any order. */
export const most = <T>(a: T, b: T): T => (byText(a, b) > 0 ? a : b);

/** Answers after a few turns of the event loop, which differ from row to row. */
export async function later<T>(value: T): Promise<T> {
  for (let turn = mixed(value) % 4; turn > 0; turn--) await nextTurn();
  return value;
}

/** Behind all records. */
export const AT_END = 8e15;

/** Of records that states keep. */
export const KEPT_FIELDS = { n: t.float64, twice: t.float64 };
type Kept = { readonly n: number; readonly twice: number };
type KeptStates = {
  readonly kept: { get(): Kept | undefined; set(record: Kept): void };
  readonly each: { get(): Iterable<Kept>; add(record: Kept): void };
  readonly by: {
    get(n: number): Kept | undefined;
    set(n: number, record: Kept): void;
    entries(): Iterable<readonly [number, Kept]>;
  };
};

/** Adds a number to records of each kind of state. `more`: where a version of the job has such a field. */
export function addKept({ kept, each, by }: KeptStates, n: number): void {
  const added = (before: Kept | undefined): Kept & { more: null } => {
    const sum = (before?.n ?? 0) + n;
    return { n: sum, twice: 2 * sum, more: null };
  };
  kept.set(added(kept.get()));
  each.add(added(undefined));
  by.set(n, added(by.get(n)));
}

export function keptOf({ kept, each, by }: KeptStates): unknown {
  const shown = ({ n, twice }: Kept): readonly number[] => [n, twice];
  const entries = [...by.entries()].map(([n, record]) => [n, ...shown(record)]);
  return [shown(kept.get()!), sorted([...each.get()].map(shown)), sorted(entries)];
}
