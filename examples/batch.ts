/**
 * The same job as a stream and in batch: where the input ends, one can wait for the end, and have only what is true then.
 *
 *   as a stream: ada 3, bob 5, ada 7
 *   in batch: ada 7, bob 5
 *   the largest first: bob 5, ada 4, ada 3
 */
import { collection, job, record, t } from 'millrace';

const Sale = record({ seller: t.string, amount: t.int32 });

const sales = job(import.meta, 'sales', (flow) => {
  const rows = flow.from(
    collection(
      [
        { seller: 'ada', amount: 3 },
        { seller: 'bob', amount: 5 },
        { seller: 'ada', amount: 4 },
      ],
      Sale,
    ),
  );
  // Of a stream without keys, all rows of a subtask: `global` has sent them to one.
  const sorted = rows.global().fullPartition().sort('amount', 'descending');
  return { totals: rows.keyBy('seller').sum('amount'), sorted };
});

const asStream = await sales.collect({ threads: 0 });
const inBatch = await sales.collect({ threads: 0, batch: true });

const show = (rows: typeof asStream.totals): string =>
  rows.map(({ seller, amount }) => `${seller} ${amount}`).join(', ');
console.log(`as a stream: ${show(asStream.totals)}`);
console.log(
  `in batch: ${show(inBatch.totals.toSorted((a, b) => a.seller.localeCompare(b.seller)))}`,
);
console.log(`the largest first: ${show(inBatch.sorted)}`);
