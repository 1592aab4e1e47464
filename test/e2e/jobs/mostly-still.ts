/** Many keys that come once, then a few of them again and again: what incremental checkpoints are for. */
import { job, record, t, value } from 'millrace';
import { csv, files } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

export const STILL_KEYS = 10_000;
const MOVING_KEYS = 50;
export const STILL_ROWS = 30_000;
const RATE = 8000;

const Row = record({ key: t.int32, one: t.int32 });

/** The running count of each key, twice: as a rolling sum, and by a function with a state. */
export const mostlyStill = job(import.meta, 'mostly still', (flow) => {
  const out = flow.param('out', '');
  const keyed = flow
    .from(
      heldRows(flow, {
        schema: Row,
        count: STILL_ROWS,
        row: (n) => ({ key: n < STILL_KEYS ? n : n % MOVING_KEYS, one: 1 }),
      }),
      { rate: flow.param('rate', RATE), parallelism: 1 },
    )
    .keyBy('key');
  keyed
    .sum('one')
    .uid('sums')
    .to(files(`${out}/sums`, csv(), { existing: 'replace' }));
  keyed
    .process({
      emits: Row,
      state: { count: value(t.int32) },
      onRecord(_row, { key, state, emit }) {
        const one = state.count.update((count) => (count ?? 0) + 1) as number;
        emit({ key: key.key, one });
      },
    })
    .uid('counts')
    .to(files(`${out}/counts`, csv(), { existing: 'replace' }));
});
