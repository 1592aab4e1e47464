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
  return values.map((value) => inspect(value, { depth: 9, sorted: true })).sort();
}

/** Values as text, in their order where there is one subtask. */
export function inOrder(mode: Pick<Mode, 'parallelism'>, values: readonly unknown[]): string[] {
  if (mode.parallelism > 1) return inAnyOrder(values);
  return values.map((value) => inspect(value, { depth: 9, sorted: true }));
}
