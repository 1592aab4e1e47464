/**
 * Three million flights: delays by airport and hour, and the routes that keep being late.
 *
 *   npm start
 *   npx millrace run examples/flights.ts --param out=results --param rate=100000
 *
 * Writes out/flights/hourly/*.csv and out/flights/routes/*.csv; times are milliseconds since 1970 UTC.
 */
import { boundedOutOfOrderness, job, record, sliding, t, tumbling } from 'millrace';
import { csv, files, parquet } from 'millrace/connectors/files';
import { topTable } from './top-table.ts';

const Flight = record({
  date: t.timestamp,
  delay: t.int32,
  distance: t.int32,
  origin: t.string,
  destination: t.string,
});

const FLIGHTS_FILE = 'node_modules/vega-datasets/data/flights-3m.parquet';
const LATE_MINUTES = 15;

export default job(import.meta, 'flights', (flow) => {
  const input = flow.param('input', FLIGHTS_FILE);
  const out = flow.param('out', 'out/flights');
  const rate = flow.param('rate', 0);

  const flights = flow
    .from(files(input, parquet(Flight)), { rate })
    .eventTime('date', boundedOutOfOrderness('5 min'));

  const hourly = flights
    .keyBy('origin')
    .window(tumbling('1 h'))
    .aggregate(({ count, avg, max, min }) => ({
      flights: count(),
      mean: avg('delay'),
      worst: max('delay'),
      best: min('delay'),
      late: avg((flight) => (flight.delay > LATE_MINUTES ? 1 : 0)),
    }));

  const routes = flights
    .keyBy('origin', 'destination')
    .window(sliding('7 d', '1 d'))
    .aggregate(({ count, avg, max, min }) => ({
      flights: count(),
      mean: avg('delay'),
      worst: max('delay'),
      best: min('delay'),
      late: avg((flight) => (flight.delay > LATE_MINUTES ? 1 : 0)),
    }))
    .filter((route) => route.flights >= 20 && route.mean > 20);

  hourly.to(files(`${out}/hourly`, csv(), { existing: 'replace' }));
  routes.to(files(`${out}/routes`, csv(), { existing: 'replace' }));
  hourly
    .filter((hour) => hour.flights >= 10)
    .to(topTable('Worst hours (10 flights or more)', 'mean', 5, `${out}/hourly`));
  routes.to(topTable('Worst routes over 7 days (20 flights or more)', 'mean', 5, `${out}/routes`));
  return { hourly, routes };
});
