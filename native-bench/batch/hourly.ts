/**
 * Delays by airport and hour, from the file of three million flights: the first half of examples/flights.ts, with a sink that
 * counts. The same in SQL and as a query of a data frame: native-bench/peers/batch/run.mjs.
 */
import { type Batch, boundedOutOfOrderness, job, record, type Sink, t, tumbling } from 'millrace';
import { files, parquet } from 'millrace/connectors/files';
import { FLIGHTS_FILE, type Hour, Hours, LATE_MINUTES } from './hours.ts';

/** Filled in the calling thread, when the job is complete. */
export const hours = new Hours();

const Flight = record({ date: t.timestamp, delay: t.int32, origin: t.string });

function counting(isVerified: boolean): Sink {
  return {
    name: 'counting',
    descriptor: null,
    createWriter: () => {
      const seen = new Hours();
      return {
        isBusy: false,
        write(batch: Batch) {
          if (!isVerified) seen.rows += batch.rowCount;
          else for (const row of batch.rowObjects() as readonly Hour[]) seen.add(row);
        },
        preCommit: (isEnd) => (isEnd ? [{ rows: seen.rows, checksum: seen.checksum }] : []),
        close() {},
      };
    },
    async commit(committables) {
      for (const seen of committables as unknown as readonly Hours[]) hours.merge(seen);
    },
  };
}

export const hourly = job(import.meta, 'hourly', (flow) => {
  flow
    .from(files(flow.param('input', FLIGHTS_FILE), parquet(Flight)))
    .eventTime('date', boundedOutOfOrderness('5 min'))
    .keyBy('origin')
    .window(tumbling('1 h'))
    .aggregate(({ count, avg, max, min }) => ({
      flights: count(),
      mean: avg('delay'),
      worst: max('delay'),
      best: min('delay'),
      late: avg((flight) => (flight.delay > LATE_MINUTES ? 1 : 0)),
    }))
    .to(counting(flow.param('verify', 0) === 1));
});
