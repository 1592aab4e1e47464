/** Figures of state: what checkpoints cost, what a key costs, and how fast state is reached. */
import {
  atLeast,
  atMost,
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

const MILLION = 1_000_000;
const RECORDS = 150_000_000;
const ROWS = 20_000_000;

function job(everyMs: number, settings: Settings): Variant {
  const records = scaled(RECORDS, settings, 100_000);
  const keys = scaled(MILLION, settings, 1000);
  return perSecond(
    records,
    typescript('native-bench/state/keyed-state.ts', 2, records, keys, everyMs),
  );
}

const pause = (id: string, keys: number, form: 'typed' | 'objects'): Figure =>
  figure({
    id,
    what: `how much longer a subtask with ${keys / MILLION} M keys takes for a batch while a checkpoint of it is written, ${form === 'typed' ? 'count and sum' : 'a JavaScript object a key'}: 99th percentile`,
    unit: 'ms',
    roundUnit: 'ms',
    bar: atMost(5),
    variants: (settings) => ({
      pause: {
        command: typescript('native-bench/state/pause.ts', scaled(keys, settings, 1000), form),
        measure: (run) => reported(run, 'p99Ms'),
      },
    }),
    value: (medians) => medians.pause,
  });

function waiting(kind: 'aligned' | 'unaligned', settings: Settings): Variant {
  const seconds = settings.scale * 10;
  return {
    command: typescript('native-bench/state/back-pressure.ts', kind, seconds),
    measure: (run) => reported(run, 'checkpointMs'),
  };
}

function access(kind: 'int' | 'string', way: 'table' | 'map', settings: Settings): Command {
  const keys = scaled(MILLION, settings, 1000);
  const rows = scaled(ROWS, settings, 10_000);
  return typescript('native-bench/state/access.ts', kind, way, keys, rows);
}

const againstMap = (id: string, kind: 'int' | 'string'): Figure =>
  figure({
    id,
    what: `a count and a sum of 1 M ${kind} keys, reached by the tables of the engine, against a Map`,
    unit: 'times the Map',
    roundUnit: 'rows/s',
    bar: atLeast(3),
    verify: (settings) => [access(kind, 'table', settings), access(kind, 'map', settings)],
    variants: (settings) => {
      const rows = scaled(ROWS, settings, 10_000);
      return {
        table: perSecond(rows, access(kind, 'table', settings)),
        map: perSecond(rows, access(kind, 'map', settings)),
      };
    },
    value: (medians) => medians.table / medians.map,
  });

export const STATE_FIGURES: readonly Figure[] = [
  figure({
    id: 'checkpoint-overhead',
    what: 'typed keyed count and sum, 1 M keys, 2 threads: throughput with a checkpoint every second against none',
    unit: 'of the throughput without',
    roundUnit: 'records/s',
    bar: atLeast(0.9),
    variants: (settings) => ({ with: job(1000, settings), without: job(0, settings) }),
    value: (medians) => medians.with / medians.without,
  }),
  pause('checkpoint-pause', MILLION, 'typed'),
  pause('checkpoint-pause-10m', 10 * MILLION, 'typed'),
  pause('checkpoint-pause-objects', MILLION, 'objects'),
  figure({
    id: 'checkpoint-unaligned',
    what: 'a checkpoint while records wait in front of a step that takes 10 us for each: aligned against unaligned',
    unit: 'times as long',
    roundUnit: 'ms',
    bar: null,
    variants: (settings) => ({
      aligned: waiting('aligned', settings),
      unaligned: waiting('unaligned', settings),
    }),
    value: (medians) => medians.aligned / medians.unaligned,
  }),
  figure({
    id: 'state-bytes',
    what: 'memory of the state of a key, one count and one sum, int key, 10 M keys',
    unit: 'bytes',
    roundUnit: 'bytes',
    bar: atMost(40),
    roundsMax: 3,
    variants: (settings) => ({
      state: {
        command: typescript(
          'native-bench/state/pause.ts',
          scaled(10 * MILLION, settings, 1000),
          'typed',
        ),
        measure: (run) => reported(run, 'bytesPerKey'),
      },
    }),
    value: (medians) => medians.state,
  }),
  againstMap('state-int', 'int'),
  againstMap('state-string', 'string'),
];
