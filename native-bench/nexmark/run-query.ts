/**
 * Runs a query, or its bare loop, over a corpus that is in memory before the clock starts. The clock starts when three
 * tenths of the events have been read, and stops when the last sink has seen the end.
 *
 *   run-query.ts <query> <corpus file> <threads> <passes>      a job
 *   run-query.ts <query> <corpus file> loop <passes>           its loop
 *
 * It reads the corpus so many times, with later ids and times. Both print { ms, cpuSeconds, events, rows, rssMb }: of the timed part, but for `rows`, which are those of the whole run, and
 * `rssMb`, the most memory that the process had.
 */
import { loadCorpus } from './corpus.ts';
import { timedRun } from './timed-run.ts';

const [id = '', path = '', how = '', passes = '1'] = process.argv.slice(2);
const corpus = loadCorpus(path, { passes: Number(passes), goesOn: passes !== '1' });
const timed = await timedRun(id, corpus, how === 'loop' ? 'loop' : Number(how));
console.log(JSON.stringify({ ...timed, rssMb: process.resourceUsage().maxRSS / 1024 }));
