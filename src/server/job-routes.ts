/** The job: what it is, how it is, and how to end it. */
import type { JobMetrics } from '../job/job-metrics.ts';
import { LOG_LEVELS } from '../job/log.ts';
import { STATE_COUNTS, statesOf, TIMES, times } from './job-parts.ts';
import { PLAN, planOf } from './plan.ts';
import { type Call, type JobRoute, numberIn, RestError } from './rest.ts';
import { aFlag, aNumber, aText, aTime, byName, list, object, oneOf, orNull } from './schema.ts';
import { JOB_STATES, jobState, SUBTASK_STATES, stateCounts, taskState } from './states.ts';

const VERTEX_NUMBERS = {
  'read-records': aNumber,
  'write-records': aNumber,
  'late-records': aNumber,
  'skipped-records': aNumber,
  'accumulated-busy-time': aNumber,
  'accumulated-backpressured-time': aNumber,
  'accumulated-idle-time': aNumber,
};

export const VERTEX_COUNTS = object(VERTEX_NUMBERS);

type Counted = JobMetrics['tasks'][number]['subtasks'][number];

export function countsOf(subtasks: readonly Counted[]) {
  const sum = (of: (subtask: Counted) => number): number =>
    subtasks.reduce((total, subtask) => total + of(subtask), 0);
  return {
    'read-records': sum((subtask) => subtask.recordsIn),
    'write-records': sum((subtask) => subtask.recordsOut),
    'late-records': sum((subtask) => subtask.lateRecords),
    'skipped-records': sum((subtask) => subtask.skippedRecords),
    'accumulated-busy-time': Math.round(sum((subtask) => subtask.busyMs)),
    'accumulated-backpressured-time': Math.round(sum((subtask) => subtask.backPressuredMs)),
    'accumulated-idle-time': Math.round(sum((subtask) => subtask.idleMs)),
  };
}

/** What rings have brought to a task, and taken from it. */
function bytesOf({ exchanges }: JobMetrics, task: number) {
  const sum = (end: 'fromTask' | 'toTask'): number =>
    exchanges.reduce((total, one) => total + (one[end] === task ? one.bytes : 0), 0);
  return { 'read-bytes': sum('toTask'), 'write-bytes': sum('fromTask') };
}

const jobDetails: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid',
  operationId: 'getJob',
  summary: 'The job: its vertices with their records and times, and its plan',
  changes: false,
  status: 200,
  answer: object({
    jid: aText,
    name: aText,
    state: oneOf(...JOB_STATES),
    ...TIMES,
    now: aTime,
    maxParallelism: aNumber,
    records: aNumber,
    'records-per-second': orNull(aNumber),
    'input-share': orNull(aNumber),
    restarts: aNumber,
    vertices: list(
      object({
        id: aText,
        name: aText,
        parallelism: aNumber,
        maxParallelism: aNumber,
        status: oneOf(...SUBTASK_STATES),
        tasks: STATE_COUNTS,
        metrics: object({ ...VERTEX_NUMBERS, 'read-bytes': aNumber, 'write-bytes': aNumber }),
      }),
    ),
    'status-counts': STATE_COUNTS,
    plan: PLAN,
  }),
  handle({ metrics, rates, job }) {
    const { maxParallelism, isBatch } = job.config;
    return {
      jid: metrics.id,
      name: metrics.name,
      state: jobState(metrics),
      ...times(metrics),
      now: metrics.startedAt + Math.round(metrics.elapsedMs),
      maxParallelism,
      records: metrics.records,
      'records-per-second': rates.recordsPerSecond,
      'input-share': metrics.inputShare,
      restarts: metrics.restarts,
      vertices: metrics.tasks.map((task) => ({
        id: String(task.id),
        name: task.name,
        parallelism: task.parallelism,
        maxParallelism: task.maxParallelism,
        status: taskState(statesOf(metrics, task)),
        tasks: stateCounts(statesOf(metrics, task)),
        metrics: { ...countsOf(task.subtasks), ...bytesOf(metrics, task.id) },
      })),
      'status-counts': stateCounts(metrics.tasks.map((task) => taskState(statesOf(metrics, task)))),
      plan: planOf(metrics, isBatch),
    };
  },
};

