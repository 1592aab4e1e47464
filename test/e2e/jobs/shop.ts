/** A job whose every kind of state shows in its output, for state that comes from outside. */
import {
  aggregating,
  job,
  list,
  map,
  monotonous,
  record,
  reducing,
  t,
  type,
  value,
} from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

export const COUNT = 40_000;
const KNOWN = 40;

export type Sale = { user: string; shop: number; amount: number; time: number };

/** User 'late' comes in the second half only. */
export function sale(i: number): Sale {
  const isLate = i >= COUNT / 2 && i % 1000 === 0;
  const user = isLate ? 'late' : `user ${(i * 7) % KNOWN}`;
  return { user, shop: i % 3, amount: (i % 10) + 1, time: i };
}

const Sales = record({ user: t.string, shop: t.int32, amount: t.float64, time: t.timestamp });
const First = record({ amount: t.float64, time: t.timestamp, note: t.nullable(t.string) });

export type Account = {
  user: string;
  shop: number;
  total: number;
  first: { amount: number; time: number; note: string | null } | null;
  last: number[];
  days: [number, string][];
  most: number;
  mean: number;
  tags: unknown;
};

export const accountStates = {
  total: value(t.float64),
  first: value(First),
  last: list(t.float64),
  days: map(t.int32, t.string),
  most: reducing(t.float64, Math.max),
  mean: aggregating({
    create: () => ({ sum: 0, count: 0 }),
    add: ({ sum, count }, amount: number) => ({ sum: sum + amount, count: count + 1 }),
    result: ({ sum, count }) => sum / count,
  }),
  tags: value(type<unknown>(), { ttl: '1000 d' }),
};

/** By a key of two fields, and by one that is a number; accounts come at the end of the input. */
export const shop = job(import.meta, 'shop', (flow) => {
  const out = flow.param('out', 'out');
  const sales = flow
    .from(heldRows(flow, { schema: Sales, count: COUNT, row: sale }), {
      parallelism: 1,
      rate: flow.param('rate', 0),
    })
    .eventTime('time', monotonous());
  sales
    .keyBy('user', 'shop')
    .process({
      emits: type<Account>(),
      state: accountStates,
      onRecord({ amount, time }, { state, timers }) {
        state.total.set((state.total.get() ?? 0) + amount);
        if (state.first.get() === undefined) state.first.set({ amount, time, note: null });
        const last = [...state.last.get(), amount];
        state.last.set(last.slice(-3));
        state.days.set(Math.floor(time / 10_000), `until ${time}`);
        state.most.add(amount);
        state.mean.add(amount);
        if (state.tags.get() === undefined) state.tags.set({ since: new Date(time), n: 1n });
        timers.eventTime(1e12);
      },
      onTimer(_, { key, state, emit }) {
        const { user, shop: number } = key;
        emit({
          ...{ user, shop: number },
          total: state.total.get() ?? -1,
          first: state.first.get() ?? null,
          last: state.last.get(),
          days: [...state.days.entries()],
          most: state.most.get() ?? -1,
          mean: state.mean.get() ?? -1,
          tags: String(state.tags.get() === undefined),
        });
      },
    })
    .uid('accounts')
    .maxParallelism(48)
    .to(files(`${out}/accounts`, jsonLines()));
  sales
    .keyBy('shop')
    .sum('amount')
    .uid('turnover')
    .map(({ shop: number, amount }) => ({ shop: number, amount }))
    .to(files(`${out}/turnover`, jsonLines()));
});
