/** The command `npm run bench -- nexmark`: all queries, or some, beside their bare loops, over the floor of the source. */
import { Command as CliCommand } from 'commander';
import { type Command, type Figure, reported, typescript, type Variant } from '../figure.ts';
import { medianOf, type Outcome } from '../harness.ts';
import { choose, commaList, positive, RESULTS_FOLDER } from '../options.ts';
import { measureSuite } from '../suite.ts';
import { type Cell, markdownTable } from '../table.ts';
import { CORPUS_FOLDER, corpusFile, DEFAULT_RATE } from './corpus.ts';
import { CYCLE } from './corpus-format.ts';
import { cppLoops } from './cpp/build.ts';
import { LOOPS } from './loops.ts';
import { QUERIES } from './queries.ts';

/** Of the corpus, by queries and loops that are through with it before their code is compiled; once by others. */
export const PASSES: Readonly<Record<string, number>> = {
  ...{ floor: 20, q0: 20, q1: 20, q2: 20, q3: 5, q4: 2, q5: 5, 'q7-window': 20, q8: 5, q11: 3 },
  ...{ q12: 10, q13: 10, q14: 5, q17: 2 },
};

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

type Rates = Pick<Line, 'eventsPerSecond' | 'cpuSecondsPerMillion'>;

export function nexmarkCommand(): CliCommand {
  const ids = QUERIES.map(({ id }) => id).join(', ');
  return new CliCommand('nexmark')
    .description('Measures the queries of Nexmark over events in memory.')
    .option('-q, --query <ids>', `only these: ${ids}`, commaList)
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
  const queries = choose('query', QUERIES, flags.query);
  const corpus = corpusFile(flags);
  console.log(corpus);
  const cpp = cppLoops();
  const table = await measureSuite({
    name: 'nexmark',
    figures: ['floor', ...queries.map(({ id }) => id)].map((id) =>
      // Ids go on behind whole cycles.
      queryFigure(id, corpus, events % CYCLE === 0 ? (PASSES[id] ?? 1) : 1, threads, cpp),
    ),
    settings: { scale: 1, rounds },
    folder: flags.results,
    details: (outcomes) => ({ nexmark: { events, rate, threads, lines: linesOf(outcomes) } }),
    table: tableOf,
  });
  console.log(`\n${table}`);
}

function queryFigure(
  id: string,
  corpus: string,
  passes: number,
  threads: number,
  cpp: string | null,
): Figure {
  const variant = (command: Command): Variant => ({
    command,
    measure: (run) => (reported(run, 'events') / reported(run, 'ms')) * 1000,
  });
  const run = (how: string | number): Command =>
    withMemory(typescript('native-bench/nexmark/run-query.ts', id, corpus, how, passes));
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

function ratesOf(outcome: Outcome): Rates {
  return {
    eventsPerSecond: outcome.medians.job!,
    cpuSecondsPerMillion: medianOf(
      outcome,
      'job',
      ({ cpuSeconds, events }) => (cpuSeconds! * 1e6) / events!,
    ),
  };
}

const FLOOR = 'nexmark-floor';

function floorOf(outcomes: readonly Outcome[]): Rates {
  const floor = outcomes.find(({ id }) => id === FLOOR);
  if (floor === undefined) throw new Error('without the floor of the source there is no table');
  return ratesOf(floor);
}

function linesOf(outcomes: readonly Outcome[]): readonly Line[] {
  const floor = floorOf(outcomes);
  return outcomes.filter(({ id }) => id !== FLOOR).map((outcome) => lineOf(outcome, floor));
}

function lineOf(outcome: Outcome, floor: Rates): Line {
  const rates = ratesOf(outcome);
  return {
    query: outcome.id.replace('nexmark-', ''),
    ...rates,
    netCpuSecondsPerMillion: rates.cpuSecondsPerMillion - floor.cpuSecondsPerMillion,
    netEventsPerSecond: 1 / (1 / rates.eventsPerSecond - 1 / floor.eventsPerSecond),
    isSourceBound: rates.eventsPerSecond > floor.eventsPerSecond / 2,
    loopEventsPerSecond: outcome.medians.loop ?? null,
    cppEventsPerSecond: outcome.medians.cpp ?? null,
    rows: medianOf(outcome, 'job', ({ rows }) => rows!),
    rssMb: medianOf(outcome, 'job', ({ rssMb }) => rssMb!),
  };
}

function tableOf(outcomes: readonly Outcome[]): string {
  const floor = floorOf(outcomes);
  const millions = (rate: number | null): number | null => (rate === null ? null : rate / 1e6);
  const head = [
    ...['query', 'M events/s', 'CPU s per M events', 'net CPU s per M', 'net M events/s'],
    ...['loop, 1 thread, M events/s', 'C++ loop, 2 threads, M events/s', 'rows sent', 'peak MB'],
  ];
  const rows = linesOf(outcomes).map((line): readonly Cell[] => [
    `${line.query}${line.isSourceBound ? ' (source-bound)' : ''}`,
    millions(line.eventsPerSecond),
    line.cpuSecondsPerMillion,
    line.netCpuSecondsPerMillion,
    line.isSourceBound ? null : millions(line.netEventsPerSecond),
    millions(line.loopEventsPerSecond),
    millions(line.cppEventsPerSecond),
    String(line.rows),
    line.rssMb.toFixed(0),
  ]);
  const floorRow = ['floor', millions(floor.eventsPerSecond), floor.cpuSecondsPerMillion];
  return markdownTable(head, [[...floorRow, ...head.slice(3).map(() => null)], ...rows]);
}
