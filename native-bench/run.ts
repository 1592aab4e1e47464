/** The command `npm run bench`. */
import { Command } from 'commander';
import type { Figure } from './figure.ts';
import { FIGURES } from './figures.ts';
import { measureFigure, type Outcome } from './harness.ts';
import { nexmarkCommand } from './nexmark/command.ts';
import { peersCommand } from './nexmark/peers/command.ts';
import { positive, RESULTS_FOLDER } from './options.ts';
import { describeResults, resultsPath, startResults, writeResults } from './results.ts';
import { versusFlinkCommand } from './versus/versus-flink.ts';

type Flags = {
  readonly figure?: readonly string[];
  readonly list?: boolean;
  readonly scale: number;
  readonly rounds: number;
  readonly results: string;
};

function barText({ bar }: Figure): string {
  return bar === null ? 'no bar' : `${bar.direction} ${bar.text}`;
}

/** The JSON that ends the output of a figure. */
function lastLine({ id, value, unit, bar, holds, runs }: Outcome): string {
  return JSON.stringify({ id, value, unit, bar, holds, runs });
}

function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ id, what, value, unit, direction, bar, holds }) => {
    const limit = bar === null ? '' : `${direction} ${bar.toPrecision(3)}`;
    const verdict = holds === null ? '' : holds ? 'yes' : 'no';
    return `| ${id} | ${what} | ${value.toPrecision(3)} ${unit} | ${limit} | ${verdict} |`;
  });
  return ['| figure | what | value | bar | holds |', '|---|---|---|---|---|', ...rows].join('\n');
}

function figureOf(id: string): Figure {
  const found = FIGURES.find((figure) => figure.id === id);
  if (found !== undefined) return found;
  const known = FIGURES.map((figure) => figure.id).join(', ');
  throw new Error(`there is no figure '${id}'; there are ${known}`);
}

async function run(flags: Flags): Promise<void> {
  if (flags.list === true) {
    for (const figure of FIGURES) console.log(`${figure.id}  ${figure.what} (${barText(figure)})`);
    return;
  }
  const chosen = flags.figure === undefined ? FIGURES : flags.figure.map(figureOf);
  let results = startResults(flags);
  const path = resultsPath(flags.results, results);
  console.log(`${describeResults(results)}\nresults are written to ${path}`);
  for (const figure of chosen) {
    console.log(`\n${figure.id}: ${figure.what} (${barText(figure)})`);
    try {
      const outcome = await measureFigure(figure, flags, (line) => console.log(`  ${line}`));
      results = { ...results, figures: [...results.figures, outcome] };
      await writeResults(path, results);
      console.log(lastLine(outcome));
    } catch (error) {
      // The others still run.
      fail(error as Error);
    }
  }
  if (chosen.length > 1) console.log(`\n${tableOf(results.figures)}`);
}

function fail(error: Error): void {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

const program = new Command('npm run bench --')
  .description('Measures figures: each variant in fresh processes, in alternating order, medians.')
  .option('-f, --figure <id...>', 'only these figures; all when left out')
  .option('-l, --list', 'show the figures')
  .option('-s, --scale <x>', 'multiplies the number of records', positive, 1)
  .option('-r, --rounds <n>', 'runs of each variant', positive, 5)
  .option('--results <folder>', 'where to write machine, revision and every run', RESULTS_FOLDER)
  .addHelpText(
    'after',
    '\nThe last line for each figure is a JSON object { id, value, unit, bar, holds, runs }, with every run.\n' +
      'Several figures end in a table.',
  )
  // Options behind a command are that command's.
  .enablePositionalOptions()
  .action((flags: Flags) => run(flags))
  .addCommand(nexmarkCommand())
  .addCommand(peersCommand())
  .addCommand(versusFlinkCommand());

try {
  await program.parseAsync();
} catch (error) {
  fail(error as Error);
}
