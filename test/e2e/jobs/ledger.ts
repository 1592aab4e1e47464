/**
 * Whatever order rows come in, the results are the same, and each row that is lost or doubled shows: all rows of a key have
 * the same amount, so that their running totals are its multiples, and groups of ten of them are all alike.
 */
import { boundedOutOfOrderness, generate, job, record, t, tumbling, tumblingCount } from 'millrace';
import { csv, files, jsonLines, parquet } from 'millrace/connectors/files';

const Entry = record({ account: t.string, amount: t.int32, time: t.timestamp });

/** Entry n of an input; a minute has 600. */
export function entryOf(input: string, n: number) {
  const account = `${input}-${n % 37}`;
  return { account, amount: (n % 37) + 1, time: n * 100 };
}

export const ledger = job(import.meta, 'ledger', (flow) => {
  const input = flow.param('input', '');
  const out = flow.param('out', '');
  const rate = flow.param('rate', 0);
  const rows = flow.param('rows', 0);

  const bad = { onMalformed: 'deadLetter' } as const;
  const inCsv = flow.from(files(`${input}/*.csv.gz`, csv(Entry), bad), { name: 'csv', rate });
  const inJson = flow.from(files(`${input}/*.jsonl`, jsonLines(Entry)), { name: 'json', rate });
  const inParquet = flow.from(files(`${input}/*.parquet`, parquet(Entry)), {
    name: 'parquet',
    rate: rate * 2,
  });
  const made = flow.from(generate({ schema: Entry, count: rows, row: (n) => entryOf('made', n) }), {
    rate,
  });
  const [first, ...others] = [inCsv, inJson, inParquet, made].map((stream) =>
    stream.eventTime('time', boundedOutOfOrderness('1 s')),
  );
  const all = first!.union(...others);

  all
    .map(({ account, amount }) => ({ account, amount }))
    .keyBy('account')
    .sum('amount')
    .name('totals')
    .to(files(`${out}/totals`, csv(), { existing: 'replace', rolling: { size: 20_000 } }));
  all
    .keyBy('account')
    .window(tumblingCount(10))
    .aggregate(({ count, sum }) => ({ entries: count(), amount: sum('amount') }))
    .name('tens')
    .to(
      files(`${out}/tens`, jsonLines(), {
        existing: 'replace',
        rolling: { onCheckpoint: true },
        compact: { size: 100_000 },
      }),
    );
  all
    .keyBy('account')
    .window(tumbling('1 min'))
    .aggregate(({ count, sum }) => ({ entries: count(), amount: sum('amount') }))
    .name('minutes')
    .to(files(`${out}/minutes`, parquet(), { existing: 'replace', compact: { checkpoints: 3 } }));
  inCsv.deadLetters().to(files(`${out}/letters`, jsonLines(), { existing: 'replace' }));
});
