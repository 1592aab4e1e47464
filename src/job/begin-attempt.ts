/**
 * Makes everything ready for an attempt of a job, from a checkpoint or from the start: finds the splits, prepares the sinks, and
 * gives the attempt a coordinator for its checkpoints. Of a checkpoint the threads take their state first. Only when every byte of
 * it has been verified is committed what it was complete with, and are the sinks prepared.
 */
import { closeStateFiles } from '../checkpoint/block-reader.ts';
import type { StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import type { CheckpointStorage } from '../checkpoint/checkpoint-storage.ts';
import { openCheckpoint, verifyBlocks } from '../checkpoint/load-checkpoint.ts';
import { type ExecutionGraph, executionGraph } from '../graph/execution-graph.ts';
import type { NodeId } from '../graph/graph.ts';
import type { DeadLetter, PlainData } from '../operator/source.ts';
import type { RuntimeSettings } from '../task/deployment.ts';
import { Attempt, type JobPlan, type OnReady } from './attempt.ts';
import { CheckpointCoordinator } from './checkpoint-coordinator.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import { commitNode, commitRestored } from './commit.ts';
import type { RunOptions } from './job.ts';
import { finishSinks, prepareSinks } from './job-sinks.ts';
import type { JobWatch } from './job-watch.ts';
import type { JobLog } from './log.ts';
import { checkJob, checkMode, restoredSnapshot, restoredWriters } from './restore.ts';
import { runtimeSettings } from './runtime-settings.ts';
import { discoveriesOf, type SplitDiscovery } from './split-discovery.ts';
import { splitsToRead } from './start.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What all attempts of a job have in common. */
export type JobParts = {
  readonly plan: JobPlan;
  readonly options: RunOptions;
  /** Null where no checkpoints are taken. */
  readonly storage: CheckpointStorage | null;
  readonly checkpoints: CheckpointSettings | null;
  readonly watch: JobWatch;
  readonly log: JobLog;
  /** Told of the first malformed records that each subtask skips. */
  readonly onSkipped: (record: DeadLetter) => void;
};

/** An attempt and its checkpoints. */
export type Running = {
  readonly attempt: Attempt;
  readonly checkpoints: CheckpointCoordinator;
  /** Of the sources that find splits while they are read. */
  readonly discoveries: readonly SplitDiscovery[];
  readonly settings: RuntimeSettings;
  /** Makes what is outside ready when all threads have their state. EngineError CHECKPOINT_DAMAGED. */
  readonly onReady: OnReady;
};

/** The checkpoint to go on from, of which nothing but the manifest has been looked at; null for none. */
export async function findCheckpoint({
  plan,
  options,
  storage,
}: JobParts): Promise<StoredCheckpoint | null> {
  const { restoreFrom, fresh } = options;
  const own = fresh === true ? null : ((await storage?.newest()) ?? null);
  const found = own === null && restoreFrom !== undefined ? await openCheckpoint(restoreFrom) : own;
  if (found !== null) {
    checkJob(plan.job.name, found);
    checkMode(plan.isBatch, found);
  }
  return found;
}

/**
 * On these threads, from this checkpoint, or from the start where it is null; `onCompleted` is given the next ones. `number`: how many
 * attempts have failed before.
 */
export async function beginAttempt(
  job: JobParts,
  last: StoredCheckpoint | null,
  pool: WorkerPool,
  number: number,
  onCompleted: (stored: StoredCheckpoint) => void,
): Promise<Running> {
  const { plan, options, log } = job;
  const { built, threads, parallelism, chaining } = plan;
  const { graph } = built;
  const restored =
    last === null ? null : restoredSnapshot(graph, last, options.allowDroppedState ?? false);
  const exchanges = restored?.inFlight ?? [];
  const execution = executionGraph(graph, { threads, parallelism, chaining, exchanges });
  const settings = settingsOf(job, last, execution, number);
  const { splits, known } = await splitsToRead(built, parallelism, restored);
  const prepare = (): Promise<void> =>
    prepareSinks(built, log.jobId, (node) =>
      restored === null ? null : restoredWriters(restored, node),
    );
  // Threads that have no state to take begin at once.
  if (last === null) await prepare();
  const onReady: OnReady = async (verified) => {
    if (last === null) return;
    await verifyBlocks(last, verified);
    await commitRestored(built, last.manifest, (message) => log.warn(message));
    await prepare();
    closeStateFiles();
    job.watch.checkpoints.onRestored(last);
  };
  const attempt: Attempt = new Attempt({
    plan,
    execution,
    settings,
    splits,
    restored,
    pool,
    events: {
      onBlock: (...block) => checkpoints.onBlock(...block),
      onDone: (...done) => checkpoints.onDone(...done),
      onCommittables: (...prepared) => checkpoints.onCommittables(...prepared),
      onMetric: (slot, cell) => attempt.watched.addMetric(slot, cell),
      onSkipped: job.onSkipped,
      onSplitRead: (source, split) => known.find(({ node }) => node === source)!.onRead(split),
    },
  });
  const checkpoints = new CheckpointCoordinator({
    graph,
    execution,
    input: () => new Map(known.map((one) => [one.node, one.states()])),
    maxParallelism: settings.maxParallelism,
    keyGroups: settings.keyGroups,
    isBatch: plan.isBatch,
    jobId: log.jobId,
    storage: job.storage,
    settings: job.checkpoints,
    request: (...request) => attempt.requestCheckpoint(...request),
    turnUnaligned: (checkpoint) => attempt.turnUnaligned(checkpoint),
    goOn: () => attempt.goOn(),
    tell: (checkpoint, end) => attempt.checkpointEnded(checkpoint, end),
    commit: (node, committables) => commit(job, node, committables),
    onFailure: (error) => void attempt.fail(error),
    onCompleted,
    history: job.watch.checkpoints,
    warn: (message) => log.warn(message),
  });
  const discoveries = discoveriesOf(built, parallelism, known, {
    isReady: (source) => attempt.isReading(source),
    tell: (source, found) => attempt.tellFound(source, found),
    warn: (message) => log.warn(message),
    onFailure: (error) => void attempt.fail(error),
  });
  return { attempt, checkpoints, discoveries, settings, onReady };
}

/** The job had come to its end: nothing is left but what its sinks do then. EngineError CHECKPOINT_DAMAGED. */
export async function commitFinal({ plan, log }: JobParts, last: StoredCheckpoint): Promise<void> {
  await verifyBlocks(last, new Set());
  await commitRestored(plan.built, last.manifest, (message) => log.warn(message));
  await prepareSinks(plan.built, log.jobId, () => []);
  await finishSinks(plan.built);
}

export function settingsOf(
  { plan, options, checkpoints, log }: JobParts,
  last: StoredCheckpoint | null,
  execution: ExecutionGraph,
  attempt = 0,
): RuntimeSettings {
  const { jobId } = log;
  return runtimeSettings({ plan, options, checkpoints, last, jobId, attempt }, execution);
}

async function commit(
  { plan, watch, log }: JobParts,
  node: NodeId,
  committables: readonly PlainData[],
): Promise<void> {
  const { graph, bindings } = plan.built;
  await commitNode(plan.built, node, committables, (message) => log.warn(message));
  const { sink } = bindings[node]!;
  if (sink === null) return;
  const { uid, name } = graph.nodes[node]!;
  const count = committables.filter((one) => one !== null && sink.isSeen?.(one) !== false).length;
  if (count > 0) watch.onCommit(uid, name, count);
}
