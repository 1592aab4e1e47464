/** The commands `npm run bench -- versus` and `npm run bench -- micro`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Outcome } from '../harness.ts';
import { choose, positive, RESULTS_FOLDER } from '../options.ts';
import { measureSuite } from '../suite.ts';
import { type Comparison, type Line, tableOf } from './comparison.ts';
import { comparisons } from './comparisons.ts';
import { flink, hazelcast, type JvmOptions } from './jvm.ts';
import { microComparisons } from './micro.ts';
import { buildOwnPrograms } from './own-programs.ts';
import { PEER_IDS, type Peer, type PeerId } from './peer.ts';
import { timely, timelyPlain } from './timely.ts';

type Shared = JvmOptions & {
  readonly engine: readonly PeerId[];
  readonly job?: readonly string[];
  readonly list?: boolean;
  /** Null: those of each comparison. */
  readonly records: number | null;
  readonly rounds: number;
  readonly results: string;
};

type Flags = Shared & {
  readonly events: number;
};

/** Enough to see that everything runs. */
const SMALL_RECORDS = 200_000;
const CHECKPOINT_SECONDS = 10;

function recordsOf(text: string): number {
  return text === 'small' ? SMALL_RECORDS : Math.ceil(positive(text));
}

/** What both commands have. */
function shared(command: Command): Command {
  return command
    .option('-j, --job <id...>', 'only these jobs; all when left out')
    .option('-l, --list', 'show the jobs')
    .option(
      '--records <n>',
      "of every job, or 'small' for a look; enough for each when left out",
      recordsOf,
      null,
    )
    .option('-r, --rounds <n>', 'runs of each variant', positive, 5)
    .option('--heap <size>', 'of a JVM, from its start; 4g, and 8g for Nexmark, when left out')
    .addOption(
      new Option('--collector <name>', 'of a JVM').choices(['parallel', 'g1']).default('parallel'),
    )
    .option('--results <folder>', 'where to write the table and every run', RESULTS_FOLDER);
}

export function versusCommand(): Command {
  const command = new Command('versus')
    .description('Measures jobs against the same jobs in engines of other languages.')
    .addOption(
      new Option('--engine <name...>', 'the peers, which are built first')
        .choices(PEER_IDS)
        .default(['flink']),
    )
    .addOption(
      new Option('--api <name>', 'of the queries in Flink: as programs, or planned from SQL')
        .choices(['stream', 'sql'])
        .default('stream'),
    )
    .option('--events <n>', 'of the queries of Nexmark', positive, 10_000_000);
  return shared(command).action((flags: Flags) =>
    compare('versus', flags, (peers, folder) => comparisons(peers, { ...flags, folder })),
  );
}

export function microCommand(): Command {
  const command = new Command('micro')
    .description('Measures single parts of the engine; with --engine flink, beside the same there.')
    .addOption(
      new Option('--engine <name...>', 'the peers, which are built first')
        .choices(['flink'])
        .default([]),
    );
  return shared(command).action((flags: Shared) => {
    const seconds = flags.records === null ? CHECKPOINT_SECONDS : 1;
    return compare('micro', flags, (peers, folder) =>
      microComparisons(peers, { ...flags, seconds, folder }),
    );
  });
}

/** By its name. */
const PEERS: Readonly<Record<PeerId, (options: JvmOptions) => Peer>> = {
  flink,
  hazelcast,
  timely,
  'timely-plain': timelyPlain,
};

/** `list` is given the folder for checkpoints. */
async function compare(
  name: string,
  flags: Shared,
  list: (peers: readonly Peer[], folder: string) => readonly Comparison[],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'));
  try {
    const peers = flags.engine.map((id) => PEERS[id](flags));
    const all = list(peers, folder);
    if (flags.list === true) {
      for (const { figure } of all) console.log(`${figure.id}  ${figure.what}`);
      return;
    }
    const chosen = choose('comparison', all, flags.job);
    for (const peer of peers) await peer.build();
    await buildOwnPrograms();
    await measure(name, chosen, flags);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(name: string, chosen: readonly Comparison[], flags: Shared): Promise<void> {
  const { engine, collector, heap = 'as needed', api = 'stream' } = flags;
  if (engine.length > 0) {
    console.log(`${engine.join(', ')}; of a JVM: ${collector} collector, heap ${heap}`);
  }
  const linesOf = (outcomes: readonly Outcome[]): readonly Line[] =>
    outcomes.flatMap((outcome) => chosen.find(({ id }) => id === outcome.id)!.lines(outcome));
  const table = await measureSuite({
    name: [name, ...engine, ...(api === 'sql' ? ['sql'] : [])].join('-'),
    figures: chosen.map(({ figure }) => figure),
    settings: { scale: 1, rounds: flags.rounds },
    folder: flags.results,
    details: (outcomes) => ({ collector, heap, api, lines: linesOf(outcomes) }),
    table: (outcomes) => tableOf(linesOf(outcomes)),
  });
  console.log(`\n${table}`);
}
