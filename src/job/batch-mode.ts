/** Whether a job runs in batch. */
import { EngineError } from '../base/errors.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import type { RunOptions } from './job.ts';

/** Batch has its results when all input has been read: a source without an end is refused, or for 'auto' decides. */
export function isBatchJob(
  batch: NonNullable<RunOptions['batch']>,
  { graph, bindings }: BuiltJob,
): boolean {
  if (batch === false) return false;
  const unbounded = graph.nodes.find(({ id }) => bindings[id]!.source?.isBounded === false);
  if (unbounded === undefined) return true;
  if (batch === 'auto') return false;
  throw new EngineError(
    'JOB_DEFINITION',
    `batch: source '${unbounded.name}' has no end, and results come when all input has been read: run the job without ` +
      "batch, or with batch: 'auto'",
  );
}
