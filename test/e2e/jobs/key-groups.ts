/** Steps with key groups of their own, each with another kind of state; how many is told by parameters, 0 for those of the job. */
import { boundedOutOfOrderness, job, record, type Step, sliding, t, value } from 'millrace';
import { csv, files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const Tick = record({ n: t.int32, key: t.int32, at: t.timestamp });
const Count = record({ key: t.int32, count: t.int32, n: t.int32 });

export const TICKS = 24_000;

export const grouped = job(import.meta, 'grouped', (flow) => {
  const ticks = flow
    .from(
      heldRows(flow, {
        schema: Tick,
        count: TICKS,
        row: (n) => ({ n, key: (n * 7) % 97, at: n * 3 }),
      }),
      // One reader, so that the rows of a key have an order.
      { rate: flow.param('rate', 0), parallelism: 1 },
    )
    .eventTime('at', boundedOutOfOrderness(50));
  const out = flow.param('out', 'out');
  const within = (step: Step, uid: string, groups: number): void => {
    step.uid(uid);
    const asked = flow.param(uid, groups);
    if (asked > 0) step.maxParallelism(asked);
  };
  const windows = ticks
    .keyBy('key')
    .window(sliding(3000, 1000))
    .aggregate(({ count, sum, last }) => ({ rows: count(), total: sum('n'), last: last('n') }));
  within(windows, 'windows', 4096);
  windows.to(files(`${out}/windows`, csv())).uid('windows out');
  const sums = ticks.keyBy('key').sum('n');
  within(sums, 'sums', 3);
  // On one subtask in the chain of the sums, whose groups are others.
  const counts = sums.keyBy('key').process({
    emits: Count,
    state: { count: value(t.int32, { default: 0 }) },
    onRecord({ n }, { key, state, emit }) {
      state.count.update((count) => count + 1);
      emit({ ...key, count: state.count.get(), n });
    },
  });
  within(counts, 'counts', 0);
  counts.to(files(`${out}/counts`, jsonLines())).uid('counts out');
  const greatest = counts.keyBy('key').max('count');
  within(greatest, 'greatest', 7);
  greatest.to(files(`${out}/greatest`, jsonLines())).uid('greatest out');
});
