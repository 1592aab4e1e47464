/** A savepoint of a job that has never run: its states without a row, and sources that are read from their start. */
import { systemClock } from '../../base/clock.ts';
import { randomId } from '../../base/random-id.ts';
import { ENGINE_VERSION } from '../../base/version.ts';
import type { BuiltJob } from '../../graph/job-registry.ts';
import type { StoredCheckpoint } from '../checkpoint.ts';
import { declaredStates, withEmptyStates } from './declared-states.ts';

export type NewSavepointOptions = {
  /** Key groups; they stay for the life of the state. */
  readonly maxParallelism: number;
  /** Whether the job will run in batch. */
  readonly isBatch: boolean;
};

/** What such a savepoint has; it lies nowhere yet. */
export function newSavepoint(
  job: BuiltJob,
  { maxParallelism, isBatch }: NewSavepointOptions,
): StoredCheckpoint {
  const manifest = withEmptyStates(
    {
      version: 1,
      kind: 'savepoint',
      id: 0,
      job: job.graph.name,
      jobId: randomId(),
      engine: ENGINE_VERSION,
      createdAt: systemClock.now(),
      maxParallelism,
      isBatch,
      isFinal: false,
      operators: [],
    },
    declaredStates(job),
  );
  return { path: '', manifest };
}
