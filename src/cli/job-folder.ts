/**
 * The modules of a folder as jobs that run side by side, each with threads, checkpoints and failures of its own: a module that
 * cannot be loaded, or a job that fails, is told and leaves the others alone.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { delay } from '../base/event-loop.ts';
import { MODULE_LOAD_MS_MAX } from '../base/limits.ts';
import { checkOptions } from '../base/options.ts';
import type { RegisteredJob } from '../graph/job-registry.ts';
import { type JobResult, RUN_OPTIONS, type RunOptions, type WatchedJob } from '../job/job.ts';
import { startJob } from '../job/job-coordinator.ts';
import { archived } from '../server/archive.ts';
import type { JobModule, JobModules, StartRequest } from '../server/modules.ts';
import { notFound, RestError } from '../server/rest.ts';
import { ROUTES } from '../server/rest-api.ts';
import { outcomesTold } from '../server/serve.ts';
import type { ServedJob, ServedJobs } from '../server/served-jobs.ts';
import { describeFailure, jobsOfModule } from './load-job.ts';

const MODULE = /^[^.].*(?<!\.d)\.m?[jt]s$/;

export type JobFolderOptions = {
  readonly folder: string;
  readonly jobs: ServedJobs;
  /** Of a job by its name. */
  readonly optionsOf: (job: string) => RunOptions;
  readonly tell: (message: string) => void;
};

type Loaded = { readonly jobs: readonly RegisteredJob[]; readonly error: string | null };

export class JobFolder implements JobModules {
  readonly #options: JobFolderOptions;
  readonly #modules = new Map<string, Loaded>();
  /** Names of jobs that run, or begin to. */
  readonly #running = new Set<string>();

  constructor(options: JobFolderOptions) {
    this.#options = options;
  }

  /** Loads all modules. */
  async load(): Promise<void> {
    const { folder, tell } = this.#options;
    for (const name of readdirSync(folder)
      .filter((one) => MODULE.test(one))
      .sort()) {
      const loaded = await Promise.race([loadModule(join(folder, name)), tooLate()]);
      if (loaded.error !== null) tell(`${name}: ${loaded.error}`);
      this.#modules.set(name, loaded);
    }
  }

  all(): readonly JobModule[] {
    return [...this.#modules].map(([id, { jobs, error }]) => ({
      id,
      jobs: jobs.map(({ name }) => name),
      error,
    }));
  }

  /** Starts each job of each module; those that cannot be started are told. */
  async startAll(): Promise<void> {
    for (const { id, jobs } of this.all()) {
      for (const job of jobs) {
        try {
          await this.start(id, { job });
        } catch (error) {
          this.#options.tell(`${job}: ${describeFailure(error)}`);
        }
      }
    }
  }

  async start(module: string, { job: name, ...given }: StartRequest): Promise<string> {
    const job = this.#find(module, name);
    const options = { ...this.#options.optionsOf(job.name), ...(given as RunOptions) };
    checkOptions('run', options, RUN_OPTIONS);
    if (this.#running.has(job.name)) throw new RestError(409, `job '${job.name}' runs already`);
    this.#running.add(job.name);
    try {
      const client = await startJob(job, options, { output: null, input: refuseInput });
      const served = this.#options.jobs.add(client);
      void this.#follow(served);
      return client.id;
    } catch (error) {
      this.#running.delete(job.name);
      throw error;
    }
  }

  #find(module: string, name: unknown): RegisteredJob {
    const loaded = this.#modules.get(module);
    if (loaded === undefined) throw notFound(`module '${module}'`);
    if (loaded.error !== null) throw new RestError(409, `'${module}': ${loaded.error}`);
    const found = loaded.jobs.filter((job) => name === undefined || job.name === name);
    if (found.length === 1) return found[0]!;
    const names = loaded.jobs.map((job) => `'${job.name}'`).join(', ');
    throw new RestError(400, `job is one of ${names}`);
  }

  /** Until its end, and a moment longer for those who have asked for it. */
  async #follow(served: ServedJob): Promise<void> {
    const { job } = served;
    const { jobs, tell } = this.#options;
    tell(`${job.name}: runs, job ${job.id}`);
    try {
      tell(endText(job, await job.result()));
    } catch (error) {
      const { state } = job.status();
      tell(`${job.name}: ${state === 'cancelled' ? state : describeFailure(error)}`);
    }
    try {
      jobs.archive?.add(await archived(served, jobs, ROUTES));
    } catch (error) {
      tell(`${job.name}: it is not kept: ${describeFailure(error)}`);
    }
    this.#running.delete(job.name);
    await outcomesTold(served);
    jobs.end(served);
  }
}

async function loadModule(path: string): Promise<Loaded> {
  try {
    const jobs = await jobsOfModule(realpathSync(path));
    const error = jobs.length === 0 ? 'it defines no job' : null;
    return { jobs, error };
  } catch (error) {
    return { jobs: [], error: describeFailure(error) };
  }
}

/** One that waits for something at its top level must not keep the others waiting. */
async function tooLate(): Promise<Loaded> {
  await delay(MODULE_LOAD_MS_MAX);
  return { jobs: [], error: `it was not loaded within ${MODULE_LOAD_MS_MAX / 1000} s` };
}

function refuseInput(name: string): never {
  throw new EngineError(
    'JOB_DEFINITION',
    `the job takes rows from a program (input '${name}'), and here is none`,
  );
}

function endText({ name }: WatchedJob, { state, durationMs }: JobResult): string {
  return `${name}: ${state} after ${Math.round(durationMs)} ms`;
}
