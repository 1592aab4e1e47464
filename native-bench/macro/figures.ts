/** Figures of whole jobs: throughput against bare loops, threads, the flights, start and memory. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import {
  atLeast,
  atMost,
  type Command,
  type Figure,
  figure,
  javascript,
  perSecond,
  type Run,
  reported,
  type Settings,
  scaled,
  typescript,
  type Variant,
} from '../figure.ts';
import { flightsFile, provideFlights } from './flights-file.ts';

const KEYS = 10_000;
/** Enough for the start of the threads, which the engine's time includes and the bare loop's does not, to be small. */
const RECORDS = 400_000_000;
const FUNCTION_RECORDS = 400_000_000;
const VERIFIED_RECORDS = 20_000_000;
/** Less does not fill what lies between source and sink. */
const SLOW_SINK_SECONDS_MIN = 1.5;

type Work = 'columns' | 'functions';

function recordsFor(work: Work, settings: Settings): number {
  return scaled(work === 'columns' ? RECORDS : FUNCTION_RECORDS, settings, KEYS);
}

function bareLoop(threads: number, settings: Settings, work: Work = 'columns'): Variant {
  const records = recordsFor(work, settings);
  const path = 'native-bench/baselines/keyed-tumbling.mjs';
  return perSecond(records, javascript(path, threads, records, KEYS));
}

function engine(work: Work, threads: number, settings: Settings): Variant {
  const records = recordsFor(work, settings);
  const path = 'native-bench/macro/run-keyed-tumbling.ts';
  return perSecond(records, typescript(path, work, threads, records, KEYS));
}

/** The totals of the engine and of the bare loop over the same records. */
function sameTotals(work: Work, settings: Settings): readonly Command[] {
  const records = scaled(VERIFIED_RECORDS, settings, KEYS);
  return [
    javascript('native-bench/baselines/keyed-tumbling.mjs', 2, records, KEYS),
    typescript('native-bench/macro/run-keyed-tumbling.ts', work, 2, records, KEYS, 'collect'),
  ];
}

const CEP_RECORDS = 20_000_000;

const patterns = (id: string, contiguity: 'strict' | 'relaxed'): Figure => {
  const run = (way: 'engine' | 'loop', settings: Settings, ...more: readonly string[]): Command => {
    const records = scaled(CEP_RECORDS, settings, KEYS);
    return typescript('native-bench/macro/run-cep.ts', way, contiguity, records, KEYS, ...more);
  };
  const records = (settings: Settings): number => scaled(CEP_RECORDS, settings, KEYS);
  return figure({
    id,
    what: `a ${contiguity} pattern of three steps, ${KEYS} keys, 1 thread, as a share of a state machine written by hand`,
    unit: 'of the loop',
    roundUnit: 'records/s',
    bar: null,
    verify: (settings) => [run('engine', settings, 'collect'), run('loop', settings, 'collect')],
    variants: (settings) => ({
      engine: perSecond(records(settings), run('engine', settings)),
      loop: perSecond(records(settings), run('loop', settings)),
    }),
    value: (medians) => medians.engine / medians.loop,
  });
};

const againstBareLoop = (id: string, work: Work, least: number): Figure =>
  figure({
    id,
    what: `keyed tumbling count and sum by ${work}, 2 threads, ${KEYS} keys, as a share of the bare JavaScript loop`,
    unit: 'of the bare loop',
    roundUnit: 'records/s',
    bar: atLeast(least),
    verify: (settings) => sameTotals(work, settings),
    variants: (settings) => ({
      engine: engine(work, 2, settings),
      bare: bareLoop(2, settings, work),
    }),
    value: (medians) => medians.engine / medians.bare,
  });

type Decoder = 'millrace' | 'hyparquet' | 'parquet-wasm';

function decodeFlights(decoder: Decoder, settings: Settings, ...action: string[]): Command {
  const path = 'native-bench/baselines/decode-flights.mjs';
  return javascript(path, 2, decoder, flightsFile(settings), ...action);
}

const decoding = (decoder: Decoder, settings: Settings): Variant => ({
  command: decodeFlights(decoder, settings),
  measure: (run) => run.wallMs,
});

