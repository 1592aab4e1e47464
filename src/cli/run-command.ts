/** `millrace run`: loads a module, runs its job, shows progress, and turns the end into an exit code. */
import { EngineError } from '../base/errors.ts';
import type { JobClient, JobResult, RunOptions, WatchedJob } from '../job/job.ts';
import { startThreads } from '../job/job-coordinator.ts';
import { aLog, type LogLevel } from '../job/log.ts';
import type { WorkerPool } from '../job/worker-pool.ts';
import { startServedJob } from '../server/serve.ts';
import type { Duration } from '../time/duration.ts';
import { answerRequests } from './control.ts';
import { formatCount, formatDuration } from './format.ts';
import { describeFailure, FAILED, findModule, loadJob } from './load-job.ts';
import { showProgress } from './progress.ts';

export type RunFlags = {
  readonly threads?: number;
  readonly parallelism?: number;
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly threadHeap?: number;
  readonly port?: number;
  readonly host?: string;
  readonly logLevel?: string;
  readonly batch?: boolean;
  readonly batchAuto?: boolean;
  readonly progress: boolean;
  readonly checkpointDir?: string;
  readonly checkpointEvery?: string;
  readonly unaligned?: boolean;
  readonly incremental?: boolean;
  readonly from?: string;
  readonly fresh?: boolean;
  readonly allowDroppedState?: boolean;
};

const CANCELLED = 130;

/** Exit code of the process. */
export async function runCommand(module: string, flags: RunFlags): Promise<number> {
  let threads: WorkerPool | null = null;
  try {
    const options: RunOptions = {
      params: flags.param,
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
      ...(flags.threadHeap === undefined ? {} : { threadHeapMb: flags.threadHeap }),
      ...(flags.port === undefined ? {} : { port: flags.port }),
      ...(flags.host === undefined ? {} : { host: flags.host }),
      ...(flags.logLevel === undefined ? {} : { log: aLogLevel(flags.logLevel) }),
      batch: flags.batchAuto ? 'auto' : (flags.batch ?? false),
      ...checkpointOptions(flags),
    };
    const path = await findModule(module);
    threads = startThreads(options);
    const job = await loadJob(path, flags.job ?? null);
    const doors = { output: null, input: refuseInput };
    const client = await startServedJob(job, options, doors, threads);
    return await follow(client, flags);
  } catch (error) {
    await threads?.terminate();
    console.error(describeFailure(error));
    return FAILED;
  }
}

function aLogLevel(level: string): LogLevel {
  aLog('--log-level', level);
  return level as LogLevel;
}

function checkpointOptions(flags: RunFlags): RunOptions {
  const { checkpointDir, checkpointEvery, unaligned, incremental } = flags;
  const { from, fresh, allowDroppedState } = flags;
  const needy = {
    '--checkpoint-every': checkpointEvery,
    '--unaligned': unaligned,
    '--incremental': incremental,
  };
  for (const [flag, given] of Object.entries(needy)) {
    if (checkpointDir !== undefined || given === undefined) continue;
    throw new EngineError('JOB_DEFINITION', `${flag} needs --checkpoint-dir`);
  }
  const how = {
    ...(checkpointEvery === undefined ? {} : { every: checkpointEvery as Duration }),
    ...(unaligned === undefined ? {} : { unaligned }),
    ...(incremental === undefined ? {} : { incremental }),
  };
  return {
    ...(checkpointDir === undefined ? {} : { checkpoints: { dir: checkpointDir, ...how } }),
    ...(from === undefined ? {} : { restoreFrom: from }),
    ...(fresh === undefined ? {} : { fresh }),
    ...(allowDroppedState === undefined ? {} : { allowDroppedState }),
  };
}

function refuseInput(name: string): never {
  throw new EngineError(
    'JOB_DEFINITION',
    `the job takes rows from a program (input '${name}'): start it from one, by start()`,
  );
}

/** Waits for the end, whether it comes by itself, by Ctrl-C or by another command. */
async function follow(
  client: WatchedJob,
  { progress: withProgress, host }: RunFlags,
): Promise<number> {
  let isCancelled = false;
  const onSignal = (): void => {
    if (isCancelled) process.exit(CANCELLED);
    isCancelled = true;
    void client.cancel();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (client.port !== null) {
    console.error(`${client.name}: http://${host ?? '127.0.0.1'}:${client.port}/`);
  }
  const control = answerRequests(client);
  const progress = withProgress ? showProgress(client, process.stderr) : null;
  try {
    const result = await client.result();
    progress?.stop();
    console.error(describeResult(client, result));
    return 0;
  } catch (error) {
    progress?.stop();
    if (!isCancelled && client.status().state !== 'cancelled') throw error;
    console.error(`${client.name}: cancelled`);
    return CANCELLED;
  } finally {
    control.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function describeResult(client: JobClient, result: JobResult): string {
  const { records } = client.status();
  const sum = (of: 'lateRecords' | 'skippedRecords'): number =>
    result.operators.reduce((total, operator) => total + operator[of], 0);
  const late = sum('lateRecords');
  const skipped = sum('skippedRecords');
  if (client.hadFinished) {
    return `${result.name}: it had finished before (${result.lastCheckpoint}); start it anew by --fresh`;
  }
  const line = [
    `${result.name}: ${result.state} in ${formatDuration(result.durationMs)}, ${formatCount(records)} records`,
    ...(late === 0 ? [] : [`${formatCount(late)} late and dropped`]),
    ...(skipped === 0 ? [] : [`${formatCount(skipped)} malformed and skipped`]),
  ].join(', ');
  const examples = result.skipped.map(({ place, reason }) => `  ${place}: ${reason}`);
  const more = skipped > examples.length && examples.length > 0 ? ['  ...'] : [];
  return [line, ...examples, ...more].join('\n');
}
