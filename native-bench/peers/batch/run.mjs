/**
 * Delays by airport and hour, in libraries for tables: the same as native-bench/batch/hourly.ts.
 *
 *   run.mjs <duckdb | polars> <file>             { ms, cpuSeconds, peakMb, results }
 *   run.mjs <duckdb | polars> <file> verify      { results, checksum }
 *
 * The clock stops when the library has all hours in its own form; to read them as values of JavaScript is not counted.
 */
import { HOUR_MS, Hours, LATE_MINUTES, report, THREADS } from '../../batch/hours.ts';

const [library, input, action] = process.argv.slice(2);
const FIELDS = ['origin', 'windowStart', 'flights', 'mean', 'worst', 'best', 'late'];

/** Each gives the number of hours, and a function that reads them. */
const LIBRARIES = { duckdb, polars };

async function duckdb() {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: String(THREADS) });
  const connection = await instance.connect();
  return async () => {
    const hours = await connection.runAndReadAll(`
      SELECT origin, epoch_ms(date_trunc('hour', date)) AS "windowStart", count(*) AS flights, avg(delay) AS mean,
        max(delay) AS worst, min(delay) AS best, avg((delay > ${LATE_MINUTES})::INT) AS late
      FROM '${input}' GROUP BY ALL`);
    return { rows: hours.currentRowCount, read: () => hours.getRowsJS() };
  };
}

async function polars() {
  // Read when the library is loaded.
  process.env.POLARS_MAX_THREADS = String(THREADS);
  const { default: pl } = await import('nodejs-polars');
  const integer = (value) => pl.lit(value).cast(pl.Int64);
  return async () => {
    const ms = pl.col('date').cast(pl.Datetime('ms')).cast(pl.Int64);
    const delay = pl.col('delay');
    const hours = await pl
      .scanParquet(input)
      .select(pl.col('origin'), ms.minus(ms.modulo(integer(HOUR_MS))).alias('windowStart'), delay)
      .groupBy(['origin', 'windowStart'])
      .agg(
        pl.len().alias('flights'),
        delay.mean().alias('mean'),
        delay.max().alias('worst'),
        delay.min().alias('best'),
        delay.gt(integer(LATE_MINUTES)).mean().alias('late'),
      )
      .collect();
    return { rows: hours.height, read: () => hours.select(...FIELDS).rows() };
  };
}

const query = await LIBRARIES[library]();
const start = performance.now();
const { rows, read } = await query();
const ms = performance.now() - start;
const hours = new Hours();
if (action === 'verify') {
  for (const [origin, ...numbers] of read()) {
    const values = numbers.map((value, i) => [FIELDS[i + 1], Number(value)]);
    hours.add({ origin, ...Object.fromEntries(values) });
  }
} else hours.rows = rows;
report(ms, hours, action === 'verify');
