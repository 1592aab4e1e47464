/** The command `npm run bench -- recovery`: what checkpoints of each kind cost, and how long it takes to go on from one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type Figure, figure, reported, typescript } from '../figure.ts';
import { medianOf, type Outcome } from '../harness.ts';
import { positive, RESULTS_FOLDER } from '../options.ts';
import { measureSuite } from '../suite.ts';
import { type Cell, markdownTable } from '../table.ts';

type Flags = {
  readonly keys: readonly string[];
  readonly kind: readonly Kind[];
  readonly seconds: number;
  readonly rounds: number;
  readonly results: string;
};

const KINDS = ['none', 'full', 'incremental', 'unaligned'] as const;
type Kind = (typeof KINDS)[number];

const PROGRAM = 'native-bench/state/recovery.ts';

export function recoveryCommand(): Command {
  return new Command('recovery')
    .description('Measures what checkpoints cost, and how long recovery takes.')
    .option('--keys <n...>', 'keys of the state', ['10000', '1000000'])
    .addOption(new Option('--kind <name...>', 'of checkpoints').choices(KINDS).default(KINDS))
    .option('--seconds <n>', 'of each run', positive, 10)
    .option('-r, --rounds <n>', 'runs of each kind', positive, 3)
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((flags: Flags) => recovery(flags));
}

async function recovery(flags: Flags): Promise<void> {
  const keys = flags.keys.map(positive);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-recovery-'));
  try {
    const table = await measureSuite({
      name: 'recovery',
      figures: keys.flatMap((count) => [
        costFigure(count, flags, folder),
        recoveryFigure(count, flags, folder),
      ]),
      settings: { scale: 1, rounds: flags.rounds },
      folder: flags.results,
      table: (outcomes) => tableOf(outcomes, keys, flags.kind),
    });
    console.log(`\n${table}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const folderOf = (folder: string, kind: Kind, keys: number): string =>
  join(folder, `${kind}-${keys}`);

function costFigure(keys: number, { seconds, kind: kinds }: Flags, folder: string): Figure {
  return figure<string>({
    id: `checkpoints-${keys}`,
    what: `records/s with ${keys} keys, with a checkpoint every half a second and without`,
    unit: 'records/s',
    roundUnit: 'records/s',
    bar: null,
    variants: () =>
      byKind(kinds, (kind) => ({
        command: typescript(PROGRAM, 'run', kind, keys, seconds, folderOf(folder, kind, keys)),
        measure: (run) => reported(run, 'perSecond'),
      })),
    value: (medians) => medians[kinds[0]!]!,
  });
}

/** Goes on from what the figure above has left behind. */
function recoveryFigure(keys: number, { kind: kinds }: Flags, folder: string): Figure {
  return figure<string>({
    id: `recovery-${keys}`,
    what: `ms from the start of a process to the first record, with ${keys} keys`,
    unit: 'ms',
    roundUnit: 'ms',
    bar: null,
    variants: () =>
      byKind(kinds, (kind) => ({
        command: typescript(PROGRAM, 'recover', folderOf(folder, kind, keys)),
        measure: (run) => reported(run, 'ms'),
      })),
    value: (medians) => medians[kinds[0]!]!,
  });
}

function byKind<T>(kinds: readonly Kind[], of: (kind: Kind) => T): Record<string, T> {
  return Object.fromEntries(kinds.map((kind) => [kind, of(kind)]));
}

function tableOf(
  outcomes: readonly Outcome[],
  keys: readonly number[],
  kinds: readonly Kind[],
): string {
  const rows = keys.flatMap((count) => {
    const costs = outcomes.find(({ id }) => id === `checkpoints-${count}`);
    const recoveries = outcomes.find(({ id }) => id === `recovery-${count}`);
    if (costs === undefined) return [];
    return kinds.map((kind): readonly Cell[] => {
      const of = (field: string): number => medianOf(costs, kind, (report) => report[field]!);
      const taken = (field: string): number | null => (kind === 'none' ? null : of(field));
      return [
        `${count} keys, ${kind}`,
        of('perSecond') / 1e6,
        costs.medians.none === undefined ? null : costs.medians[kind]! / costs.medians.none,
        of('gapMs'),
        ...['checkpointMs', 'writtenMb', 'fullMb'].map(taken),
        recoveries?.medians[kind] ?? null,
      ];
    });
  });
  const head = [
    ...['checkpoints', 'M records/s', 'of that without', 'longest gap, ms'],
    ...['a checkpoint, ms', 'written, MB', 'whole, MB', 'recovery, ms'],
  ];
  return markdownTable(head, rows);
}
