/** The command `npm run bench`. */
import { Command, InvalidArgumentError } from 'commander';
import type { Figure } from './figure.ts';
import { FIGURES } from './figures.ts';
import { measureFigure, type Outcome } from './harness.ts';

type Flags = {
  readonly figure?: string;
  readonly list?: boolean;
  readonly scale: number;
  readonly rounds: number;
};

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

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

async function run(flags: Flags): Promise<void> {
  if (flags.list === true) {
    for (const figure of FIGURES) console.log(`${figure.id}  ${figure.what} (${barText(figure)})`);
    return;
  }
  const chosen = FIGURES.filter(({ id }) => flags.figure === undefined || id === flags.figure);
  if (chosen.length === 0) {
    const known = FIGURES.map(({ id }) => id).join(', ');
    throw new Error(`there is no figure '${flags.figure}'; there are ${known}`);
  }
  const { platform, arch, version } = process;
  console.log(`node ${version}, ${platform} ${arch}, scale ${flags.scale}, ${flags.rounds} rounds`);
  const outcomes: Outcome[] = [];
  for (const figure of chosen) {
    console.log(`\n${figure.id}: ${figure.what} (${barText(figure)})`);
    outcomes.push(await measureFigure(figure, flags, (line) => console.log(`  ${line}`)));
  }
  console.log(`\n${tableOf(outcomes)}`);
  for (const outcome of outcomes) console.log(lastLine(outcome));
}

const program = new Command('npm run bench --')
  .description('Measures figures: each variant in fresh processes, in alternating order, medians.')
  .option('-f, --figure <id>', 'one figure; all when left out')
  .option('-l, --list', 'show the figures')
  .option('-s, --scale <x>', 'multiplies the number of records', positive, 1)
  .option('-r, --rounds <n>', 'runs of each variant', positive, 5)
  .addHelpText(
    'after',
    '\nThe last line for each figure is a JSON object { id, value, unit, bar, holds, runs }, with every run.',
  );

try {
  await run(program.parse().opts<Flags>());
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
