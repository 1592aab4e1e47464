/** The command `npm run bench -- nexmark`: all queries, or some, beside their bare loops, over the floor of the source. */
import { writeFile } from 'node:fs/promises';
import { Command as CliCommand } from 'commander';
import { type Command, type Figure, reported, typescript, type Variant } from '../figure.ts';
import { measureFigure, median, type Outcome, type RoundRun } from '../harness.ts';
import { positive, RESULTS_FOLDER } from '../options.ts';
import {
  describeResults,
  type Results,
  resultsPath,
  startResults,
  writeResults,
} from '../results.ts';
import { CORPUS_FOLDER, corpusFile, DEFAULT_RATE } from './corpus.ts';
import { cppLoops } from './cpp/build.ts';
import { LOOPS } from './loops.ts';
import { QUERIES } from './queries.ts';

type Flags = {
  readonly query?: readonly string[];
  readonly events: number;
  readonly rate: number;
  readonly rounds: number;
  readonly threads: number;
  readonly folder: string;
  readonly results: string;
};

/** What a query came to: medians of the rounds. */
type Line = {
  readonly query: string;
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  /** Without what the source alone takes. */
  readonly netCpuSecondsPerMillion: number;
  readonly netEventsPerSecond: number;
  /** At more than half of the rate of the source alone, a query says more about the source than about itself. */
  readonly isSourceBound: boolean;
  /** Of the bare loop, on one thread; null where there is none. */
  readonly loopEventsPerSecond: number | null;
  /** Of the same in C++, on two threads; null also where there is no compiler. */
  readonly cppEventsPerSecond: number | null;
  readonly rows: number;
  readonly rssMb: number;
};

type NexmarkResults = Results & {
  readonly nexmark: {
    readonly events: number;
    readonly rate: number;
    readonly threads: number;
    readonly lines: readonly Line[];
  };
};

type Rates = Pick<Line, 'eventsPerSecond' | 'cpuSecondsPerMillion'>;

export function nexmarkCommand(): CliCommand {
  const ids = QUERIES.map(({ id }) => id).join(', ');
  return new CliCommand('nexmark')
    .description('Measures the queries of Nexmark over events in memory.')
    .option('-q, --query <ids>', `only these: ${ids}`, (text: string) => text.split(','))
    .option('-e, --events <n>', 'events of the corpus', positive, 10_000_000)
    .option('--rate <n>', 'events per second of event time', positive, DEFAULT_RATE)
    .option('-r, --rounds <n>', 'runs of each query', positive, 3)
    .option('-t, --threads <n>', 'threads of the jobs', positive, 2)
    .option('--folder <folder>', 'where corpora are kept', CORPUS_FOLDER)
    .option('--results <folder>', 'where to write every run, and the table', RESULTS_FOLDER)
    .action((flags: Flags) => runNexmark(flags));
}

async function runNexmark(flags: Flags): Promise<void> {
  const { events, rate, rounds, threads } = flags;
  const chosen = (flags.query ?? QUERIES.map(({ id }) => id)).map(known);
  const corpus = corpusFile(flags);
  const settings = { scale: 1, rounds };
  const started = startResults(settings);
  const path = resultsPath(flags.results, started).replace(/\.json$/, '-nexmark.json');
  console.log(`${describeResults(started)}\n${corpus}\nresults are written to ${path}`);
  const cpp = cppLoops();
  const outcomes: Outcome[] = [];
  const measured = async (id: string): Promise<Outcome> => {
    console.log(`\n${id}`);
    const figure = queryFigure(id, corpus, threads, cpp);
    const outcome = await measureFigure(figure, settings, (line) => console.log(`  ${line}`));
    outcomes.push(outcome);
    return outcome;
  };
  const floor = ratesOf(await measured('floor'), 'job');
  const lines: Line[] = [];
  for (const id of chosen) {
    try {
      lines.push(lineOf(await measured(id), floor));
    } catch (error) {
      // The others still run.
      console.error(`error: ${(error as Error).message}`);
      process.exitCode = 1;
    }
    const results: NexmarkResults = {
      ...started,
      figures: outcomes,
      nexmark: { events, rate, threads, lines },
    };
    await writeResults(path, results);
  }
  const table = tableOf(lines, floor);
  await writeFile(path.replace(/json$/, 'md'), `${describeResults(started)}\n\n${table}\n`);
  console.log(`\n${table}`);
}

