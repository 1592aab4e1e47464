/** The command `npm run bench -- batch`: the hourly delays of the flights, beside libraries for tables. */
import { Command as CliCommand } from 'commander';
import {
  type Command,
  type Figure,
  figure,
  reported,
  typescript,
  type Variant,
} from '../figure.ts';
import { median, medianOf, type Outcome } from '../harness.ts';
import { positive, RESULTS_FOLDER } from '../options.ts';
import { measureSuite } from '../suite.ts';
import { markdownTable } from '../table.ts';
import { FLIGHTS_FILE } from './hours.ts';
import { installLibraries, LIBRARIES, type Library, library } from './peers.ts';
import { profileOf } from './profile.ts';

type Flags = {
  readonly rounds: number;
  readonly input: string;
  readonly profile?: boolean;
  readonly peers: boolean;
  readonly results: string;
};

/** Shares below are told together. */
const PERCENT_LEAST = 1;

export function batchCommand(): CliCommand {
  return new CliCommand('batch')
    .description('Measures the hourly part of the flights job beside DuckDB and Polars.')
    .option('-r, --rounds <n>', 'runs of each', positive, 5)
    .option('--input <file>', 'Parquet: date, delay and origin of flights', FLIGHTS_FILE)
    .option('--no-peers', 'the engine alone; nothing is installed')
    .option('--profile', "where the engine's time goes, by module, instead of a measurement")
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((flags: Flags) => (flags.profile === true ? profile(flags) : batch(flags)));
}

function engine(mode: 'batch' | 'stream', ...args: readonly string[]): Command {
  return typescript('native-bench/batch/run-hourly.ts', mode, ...args);
}

async function batch(flags: Flags): Promise<void> {
  if (flags.peers) await installLibraries();
  const libraries = flags.peers ? LIBRARIES : [];
  const table = await measureSuite({
    name: 'batch',
    figures: [hourlyFigure(libraries, flags.input)],
    settings: { scale: 1, rounds: flags.rounds },
    folder: flags.results,
    table: tableOf,
  });
  console.log(`\n${table}`);
}

function hourlyFigure(libraries: readonly Library[], input: string): Figure {
  const measured = (command: Command): Variant => ({
    command,
    measure: (run) => reported(run, 'ms'),
  });
  return figure<string>({
    id: 'batch-hourly',
    what: 'delays by airport and hour from a Parquet file of 3 M flights, 2 threads each',
    unit: 'ms',
    roundUnit: 'ms',
    bar: null,
    verify: () => [
      engine('batch', input, 'verify'),
      engine('stream', input, 'verify'),
      ...libraries.map((name) => library(name, input, 'verify')),
    ],
    variants: () => ({
      batch: measured(engine('batch', input)),
      stream: measured(engine('stream', input)),
      ...Object.fromEntries(libraries.map((name) => [name, measured(library(name, input))])),
    }),
    value: ({ batch }) => batch!,
  });
}

const NAMES: Readonly<Record<string, string>> = {
  batch: 'millrace, batch',
  stream: 'millrace, as a stream',
  duckdb: 'DuckDB',
  polars: 'Polars',
};

/** CPU seconds and memory are those of whole processes. */
function tableOf([outcome]: readonly Outcome[]): string {
  const rows = Object.entries(outcome!.medians).map(([variant, ms]) => [
    NAMES[variant]!,
    ms,
    median(outcome!.runs.filter((run) => run.variant === variant).map(({ wallMs }) => wallMs)),
    medianOf(outcome!, variant, ({ cpuSeconds }) => cpuSeconds!),
    medianOf(outcome!, variant, ({ peakMb }) => peakMb!),
  ]);
  const head = ['hourly delays', 'ms', 'ms of the process', 'CPU s of the process', 'peak MB'];
  return markdownTable(head, rows);
}

async function profile({ input }: Flags): Promise<void> {
  const shares = await profileOf(engine('batch', input));
  const large = shares.filter(({ percent }) => percent >= PERCENT_LEAST);
  const rest = shares.slice(large.length).reduce((sum, { ms }) => sum + ms, 0);
  const total = shares.reduce((sum, { ms }) => sum + ms, 0);
  const rows = large.map(({ module, ms, percent }) => [module, ms, percent]);
  rows.push([`${shares.length - large.length} others`, rest, (100 * rest) / total]);
  console.log(markdownTable(['module', 'ms, all threads', '%'], rows));
}
