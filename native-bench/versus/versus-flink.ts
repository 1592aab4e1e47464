/** The command `npm run bench -- versus-flink`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { measureFigure, type Outcome } from '../harness.ts';
import { positive, RESULTS_FOLDER } from '../options.ts';
import { describeResults, resultsPath, startResults, writeResults } from '../results.ts';
import { type Comparison, type Line, type Peer, tableOf } from './comparison.ts';
import { comparisons } from './comparisons.ts';
import { buildFlink, flink, type JvmOptions } from './flink.ts';

type Flags = JvmOptions & {
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

export function versusFlinkCommand(): Command {
  return new Command('versus-flink')
    .description('Measures jobs against the same jobs in Flink, which a JDK and Maven build first.')
    .option('-j, --job <id...>', 'only these jobs; all when left out')
    .option('-l, --list', 'show the jobs')
    .option(
      '--records <n>',
      "of every job, or 'small' for a look; enough for each when left out",
      recordsOf,
      null,
    )
    .option('-r, --rounds <n>', 'runs of each variant', positive, 5)
    .option('--events <n>', 'of the queries of Nexmark', positive, 10_000_000)
    .option('--heap <size>', 'of the JVM, from its start; 4g, and 8g for Nexmark, when left out')
    .addOption(
      new Option('--collector <name>', 'of the JVM')
        .choices(['parallel', 'g1'])
        .default('parallel'),
    )
    .option('--results <folder>', 'where to write the table and every run', RESULTS_FOLDER)
    .action((flags: Flags) => versusFlink(flags));
}

async function versusFlink(flags: Flags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'));
  try {
    const peer: Peer = (args) => flink(flags, args);
    const all = comparisons(peer, { ...flags, folder });
    if (flags.list === true) {
      for (const { figure } of all) console.log(`${figure.id}  ${figure.what}`);
      return;
    }
    const chosen = flags.job === undefined ? all : flags.job.map((id) => comparisonOf(all, id));
    await buildFlink();
    await measureAll(chosen, flags);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function comparisonOf(all: readonly Comparison[], id: string): Comparison {
  const found = all.find(({ figure }) => figure.id === id);
  if (found !== undefined) return found;
  const known = all.map(({ figure }) => figure.id).join(', ');
  throw new Error(`there is no comparison '${id}'; there are ${known}`);
}

async function measureAll(chosen: readonly Comparison[], flags: Flags): Promise<void> {
  const settings = { scale: 1, rounds: flags.rounds };
  const { collector, heap = 'as needed' } = flags;
  const results = { ...startResults(settings), collector, heap };
  const path = resultsPath(flags.results, results).replace(/\.json$/, '-versus-flink.json');
  console.log(`${describeResults(results)}, ${collector} collector, heap ${heap}`);
  console.log(`results are written to ${path}`);
  const outcomes: Outcome[] = [];
  const lines: Line[] = [];
  for (const { figure, lines: linesOf } of chosen) {
    console.log(`\n${figure.id}: ${figure.what}`);
    try {
      const outcome = await measureFigure(figure, settings, (line) => console.log(`  ${line}`));
      outcomes.push(outcome);
      lines.push(...linesOf(outcome));
      await writeResults(path, { ...results, figures: outcomes, lines });
      await writeFile(path.replace(/json$/, 'md'), `${tableOf(lines, 'Flink')}\n`);
    } catch (error) {
      // The others still run.
      console.error(`error: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  console.log(`\n${tableOf(lines, 'Flink')}`);
}
