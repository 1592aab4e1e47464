/** The process of one version of a job (upgrade.ts): loads it, waits until it is its turn, runs it. */
import { must } from '../../base/assert.ts';
import { describeError } from '../../base/error-transport.ts';
import { compareJobs } from '../../graph/compare-jobs.ts';
import type { BuiltJob, RegisteredJob } from '../../graph/job-registry.ts';
import { jobShape } from '../../graph/job-shape.ts';
import type { WatchedJob } from '../../job/job.ts';
import { startThreads } from '../../job/job-coordinator.ts';
import type { WorkerPool } from '../../job/worker-pool.ts';
import { type Served, startServed } from '../../server/serve.ts';
import { type RunSettings, runSettings } from '../config/settings.ts';
import { EXIT } from '../exit-codes.ts';
import { describeFailure, fail } from '../failure.ts';
import { follow } from '../follow-job.ts';
import { findModule, loadJob } from '../load-job.ts';
import { NO_DOORS, type RunFlags } from '../run-options.ts';
import { endProcess, watchStandardStreams } from '../standard-streams.ts';
import { keepCheckpoint } from './savepoints.ts';
import type { FromJob, ToJob } from './upgrade.ts';

/** How often it looks whether all subtasks are at work. */
const LOOK_MS = 10;

type Loaded = {
  readonly settings: RunSettings;
  readonly json: boolean;
  readonly job: RegisteredJob;
  readonly built: BuiltJob;
  readonly threads: WorkerPool;
};

let loaded: Loaded | null = null;
let client: WatchedJob | null = null;
/** What was asked last. */
let current: Promise<void> = Promise.resolve();

function tell(message: FromJob): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}

async function load(module: string, flags: RunFlags): Promise<FromJob> {
  const path = await findModule(module);
  const job = await loadJob(path, flags.job ?? null);
  const settings = (await runSettings(flags)).of(job.name);
  const threads = startThreads(settings.options);
  const built = job.build(settings.options.params ?? {}, false);
  await threads.load(job.url);
  loaded = { settings, json: flags.json ?? false, job, built, threads };
  return { type: 'loaded', shape: jobShape(built) };
}

async function start(
  { settings, json, job, built, threads }: Loaded,
  fresh: boolean,
): Promise<FromJob> {
  const served = await startServed(job, { ...settings.options, fresh }, NO_DOORS, threads);
  const running = served.job;
  client = running;
  void end(served, settings, json);
  while (isStarting(running)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return { type: 'running', shape: jobShape(built, running.keyGroups) };
}

/** Until the job has ended, and with it the process. */
async function end({ job: running, over }: Served, settings: RunSettings, json: boolean) {
  const { options, progress } = settings;
  const code = await follow(running, { progress, json, host: options.host }).catch((error) => {
    fail({ json }, error);
    return EXIT.failed;
  });
  await over;
  await current;
  await endProcess(code);
}

function isStarting(running: WatchedJob): boolean {
  const { state, tasks } = running.metrics();
  const subtasks = tasks.flatMap((task) => task.subtasks);
  return state === 'running' && subtasks.some((subtask) => subtask.state === 'starting');
}

async function stop(running: WatchedJob, savepoint: string): Promise<FromJob> {
  // A delta needs the checkpoints before it, and they go.
  const isWhole = running.config.checkpoints?.incremental !== true;
  const { lastCheckpoint } = await running.stop(isWhole ? {} : { savepoint });
  if (isWhole) keepCheckpoint(must(lastCheckpoint, 'the last checkpoint'), savepoint);
  return { type: 'stopped' };
}

async function answer(message: ToJob): Promise<FromJob> {
  switch (message.type) {
    case 'load':
      return await load(message.module, message.flags);
    case 'compare': {
      const { built, settings } = must(loaded, 'a version that is loaded');
      const { allowDroppedState = false } = settings.options;
      return {
        type: 'difference',
        difference: compareJobs(message.was, built, { allowDroppedState }),
      };
    }
    case 'start':
      return await start(must(loaded, 'a version that is loaded'), message.fresh);
    default:
      return await stop(must(client, 'a job that runs'), message.savepoint);
  }
}

function failed(error: unknown): FromJob {
  return { type: 'failed', text: describeFailure(error), error: describeError(error) };
}

/** Without its supervisor nobody would ever end it; its state is in its last checkpoint. */
function onOrphaned(): void {
  process.exit(EXIT.failed);
}

watchStandardStreams();
process.setSourceMapsEnabled(true);
process.on('disconnect', onOrphaned);
process.on('message', (message: ToJob) => {
  current = answer(message).catch(failed).then(tell);
});
