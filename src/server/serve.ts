/** Starts a job, and where its options say so, a server and OpenTelemetry tell of it until it ends. */
import { EngineError, messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { OUTCOME_WAIT_MS } from '../base/limits.ts';
import type { RegisteredJob } from '../graph/job-registry.ts';
import { aPort, type OpenTelemetryMeters, type RunOptions, type WatchedJob } from '../job/job.ts';
import { startJob } from '../job/job-coordinator.ts';
import type { Doors } from '../job/job-plan.ts';
import type { WorkerPool } from '../job/worker-pool.ts';
import { isLoopback } from './access.ts';
import type { HttpServer } from './http-server.ts';
import { type ServedJob, ServedJobs } from './served-jobs.ts';

const LOOPBACK = '127.0.0.1';

/** As `startJob`. The server listens before the job runs, so that a port in use fails nothing that has begun. */
export async function startServedJob(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
  pool?: WorkerPool,
): Promise<WatchedJob> {
  const server = await listen(options);
  try {
    const meters = await metersOf(options);
    const started = await startJob(job, options, doors, pool);
    if (server !== null) serveUntilItsEnd(server, started);
    if (meters !== null) await observeUntilItsEnd(meters, started);
    return started;
  } catch (error) {
    server?.close();
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

/** Null where nobody asks for it: jobs without it do not wait for it to be loaded. */
async function metersOf({ openTelemetry }: RunOptions): Promise<OpenTelemetryMeters | null> {
  if (openTelemetry === undefined) return null;
  return (await import('./open-telemetry.ts')).metersOf(openTelemetry);
}

async function observeUntilItsEnd(meters: OpenTelemetryMeters, job: WatchedJob): Promise<void> {
  const { observeJob } = await import('./open-telemetry.ts');
  const stop = observeJob(meters, () => job.metrics());
  void job
    .result()
    .catch(() => {})
    .then(stop)
    .catch((error: unknown) => job.log.add('warn', `OpenTelemetry: ${messageOf(error)}`));
}

function serveUntilItsEnd(server: HttpServer, job: WatchedJob): void {
  job.port = server.port;
  const jobs = new ServedJobs();
  const served = jobs.add(job);
  server.serve(jobs);
  void job
    .result()
    .catch(() => {})
    .then(async () => await outcomesTold(served))
    .then(() => server.close());
}

/** Whoever has had the job stopped, gets a moment to ask what became of it. */
export async function outcomesTold({ operations }: ServedJob): Promise<void> {
  const stepMs = OUTCOME_WAIT_MS / 20;
  for (let ms = 0; ms < OUTCOME_WAIT_MS && operations.hasUntold; ms += stepMs) {
    // The process stays for it.
    await new Promise<void>((resolve) => void after(stepMs, resolve));
  }
}