const decodingAgainstEngine = (id: string, decoder: Decoder): Figure =>
  figure({
    id,
    what: `decoding the flights file by ${decoder} alone against the engine's decoder, both on 2 threads; for information`,
    unit: "times the engine's",
    roundUnit: 'ms',
    bar: null,
    prepare: provideFlights,
    verify: (settings) => [
      decodeFlights('millrace', settings, 'checksum'),
      decodeFlights(decoder, settings, 'checksum'),
    ],
    variants: (settings) => ({
      other: decoding(decoder, settings),
      engine: decoding('millrace', settings),
    }),
    value: (medians) => medians.other / medians.engine,
  });

const BUILD_FOLDER = 'native-bench/.build';
const CPP_PROGRAM = `${BUILD_FOLDER}/keyed-tumbling`;

async function compileCpp(): Promise<void> {
  await mkdir(BUILD_FOLDER, { recursive: true });
  const source = 'native-bench/baselines/keyed-tumbling.cpp';
  const flags = ['-O3', '-march=native', '-pthread', '-std=c++17'];
  try {
    await promisify(execFile)('g++', [...flags, source, '-o', CPP_PROGRAM]);
  } catch (cause) {
    throw new Error('the figure needs g++ with C++17, which could not compile it', { cause });
  }
}

const LATENCY_SECONDS = 10;
const SUBTASK_RECORDS = 400_000_000;
const GC_RECORDS = 400_000_000;
const TRIPS = 20_000;
const BULK_ROWS = 40_000_000;

function latencyFigure(id: string, perSecondSent: number, field: string, most: number): Figure {
  return figure({
    id,
    what: `${perSecondSent.toLocaleString('en-US')} records a second, open loop, through one hash exchange between 2 threads: ${field.slice(0, 3)} from when a record was due`,
    unit: 'ms',
    roundUnit: 'ms',
    bar: atMost(most),
    variants: (settings) => ({
      job: {
        command: typescript(
          'native-bench/macro/run-latency.ts',
          perSecondSent,
          Math.max(0.5, LATENCY_SECONDS * settings.scale),
        ),
        measure: (run) => reported(run, field),
      },
    }),
    value: (medians) => medians.job,
  });
}

const rate = (run: Run): number => (reported(run, 'records') / reported(run, 'ms')) * 1000;

function manySubtasks(
  parallelism: number,
  settings: Settings,
  measure: (run: Run) => number,
): Variant {
  const records = scaled(SUBTASK_RECORDS, settings, 1e5);
  return {
    command: typescript('native-bench/macro/many-subtasks.ts', parallelism, records),
    measure,
  };
}

function program(way: string, rows: number): Command {
  return typescript('native-bench/macro/program.ts', way, rows);
}

const BATCH_RECORDS = 20_000_000;
const POSTED_RECORDS = 3_000_000;

function postedRecords(settings: Settings): number {
  return scaled(POSTED_RECORDS, settings, 2000);
}

function httpIngest(way: 'engine' | 'bare', settings: Settings): Command {
  return typescript('native-bench/macro/run-http-ingest.ts', way, postedRecords(settings));
}

const REST_SECONDS = 10;

function watched(way: 'open' | 'closed' | 'rest', size: number): Command {
  return typescript('native-bench/macro/run-watched.ts', way, size, KEYS);
}

