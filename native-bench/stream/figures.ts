/** Figures of operators: windows against the plainest of them, joins and process functions against loops without an engine. */
import {
  atLeast,
  type Command,
  type Figure,
  figure,
  perSecond,
  reported,
  type Settings,
  scaled,
  typescript,
  type Variant,
} from '../figure.ts';

const MANY_KEYS = 100_000;

/** A job of native-bench/versus by its name, with typed aggregates. */
function windows(
  settings: Settings,
  count: number,
  job: string,
  ...args: readonly string[]
): Variant {
  const records = scaled(count, settings, MANY_KEYS);
  const path = 'native-bench/versus/run-job.ts';
  const sizes = ['--form', 'typed', '--records', records, ...args];
  return {
    command: typescript(path, '--job', job, ...sizes),
    measure: (run) => reported(run, 'timedRecords') / reported(run, 'seconds'),
  };
}

/** An operator on one thread, as a share of a loop that does the same without an engine. */
function againstLoop(id: string, what: string, count: number, least: number): Figure {
  const records = (settings: Settings): number => scaled(count, settings, 1000);
  const run = (way: 'engine' | 'loop', settings: Settings, ...more: readonly string[]): Command =>
    typescript(`native-bench/stream/${id}.ts`, way, records(settings), MANY_KEYS, ...more);
  return figure({
    id,
    what: `${what}, 100 k keys, 1 thread, as a share of a loop without an engine`,
    unit: 'of the loop',
    roundUnit: 'records/s',
    bar: atLeast(least),
    verify: (settings) => {
      const few = { scale: settings.scale / 10 };
      return [run('engine', few, 'collect'), run('loop', few, 'collect')];
    },
    variants: (settings) => ({
      engine: perSecond(records(settings), run('engine', settings)),
      loop: perSecond(records(settings), run('loop', settings)),
    }),
    value: (medians) => medians.engine / medians.loop,
  });
}

export const STREAM_FIGURES: readonly Figure[] = [
  figure({
    id: 'sliding',
    what: 'sliding windows of 60 s every second, count and sum, 10 k keys, 2 threads, as a share of tumbling ones of 60 s',
    unit: 'of tumbling',
    roundUnit: 'records/s',
    bar: atLeast(0.5),
    variants: (settings) => {
      const shape = ['--keys', '10000', '--size-ms', '60000'];
      return {
        sliding: windows(settings, 400_000_000, 'sliding', ...shape, '--slide-ms', '1000'),
        tumbling: windows(settings, 400_000_000, 'tumbling', ...shape),
      };
    },
    value: (medians) => medians.sliding / medians.tumbling,
  }),
  figure({
    id: 'sessions',
    what: 'sessions with a gap of 301 ms, count and sum, 100 k keys, 2 threads, as a share of tumbling windows of 1 s',
    unit: 'of tumbling',
    roundUnit: 'records/s',
    bar: atLeast(0.3),
    variants: (settings) => ({
      session: windows(settings, 60_000_000, 'session', '--keys', '100000', '--gap-ms', '301'),
      tumbling: windows(settings, 60_000_000, 'tumbling', '--keys', '100000', '--size-ms', '1000'),
    }),
    value: (medians) => medians.session / medians.tumbling,
  }),
  againstLoop('interval-join', 'pairs of two streams no more than 50 ms apart', 10_000_000, 0.3),
  againstLoop('process-function', 'one value and one timer a key', 60_000_000, 0.2),
];
