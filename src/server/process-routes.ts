/** The process that serves a job. */
import { ENGINE_VERSION } from '../base/version.ts';
import { LOOK_MS } from './rates.ts';
import type { Route } from './rest.ts';
import { aNumber, aText, object } from './schema.ts';
import { jobState } from './states.ts';

const overview: Route = {
  method: 'GET',
  path: '/overview',
  operationId: 'getOverview',
  summary: 'The process: its threads and its job',
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
  handle({ metrics, job }) {
    const state = jobState(metrics);
    const count = (...states: readonly string[]): number => (states.includes(state) ? 1 : 0);
    return {
      'millrace-version': ENGINE_VERSION,
      threads: job.config.threads,
      'jobs-running': count('RUNNING', 'RESTARTING'),
      'jobs-finished': count('FINISHED'),
      'jobs-cancelled': count('CANCELED'),
      'jobs-failed': count('FAILED'),
    };
  },
};

const config: Route = {
  method: 'GET',
  path: '/config',
  operationId: 'getConfig',
  summary: 'The server',
  changes: false,
  status: 200,
  answer: object({ 'refresh-interval': aNumber, 'millrace-version': aText }),
  handle: () => ({ 'refresh-interval': LOOK_MS, 'millrace-version': ENGINE_VERSION }),
};

export const PROCESS_ROUTES: readonly Route[] = [overview, config];
