/** The command `npm run bench -- versus`. */
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
import { PEER_IDS, type Peer, type PeerId } from './peer.ts';
import { timely } from './timely.ts';

type Flags = JvmOptions & {
  readonly engine: readonly PeerId[];
  readonly job?: readonly string[];
  readonly list?: boolean;
  /** Null: those of each comparison. */
  readonly records: number | null;
  readonly events: number;
  readonly rounds: number;
  readonly results: string;
};

/** Enough to see that everything runs. */
const SMALL_RECORDS = 200_000;

function recordsOf(text: string): number {
  return text === 'small' ? SMALL_RECORDS : Math.ceil(positive(text));
}

export function versusCommand(): Command {
  return new Command('versus')
    .description('Measures jobs against the same jobs in engines of other languages.')
    .addOption(
      new Option('--engine <name...>', 'the peers, which are built first')
        .choices(PEER_IDS)
        .default(['flink']),
    )
    .option('-j, --job <id...>', 'only these jobs; all when left out')
    .option('-l, --list', 'show the jobs that one of the peers has')
    .option(
      '--records <n>',
      "of every job, or 'small' for a look; enough for each when left out",
      recordsOf,
      null,
    )
    .option('-r, --rounds <n>', 'runs of each variant', positive, 5)
    .option('--events <n>', 'of the queries of Nexmark', positive, 10_000_000)
    .option('--heap <size>', 'of a JVM, from its start; 4g, and 8g for Nexmark, when left out')
    .addOption(
      new Option('--collector <name>', 'of a JVM').choices(['parallel', 'g1']).default('parallel'),
    )
    .option('--results <folder>', 'where to write the table and every run', RESULTS_FOLDER)
    .action((flags: Flags) => versus(flags));
}

/** By its name. */
const PEERS: Readonly<Record<PeerId, (options: JvmOptions) => Peer>> = { flink, hazelcast, timely };

async function versus(flags: Flags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'));
  try {
    const peers = flags.engine.map((id) => PEERS[id](flags));
    const all = comparisons(peers, { ...flags, folder });
    if (flags.list === true) {
      for (const { figure } of all) console.log(`${figure.id}  ${figure.what}`);
      return;
    }
    const chosen = choose('comparison', all, flags.job);
    for (const peer of peers) await peer.build();
    await measure(chosen, flags);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(chosen: readonly Comparison[], flags: Flags): Promise<void> {
  const { engine, collector, heap = 'as needed' } = flags;
  console.log(`${engine.join(', ')}; of a JVM: ${collector} collector, heap ${heap}`);
  const linesOf = (outcomes: readonly Outcome[]): readonly Line[] =>
    outcomes.flatMap((outcome) => chosen.find(({ id }) => id === outcome.id)!.lines(outcome));
  const table = await measureSuite({
    name: `versus-${engine.join('-')}`,
    figures: chosen.map(({ figure }) => figure),
    settings: { scale: 1, rounds: flags.rounds },
    folder: flags.results,
    details: (outcomes) => ({ collector, heap, lines: linesOf(outcomes) }),
    table: (outcomes) => tableOf(linesOf(outcomes)),
  });
  console.log(`\n${table}`);
}
