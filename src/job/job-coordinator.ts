/** Starts jobs: the threads, and what leads a job from its start to its end on them. */
import { availableParallelism } from 'node:os';
import { THREAD_HEAP_MB_MAX, THREADS_MAX } from '../base/limits.ts';
import { checkDefinedOnce, type RegisteredJob } from '../graph/job-registry.ts';
import type { RunOptions, WatchedJob } from './job.ts';
import { countOf, type Doors } from './job-plan.ts';
import { JobRun } from './job-run.ts';
import { WorkerPool } from './worker-pool.ts';

/** Starts the threads that a run with these options will need, before there is a job. */
export function startThreads(options: RunOptions): WorkerPool {
  const threads = countOf('threads', options.threads ?? availableParallelism(), 0, THREADS_MAX);
  const { threadHeapMb } = options;
  const heapMb =
    threadHeapMb === undefined
      ? null
      : countOf('threadHeapMb', threadHeapMb, 1, THREAD_HEAP_MB_MAX);
  return new WorkerPool(threads, heapMb);
}

/** Starts a job, on threads that have been started for the same options; resolves when they have their work. */
export async function startJob(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
  pool: WorkerPool = startThreads(options),
): Promise<WatchedJob> {
  let run: JobRun | null = null;
  try {
    options.signal?.throwIfAborted();
    pool.prepare(job.url);
    run = await JobRun.prepare(job, options, doors, pool);
    options.signal?.throwIfAborted();
    if (pool.size > 0) checkDefinedOnce(job);
    run.start();
    return run;
  } catch (error) {
    await pool.terminate();
    await run?.close();
    throw error;
  }
}
