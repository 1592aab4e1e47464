/** `millrace run`: loads a module, runs its job, shows progress, and turns the end into an exit code. */
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EngineError, messageOf } from '../base/errors.ts';
import type { RegisteredJob } from '../graph/job-registry.ts';
import { loadJobs } from '../graph/load-job.ts';
import type { JobClient, JobResult } from '../job/job.ts';
import { startJob } from '../job/job-coordinator.ts';
import { formatCount, formatDuration } from './format.ts';
import { showProgress } from './progress.ts';

export type RunFlags = {
  readonly threads?: number;
  readonly parallelism?: number;
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly threadHeap?: number;
  readonly progress: boolean;
};

const FAILED = 1;
const CANCELLED = 130;

/** Exit code of the process. */
export async function runCommand(module: string, flags: RunFlags): Promise<number> {
  try {
    const job = await loadJob(module, flags.job ?? null);
    const client = await startJob(
      job,
      {
        params: flags.param,
        ...(flags.threads === undefined ? {} : { threads: flags.threads }),
        ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
        ...(flags.threadHeap === undefined ? {} : { threadHeapMb: flags.threadHeap }),
      },
      null,
    );
    return await follow(client, flags.progress);
  } catch (error) {
    console.error(describeFailure(error));
    return FAILED;
  }
}

async function loadJob(module: string, name: string | null): Promise<RegisteredJob> {
  const path = resolve(module);
  if (!existsSync(path)) throw new EngineError('JOB_NOT_FOUND', `there is no file '${module}'`);
  const isNative = Boolean((process.features as { typescript?: unknown }).typescript);
  if (/\.m?ts$/.test(path) && !isNative) {
    register(new URL('../base/typescript-hooks.mjs', import.meta.url));
  }
  const jobs = await loadJobs(pathToFileURL(path).href);
  const chosen = name === null ? jobs : jobs.filter((job) => job.name === name);
  if (chosen.length === 1) return chosen[0]!;
  const names = jobs.map((job) => job.name).join(', ');
  throw new EngineError(
    'JOB_NOT_FOUND',
    jobs.length === 0
      ? `'${module}' defines no job: call job(import.meta, name, define) at its top level`
      : `choose one of the jobs of '${module}' by --job: ${names}`,
  );
}

/** Waits for the end, whether it comes by itself or by Ctrl-C. */
async function follow(client: JobClient, withProgress: boolean): Promise<number> {
  let isCancelled = false;
  const onSignal = (): void => {
    if (isCancelled) process.exit(CANCELLED);
    isCancelled = true;
    void client.cancel();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const progress = withProgress ? showProgress(client, process.stderr) : null;
  try {
    const result = await client.result();
    progress?.stop();
    console.error(describeResult(client, result));
    return 0;
  } catch (error) {
    progress?.stop();
    if (!isCancelled) throw error;
    console.error(`${client.name}: cancelled`);
    return CANCELLED;
  } finally {
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
  return [
    `${result.name}: finished in ${formatDuration(result.durationMs)}, ${formatCount(records)} records`,
    ...(late === 0 ? [] : [`${formatCount(late)} late and dropped`]),
    ...(skipped === 0 ? [] : [`${formatCount(skipped)} malformed and skipped`]),
  ].join(', ');
}

function describeFailure(error: unknown): string {
  if (error instanceof EngineError) return `error ${error.code}: ${error.message}`;
  return `error: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`;
}
