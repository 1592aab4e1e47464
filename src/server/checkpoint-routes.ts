/** Checkpoints: those that were, those that are asked for, and the savepoint behind which a job ends. */
import { resolve } from 'node:path';
import type { CheckpointRecord } from '../job/job-metrics.ts';
import { type Call, type JobRoute, notFound, RestError } from './rest.ts';
import {
  aFlag,
  aNumber,
  aText,
  aTime,
  byName,
  type JsonSchema,
  list,
  object,
  oneOf,
  orNull,
} from './schema.ts';

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

const TRIGGERED = object({ 'request-id': aText });

function textOf({ body }: Call, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || (typeof value === 'string' && value.trim() !== '')) return value;
  throw new RestError(400, `${name} is a text that is not empty, got ${JSON.stringify(value)}`);
}

function flagOf({ body }: Call, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new RestError(400, `${name} is true or false, got ${JSON.stringify(value)}`);
}

const A_FOLDER: JsonSchema = { ...aText, description: 'a directory that does not exist yet' };

const savepoint: JobRoute = {
  method: 'POST',
  path: '/jobs/:jobid/savepoints',
  operationId: 'triggerSavepoint',
  summary: 'Begins a savepoint; with cancel-job the job ends behind it',
  changes: true,
  status: 202,
  body: object({ 'target-directory': A_FOLDER, 'cancel-job': aFlag }, ['target-directory']),
  answer: TRIGGERED,
  handle(call) {
    const dir = textOf(call, 'target-directory');
    if (dir === undefined) throw new RestError(400, 'target-directory is missing');
    const ends = flagOf(call, 'cancel-job');
    const { job, operations } = call;
    const id = operations.begin(async () => {
      if (!ends) return await job.savepoint(dir);
      await job.stop({ savepoint: dir });
      return resolve(dir);
    });
    return { 'request-id': id };
  },
};

const stop: JobRoute = {
  method: 'POST',
  path: '/jobs/:jobid/stop',
  operationId: 'stopJob',
  summary: 'Ends the job behind a savepoint or its last checkpoint; with drain it finishes',
  changes: true,
  status: 202,
  body: object({ targetDirectory: A_FOLDER, drain: aFlag }, []),
  answer: TRIGGERED,
  handle(call) {
    const savepointDir = textOf(call, 'targetDirectory');
    const drain = flagOf(call, 'drain');
    const { job, operations } = call;
    const id = operations.begin(async () => {
      await job.stop({ ...(savepointDir === undefined ? {} : { savepoint: savepointDir }), drain });
      return savepointDir === undefined ? null : resolve(savepointDir);
    });
    return { 'request-id': id };
  },
};

const outcome: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/savepoints/:triggerid',
  isLive: true,
  operationId: 'getSavepoint',
  summary: 'What has become of a savepoint or stop that was begun',
  changes: false,
  status: 200,
  answer: object(
    {
      status: object({ id: oneOf('IN_PROGRESS', 'COMPLETED') }),
      operation: object(
        {
          location: orNull(aText),
          'failure-cause': object({ class: aText, 'stack-trace': aText }),
        },
        [],
      ),
    },
    ['status'],
  ),
  handle({ operations, params }) {
    const found = operations.outcome(params.triggerid!);
    if (found === null) throw notFound(`savepoint or stop '${params.triggerid}'`);
    if (found.state === 'running') return { status: { id: 'IN_PROGRESS' } };
    const operation =
      found.state === 'done'
        ? { location: found.location }
        : { 'failure-cause': { class: 'EngineError', 'stack-trace': found.error } };
    return { status: { id: 'COMPLETED' }, operation };
  },
};

export const CHECKPOINT_ROUTES: readonly JobRoute[] = [
  checkpoints,
  checkpointConfig,
  checkpointDetails,
  savepoint,
  stop,
  outcome,
];
