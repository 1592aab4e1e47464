/** Imports the module of a job, without letting it run the job. */
import { interceptRuns, jobsOf, type RegisteredJob } from './job-registry.ts';

/** Of modules that this thread has imported, or is about to. */
const loaded = new Map<string, Promise<void>>();

/** The jobs that the module defines. One that runs its job at top level counts as imported when it comes to that. */
export async function loadJobs(url: string): Promise<readonly RegisteredJob[]> {
  const loading = loaded.get(url) ?? load(url);
  loaded.set(url, loading);
  await loading;
  return jobsOf(url);
}

async function load(url: string): Promise<void> {
  const reachedRun = new Promise<void>((resolve) => interceptRuns(resolve));
  await Promise.race([import(url), reachedRun]);
}
