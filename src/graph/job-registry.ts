/**
 * The jobs that modules define, by module and name: how a worker thread finds the job after it imported the
 * user's module. Kept on the global object, so that two copies of this package in one thread share it.
 */
import { EngineError } from '../base/errors.ts';
import type { Bindings, LogicalGraph } from './graph.ts';

export type JobParams = Readonly<Record<string, string | number | boolean>>;

export type BuiltJob = {
  readonly graph: LogicalGraph;
  readonly bindings: Bindings;
  /** Nodes that the calling program writes, by the name of the input. */
  readonly inputs: ReadonlyMap<string, number>;
  /** Collecting nodes by the name of the output. */
  readonly outputs: ReadonlyMap<string, number>;
  /** Names of streams that the job returned and nobody collects, and no step of it takes. */
  readonly unread: readonly string[];
};

export type RegisteredJob = {
  readonly url: string;
  readonly name: string;
  /** Runs the user's function; `collects` adds a collecting node for each stream it returned. */
  build(params: JobParams, collects: boolean): BuiltJob;
};

type Registry = {
  readonly jobs: Map<string, RegisteredJob>;
  /** Keys of jobs that were defined more than once: threads cannot tell which is meant. */
  readonly repeated: Set<string>;
  /** Set where modules are imported: called when one of them tries to run a job meanwhile, with the module of the job. */
  onNestedRun: ((url: string) => void) | null;
};

const KEY = Symbol.for('millrace.jobs');

function registry(): Registry {
  const holder = globalThis as { [KEY]?: Registry };
  holder[KEY] ??= { jobs: new Map(), repeated: new Set(), onNestedRun: null };
  return holder[KEY];
}

export function registerJob(job: RegisteredJob): void {
  const { jobs, repeated } = registry();
  const key = keyOf(job.url, job.name);
  if (jobs.has(key)) repeated.add(key);
  jobs.set(key, job);
}

function keyOf(url: string, name: string): string {
  return `${url} ${name}`;
}

/** Threads would run whichever definition of a job they come to first. */
export function checkDefinedOnce({ url, name }: Pick<RegisteredJob, 'url' | 'name'>): void {
  if (!registry().repeated.has(keyOf(url, name))) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `${url} defines job '${name}' more than once: give each job of a module its own name; a job that is made inside a ` +
      'function runs with threads: 0 only',
  );
}

export function findJob(url: string, name: string): RegisteredJob {
  checkDefinedOnce({ url, name });
  const found = registry().jobs.get(keyOf(url, name));
  if (found !== undefined) return found;
  const names = jobsOf(url).map((job) => `'${job.name}'`);
  throw new EngineError(
    'JOB_NOT_FOUND',
    `${url} does not define job '${name}' at its top level (found: ${names.join(', ') || 'none'}): ` +
      'define all jobs of a module before it runs one; a job that is made inside a function runs with threads: 0 only',
  );
}

export function jobsOf(url: string): RegisteredJob[] {
  return [...registry().jobs.values()].filter((job) => job.url === url);
}

/** For worker threads: from now on `run` inside an imported module only reports itself, and never settles. */
export function interceptRuns(onNestedRun: (url: string) => void): void {
  registry().onNestedRun = onNestedRun;
}

/** In a worker thread that is importing a job: a promise that never settles. Elsewhere null. */
export function interceptedRun(url: string): Promise<never> | null {
  const { onNestedRun } = registry();
  if (onNestedRun === null) return null;
  onNestedRun(url);
  return new Promise<never>(() => {});
}
