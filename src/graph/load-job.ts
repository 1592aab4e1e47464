/** Imports the module of a job, without letting it run the job. */
import { interceptRuns, jobsOf, type RegisteredJob } from './job-registry.ts';

/** The jobs that the module defines. One that runs its job at top level counts as imported when it comes to that. */
export async function loadJobs(url: string): Promise<readonly RegisteredJob[]> {
  const reachedRun = new Promise<void>((resolve) => interceptRuns(resolve));
  await Promise.race([import(url), reachedRun]);
  return jobsOf(url);
}
