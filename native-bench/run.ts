/** The command `npm run bench`. */
import { Command } from 'commander';
import { batchCommand } from './batch/command.ts';
import type { Figure } from './figure.ts';
import { FIGURES } from './figures.ts';
import type { Outcome } from './harness.ts';
import { latencyCommand } from './latency/command.ts';
import { nexmarkCommand } from './nexmark/command.ts';
import { peersCommand } from './nexmark/peers/command.ts';
import { choose, positive, RESULTS_FOLDER } from './options.ts';
import { recoveryCommand } from './state/recovery-command.ts';
import { fail, measureSuite } from './suite.ts';
import { markdownTable, threeDigits } from './table.ts';
import { microCommand, versusCommand } from './versus/command.ts';

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
  const rows = outcomes.map(({ id, what, value, unit, direction, bar, holds }) => [
    id,
    what,
    `${threeDigits(value)} ${unit}`,
    bar === null ? '' : `${direction} ${threeDigits(bar)}`,
    holds === null ? '' : holds ? 'yes' : 'no',
  ]);
  return markdownTable(['figure', 'what', 'value', 'bar', 'holds'], rows);
}

async function run(flags: Flags): Promise<void> {
  if (flags.list === true) {
    for (const figure of FIGURES) console.log(`${figure.id}  ${figure.what} (${barText(figure)})`);
    return;
  }
  const figures = choose('figure', FIGURES, flags.figure);
  const table = await measureSuite({
    name: null,
    figures,
    settings: flags,
    folder: flags.results,
    table: tableOf,
    title: (figure) => `${figure.id}: ${figure.what} (${barText(figure)})`,
    done: lastLine,
  });
  if (figures.length > 1) console.log(`\n${table}`);
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
  .addCommand(versusCommand())
  .addCommand(microCommand())
  .addCommand(batchCommand())
  .addCommand(latencyCommand())
  .addCommand(recoveryCommand());

try {
  await program.parseAsync();
} catch (error) {
  fail(error as Error);
}