const plan: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/plan',
  operationId: 'getPlan',
  summary: 'The graph of the job',
  changes: false,
  status: 200,
  answer: object({ plan: PLAN }),
  handle: ({ metrics, job }) => ({ plan: planOf(metrics, job.config.isBatch) }),
};

/** Parameters whose values nobody is told. */
const SECRET = /passw|secret|token|credential|api.?key|auth|private/i;

const jobConfig: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/config',
  operationId: 'getJobConfig',
  summary: 'How the job was started; parameters that look like secrets are hidden',
  changes: false,
  status: 200,
  answer: object({
    jid: aText,
    name: aText,
    'execution-config': object({
      'execution-mode': oneOf('PIPELINED', 'BATCH'),
      'restart-strategy': aText,
      'job-parallelism': aNumber,
      'max-parallelism': aNumber,
      threads: aNumber,
      'buffer-timeout': aNumber,
      'user-config': byName(aText),
    }),
  }),
  handle({ metrics, job }) {
    const { config: how } = job;
    const params = Object.entries(how.params).map(([name, value]) => [
      name,
      SECRET.test(name) ? '******' : String(value),
    ]);
    return {
      jid: metrics.id,
      name: metrics.name,
      'execution-config': {
        'execution-mode': how.isBatch ? 'BATCH' : 'PIPELINED',
        'restart-strategy': how.restartStrategy,
        'job-parallelism': how.parallelism,
        'max-parallelism': how.maxParallelism,
        threads: how.threads,
        'buffer-timeout': how.bufferTimeoutMs,
        'user-config': Object.fromEntries(params),
      },
    };
  },
};

const exceptions: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/exceptions',
  operationId: 'getExceptions',
  summary: 'What has ended attempts of the job, the newest first',
  changes: false,
  // Messages of errors have values of records.
  reveals: true,
  status: 200,
  answer: object({
    exceptionHistory: object({
      entries: list(
        object({
          exceptionName: aText,
          message: aText,
          stacktrace: aText,
          timestamp: aTime,
        }),
      ),
      truncated: aFlag,
    }),
  }),
  handle: ({ metrics: { failures, restarts } }) => ({
    exceptionHistory: {
      entries: failures.map(({ at, code, message, stack }) => ({
        exceptionName: code ?? 'Error',
        message,
        stacktrace: stack,
        timestamp: at,
      })),
      truncated: restarts > failures.length,
    },
  }),
};

const logs: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/logs',
  operationId: 'getLogs',
  summary: 'What has become of the job, the oldest first, as many entries as are kept',
  changes: false,
  reveals: true,
  status: 200,
  query: { after: 'Entries behind the one of this number; all when left out' },
  answer: object({
    entries: list(
      object(
        {
          seq: aNumber,
          timestamp: aTime,
          level: oneOf(...LOG_LEVELS),
          message: aText,
          operator: aText,
        },
        ['seq', 'timestamp', 'level', 'message'],
      ),
    ),
  }),
  handle: (call) => ({
    entries: call.job.log.after(numberIn(call, 'after', 0, Number.MAX_SAFE_INTEGER, 0)),
  }),
};

const cancel: JobRoute = {
  method: 'PATCH',
  path: '/jobs/:jobid',
  operationId: 'cancelJob',
  summary: 'Cancels the job',
  changes: true,
  status: 202,
  query: { mode: 'cancel, which it is when left out' },
  answer: object({}),
  handle({ job, query }: Call) {
    const mode = query.get('mode') ?? 'cancel';
    if (mode !== 'cancel') throw new RestError(400, `mode is 'cancel', got '${mode}'`);
    void job.cancel();
    return {};
  },
};

export const JOB_ROUTES: readonly JobRoute[] = [
  jobDetails,
  plan,
  jobConfig,
  exceptions,
  logs,
  cancel,
];
