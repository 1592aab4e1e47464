/** What subtasks are told of the options of a run. */
import {
  BATCH_ROWS,
  DEFAULT_BUFFER_TIMEOUT_MS,
  LOCAL_CHANNEL_BATCHES,
  MAX_PARALLELISM_LIMIT,
} from '../base/limits.ts';
import { randomId } from '../base/random-id.ts';
import type { StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { RuntimeSettings } from '../task/deployment.ts';
import { durationMs } from '../time/duration.ts';
import type { JobPlan } from './attempt.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import type { RunOptions } from './job.ts';
import { countOf } from './job-plan.ts';
import { keyGroupsOf } from './key-groups.ts';
import { backlogMs, stepBudgetMs, watermarkIntervalMs } from './pacing.ts';

export type RuntimeOptions = {
  readonly plan: JobPlan;
  readonly options: RunOptions;
  /** Null without checkpoints. */
  readonly checkpoints: CheckpointSettings | null;
  /** The checkpoint that the job goes on from; null for none. */
  readonly last: StoredCheckpoint | null;
  readonly jobId: string;
  /** How many attempts of this run have failed before. */
  readonly attempt: number;
};

/** For one attempt, which has an id of its own. */
export function runtimeSettings(
  { plan, options, checkpoints, last, jobId, attempt }: RuntimeOptions,
  execution: ExecutionGraph,
): RuntimeSettings {
  const { bufferTimeout, maxParallelism } = options;
  const { threads, parallelism, isBatch } = plan;
  const asked =
    maxParallelism === undefined
      ? undefined
      : countOf('maxParallelism', maxParallelism, 1, MAX_PARALLELISM_LIMIT);
  const subtasksOfThread = execution.subtasks.length / Math.max(1, threads);
  return {
    bufferTimeoutMs: durationMs(bufferTimeout ?? DEFAULT_BUFFER_TIMEOUT_MS, 'bufferTimeout'),
    stepBudgetMs: stepBudgetMs(subtasksOfThread),
    backlogMs: backlogMs(subtasksOfThread),
    watermarkIntervalMs: watermarkIntervalMs(execution.channels.length),
    ...keyGroupsOf(plan.built.graph, { parallelism, asked, last }),
    batchRows: BATCH_ROWS,
    localChannelBatches: LOCAL_CHANNEL_BATCHES,
    jobId,
    attemptId: randomId(),
    attempt,
    isCheckpointed: checkpoints !== null,
    isIncremental: checkpoints?.isIncremental ?? false,
    isAligned: checkpoints?.isAligned ?? true,
    isUnaligned: checkpoints?.isUnaligned ?? false,
    isBatch,
  };
}
