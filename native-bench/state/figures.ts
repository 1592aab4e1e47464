/** Figures of state: what checkpoints and recovery cost, what a key costs, and how fast state is reached. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  atLeast,
  atMost,
  type Command,
  type Figure,
  figure,
  javascript,
  perSecond,
  reported,
  type Settings,
  scaled,
  typescript,
  type Variant,
} from '../figure.ts';
import { runProgram } from '../run-program.ts';
import type { Form } from './window-rig.ts';

const MILLION = 1_000_000;
/** Ten seconds or more, as many checkpoints: V8 compiles anew what meets its first barrier, once in a job. */
const RECORDS = 600_000_000;
const ROWS = 20_000_000;

function job(everyMs: number, settings: Settings): Variant {
  const records = scaled(RECORDS, settings, 100_000);
  const keys = scaled(MILLION, settings, 1000);
  return perSecond(
    records,
    typescript('native-bench/state/keyed-state.ts', 2, records, keys, everyMs),
  );
}

const KEPT: Readonly<Record<Form, string>> = {
  typed: 'count and sum',
  objects: 'a JavaScript object a key',
  sessions: 'count and sum of a session a key',
};

const pause = (id: string, keys: number, form: Form): Figure =>
  figure({
    id,
    what: `how much longer a subtask with ${keys / MILLION} M keys takes for a batch while a checkpoint of it is written, ${KEPT[form]}: 99th percentile`,
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

/** Of the figure `recovery`. */
function checkpointOf(settings: Settings): { readonly keys: number; readonly dir: string } {
  const keys = scaled(10 * MILLION, settings, 1000);
  return { keys, dir: join(tmpdir(), `millrace-recovery-${keys}`) };
}

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
  pause('checkpoint-pause-objects-10m', 10 * MILLION, 'objects'),
  pause('checkpoint-pause-windows', MILLION, 'sessions'),
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
    id: 'checkpoint-incremental',
    what: 'bytes of an incremental checkpoint, 1 % of 10 M keys changed since the one before, against a whole one',
    unit: 'of a whole one',
    roundUnit: 'of a whole one',
    bar: atMost(0.05),
    roundsMax: 3,
    variants: (settings) => ({
      delta: {
        command: typescript(
          'native-bench/state/incremental.ts',
          scaled(10 * MILLION, settings, 10_000),
        ),
        measure: (run) => reported(run, 'deltaBytes') / reported(run, 'fullBytes'),
      },
    }),
    value: (medians) => medians.delta,
  }),
  figure({
    id: 'recovery',
    what: 'from the start of a process to the first record, going on from a checkpoint with 10 M keys, 2 threads: against reading its bytes',
    unit: 'times the reading',
    roundUnit: 'ms',
    bar: atMost(4),
    async prepare(settings) {
      const { keys, dir } = checkpointOf(settings);
      await runProgram(typescript('native-bench/state/recovery.ts', 'write', keys, dir));
    },
    variants: (settings) => {
      const { dir } = checkpointOf(settings);
      return {
        recovery: {
          command: typescript('native-bench/state/recovery.ts', 'recover', dir),
          measure: (run) => reported(run, 'ms'),
        },
        reading: {
          command: javascript('native-bench/state/read-state.mjs', dir),
          measure: (run) => reported(run, 'ms'),
        },
      };
    },
    value: (medians) => medians.recovery / medians.reading,
  }),
  figure({
    id: 'upgrade-pause',
    what: 'a new version of a job with 1 M keys is saved under millrace run --watch, 2 threads: the longest time without a row',
    unit: 'ms',
    roundUnit: 'ms',
    bar: atMost(1000),
    variants: (settings) => ({
      upgrade: {
        command: typescript('native-bench/state/upgrade.ts', scaled(MILLION, settings, 1000)),
        measure: (run) => reported(run, 'gapMs'),
      },
    }),
    value: (medians) => medians.upgrade,
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
