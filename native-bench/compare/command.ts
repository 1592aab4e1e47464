/** The command `npm run bench -- compare <git ref>`: figures of this tree and of another revision, run in turns. */
import { Command as CliCommand } from 'commander';
import type { Command, Figure, Settings, Variant } from '../figure.ts';
import { figure } from '../figure.ts';
import { FIGURES } from '../figures.ts';
import { median, type Outcome } from '../harness.ts';
import { choose, positive, RESULTS_FOLDER } from '../options.ts';
import { measureSuite } from '../suite.ts';
import { type Cell, markdownTable } from '../table.ts';
import { type Worktree, worktreeOf } from './worktree.ts';

type Flags = Settings & {
  readonly figure: readonly string[];
  readonly rounds: number;
  readonly results: string;
};

const SIDES = ['this', 'that'] as const;
type Side = (typeof SIDES)[number];

export function compareCommand(): CliCommand {
  return new CliCommand('compare')
    .description('Measures figures of this tree against another revision, which is built first.')
    .argument('<git ref>', 'such as HEAD~5, or a tag')
    .requiredOption('-f, --figure <id...>', 'these figures')
    .option('-s, --scale <x>', 'multiplies the number of records', positive, 1)
    .option('-r, --rounds <n>', 'runs of each', positive, 5)
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((ref: string, flags: Flags) => compare(ref, flags));
}

async function compare(ref: string, flags: Flags): Promise<void> {
  const figures = choose('figure', FIGURES, flags.figure);
  // What they need is made before the benchmarks are copied.
  for (const { prepare } of figures) await prepare?.(flags);
  const that = worktreeOf(ref);
  try {
    console.log(`against ${that.revision}`);
    const table = await measureSuite({
      name: `compare-${that.revision}`,
      figures: figures.map((of) => bothSides(of, that)),
      settings: flags,
      folder: flags.results,
      details: (outcomes) => ({ against: that.revision, lines: linesOf(figures, outcomes) }),
      table: (outcomes) => tableOf(linesOf(figures, outcomes), that.revision),
    });
    console.log(`\n${table}`);
  } finally {
    that.remove();
  }
}

/** Each variant of the figure in both trees, one after the other. */
function bothSides(of: Figure, { folder }: Worktree): Figure {
  const there = (command: Command): Command => ({ ...command, folder });
  return figure<string>({
    id: of.id,
    what: of.what,
    unit: 'this over that',
    roundUnit: of.roundUnit,
    bar: null,
    ...(of.roundsMax === undefined ? {} : { roundsMax: of.roundsMax }),
    verify(settings) {
      const commands = of.verify?.(settings) ?? [];
      return [...commands, ...commands.map(there)];
    },
    variants: (settings) =>
      Object.fromEntries(
        Object.entries(of.variants(settings)).flatMap(([name, variant]) => [
          [`this: ${name}`, variant],
          [`that: ${name}`, { ...variant, command: there(variant.command) } satisfies Variant],
        ]),
      ),
    value: (medians) => of.value(sideOf(medians, 'this')) / of.value(sideOf(medians, 'that')),
  });
}

function sideOf(values: Readonly<Record<string, number>>, side: Side): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => name.startsWith(`${side}: `))
      .map(([name, value]) => [name.slice(side.length + 2), value]),
  );
}

export type Line = {
  readonly id: string;
  readonly unit: string;
  /** The figure by the runs of each round. */
  readonly values: Readonly<Record<Side, readonly number[]>>;
};

function linesOf(figures: readonly Figure[], outcomes: readonly Outcome[]): readonly Line[] {
  return outcomes.map(({ id, runs }) => {
    const of = figures.find((figure) => figure.id === id)!;
    const rounds = [...new Set(runs.map(({ round }) => round))].map((round) =>
      Object.fromEntries(
        runs.filter((run) => run.round === round).map(({ variant, value }) => [variant, value]),
      ),
    );
    const values = (side: Side): readonly number[] =>
      rounds.map((round) => of.value(sideOf(round, side)));
    return { id, unit: of.unit, values: { this: values('this'), that: values('that') } };
  });
}

/** Fewer rounds are apart by chance too often: of three, one time in ten. */
const ROUNDS_LEAST = 4;

/** Whether all rounds of one side are above all of the other; null with too few of them to tell. */
export function isAboveNoise({ values }: Line): boolean | null {
  const [here, there] = SIDES.map((side) => values[side]);
  if (here!.length < ROUNDS_LEAST) return null;
  return Math.min(...here!) > Math.max(...there!) || Math.max(...here!) < Math.min(...there!);
}

/** From the least to the greatest, as a share of the median. */
function spread(values: readonly number[]): number {
  return (100 * (Math.max(...values) - Math.min(...values))) / median(values);
}

function tableOf(lines: readonly Line[], revision: string): string {
  const rows = lines.map((line): readonly Cell[] => {
    const { id, unit, values } = line;
    const [here, there] = SIDES.map((side) => median(values[side]));
    const verdict = { true: 'yes', false: 'no', null: 'too few rounds' }[
      String(isAboveNoise(line))
    ]!;
    const spreads = SIDES.map((side) => spread(values[side]));
    return [id, unit, here!, there!, here! / there!, ...spreads, verdict];
  });
  const head = [
    ...['figure', 'unit', 'this tree', revision, 'ratio'],
    ...['spread, %', `spread of ${revision}, %`, 'above noise'],
  ];
  return markdownTable(head, rows);
}
