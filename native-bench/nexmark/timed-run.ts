/** Runs a query over a corpus in memory, as a job or as its bare loop, and measures what is behind the warm-up. */
import type { Corpus } from './corpus-format.ts';
import { LOOPS } from './loops.ts';
import { count, floor, QUERIES } from './queries.ts';
import { provideCorpus } from './source.ts';
import { type Lap, provideStopwatch, type Stopwatch } from './stopwatch.ts';

const WARM_UP_SHARE = 0.3;

export type Timed = Lap & {
  /** Behind the warm-up. */
  readonly events: number;
  /** Of the whole run. */
  readonly rows: number;
};

/** `how` is a number of threads, or 'loop'. */
export async function timedRun(id: string, corpus: Corpus, how: number | 'loop'): Promise<Timed> {
  const warmUpSegments = Math.floor(corpus.segments * WARM_UP_SHARE);
  const stopwatch = provideStopwatch(warmUpSegments);
  const rows = how === 'loop' ? loopRows(id, corpus, stopwatch) : await jobRows(id, corpus, how);
  const events = corpus.events - corpus.eventsBefore(warmUpSegments);
  return { ...stopwatch.read(), events, rows };
}

async function jobRows(id: string, corpus: Corpus, threads: number): Promise<number> {
  const query = [floor, count, ...QUERIES].find((query) => query.id === id);
  if (query === undefined) throw new Error(`there is no query '${id}'`);
  provideCorpus(corpus);
  const { operators } = await query.job.run({ threads });
  const late = operators.reduce((sum, { lateRecords }) => sum + lateRecords, 0);
  if (late > 0) throw new Error(`${late} records were late`);
  return operators.at(-1)!.recordsIn;
}

function loopRows(id: string, corpus: Corpus, stopwatch: Stopwatch): number {
  const loop = LOOPS[id];
  if (loop === undefined) throw new Error(`there is no loop for '${id}'`);
  let rows = 0;
  let sum = 0;
  // Each number is looked at, or V8 would not make it.
  loop.run(
    corpus,
    (...row) => {
      rows++;
      for (const number of row) sum += number;
    },
    stopwatch,
  );
  stopwatch.stop();
  if (Number.isNaN(sum)) throw new Error(`the loop of '${id}' gave something that is no number`);
  return rows;
}