export const MACRO_FIGURES: readonly Figure[] = [
  againstBareLoop('keyed-tumbling', 'columns', 0.5),
  againstBareLoop('keyed-tumbling-functions', 'functions', 0.15),
  figure({
    id: 'threads-columns',
    what: 'keyed tumbling by columns, 2 threads against 1; the bar is what the bare loop gains',
    unit: 'times 1 thread',
    roundUnit: 'records/s',
    bar: {
      direction: 'at least',
      text: "the bare loop's own ratio",
      limit: (medians: Readonly<Record<string, number>>) => medians.bare2! / medians.bare1!,
    },
    variants: (settings) => ({
      engine1: engine('columns', 1, settings),
      engine2: engine('columns', 2, settings),
      bare1: bareLoop(1, settings),
      bare2: bareLoop(2, settings),
    }),
    value: (medians) => medians.engine2 / medians.engine1,
  }),
  figure({
    id: 'threads-functions',
    what: 'keyed tumbling by functions over objects, 2 threads against 1',
    unit: 'times 1 thread',
    roundUnit: 'records/s',
    bar: atLeast(1.6),
    variants: (settings) => ({
      engine1: engine('functions', 1, settings),
      engine2: engine('functions', 2, settings),
    }),
    value: (medians) => medians.engine2 / medians.engine1,
  }),
  figure({
    id: 'flights',
    what: 'the main job on 2 threads, whole process, against decoding its Parquet file alone on 2 threads',
    unit: 'times decoding',
    roundUnit: 'ms',
    bar: atMost(1.6),
    prepare: provideFlights,
    variants: (settings) => ({
      job: {
        command: javascript(
          'dist/cli/main.js',
          ...['run', 'examples/flights.ts', '--threads', 2, '--no-progress'],
          ...['--param', `input=${flightsFile(settings)}`],
          ...['--param', `out=${BUILD_FOLDER}/flights`],
        ),
        measure: (run) => run.wallMs,
      },
      decoding: decoding('millrace', settings),
    }),
    value: (medians) => medians.job / medians.decoding,
  }),
  decodingAgainstEngine('flights-hyparquet', 'hyparquet'),
  decodingAgainstEngine('flights-parquet-wasm', 'parquet-wasm'),
  figure({
    id: 'batch-streaming',
    what: 'keyed sum over input that ends, 2 threads, in batch against the same job as a stream',
    unit: 'of the stream',
    roundUnit: 'records/s',
    bar: atLeast(1),
    variants: (settings) => {
      const records = scaled(BATCH_RECORDS, settings, KEYS);
      const run = (mode: string): Variant =>
        perSecond(records, typescript('native-bench/macro/batch.ts', mode, records));
      return { batch: run('batch'), stream: run('stream') };
    },
    value: (medians) => medians.batch / medians.stream,
  }),
  figure({
    id: 'cold-start',
    what: 'a small job on 2 threads: from the start of the process to its first result',
    unit: 'ms',
    roundUnit: 'ms',
    bar: atMost(400),
    variants: () => ({
      process: {
        command: javascript('native-bench/macro/small-job.mjs'),
        measure: (run) => run.firstOutputMs,
      },
    }),
    value: (medians) => medians.process,
  }),
  figure({
    id: 'command-start',
    what: 'millrace run with that job, from the start of the process to its end',
    unit: 'ms',
    roundUnit: 'ms',
    bar: null,
    variants: () => ({
      process: {
        command: javascript(
          ...['dist/cli/main.js', 'run', 'native-bench/macro/small-job.mjs'],
          ...['--no-progress', '--threads', '2'],
        ),
        measure: (run) => run.wallMs,
      },
    }),
    value: (medians) => medians.process,
  }),
  figure({
    id: 'slow-sink-memory',
    what: 'resident memory in the last 10 of 60 s with a fast source and a slow sink, 2 threads, against that in seconds 11 to 20',
    unit: 'times the early memory',
    roundUnit: 'times',
    bar: atMost(1.05),
    roundsMax: 3,
    variants: (settings) => ({
      job: {
        command: typescript(
          'native-bench/macro/run-slow-sink.ts',
          2,
          Math.max(SLOW_SINK_SECONDS_MIN, 60 * settings.scale),
        ),
        measure: (run) => reported(run, 'growth'),
      },
    }),
    value: (medians) => medians.job,
  }),
  figure({
    id: 'bare-loop-cpp',
    what: 'the bare JavaScript loop of keyed-tumbling as a share of the same in C++; for information',
    unit: 'of C++',
    roundUnit: 'records/s',
    bar: null,
    prepare: compileCpp,
    variants: (settings) => {
      const records = recordsFor('columns', settings);
      const args = ['2', String(records), String(KEYS)];
      return {
        javascript: bareLoop(2, settings),
        cpp: perSecond(records, { program: CPP_PROGRAM, args }),
      };
    },
    value: (medians) => medians.javascript / medians.cpp,
  }),
  latencyFigure('latency-p50', 100_000, 'p50Ms', 0.5),
  latencyFigure('latency-p99', 100_000, 'p99Ms', 2.5),
  latencyFigure('latency-p99-1m', 1_000_000, 'p99Ms', 10),
  figure({
    id: 'subtasks',
    what: 'a job of 1024 subtasks, of them a hash exchange of 64 by 64, on 2 threads against the same job at parallelism 2',
    unit: 'of the throughput at parallelism 2',
    roundUnit: 'records/s',
    bar: atLeast(0.5),
    variants: (settings) => ({
      many: manySubtasks(64, settings, rate),
      few: manySubtasks(2, settings, rate),
    }),
    value: (medians) => medians.many / medians.few,
  }),
  figure({
    id: 'subtasks-memory',
    what: 'resident memory of the process of that job at its peak',
    unit: 'MB',
    roundUnit: 'MB',
    bar: atMost(500),
    variants: (settings) => ({
      many: manySubtasks(64, settings, (run) => reported(run, 'peakMb')),
    }),
    value: (medians) => medians.many,
  }),
  figure({
    id: 'gc-share',
    what: 'time that garbage collection takes in the threads of a typed keyed job, 100 k keys',
    unit: '% of the time',
    roundUnit: '%',
    bar: atMost(2),
    variants: (settings) => ({
      job: {
        command: typescript('native-bench/macro/gc-share.ts', scaled(GC_RECORDS, settings, 1e5)),
        measure: (run) => reported(run, 'percent'),
      },
    }),
    value: (medians) => medians.job,
  }),
  figure({
    id: 'metrics-open',
    what: 'keyed tumbling by columns, 2 threads, watched by a page, a listener to events and a scraper, against the same unwatched',
    unit: 'of the unwatched',
    roundUnit: 'records/s',
    bar: atLeast(0.98),
    variants: (settings) => {
      const records = recordsFor('columns', settings);
      return {
        open: perSecond(records, watched('open', records)),
        closed: perSecond(records, watched('closed', records)),
      };
    },
    value: (medians) => medians.open / medians.closed,
  }),
  figure({
    id: 'rest-p99',
    what: 'answers of the REST API and of /metrics, one after the other, while that job takes both cores: p99',
    unit: 'ms',
    roundUnit: 'ms',
    bar: atMost(20),
    variants: (settings) => ({
      job: {
        command: watched('rest', Math.max(0.3, REST_SECONDS * settings.scale)),
        measure: (run) => reported(run, 'p99Ms'),
      },
    }),
    value: (medians) => medians.job,
  }),
  figure({
    id: 'program-trip',
    what: 'a row of the program through a keyed operator on another thread and back, one at a time, median',
    unit: 'us',
    roundUnit: 'us',
    bar: atMost(100),
    variants: (settings) => ({
      trip: {
        command: program('trip', scaled(TRIPS, settings, 100)),
        measure: (run) => reported(run, 'medianUs'),
      },
    }),
    value: (medians) => medians.trip,
  }),
  figure({
    id: 'program-bulk',
    what: 'rows of the program through a map on another thread and back by batches, against a Node Transform in object mode',
    unit: 'times the Transform',
    roundUnit: 'rows/s',
    bar: atLeast(5),
    variants: (settings) => {
      const rows = scaled(BULK_ROWS, settings, 10_000);
      return {
        engine: perSecond(rows, program('bulk', rows)),
        transform: perSecond(rows, program('transform', rows)),
      };
    },
    value: (medians) => medians.engine / medians.transform,
  }),
  figure({
    id: 'http-ingest',
    what: 'records posted by another process as JSON lines, 1000 a request, into a job of one thread, as a share of a bare Node server that only parses them',
    unit: 'of the bare server',
    roundUnit: 'records/s',
    bar: atLeast(0.5),
    verify: (settings) => [httpIngest('engine', settings), httpIngest('bare', settings)],
    variants: (settings) => {
      const run = (way: 'engine' | 'bare'): Variant =>
        perSecond(postedRecords(settings), httpIngest(way, settings));
      return { engine: run('engine'), bare: run('bare') };
    },
    value: (medians) => medians.engine / medians.bare,
  }),
  patterns('cep-strict', 'strict'),
  patterns('cep-relaxed', 'relaxed'),
];
