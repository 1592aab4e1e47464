/** The command `npm run bench -- peers`: some queries as jobs, in plain loops, and in other libraries of JavaScript. */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type Figure, type Run, reported, typescript, type Variant } from '../../figure.ts';
import { measureFigure } from '../../harness.ts';
import { positive, RESULTS_FOLDER } from '../../options.ts';
import { describeResults, resultsPath, startResults, writeResults } from '../../results.ts';
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
    .option('-q, --query <ids>', `only these: ${PEER_QUERIES.join(', ')}`, (text: string) =>
      text.split(','),
    )
    .option('-e, --events <n>', 'events of the corpus', positive, 1_000_000)
    .option('-r, --rounds <n>', 'runs of each', positive, 3)
    .option('--folder <folder>', 'where corpora are kept', CORPUS_FOLDER)
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((flags: Flags) => runPeers(flags));
}

async function runPeers(flags: Flags): Promise<void> {
  const unknown = (flags.query ?? []).filter((id) => !PEER_QUERIES.includes(id));
  if (unknown.length > 0) {
    throw new Error(
      `there is no query '${unknown[0]}' for peers; there are ${PEER_QUERIES.join(', ')}`,
    );
  }
  const settings = { scale: 1, rounds: flags.rounds };
  const started = startResults(settings);
  const path = resultsPath(flags.results, started).replace(/\.json$/, '-peers.json');
  const corpus = corpusFile(flags);
  console.log(`${describeResults(started)}\n${corpus}\nresults are written to ${path}`);
  const figures = [];
  for (const id of flags.query ?? PEER_QUERIES) {
    console.log(`\n${id}`);
    const figure = peersFigure(id, corpus);
    figures.push(await measureFigure(figure, settings, (line) => console.log(`  ${line}`)));
    await writeResults(path, { ...started, figures });
  }
  const head = ['M events/s', ...Object.keys(VARIANTS)];
  const rows = figures.map(({ id, medians }) => [
    id.replace('peers-', ''),
    ...Object.keys(VARIANTS).map((name) => (medians[name]! / 1e6).toPrecision(3)),
  ]);
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  await writeFile(path.replace(/json$/, 'md'), `${describeResults(started)}\n\n${table}\n`);
  console.log(`\n${table}`);
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
