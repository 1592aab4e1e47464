/** One subtask that keeps a count and a sum for each of many int keys, in one of several ways, without the job around it. */
import { systemClock } from '../../src/base/clock.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { AggregateSpec } from '../../src/operator/window/aggregate.ts';
import { createGeneralWindow } from '../../src/operator/window/general/create-general-window.ts';
import { WindowAggregateOperator } from '../../src/operator/window/window-aggregate.ts';
import { NO_STATE, type RestoredState, type SnapshotWriter } from '../../src/state/snapshot.ts';

export const ROWS = 4096;
export const Event = record({ key: t.int32, value: t.float64 });

const NONE = { kind: 'none' } as const;
const COUNT_AND_SUM: readonly AggregateSpec[] = [
  { name: 'count', kind: 'count', input: NONE, user: null, quantile: null },
  {
    name: 'sum',
    kind: 'sum',
    input: { kind: 'field', field: 'value' },
    user: null,
    quantile: null,
  },
];
/** The same in a JavaScript object a key. */
const OBJECT: readonly AggregateSpec[] = [
  { name: 'total', kind: 'user', input: NONE, user: 0, quantile: null },
];
const total = {
  create: () => ({ count: 0, sum: 0 }),
  add(so: { count: number; sum: number }, row: { value: number }) {
    so.count++;
    so.sum += row.value;
    return so;
  },
  merge: (a: object) => a,
  result: (so: object) => so,
};

const KEY = { kind: 'fields', fields: ['key'] } as const;

/** `typed`, `objects`: one tumbling window; `sessions`: a session a key, typed. */
export type Form = 'typed' | 'objects' | 'sessions';

export type RigOptions = {
  readonly snapshot: (checkpoint: number) => SnapshotWriter;
  readonly form?: Form;
  readonly isIncremental?: boolean;
  readonly restored?: RestoredState;
};

function tumblingOperator(areObjects: boolean): Operator {
  return new WindowAggregateOperator({
    key: KEY,
    window: { kind: 'tumbling', time: 'event', sizeMs: 1e9, slideMs: 1e9, offsetMs: 0 },
    aggregates: [...(areObjects ? OBJECT : COUNT_AND_SUM)],
    shapes: [],
    inputSchema: Event,
    functions: areObjects ? [total] : [],
    takesPartials: false,
    lateTo: null,
  });
}

function sessionOperator(): Operator {
  return createGeneralWindow({
    key: KEY,
    window: {
      assigner: { kind: 'session', time: 'event', gapMs: 1e9 },
      assignBy: null,
      trigger: { kind: 'eventTime' },
      evictor: null,
      latenessMs: 0,
      work: { kind: 'aggregate', aggregates: COUNT_AND_SUM, process: null },
      states: [],
    },
    inputSchema: Event,
    functions: [],
    emits: null,
    lateTo: null,
  });
}

export function windowOperator(options: RigOptions): Operator {
  const { snapshot, form = 'typed', isIncremental = false, restored = NO_STATE } = options;
  const operator = form === 'sessions' ? sessionOperator() : tumblingOperator(form === 'objects');
  operator.open(
    {
      name: 'state',
      subtask: 0,
      parallelism: 1,
      maxParallelism: 128,
      clock: systemClock,
      watermarkIntervalMs: 10,
      metrics: {
        recordsIn: 0,
        recordsOut: 0,
        lateRecords: 0,
        skippedRecords: 0,
        bytesRead: 0,
        bytesWritten: 0,
      },
      job: { name: 'alone', id: 'alone', attempt: 0 },
      isCheckpointed: true,
      isIncremental,
      isBatch: false,
      restored,
      snapshot,
      wake() {},
      prepareCommit() {},
      onMetric() {},
    },
    { isReady: true, emit() {}, watermark() {}, idle() {}, barrier() {}, end() {} },
    new Map(),
  );
  return operator;
}

const builder = new BatchBuilder(Event, ROWS);

/** Rows of the keys from `first` on, `step` apart, all below `end`. */
export function rowsOf(first: number, step: number, end: number): Batch {
  builder.reset();
  const keys = builder.fixed(0).values as Int32Array;
  const values = builder.float64(1);
  const rows = Math.min(ROWS, Math.ceil((end - first) / step));
  for (let i = 0; i < rows; i++) {
    keys[i] = first + i * step;
    values[i] = (keys[i]! * 7) & 1023;
  }
  builder.timestamps().fill(1, 0, rows);
  builder.advance(rows);
  return builder.seal();
}
