/** The job: what it is, how it is, and how to end it. */
import type { JobMetrics } from '../job/job-metrics.ts';
import { LOG_LEVELS } from '../job/log.ts';
import { PLAN, planOf } from './plan.ts';
import { type Call, numberIn, RestError, type Route } from './rest.ts';
import { aFlag, aNumber, aText, aTime, byName, list, object, oneOf, orNull } from './schema.ts';
import {
  JOB_STATES,
  jobState,
  type RestSubtaskState,
  SUBTASK_STATES,
  stateCounts,
  subtaskState,
  taskState,
} from './states.ts';

export const VERTEX_COUNTS = object({
  'read-records': aNumber,
  'write-records': aNumber,
  'late-records': aNumber,
  'skipped-records': aNumber,
  'accumulated-busy-time': aNumber,
  'accumulated-backpressured-time': aNumber,
  'accumulated-idle-time': aNumber,
});

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

const STATE_COUNTS = object(Object.fromEntries(SUBTASK_STATES.map((state) => [state, aNumber])));

function statesOf(metrics: JobMetrics, task: JobMetrics['tasks'][number]): RestSubtaskState[] {
  return task.subtasks.map(({ state }) => subtaskState(metrics, state));
}

function allStates(metrics: JobMetrics): RestSubtaskState[] {
  return metrics.tasks.flatMap((task) => statesOf(metrics, task));
}

/** Start, end (-1 as long as it runs) and duration. */
function times(metrics: JobMetrics) {
  const { startedAt, elapsedMs, state } = metrics;
  const duration = Math.round(elapsedMs);
  return {
    'start-time': startedAt,
    'end-time': state === 'running' ? -1 : startedAt + duration,
    duration,
  };
}

const TIMES = { 'start-time': aTime, 'end-time': aTime, duration: aNumber };

const jobs: Route = {
  method: 'GET',
  path: '/jobs',
  operationId: 'getJobs',
  summary: 'Ids and states of the jobs of this process, of which there is one',
  changes: false,
  status: 200,
  answer: object({ jobs: list(object({ id: aText, status: oneOf(...JOB_STATES) })) }),
  handle: ({ metrics }) => ({ jobs: [{ id: metrics.id, status: jobState(metrics) }] }),
};

const jobsOverview: Route = {
  method: 'GET',
  path: '/jobs/overview',
  operationId: 'getJobsOverview',
  summary: 'The jobs of this process, with their progress',
  changes: false,
  status: 200,
  answer: object({
    jobs: list(
      object({
        jid: aText,
        name: aText,
        state: oneOf(...JOB_STATES),
        ...TIMES,
        records: aNumber,
        restarts: aNumber,
        tasks: STATE_COUNTS,
      }),
    ),
  }),
  handle: ({ metrics }) => ({
    jobs: [
      {
        jid: metrics.id,
        name: metrics.name,
        state: jobState(metrics),
        ...times(metrics),
        records: metrics.records,
        restarts: metrics.restarts,
        tasks: stateCounts(allStates(metrics)),
      },
    ],
  }),
};

const jobDetails: Route = {
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
        metrics: VERTEX_COUNTS,
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
        maxParallelism,
        status: taskState(statesOf(metrics, task)),
        tasks: stateCounts(statesOf(metrics, task)),
        metrics: countsOf(task.subtasks),
      })),
      'status-counts': stateCounts(metrics.tasks.map((task) => taskState(statesOf(metrics, task)))),
      plan: planOf(metrics, isBatch),
    };
  },
};

const plan: Route = {
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

const jobConfig: Route = {
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

const exceptions: Route = {
  method: 'GET',
  path: '/jobs/:jobid/exceptions',
  operationId: 'getExceptions',
  summary: 'What has ended attempts of the job, the newest first',
  changes: false,
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

const logs: Route = {
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

const cancel: Route = {
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

export const JOB_ROUTES: readonly Route[] = [
  jobs,
  jobsOverview,
  jobDetails,
  plan,
  jobConfig,
  exceptions,
  logs,
  cancel,
];
