/** What an operator holds before `open`: objects that throw, so that hot paths need no null check. */
import { NO_STATE } from '../state/snapshot.ts';
import type { OperatorContext, Output } from './operator.ts';

function unset(): never {
  throw new Error('assertion failed: the operator was used before open');
}

export const unsetOutput: Output = {
  get isReady(): boolean {
    return unset();
  },
  emit: unset,
  watermark: unset,
  idle: unset,
  barrier: unset,
  end: unset,
};

export const unsetContext: OperatorContext = {
  get name(): string {
    return unset();
  },
  subtask: 0,
  parallelism: 0,
  maxParallelism: 1,
  job: { name: '', id: '', attempt: 0 },
  clock: { now: unset, monotonic: unset },
  watermarkIntervalMs: 0,
  metrics: {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  },
  isCheckpointed: false,
  isIncremental: false,
  isBatch: false,
  restored: NO_STATE,
  snapshot: unset,
  wake: unset,
  prepareCommit: unset,
  onMetric: unset,
};
