/**
 * Simulates a job of yours through crashes, torn writes, slow sinks and other numbers of subtasks, all decided by a seed: what
 * is committed in the end is what an undisturbed run commits, or the promise rejects and tells a short scenario that fails.
 *
 *   20 seeds, and 60 rows each time
 */
import { generate, job, monotonous, record, t, tumbling } from 'millrace';
import { simulate } from 'millrace/testing';

const Bid = record({ auction: t.int32, price: t.float64, time: t.timestamp });

export const bids = job(import.meta, 'bids', (flow) => {
  const best = flow
    .from(
      generate({
        schema: Bid,
        count: 6000,
        row: (i, random) => ({ auction: i % 10, price: random.below(1000), time: i * 10 }),
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('auction')
    .window(tumbling('10 s'))
    .aggregate(({ count, max }) => ({ bids: count(), best: max('price') }));
  return { best };
});

const rows = new Set<number>();
for (let seed = 0; seed < 20; seed++) {
  const result = await simulate(bids, { seed });
  for (const committed of Object.values(result.rows)) rows.add(committed);
}
console.log(`20 seeds, and ${[...rows].join(' or ')} rows each time`);
