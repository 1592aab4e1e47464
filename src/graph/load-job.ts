/** Imports modules of jobs, several at a time, without letting them run a job. */
import { interceptRuns, jobsOf, type RegisteredJob } from './job-registry.ts';

/** Of modules that this thread has imported, or is about to. */
const loaded = new Map<string, Promise<void>>();

/** Those that are being imported, and what says that one of them has come to where it runs its job. */
const importing = new Map<string, () => void>();

/** One of those that are imported runs a job of a module that is not among them, and waits for it. */
let hasForeignRun = false;

/** The jobs that the module defines. One that runs its job at top level counts as imported when it comes to that. */
export async function loadJobs(url: string): Promise<readonly RegisteredJob[]> {
  const loading = loaded.get(url) ?? load(url);
  loaded.set(url, loading);
  await loading;
  return jobsOf(url);
}

async function load(url: string): Promise<void> {
  const reachedRun = new Promise<void>((resolve) => importing.set(url, resolve));
  interceptRuns(onRun);
  try {
    await Promise.race([import(url), reachedRun]);
  } finally {
    importing.delete(url);
    if (importing.size === 0) hasForeignRun = false;
    findForeign();
  }
}

function onRun(url: string): void {
  const reached = importing.get(url);
  if (reached === undefined) hasForeignRun = true;
  else reached();
  findForeign();
}

/** Who runs the job of another module does not show; who is the last one left does. */
function findForeign(): void {
  if (!hasForeignRun || importing.size !== 1) return;
  for (const reached of importing.values()) reached();
}
