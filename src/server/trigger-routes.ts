/** What a request begins, and what has become of it: a checkpoint, a savepoint, and the end of a job behind one. */
import { resolve } from 'node:path';
import type { CheckpointType } from '../job/checkpoint-settings.ts';
import type { OperationKind, Outcome } from './operations.ts';
import { type Call, type JobRoute, notFound, RestError } from './rest.ts';
import { aFlag, aNumber, aText, type JsonSchema, object, oneOf, orNull } from './schema.ts';

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

const CHECKPOINT_TYPES: Readonly<Record<string, CheckpointType>> = {
  CONFIGURED: 'configured',
  FULL: 'full',
  INCREMENTAL: 'incremental',
};

const TYPE_NAMES = Object.keys(CHECKPOINT_TYPES);

const checkpoint: JobRoute = {
  method: 'POST',
  path: '/jobs/:jobid/checkpoints',
  operationId: 'triggerCheckpoint',
  summary: 'Begins a checkpoint beside those of the interval',
  changes: true,
  status: 202,
  body: object({ checkpointType: oneOf(...TYPE_NAMES) }, []),
  answer: TRIGGERED,
  handle(call) {
    const name = textOf(call, 'checkpointType') ?? 'CONFIGURED';
    if (!TYPE_NAMES.includes(name)) {
      throw new RestError(400, `checkpointType is one of ${TYPE_NAMES.join(', ')}, got '${name}'`);
    }
    const { job, operations } = call;
    const id = operations.begin('checkpoint', async () => {
      const taken = await job.checkpoint({ type: CHECKPOINT_TYPES[name]! });
      return taken.id;
    });
    return { 'request-id': id };
  },
};

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
    const id = operations.begin('savepoint', async () => {
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
    const id = operations.begin('savepoint', async () => {
      await job.stop({ ...(savepointDir === undefined ? {} : { savepoint: savepointDir }), drain });
      return savepointDir === undefined ? null : resolve(savepointDir);
    });
    return { 'request-id': id };
  },
};

/** `made` and `failure`: the names of the fields in which it is told. */
function outcomeOf(made: Readonly<Record<string, JsonSchema>>, failure: string): JsonSchema {
  const cause = object({ class: aText, 'stack-trace': aText });
  return object(
    {
      status: object({ id: oneOf('IN_PROGRESS', 'COMPLETED') }),
      operation: object({ ...made, [failure]: cause }, []),
    },
    ['status'],
  );
}

const checkpointOutcome: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/checkpoints/:triggerid',
  isLive: true,
  operationId: 'getTriggeredCheckpoint',
  summary: 'What has become of a checkpoint that was begun',
  changes: false,
  status: 200,
  answer: outcomeOf({ checkpointId: aNumber }, 'failureCause'),
  handle: (call) => told(outcome(call, 'checkpoint'), 'checkpointId', 'failureCause'),
};

const savepointOutcome: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/savepoints/:triggerid',
  isLive: true,
  operationId: 'getSavepoint',
  summary: 'What has become of a savepoint or stop that was begun',
  changes: false,
  status: 200,
  answer: outcomeOf({ location: orNull(aText) }, 'failure-cause'),
  handle: (call) => told(outcome(call, 'savepoint'), 'location', 'failure-cause'),
};

function outcome({ operations, params }: Call, kind: OperationKind): Outcome {
  const found = operations.outcome(kind, params.triggerid!);
  if (found !== null) return found;
  const what = kind === 'savepoint' ? 'savepoint or stop' : kind;
  throw notFound(`${what} '${params.triggerid}'`);
}

/** As `outcomeOf` says, under these names. */
function told(found: Outcome, made: string, failure: string) {
  if (found.state === 'running') return { status: { id: 'IN_PROGRESS' } };
  const operation =
    found.state === 'done'
      ? { [made]: found.made }
      : { [failure]: { class: 'EngineError', 'stack-trace': found.error } };
  return { status: { id: 'COMPLETED' }, operation };
}

export const TRIGGER_ROUTES: readonly JobRoute[] = [
  checkpoint,
  checkpointOutcome,
  savepoint,
  savepointOutcome,
  stop,
];
