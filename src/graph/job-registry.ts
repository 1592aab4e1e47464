/**
 * The jobs that modules define, by module and name: how a worker thread finds the job after it imported the
 * user's module. Kept on the global object, so that two copies of this package in one thread share it.
 *
 * A thread that imports modules for their jobs keeps these. In any other nobody asks for a job by its name, and one that was made
 * inside a function goes with what the function has made it of.
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
  readonly jobs: Map<string, WeakRef<RegisteredJob>>;
  /** Those that stay, whoever else has them. */
  readonly kept: RegisteredJob[];
  /** With so many jobs those are forgotten that are gone. */
  sweptAt: number;
  /** Keys of jobs that were defined more than once: threads cannot tell which is meant. */
  readonly repeated: Set<string>;
  /** Set where modules are imported: called when one of them tries to run a job meanwhile, with the module of the job. */
  onNestedRun: ((url: string) => void) | null;
};

const KEY = Symbol.for('millrace.jobs');

const SWEPT_MIN = 256;

function registry(): Registry {
  const holder = globalThis as { [KEY]?: Registry };
  holder[KEY] ??= {
    jobs: new Map(),
    kept: [],
    sweptAt: SWEPT_MIN,
    repeated: new Set(),
    onNestedRun: null,
  };
  return holder[KEY];
}

/** Makes the job known as long as the program has it, or for ever where modules are imported for their jobs. */
export function registerJob(job: RegisteredJob): void {
  const of = registry();
  const { jobs, repeated, kept, onNestedRun } = of;
  const key = keyOf(job.url, job.name);
  if (jobs.has(key)) repeated.add(key);
  jobs.set(key, new WeakRef(job));
  if (onNestedRun !== null) kept.push(job);
  if (jobs.size < of.sweptAt) return;
  for (const [known, at] of jobs) if (at.deref() === undefined) jobs.delete(known);
  of.sweptAt = Math.max(SWEPT_MIN, jobs.size * 2);
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
  const found = registry().jobs.get(keyOf(url, name))?.deref();
  if (found !== undefined) return found;
  const names = jobsOf(url).map((job) => `'${job.name}'`);
  throw new EngineError(
    'JOB_NOT_FOUND',
    `${url} does not define job '${name}' at its top level (found: ${names.join(', ') || 'none'}): ` +
      'define all jobs of a module before it runs one; a job that is made inside a function runs with threads: 0 only, ' +
      'and without mapParallel',
  );
}

export function jobsOf(url: string): RegisteredJob[] {
  return [...registry().jobs.values()].flatMap((at) => {
    const job = at.deref();
    return job?.url === url ? [job] : [];
  });
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
