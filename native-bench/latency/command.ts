/**
 * The command `npm run bench -- latency`: percentiles at shares of the rate that the job can take at most, which is measured
 * first. The source is open loop, so that a pause counts for all that was due in it.
 */
import { Command as CliCommand } from 'commander';
import { type Command, type Figure, figure, type Run, reported, typescript } from '../figure.ts';
import { measureFigure, medianOf, type Outcome } from '../harness.ts';
import { choose, positive, RESULTS_FOLDER } from '../options.ts';
import { measureSuite } from '../suite.ts';
import { markdownTable } from '../table.ts';

type Flags = {
  readonly of?: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly bufferTimeout: number;
  /** Null: measured. */
  readonly maximum: number | null;
  readonly results: string;
};

const JOBS = [
  { id: 'record', what: 'a record through one hash exchange' },
  { id: 'window', what: 'a result of sliding windows of 10 s by 100 ms, 10 k keys' },
];
type JobOf = (typeof JOBS)[number];

/** Of the maximum. */
const SHARES = [25, 50, 75, 90];
const PERCENTILES = {
  p50Ms: 'p50',
  p99Ms: 'p99',
  p999Ms: 'p99.9',
  p9999Ms: 'p99.99',
  maxMs: 'max',
};

export function latencyCommand(): CliCommand {
  return new CliCommand('latency')
    .description('Measures latency at 25, 50, 75 and 90 % of the most records a second.')
    .option('--of <job...>', `only these: ${JOBS.map(({ id }) => id).join(', ')}`)
    .option('--seconds <n>', 'of each run, the first half of which is left out', positive, 30)
    .option('-r, --rounds <n>', 'runs of each rate', positive, 3)
    .option('--buffer-timeout <ms>', 'how long a row may wait for others', Number, 10)
    .option('--maximum <n>', 'records a second, instead of measuring it', positive, null)
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((flags: Flags) => latency(flags));
}

async function latency(flags: Flags): Promise<void> {
  const jobs = choose('job', JOBS, flags.of);
  const maxima = new Map<string, number>();
  for (const job of jobs) maxima.set(job.id, flags.maximum ?? (await maximumOf(job, flags)));
  const table = await measureSuite({
    name: 'latency',
    figures: jobs.map((job) => latencyFigure(job, maxima.get(job.id)!, flags)),
    settings: { scale: 1, rounds: flags.rounds },
    folder: flags.results,
    details: () => ({ maxima: Object.fromEntries(maxima), bufferTimeout: flags.bufferTimeout }),
    table: (outcomes) => tableOf(outcomes, maxima),
  });
  console.log(`\n${table}`);
}

function run({ id }: JobOf, rate: number, { seconds, bufferTimeout }: Flags): Command {
  return typescript('native-bench/macro/run-latency.ts', rate, seconds, bufferTimeout, id);
}

/** The source sends what the job takes. */
async function maximumOf(job: JobOf, flags: Flags): Promise<number> {
  console.log(`\n${job.id}: the most records a second`);
  const maximum = figure({
    id: `${job.id}-maximum`,
    what: 'the most records a second',
    unit: 'records/s',
    roundUnit: 'records/s',
    bar: null,
    variants: () => ({
      most: { command: run(job, 0, flags), measure: (run) => reported(run, 'perSecond') },
    }),
    value: ({ most }) => most,
  });
  const settings = { scale: 1, rounds: flags.rounds };
  return (await measureFigure(maximum, settings, (line) => console.log(`  ${line}`))).value;
}

function latencyFigure(job: JobOf, maximum: number, flags: Flags): Figure {
  const variants = SHARES.map((share) => {
    const rate = Math.max(1, Math.floor((maximum * share) / 100));
    const command = run(job, rate, flags);
    return [`${share} %`, { command, measure: (run: Run) => reported(run, 'p99Ms') }] as const;
  });
  return figure<string>({
    id: job.id,
    what: `ms from when ${job.what} was due to its arrival`,
    unit: 'ms',
    roundUnit: 'ms (p99)',
    bar: null,
    variants: () => Object.fromEntries(variants),
    value: (medians) => medians[`${SHARES[0]} %`]!,
  });
}

function tableOf(outcomes: readonly Outcome[], maxima: ReadonlyMap<string, number>): string {
  const rows = outcomes.flatMap((outcome) =>
    SHARES.map((share) => [
      JOBS.find(({ id }) => id === outcome.id)!.what,
      `${share} %`,
      (maxima.get(outcome.id)! * share) / 1e8,
      ...Object.keys(PERCENTILES).map((field) =>
        medianOf(outcome, `${share} %`, (report) => report[field]!),
      ),
    ]),
  );
  const head = ['latency of', 'of the most', 'M records/s', ...Object.values(PERCENTILES)];
  return markdownTable([...head.slice(0, 3), ...head.slice(3).map((name) => `${name}, ms`)], rows);
}
