/** Rows with a field of every kind, for tests of every operator. */
import { inspect } from 'node:util';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import type { Mode } from '../modes.ts';

export const Item = record({
  id: t.int32,
  shop: t.string,
  n: t.int32,
  price: t.float64,
  day: t.date,
  big: t.int64,
  paid: t.boolean,
  note: t.nullable(t.string),
  at: t.timestamp,
});
export type Item = RowOf<typeof Item>;

const SHOPS = ['a', 'ü', '', '漢字'];

/** Item i comes at i * 10; every key occurs several times, and nulls and negative numbers do too. */
export const ITEMS: readonly Item[] = Array.from({ length: 20 }, (_, id) => ({
  id,
  shop: SHOPS[(id * 7) % 4]!,
  n: ((id * 5) % 9) - 3,
  price: (id % 5) * 1.5,
  day: new Date((id % 3) * 86_400_000),
  big: BigInt(id % 3) * 2n ** 40n,
  paid: id % 2 === 0,
  note: id % 4 === 0 ? null : `n${id % 6}`,
  at: 1000 + id,
}));

export const timeOf = (item: Item): number => item.id * 10;

/** Values as text, in an order of their own: several subtasks, or keys, give theirs in any. */
export function inAnyOrder(values: readonly unknown[]): string[] {
  return values.map(textOf).sort();
}

/** A value as text, another for each other value. What is in every row is written here, for `inspect` takes some times as long. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'boolean' || value === undefined || value === null) return String(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  const keys = Reflect.ownKeys(value);
  if (prototype === Date.prototype && keys.length === 0) return `Date ${(value as Date).getTime()}`;
  if (prototype === Array.prototype && keys.length === (value as unknown[]).length + 1) {
    return `[${(value as unknown[]).map(textOf).join(', ')}]`;
  }
  if (prototype !== Object.prototype || !keys.every((key) => typeof key === 'string')) {
    return inspect(value, { depth: 9, sorted: true });
  }
  const row = value as Readonly<Record<string, unknown>>;
  const fields = keys.sort().map((key) => `${JSON.stringify(key)}: ${textOf(row[key])}`);
  return `{ ${fields.join(', ')} }`;
}

/** Values as text, in their order where there is one subtask. */
export function inOrder(mode: Pick<Mode, 'parallelism'>, values: readonly unknown[]): string[] {
  if (mode.parallelism > 1) return inAnyOrder(values);
  return values.map(textOf);
}
