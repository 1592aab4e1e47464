/** The process of one run (bench.ts): loads the job as `millrace run` does, measures it, and ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegisteredJob } from '../../graph/job-registry.ts';
import type { RunOptions, WatchedJob } from '../../job/job.ts';
import { startJob, startThreads } from '../../job/job-coordinator.ts';
import type { Doors } from '../../job/job-plan.ts';
import type { WorkerPool } from '../../job/worker-pool.ts';
import { runSettings } from '../config/settings.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { describeFailure, failureOf } from '../failure.ts';
import { findModule, loadJob } from '../load-job.ts';
import { NO_DOORS, type RunFlags } from '../run-options.ts';
import { watchStandardStreams } from '../standard-streams.ts';
import type { RunAnswer, RunRequest } from './bench.ts';
import { measureJob } from './measure.ts';

/** Rows of streams that nobody reads are made all the same. */
const DOORS: Doors = { ...NO_DOORS, unread() {} };

/** Null before it has been started. */
let job: WatchedJob | null = null;

/** Checkpoints, where there are any, go into `dir`. */
async function run(request: RunRequest, dir: string): Promise<RunAnswer> {
  const { module, durationMs } = request;
  const flags: RunFlags = { ...request.flags, ...checkpointFlags(request.flags, dir) };
  let threads: WorkerPool | null = null;
  try {
    const path = await findModule(module);
    const settings = await runSettings(flags);
    if (settings.ofAll !== null) threads = startThreads(settings.ofAll.options);
    const registered = await loadJob(path, flags.job ?? null);
    const options = measured(settings.of(registered.name).options, dir);
    const source = durationMs === null ? endlessSource(registered, options) : null;
    if (source !== null) return { type: 'endless', source };
    threads ??= startThreads(options);
    job = await startJob(registered, options, DOORS, threads);
    return { type: 'measured', measurement: await measureJob(job, durationMs) };
  } catch (error) {
    const isUsage = exitCodeOf(error) === EXIT.usage;
    return { type: 'failed', text: describeFailure(error), failure: failureOf(error), isUsage };
  } finally {
    await threads?.terminate();
  }
}

function checkpointFlags({ checkpointEvery }: RunFlags, dir: string): Partial<RunFlags> {
  return checkpointEvery === undefined ? {} : { checkpointDir: dir };
}

/** One attempt, without a server or a log, that neither finds nor touches the checkpoints of the job itself. */
function measured(configured: RunOptions, dir: string): RunOptions {
  const { port: _port, log: _log, checkpoints, ...options } = configured;
  return {
    ...options,
    restart: 'none',
    ...(checkpoints === undefined ? {} : { checkpoints: { ...checkpoints, dir } }),
  };
}

/** The name of a source without an end; null where all have one. */
function endlessSource(registered: RegisteredJob, { params = {} }: RunOptions): string | null {
  const { graph, bindings } = registered.build(params, false);
  const endless = graph.nodes.find(({ id }) => bindings[id]!.source?.isBounded === false);
  return endless?.name ?? null;
}

async function answer(request: RunRequest): Promise<RunAnswer> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  try {
    return await run(request, dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the job has not completed leaves no trace; it then ends as one that has failed. */
function cancel(): void {
  if (job === null) process.exit(EXIT.cancelled);
  void job.cancel();
}

watchStandardStreams();
process.setSourceMapsEnabled(true);
process.on('SIGTERM', cancel);
// Without the process that compares runs nobody would read what this one measures.
process.on('disconnect', cancel);
process.once('message', async (request: RunRequest) => {
  const answered = await answer(request);
  // Whatever timers and sockets the module may have left.
  process.send!(answered, () => process.exit());
});