function known(id: string): string {
  if (QUERIES.some((query) => query.id === id)) return id;
  const ids = QUERIES.map((query) => query.id).join(', ');
  throw new Error(`there is no query '${id}'; there are ${ids}`);
}

function queryFigure(id: string, corpus: string, threads: number, cpp: string | null): Figure {
  const variant = (command: Command): Variant => ({
    command,
    measure: (run) => (reported(run, 'events') / reported(run, 'ms')) * 1000,
  });
  const run = (how: string | number): Command =>
    withMemory(typescript('native-bench/nexmark/run-query.ts', id, corpus, how));
  const hasLoop = LOOPS[id] !== undefined;
  return {
    id: `nexmark-${id}`,
    what: `events/s of ${id}`,
    unit: 'events/s',
    roundUnit: 'events/s',
    bar: null,
    variants: () => ({
      job: variant(run(threads)),
      ...(hasLoop ? { loop: variant(run('loop')) } : {}),
      ...(hasLoop && cpp !== null ? { cpp: variant({ program: cpp, args: [id, corpus] }) } : {}),
    }),
    value: ({ job }) => job!,
  };
}

/** State of many keys needs more than V8 gives by itself. */
function withMemory(command: Command): Command {
  return { ...command, args: ['--max-old-space-size=12000', ...command.args] };
}

function runsOf({ runs }: Outcome, variant: string): readonly RoundRun[] {
  return runs.filter((run) => run.variant === variant);
}

function medianOf(
  runs: readonly RoundRun[],
  of: (report: Readonly<Record<string, number>>) => number,
) {
  return median(runs.map(({ report }) => of(report!)));
}

function ratesOf(outcome: Outcome, variant: string): Rates {
  const runs = runsOf(outcome, variant);
  return {
    eventsPerSecond: outcome.medians[variant]!,
    cpuSecondsPerMillion: medianOf(runs, ({ cpuSeconds, events }) => (cpuSeconds! * 1e6) / events!),
  };
}

function lineOf(outcome: Outcome, floor: Rates): Line {
  const rates = ratesOf(outcome, 'job');
  const runs = runsOf(outcome, 'job');
  return {
    query: outcome.id.replace('nexmark-', ''),
    ...rates,
    netCpuSecondsPerMillion: rates.cpuSecondsPerMillion - floor.cpuSecondsPerMillion,
    netEventsPerSecond: 1 / (1 / rates.eventsPerSecond - 1 / floor.eventsPerSecond),
    isSourceBound: rates.eventsPerSecond > floor.eventsPerSecond / 2,
    loopEventsPerSecond: outcome.medians.loop ?? null,
    cppEventsPerSecond: outcome.medians.cpp ?? null,
    rows: medianOf(runs, ({ rows }) => rows!),
    rssMb: medianOf(runs, ({ rssMb }) => rssMb!),
  };
}

function tableOf(lines: readonly Line[], floor: Rates): string {
  const millions = (rate: number | null): string =>
    rate === null ? '' : (rate / 1e6).toPrecision(3);
  const head = [
    ...['query', 'M events/s', 'CPU s per M events', 'net CPU s per M', 'net M events/s'],
    ...['loop, 1 thread, M events/s', 'C++ loop, 2 threads, M events/s', 'rows sent', 'peak MB'],
  ];
  const rows = lines.map((line) => [
    `${line.query}${line.isSourceBound ? ' (source-bound)' : ''}`,
    millions(line.eventsPerSecond),
    line.cpuSecondsPerMillion.toPrecision(3),
    line.netCpuSecondsPerMillion.toPrecision(3),
    line.isSourceBound ? '' : millions(line.netEventsPerSecond),
    millions(line.loopEventsPerSecond),
    millions(line.cppEventsPerSecond),
    String(line.rows),
    line.rssMb.toFixed(0),
  ]);
  const floorCells = [millions(floor.eventsPerSecond), floor.cpuSecondsPerMillion.toPrecision(3)];
  rows.unshift(['floor', ...floorCells, ...head.slice(3).map(() => '')]);
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
