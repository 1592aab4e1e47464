/**
 * Runs its own job, which uses what a bundler could break: functions in generated loops, rows of any shape, aggregates
 * over values, files. The folder for the files is its argument; its second run fails in a function.
 */
import { EngineError, generate, job, monotonous, record, t, tumbling } from 'millrace';
import { files, parquet } from 'millrace/connectors/files';

const Row = record({ key: t.int32, value: t.float64, time: t.timestamp });

const wide = job(import.meta, 'wide', (flow) => {
  const bad = flow.param('bad', -1);
  const rows = flow.from(
    generate({
      schema: Row,
      count: 10_000,
      row: (n) => ({ key: n % 7, value: n, time: n }),
    }),
  );
  const sums = rows
    .eventTime('time', monotonous())
    .map((row) => {
      if (row.value === bad) throw new TypeError('a bad row');
      return { ...row, nested: { half: row.value / 2 } };
    })
    .filter((row) => row.value % 2 === 0)
    .flatMap((row) => [row])
    .keyBy('key')
    .window(tumbling('10 s'))
    .aggregate(({ count, max, quantile }) => ({
      rows: count(),
      median: quantile('value', 0.5),
      most: max((row) => row.nested.half),
    }));
  rows.to(files(flow.param('out', ''), parquet()));
  return { sums };
});

const [, , folder] = process.argv;
const { sums } = await wide.collect({ threads: 2, params: { out: `${folder}/all` } });
const one = sums.find((row) => row.key === 3)!;
console.log(one.rows, Math.round(one.median! / 100), one.most);
try {
  await wide.collect({ threads: 2, params: { out: `${folder}/none`, bad: 8 } });
} catch (error) {
  if (error instanceof EngineError) console.log(error.name, error.code, error.message);
}
