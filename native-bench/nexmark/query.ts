/**
 * What a query is: a job over the wide stream, and how the rows of its result are written for the checksum. The result of
 * an updating query is a stream of changes: the row that was sent last for a key is the one in its table.
 */
import {
  boundedOutOfOrderness,
  type Job,
  job,
  type RunOptions,
  type Sink,
  type Stream,
} from 'millrace';
import { Checksum } from './checksum.ts';
import type { Events } from './events.ts';
import { corpusEvents } from './source.ts';
import { providedStopwatch } from './stopwatch.ts';

/** How far events may be out of order. */
const LATENESS = '4 s';

export type QueryDefinition<Row> = {
  readonly result: (events: Events) => Stream<Row>;
  /** The fields that do not depend on the order in which events of the same millisecond come. */
  readonly text: (row: Row) => readonly (string | number)[];
  /** Of an updating query: what identifies a row of its table. */
  readonly key?: (row: Row) => string | number;
};

export type Query = {
  readonly id: string;
  /** Throws its result away. */
  readonly job: Job<{ readonly result: Stream<never> }>;
  /** Runs the job, and adds up the final rows. */
  checksum(options: RunOptions): Promise<Checksum>;
};

export function query<Row>(
  meta: ImportMeta,
  id: string,
  { result: resultOf, text, key }: QueryDefinition<Row>,
): Query {
  const of = job(meta, id, (flow) => {
    const events = flow.from(corpusEvents()).eventTime('time', boundedOutOfOrderness(LATENESS));
    const result = resultOf(events);
    result.to(measuredBlackhole());
    return { result };
  });
  return {
    id,
    job: of as unknown as Query['job'],
    async checksum(options) {
      const { result } = (await of.collect(options)) as unknown as { result: Row[] };
      const checksum = new Checksum();
      for (const row of key === undefined ? result : lastOf(result, key)) {
        checksum.add(text(row).join('|'));
      }
      return checksum;
    },
  };
}

function lastOf<Row>(rows: readonly Row[], key: (row: Row) => string | number): Iterable<Row> {
  return new Map(rows.map((row) => [key(row), row])).values();
}

/** Throws its rows away, and stops the stopwatch at their end. */
function measuredBlackhole(): Sink {
  return {
    name: 'blackhole',
    descriptor: null,
    createWriter: () => ({
      isBusy: false,
      write() {},
      preCommit() {
        providedStopwatch()?.stop();
        return [];
      },
      close() {},
    }),
    async commit() {},
  };
}
