/** The command `npm run bench -- peers`: some queries as jobs, in plain loops, and in other libraries of JavaScript. */
import { Command } from 'commander';
import { type Figure, type Run, reported, typescript, type Variant } from '../../figure.ts';
import type { Outcome } from '../../harness.ts';
import { choose, commaList, positive, RESULTS_FOLDER } from '../../options.ts';
import { measureSuite } from '../../suite.ts';
import { markdownTable } from '../../table.ts';
import { CORPUS_FOLDER, corpusFile } from '../corpus.ts';
import { PEER_QUERIES } from './peers.ts';

const VARIANTS = {
  'millrace, 1 thread': ['job', 1],
  'millrace, 2 threads': ['job', 2],
  loop: ['loop'],
  RxJS: ['rxjs'],
  'Node streams': ['streams'],
} as const;

type Flags = {
  readonly query?: readonly string[];
  readonly events: number;
  readonly rounds: number;
  readonly folder: string;
  readonly results: string;
};

export function peersCommand(): Command {
  return new Command('peers')
    .description('Measures the engine beside RxJS, Node streams and a plain loop over objects.')
    .option('-q, --query <ids>', `only these: ${PEER_QUERIES.join(', ')}`, commaList)
    .option('-e, --events <n>', 'events of the corpus', positive, 1_000_000)
    .option('-r, --rounds <n>', 'runs of each', positive, 3)
    .option('--folder <folder>', 'where corpora are kept', CORPUS_FOLDER)
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((flags: Flags) => runPeers(flags));
}

async function runPeers(flags: Flags): Promise<void> {
  const all = PEER_QUERIES.map((id) => ({ id }));
  const queries = choose('query for peers', all, flags.query);
  const corpus = corpusFile(flags);
  console.log(corpus);
  const table = await measureSuite({
    name: 'peers',
    figures: queries.map(({ id }) => peersFigure(id, corpus)),
    settings: { scale: 1, rounds: flags.rounds },
    folder: flags.results,
    table: tableOf,
  });
  console.log(`\n${table}`);
}

function tableOf(outcomes: readonly Outcome[]): string {
  const names = Object.keys(VARIANTS);
  const rows = outcomes.map(({ id, medians }) => [
    id.replace('peers-', ''),
    ...names.map((name) => medians[name]! / 1e6),
  ]);
  return markdownTable(['M events/s', ...names], rows);
}

function peersFigure(id: string, corpus: string): Figure {
  const perSecond = (run: Run): number => (reported(run, 'events') / reported(run, 'ms')) * 1000;
  const variants = Object.entries(VARIANTS).map(([name, [peer, ...rest]]): [string, Variant] => {
    const command = typescript('native-bench/nexmark/peers/run-peer.ts', peer, id, corpus, ...rest);
    return [name, { command, measure: perSecond }];
  });
  return {
    id: `peers-${id}`,
    what: `events/s of ${id}`,
    unit: 'events/s',
    roundUnit: 'events/s',
    bar: null,
    variants: () => Object.fromEntries(variants),
    value: (medians) => medians['millrace, 1 thread']!,
  };
}
