/**
 * Runs a query of Nexmark by the arguments that the peer's program has too.
 *
 *   run-nexmark.ts --job q5 --form functions --corpus <file>     { timedRecords, seconds, cpuSeconds, peakMb, rows }
 *   ... --passes 20 --goes-on 1                                  reads the corpus so many times, with later ids and times
 *   ... --verify 1                                               { results, checksum }
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { loadCorpus } from '../nexmark/corpus.ts';
import { floor, QUERIES } from '../nexmark/queries.ts';
import { provideCorpus } from '../nexmark/source.ts';
import { timedRun } from '../nexmark/timed-run.ts';

const THREADS = 2;

const { values } = parseArgs({
  options: Object.fromEntries(
    ['job', 'form', 'corpus', 'passes', 'goes-on', 'verify'].map((name) => [
      name,
      { type: 'string' as const },
    ]),
  ),
});
const { job: id = '', corpus: path = '', passes = '1', verify } = values as Record<string, string>;
const goesOn = values['goes-on'] === '1';
const corpus = loadCorpus(path, { passes: Number(passes), goesOn });
const report = verify === '1' ? await verified() : await timed();
console.log(JSON.stringify(report));

async function verified() {
  const query = [floor, ...QUERIES].find((query) => query.id === id);
  assert(query !== undefined, `there is no query '${id}'`);
  provideCorpus(corpus);
  const checksum = await query.checksum({ threads: THREADS });
  // As many bits as a number holds.
  const number = Number(BigInt.asUintN(53, BigInt(`0x${checksum}`)));
  return { results: checksum.rows, checksum: number };
}

async function timed() {
  const { ms, cpuSeconds, events, rows } = await timedRun(id, corpus, THREADS);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  return { timedRecords: events, seconds: ms / 1000, cpuSeconds, peakMb, rows };
}
