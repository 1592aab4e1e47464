/** Starts a job, and where its options say so, a server and OpenTelemetry tell of it until it ends. */
import { EngineError, messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { OUTCOME_WAIT_MS } from '../base/limits.ts';
import type { RegisteredJob } from '../graph/job-registry.ts';
import { aPort, type RunOptions, type WatchedJob } from '../job/job.ts';
import { startJob } from '../job/job-coordinator.ts';
import type { Doors } from '../job/job-plan.ts';
import type { WorkerPool } from '../job/worker-pool.ts';
import { isLoopback } from './access.ts';
import type { HttpServer } from './http-server.ts';
import { type ServedJob, ServedJobs } from './served-jobs.ts';

const LOOPBACK = '127.0.0.1';

/** A job with those who tell of it. */
export type Served = {
  readonly job: WatchedJob;
  /** Resolves when the job has ended, and all have been told who are to be: until then the process must stay. */
  readonly over: Promise<void>;
};

/** As `startJob`. */
export async function startServedJob(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
): Promise<WatchedJob> {
  return (await startServed(job, options, doors)).job;
}

/** The server listens before the job runs, so that a port in use fails nothing that has begun. */
export async function startServed(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
  pool?: WorkerPool,
): Promise<Served> {
  const server = await listen(options);
  try {
    const observe = await observerOf(options);
    const started = await startJob(job, options, doors, pool);
    const served = server === null ? null : serveUntilItsEnd(server, started);
    const over = Promise.all([served, observe?.(started)]).then(() => {});
    return { job: started, over };
  } catch (error) {
    void server?.close();
    throw error;
  }
}

/** Null where no port is asked for. */
export async function listen(
  options: Pick<RunOptions, 'port' | 'host' | 'token' | 'allowedOrigins'>,
): Promise<HttpServer | null> {
  const { port, host = LOOPBACK, allowedOrigins = [] } = options;
  const token = options.token ?? (process.env.MILLRACE_TOKEN || null);
  if (port === undefined) return null;
  aPort('port', port);
  if (!isLoopback(host) && token === null) {
    throw new EngineError(
      'JOB_DEFINITION',
      `host: '${host}' can be reached by others, so it needs a token: give it by token or MILLRACE_TOKEN`,
    );
  }
  // Jobs without a server do not wait for it to be loaded.
  const { HttpServer: Listening } = await import('./http-server.ts');
  const rules = { isLoopback: isLoopback(host), token, allowedOrigins };
  return await Listening.listen(port, host, rules);
}

/** Observes a job; resolves when it has ended, and the last of it is told. */
type Observer = (job: WatchedJob) => Promise<void>;

/** Null where nobody asks for it: jobs without it do not wait for it to be loaded. */
async function observerOf({ openTelemetry }: RunOptions): Promise<Observer | null> {
  if (openTelemetry === undefined) return null;
  const { metersOf, observeJob } = await import('./open-telemetry.ts');
  const meters = metersOf(openTelemetry);
  return (job) => {
    const stop = observeJob(meters, () => job.metrics());
    return job
      .result()
      .catch(() => {})
      .then(stop)
      .catch((error: unknown) => job.log.add('warn', `OpenTelemetry: ${messageOf(error)}`));
  };
}

/** Resolves when it has ended, and the server with it. */
async function serveUntilItsEnd(server: HttpServer, job: WatchedJob): Promise<void> {
  job.port = server.port;
  const jobs = new ServedJobs();
  const served = jobs.add(job);
  server.serve(jobs);
  await job.result().catch(() => {});
  await outcomesTold(served);
  await server.close();
}

/** Whoever has had the job stopped, gets a moment to ask what became of it. */
export async function outcomesTold({ operations }: ServedJob): Promise<void> {
  const stepMs = OUTCOME_WAIT_MS / 20;
  for (let ms = 0; ms < OUTCOME_WAIT_MS && operations.hasUntold; ms += stepMs) {
    // The process stays for it.
    await new Promise<void>((resolve) => void after(stepMs, resolve));
  }
}
