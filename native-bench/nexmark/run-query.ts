/**
 * Runs a query, or its bare loop, over a corpus that is in memory before the clock starts. The clock starts when three
 * tenths of the events have been read, and stops when the last sink has seen the end.
 *
 *   run-query.ts <query> <corpus file> <threads>      a job
 *   run-query.ts <query> <corpus file> loop           its loop
 *
 * Both print { ms, cpuSeconds, events, rows, rssMb }: of the timed part, but for `rows`, which are those of the whole run, and
 * `rssMb`, the most memory that the process had.
 */
import { loadCorpus } from './corpus.ts';
import { timedRun } from './timed-run.ts';

const [id = '', path = '', how = ''] = process.argv.slice(2);
const timed = await timedRun(id, loadCorpus(path), how === 'loop' ? 'loop' : Number(how));
console.log(JSON.stringify({ ...timed, rssMb: process.resourceUsage().maxRSS / 1024 }));
