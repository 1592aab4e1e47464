/** A job that goes on for a while, slow enough to be stopped on its way: rows per key and window, in files. */
import { boundedOutOfOrderness, job, record, sliding, t } from 'millrace';
import { csv, files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const Tick = record({ n: t.int32, key: t.int32, at: t.timestamp });

export const counting = job(import.meta, 'counting', (flow) => {
  const ticks = flow
    .from(
      heldRows(flow, {
        schema: Tick,
        count: flow.param('count', 40_000),
        row: (n) => ({ n, key: (n * 7) % 97, at: n * 3 }),
      }),
      // One reader, so that the rows of a key have an order.
      { rate: flow.param('rate', 0), parallelism: 1 },
    )
    .eventTime('at', boundedOutOfOrderness(50));
  const out = flow.param('out', 'out');
  const rolling = { onCheckpoint: flow.param('rolls', false) };
  ticks
    .keyBy('key')
    .window(sliding(3000, 1000))
    .aggregate(({ count, sum, last }) => ({ rows: count(), total: sum('n'), last: last('n') }))
    .to(files(`${out}/windows`, csv(), { rolling }));
  ticks
    .keyBy('key')
    .sum('n')
    .to(files(`${out}/sums`, jsonLines(), { rolling }));
});
