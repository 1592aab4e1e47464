/** The modules that a server may start jobs of, and how to start one. */
import { notFound, type ProcessRoute } from './rest.ts';
import { aNumber, aText, byName, list, object, orNull } from './schema.ts';

const modules: ProcessRoute = {
  isOfProcess: true,
  method: 'GET',
  path: '/modules',
  operationId: 'getModules',
  summary: 'Modules of jobs that can be started here; none but of a server of several jobs',
  changes: false,
  status: 200,
  answer: object({
    modules: list(object({ id: aText, jobs: list(aText), error: orNull(aText) })),
  }),
  handle: ({ jobs }) => ({ modules: jobs.modules?.all() ?? [] }),
};

const run: ProcessRoute = {
  isOfProcess: true,
  method: 'POST',
  path: '/modules/:moduleid/run',
  operationId: 'runModule',
  summary: 'Starts a job of a module',
  changes: true,
  status: 200,
  body: object({ job: aText, params: byName({}), threads: aNumber, parallelism: aNumber }, []),
  answer: object({ jobid: aText }),
  async handle({ jobs, params, body }) {
    if (jobs.modules === null) throw notFound(`module '${params.moduleid}'`);
    return { jobid: await jobs.modules.start(params.moduleid!, body) };
  },
};

export const MODULE_ROUTES: readonly ProcessRoute[] = [modules, run];
