/** The command `npm run bench`. */
import { Command } from 'commander';
import { batchCommand } from './batch/command.ts';
import { compareCommand } from './compare/command.ts';
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
    `
The last line for each figure is a JSON object { id, value, unit, bar, holds, runs }, with every run.
Several figures, and all commands, end in a table. Results are written as JSON, Markdown and SVG.

Examples:
  npm run bench -- --figure codec fusion            these figures
  npm run bench -- nexmark --query q1,q5            queries beside bare loops, in JavaScript and C++
  npm run bench -- peers --query count              beside RxJS and Node streams
  npm run bench -- versus --job tumbling-1m         beside Flink
  npm run bench -- versus --engine hazelcast timely
  npm run bench -- versus --api sql --job q5        beside Flink's own planner
  npm run bench -- micro --engine flink             single parts, beside the same in Flink
  npm run bench -- batch --profile                  the hourly flights: where the time goes
  npm run bench -- latency --of window              percentiles at shares of the most records a second
  npm run bench -- recovery --keys 1000000          checkpoints of each kind, and recovery
  npm run bench -- compare HEAD~5 --figure fusion   this tree against another revision`,
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
  .addCommand(recoveryCommand())
  .addCommand(compareCommand());

try {
  await program.parseAsync();
} catch (error) {
  fail(error as Error);
}
