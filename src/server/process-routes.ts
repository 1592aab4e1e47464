/** The process that serves jobs: those that run, and those that have ended and are kept. */
import { ENGINE_VERSION } from '../base/version.ts';
import { JOB_ROW, jobRow } from './job-parts.ts';
import { LOOK_MS } from './rates.ts';
import type { ProcessCall, ProcessRoute } from './rest.ts';
import { aNumber, aText, list, object, oneOf } from './schema.ts';
import { JOB_STATES, jobState, type RestJobState } from './states.ts';

/** Jobs that run, and those that have ended and do not run again. */
function idsAndStates({ jobs }: ProcessCall): { id: string; status: RestJobState }[] {
  const running = jobs.all.map(({ job }) => {
    const metrics = job.metrics();
    return { id: metrics.id, status: jobState(metrics) };
  });
  const ended = (jobs.archive?.all() ?? []).map(({ id, state }) => ({ id, status: state }));
  return [...running, ...ended.filter(({ id }) => jobs.find(id) === null)];
}

const overview: ProcessRoute = {
  isOfProcess: true,
  method: 'GET',
  path: '/overview',
  operationId: 'getOverview',
  summary: 'The process: its threads and its jobs',
  changes: false,
  status: 200,
  answer: object({
    'millrace-version': aText,
    threads: aNumber,
    'jobs-running': aNumber,
    'jobs-finished': aNumber,
    'jobs-cancelled': aNumber,
    'jobs-failed': aNumber,
  }),
  handle(call) {
    const states = idsAndStates(call).map(({ status }) => status);
    const count = (...some: readonly RestJobState[]): number =>
      states.filter((state) => some.includes(state)).length;
    return {
      'millrace-version': ENGINE_VERSION,
      threads: call.jobs.all.reduce((sum, { job }) => sum + job.config.threads, 0),
      'jobs-running': count('RUNNING', 'RESTARTING'),
      'jobs-finished': count('FINISHED'),
      'jobs-cancelled': count('CANCELED'),
      'jobs-failed': count('FAILED'),
    };
  },
};

const config: ProcessRoute = {
  isOfProcess: true,
  method: 'GET',
  path: '/config',
  operationId: 'getConfig',
  summary: 'The server',
  changes: false,
  status: 200,
  answer: object({ 'refresh-interval': aNumber, 'millrace-version': aText }),
  handle: () => ({ 'refresh-interval': LOOK_MS, 'millrace-version': ENGINE_VERSION }),
};

const jobs: ProcessRoute = {
  isOfProcess: true,
  method: 'GET',
  path: '/jobs',
  operationId: 'getJobs',
  summary: 'Ids and states of the jobs of this process',
  changes: false,
  status: 200,
  answer: object({ jobs: list(object({ id: aText, status: oneOf(...JOB_STATES) })) }),
  handle: (call) => ({ jobs: idsAndStates(call) }),
};

const jobsOverview: ProcessRoute = {
  isOfProcess: true,
  method: 'GET',
  path: '/jobs/overview',
  operationId: 'getJobsOverview',
  summary: 'The jobs of this process, with their progress',
  changes: false,
  status: 200,
  answer: object({ jobs: list(JOB_ROW) }),
  handle: ({ jobs }) => ({
    jobs: [
      ...jobs.all.map(({ job }) => jobRow(job.metrics())),
      ...(jobs.archive?.all() ?? [])
        .filter(({ id }) => jobs.find(id) === null)
        .map(({ row }) => row),
    ],
  }),
};

export const PROCESS_ROUTES: readonly ProcessRoute[] = [overview, config, jobs, jobsOverview];
