/** What the compiler infers of keyed state that programs read and write, checked by the compiler: this file is never run. */
import { aggregating, type Job, list, map, record, reducing, t, value } from 'millrace';
import {
  createSavepoint,
  keyedState,
  mergeState,
  readState,
  removeState,
  setState,
} from 'millrace/state';
import { type Equal, expect } from './expect.ts';

const Account = record({ user: t.string, shop: t.int32 });
const Sum = record({ amount: t.float64, note: t.nullable(t.string) });
const of = { uid: 'accounts', name: 'state', key: Account };

export async function contents(): Promise<void> {
  const [one] = await readState('a', keyedState({ ...of, state: value(Sum) }));
  expect<Equal<typeof one.key, { user: string; shop: number }>>();
  expect<Equal<typeof one.value, { amount: number; note: string | null }>>();
  const [elements] = await readState('a', keyedState({ ...of, state: list(t.int64) }));
  expect<Equal<typeof elements.value, readonly bigint[]>>();
  const [entries] = await readState('a', keyedState({ ...of, state: map(t.string, t.date) }));
  expect<Equal<typeof entries.value, ReadonlyMap<string, Date>>>();
  const [most] = await readState('a', keyedState({ ...of, state: reducing(t.float64, Math.max) }));
  expect<Equal<typeof most.value, number>>();
  const mean = aggregating({
    create: (): [number, number] => [0, 0],
    add: ([sum, count], row: { price: number }): [number, number] => [sum + row.price, count + 1],
    result: ([sum, count]) => sum / count,
  });
  const [accumulator] = await readState('a', keyedState({ ...of, state: mean }));
  expect<Equal<typeof accumulator.value, [number, number]>>();
}

export function changes(job: Job<{ readonly some: never }>): void {
  const totals = keyedState({ ...of, state: value(t.float64, { default: 0 }) });
  const key = { user: 'ada', shop: 1 };
  void createSavepoint(job, 'a', [setState(totals, [{ key, value: 1 }])]);
  // @ts-expect-error: a value of another type.
  setState(totals, [{ key, value: 'x' }]);
  // @ts-expect-error: a key without one of its fields.
  mergeState(totals, [{ key: { user: 'ada' }, value: 1 }]);
  // @ts-expect-error: a field of a key of another type.
  removeState(totals, [{ user: 'ada', shop: 'x' }]);
}
