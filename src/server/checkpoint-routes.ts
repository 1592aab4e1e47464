/** Checkpoints: those that were, and how they are taken. */
import type { CheckpointRecord } from '../job/job-metrics.ts';
import { type Call, type JobRoute, notFound } from './rest.ts';
import { aFlag, aNumber, aText, aTime, byName, list, object, oneOf, orNull } from './schema.ts';

export const STATES = { running: 'IN_PROGRESS', completed: 'COMPLETED', failed: 'FAILED' } as const;

const CHECKPOINT = object({
  id: aNumber,
  status: oneOf(...Object.values(STATES)),
  is_savepoint: aFlag,
  trigger_timestamp: aTime,
  end_to_end_duration: aNumber,
  checkpointed_size: aNumber,
  state_size: aNumber,
  num_subtasks: aNumber,
  num_acknowledged_subtasks: aNumber,
  external_path: orNull(aText),
  failure_message: orNull(aText),
  operators: byName(
    object({ name: aText, checkpointed_size: aNumber, state_size: aNumber, rows: aNumber }),
  ),
});

function checkpointOf(record: CheckpointRecord) {
  const operators = record.operators.map(({ uid, name, bytes, fullBytes, rows }) => [
    uid,
    { name, checkpointed_size: bytes, state_size: fullBytes, rows },
  ]);
  return {
    id: record.id,
    status: STATES[record.state],
    is_savepoint: record.kind === 'savepoint',
    trigger_timestamp: record.startedAt,
    end_to_end_duration: Math.round(record.durationMs),
    checkpointed_size: record.bytes,
    state_size: record.fullBytes,
    num_subtasks: record.subtasks,
    num_acknowledged_subtasks: record.subtasksDone,
    external_path: record.path,
    failure_message: record.failure,
    operators: Object.fromEntries(operators),
  };
}

function orNone(record: CheckpointRecord | null) {
  return record === null ? null : checkpointOf(record);
}

export const SPREAD = object({ min: aNumber, max: aNumber, avg: aNumber });

export function spreadOf(values: readonly number[]) {
  if (values.length === 0) return { min: 0, max: 0, avg: 0 };
  const avg = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { min: Math.min(...values), max: Math.max(...values), avg };
}

const checkpoints: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/checkpoints',
  operationId: 'getCheckpoints',
  summary: 'The last checkpoints and savepoints, the newest first',
  changes: false,
  status: 200,
  answer: object({
    counts: object({
      restored: aNumber,
      total: aNumber,
      in_progress: aNumber,
      completed: aNumber,
      failed: aNumber,
    }),
    summary: object({
      checkpointed_size: SPREAD,
      state_size: SPREAD,
      end_to_end_duration: SPREAD,
    }),
    latest: object({
      completed: orNull(CHECKPOINT),
      savepoint: orNull(CHECKPOINT),
      failed: orNull(CHECKPOINT),
      restored: orNull(
        object({
          id: aNumber,
          restore_timestamp: aTime,
          is_savepoint: aFlag,
          external_path: aText,
        }),
      ),
    }),
    history: list(CHECKPOINT),
  }),
  handle({ metrics }) {
    const { completed, failed, restored, history, lastRestored, ...last } = metrics.checkpoints;
    const running = history.filter(({ state }) => state === 'running').length;
    const complete = history.filter(({ state }) => state === 'completed').map(checkpointOf);
    return {
      counts: {
        restored,
        total: completed + failed + running,
        in_progress: running,
        completed,
        failed,
      },
      summary: {
        checkpointed_size: spreadOf(complete.map((one) => one.checkpointed_size)),
        state_size: spreadOf(complete.map((one) => one.state_size)),
        end_to_end_duration: spreadOf(complete.map((one) => one.end_to_end_duration)),
      },
      latest: {
        completed: orNone(last.lastCompleted),
        savepoint: orNone(last.lastSavepoint),
        failed: orNone(last.lastFailed),
        restored:
          lastRestored === null
            ? null
            : {
                id: lastRestored.id,
                restore_timestamp: lastRestored.restoredAt,
                is_savepoint: lastRestored.kind === 'savepoint',
                external_path: lastRestored.path,
              },
      },
      history: history.map(checkpointOf),
    };
  },
};

const checkpointConfig: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/checkpoints/config',
  operationId: 'getCheckpointConfig',
  summary: 'How the job takes checkpoints',
  changes: false,
  status: 200,
  answer: object({
    mode: oneOf('exactly_once', 'at_least_once'),
    interval: aNumber,
    timeout: aNumber,
    min_pause: aNumber,
    max_concurrent: aNumber,
    unaligned_checkpoints: aFlag,
    aligned_checkpoint_timeout: aNumber,
    incremental: aFlag,
    tolerable_failed_checkpoints: aNumber,
    retained: aNumber,
    directory: aText,
  }),
  handle({ job, metrics }) {
    const { checkpoints: how } = job.config;
    if (how === null) throw notFound(`checkpointing: job '${metrics.name}' takes none`);
    return {
      mode: how.mode === 'exactlyOnce' ? 'exactly_once' : 'at_least_once',
      interval: how.everyMs,
      timeout: how.timeoutMs,
      min_pause: how.minPauseMs,
      max_concurrent: 1,
      unaligned_checkpoints: how.unaligned,
      aligned_checkpoint_timeout: how.alignedMs,
      incremental: how.incremental,
      tolerable_failed_checkpoints: how.tolerableFailures,
      retained: how.retained,
      directory: how.dir,
    };
  },
};

const checkpointDetails: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/checkpoints/details/:checkpointid',
  operationId: 'getCheckpoint',
  summary: 'One of the last checkpoints',
  changes: false,
  status: 200,
  answer: CHECKPOINT,
  handle: (call) => checkpointOf(checkpointRecord(call)),
};

/** The one that a path is about. */
export function checkpointRecord({ metrics, params }: Call): CheckpointRecord {
  const { history } = metrics.checkpoints;
  const record = history.find(({ id }) => String(id) === params.checkpointid);
  if (record === undefined) throw notFound(`checkpoint '${params.checkpointid}' any more`);
  return record;
}

export const CHECKPOINT_ROUTES: readonly JobRoute[] = [
  checkpoints,
  checkpointConfig,
  checkpointDetails,
];
