/**
 * Runs a query in another library, in a plain loop or as a job, over a corpus that is in memory before the clock starts: as
 * objects with all of their texts, or for a job as columns. Prints { ms, events, results }.
 *
 *   run-peer.ts <loop | rxjs | streams> <query> <corpus file>
 *   run-peer.ts job <query> <corpus file> <threads>
 *
 * Three tenths of the events run before the clock starts, so that V8 has compiled what they need; for a job they are the
 * first ones of the whole, as its code is compiled anew in the threads of each run. A job reads the corpus many times, with
 * later ids and times: it would be through with it once before all is compiled. Its results are counted over the corpus alone.
 */
import { eventsOf, loadCorpus } from '../corpus.ts';
import type { Corpus } from '../corpus-format.ts';
import { timedRun } from '../timed-run.ts';
import { PEERS, type Peer } from './peers.ts';

const WARM_UP_SHARE = 0.3;
/** Of a job. */
const PASSES = 200;

async function runPeer(peer: Peer, query: string, corpus: Corpus) {
  const events = [...eventsOf(corpus)];
  let results = 0;
  const sink = (): void => {
    results++;
  };
  await peer(query, events.slice(0, events.length * WARM_UP_SHARE), sink);
  results = 0;
  const start = performance.now();
  await peer(query, events, sink);
  return { ms: performance.now() - start, events: events.length, results };
}

const [name = '', query = '', path = '', threads = '1'] = process.argv.slice(2);
if (name === 'job') {
  const { rows: results } = await timedRun(query, loadCorpus(path), Number(threads));
  const passes = loadCorpus(path, { passes: PASSES, goesOn: true });
  const { ms, events } = await timedRun(query, passes, Number(threads));
  console.log(JSON.stringify({ ms, events, results }));
} else {
  const peer = PEERS[name];
  if (peer === undefined) throw new Error(`there is no peer '${name}'`);
  console.log(JSON.stringify(await runPeer(peer, query, loadCorpus(path))));
}
