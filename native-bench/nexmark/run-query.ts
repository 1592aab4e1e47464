/**
 * Runs a query, or its bare loop, over a corpus that is in memory before the clock starts. The clock starts when three
 * tenths of the events have been read, and stops when the last row has been thrown away.
 *
 *   run-query.ts <query> <corpus file> <threads>      a job
 *   run-query.ts <query> <corpus file> loop           its loop
 *
 * Both print { ms, cpuSeconds, events, rows, rssMb }: of the timed part, but for `rows`, which are those of the whole run, and
 * `rssMb`, the most memory that the process had.
 */
import { loadCorpus } from './corpus.ts';
import { type Corpus, SEGMENT_EVENTS } from './corpus-format.ts';
import { LOOPS } from './loops.ts';
import { floor } from './queries/stateless.ts';
import { QUERIES } from './queries.ts';
import { provideCorpus } from './source.ts';
import { provideStopwatch, type Stopwatch } from './stopwatch.ts';

const WARM_UP_SHARE = 0.3;

async function jobRows(id: string, corpus: Corpus, threads: number): Promise<number> {
  const query = [floor, ...QUERIES].find((query) => query.id === id);
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
  if (Number.isNaN(sum)) throw new Error(`the loop of '${id}' gave something that is no number`);
  return rows;
}

const [id = '', path = '', how = ''] = process.argv.slice(2);
const corpus = loadCorpus(path);
const firstTimed = Math.floor(corpus.segments * WARM_UP_SHARE);
const stopwatch = provideStopwatch(firstTimed);
const rows =
  how === 'loop' ? loopRows(id, corpus, stopwatch) : await jobRows(id, corpus, Number(how));
const { ms, cpuSeconds } = stopwatch.read();
const events = corpus.events - firstTimed * SEGMENT_EVENTS;
const rssMb = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ms, cpuSeconds, events, rows, rssMb }));
