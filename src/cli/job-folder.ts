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
import { RUN_OPTIONS, type RunOptions } from '../job/job.ts';
import { startJob } from '../job/job-coordinator.ts';
import { archived } from '../server/archive.ts';
import type { JobModule, JobModules, StartRequest } from '../server/modules.ts';
import { notFound, RestError } from '../server/rest.ts';
import { ROUTES } from '../server/rest-api.ts';
import { outcomesTold } from '../server/serve.ts';
import type { ServedJob, ServedJobs } from '../server/served-jobs.ts';
import { describeFailure } from './failure.ts';
import { jobsOfModule } from './load-job.ts';
import type { TellEvent } from './serve-events.ts';

const MODULE = /^[^.].*(?<!\.d)\.m?[jt]s$/;

export type JobFolderOptions = {
  readonly folder: string;
  readonly jobs: ServedJobs;
  /** Of a job by its name. */
  readonly optionsOf: (job: string) => RunOptions;
  readonly tell: TellEvent;
};

type Loaded = { readonly jobs: readonly RegisteredJob[]; readonly error: unknown };

export class JobFolder implements JobModules {
  readonly #options: JobFolderOptions;
  readonly #modules = new Map<string, Loaded>();
  /** Names of jobs that run, or begin to. */
  readonly #running = new Set<string>();
  /** Each until what is known of a job at its end is kept. */
  readonly #following = new Set<Promise<void>>();
  #isEnding = false;

  constructor(options: JobFolderOptions) {
    this.#options = options;
  }

  /** Loads all modules, side by side; what became of them is told in the order of their names. */
  async load(): Promise<void> {
    const { folder, tell } = this.#options;
    const names = readdirSync(folder)
      .filter((one) => MODULE.test(one))
      .sort();
    let loadedCount = 0;
    const loads = names.map(async (name) => {
      const loaded = await loadModule(join(folder, name));
      loadedCount++;
      return loaded;
    });
    const late = tooLate(() => loadedCount);
    const all = await Promise.all(loads.map((load) => Promise.race([load, late])));
    for (const [n, loaded] of all.entries()) {
      const name = names[n]!;
      const { error } = loaded;
      if (error !== null) tell({ event: 'notLoaded', module: name, error });
      this.#modules.set(name, loaded);
    }
  }

  all(): readonly JobModule[] {
    return [...this.#modules].map(([id, { jobs, error }]) => ({
      id,
      jobs: jobs.map(({ name }) => name),
      error: error === null ? null : describeFailure(error),
    }));
  }

  /** Starts each job of each module, side by side; those that cannot be started are told. */
  startAll(): void {
    for (const { id, jobs } of this.all()) {
      for (const job of jobs) {
        this.start(id, { job }).catch((error: unknown) => {
          this.#options.tell({ event: 'notStarted', job, error });
        });
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
      if (this.#isEnding) void client.cancel();
      const served = this.#options.jobs.add(client);
      const following = this.#follow(served);
      this.#following.add(following);
      void following.then(() => this.#following.delete(following));
      return client.id;
    } catch (error) {
      this.#running.delete(job.name);
      throw error;
    }
  }

  /** Cancels all jobs; resolves when those that have been started have ended, and are kept. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#options.jobs.all.map(({ job }) => job.cancel()));
    await Promise.all(this.#following);
  }

  #find(module: string, name: unknown): RegisteredJob {
    const loaded = this.#modules.get(module);
    if (loaded === undefined) throw notFound(`module '${module}'`);
    const { error } = loaded;
    if (error !== null) throw new RestError(409, `'${module}': ${describeFailure(error)}`);
    const found = loaded.jobs.filter((job) => name === undefined || job.name === name);
    if (found.length === 1) return found[0]!;
    const names = loaded.jobs.map((job) => `'${job.name}'`).join(', ');
    throw new RestError(400, `job is one of ${names}`);
  }

  /** Until its end, and a moment longer for those who have asked for it. */
  async #follow(served: ServedJob): Promise<void> {
    const { job } = served;
    const { jobs, tell } = this.#options;
    const { id, name, hadFinished } = job;
    tell({ event: 'started', job: name, id });
    const failure = await job.result().then(
      () => null,
      (error: unknown) => error,
    );
    const { state, elapsedMs: durationMs } = job.status();
    const error = state === 'cancelled' ? null : failure;
    tell({ event: 'ended', job: name, id, state, durationMs, error, hadFinished });
    try {
      // What is kept of the run that did the work says more than one that had nothing left to do.
      if (!hadFinished) jobs.archive?.add(await archived(served, jobs, ROUTES));
    } catch (cause) {
      tell({ event: 'warning', message: `${name}: it is not kept: ${describeFailure(cause)}` });
    }
    this.#running.delete(name);
    await outcomesTold(served);
    jobs.end(served);
  }
}

async function loadModule(path: string): Promise<Loaded> {
  try {
    const jobs = await jobsOfModule(realpathSync(path));
    if (jobs.length > 0) return { jobs, error: null };
    return { jobs, error: new EngineError('JOB_NOT_FOUND', 'it defines no job') };
  } catch (error) {
    return { jobs: [], error };
  }
}

/** One that waits for something at its top level must not keep the others waiting. Many together may take longer than one. */
async function tooLate(loadedCount: () => number): Promise<Loaded> {
  for (let before = -1; before < loadedCount(); ) {
    before = loadedCount();
    await delay(MODULE_LOAD_MS_MAX);
  }
  const message = `it was not loaded within ${MODULE_LOAD_MS_MAX / 1000} s`;
  return { jobs: [], error: new EngineError('JOB_DEFINITION', message) };
}

function refuseInput(name: string): never {
  throw new EngineError(
    'JOB_DEFINITION',
    `the job takes rows from a program (input '${name}'), and here is none`,
  );
}
