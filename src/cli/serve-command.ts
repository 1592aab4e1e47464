/** `millrace serve`: the jobs of a folder in one process, with one server for all of them. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../base/errors.ts';
import type { RunOptions } from '../job/job.ts';
import type { LogLevel } from '../job/log.ts';
import { listen } from '../server/serve.ts';
import { ServedJobs } from '../server/served-jobs.ts';
import type { Duration } from '../time/duration.ts';
import { ArchiveFolder } from './archive-folder.ts';
import { answerRequests } from './control.ts';
import { EXIT } from './exit-codes.ts';
import { describeFailure, fail, type JsonFlag } from './failure.ts';
import { checkFlags, checkHost, wrongFlag } from './flags.ts';
import { formatAddress } from './format.ts';
import { JobFolder } from './job-folder.ts';
import { eventTeller } from './serve-events.ts';

export type ServeFlags = JsonFlag & {
  readonly port: number;
  readonly host?: string;
  readonly threads: number;
  readonly checkpointDir?: string;
  readonly checkpointEvery?: string;
  readonly archive: string;
  readonly start: boolean;
  readonly logLevel?: LogLevel;
};

/** Exit code of the process, when it is asked to end. */
export async function serveCommand(folder: string, flags: ServeFlags): Promise<number> {
  const tell = eventTeller(flags.json ?? false);
  const warn = (message: string): void => tell({ event: 'warning', message });
  try {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new EngineError('JOB_NOT_FOUND', `there is no folder '${folder}'`);
    }
    const { port, host } = flags;
    checkFlags(flags);
    checkHost(flags, flags);
    const jobs = new ServedJobs(new ArchiveFolder(flags.archive, warn));
    const modules = new JobFolder({ folder, jobs, optionsOf: optionsBy(flags), tell });
    jobs.modules = modules;
    const server = await listen({ port, ...(host === undefined ? {} : { host }) });
    server!.serve(jobs);
    const control = answerRequests(() => jobs);
    const ended = untilAskedToEnd(warn);
    // A module that waits at its top level does not hold up Ctrl-C.
    const isLoaded = await Promise.race([modules.load().then(() => true), ended.then(() => false)]);
    if (isLoaded) {
      tell({ event: 'listening', url: formatAddress(host ?? '127.0.0.1', server!.port) });
      if (flags.start) modules.startAll();
    }
    await ended;
    await modules.end();
    await control.close();
    await server!.close();
    return EXIT.done;
  } catch (error) {
    return fail(flags, error);
  }
}

/** What code of one job leaves behind, such as a promise that was rejected, must not end the others. */
async function untilAskedToEnd(warn: (message: string) => void): Promise<void> {
  process.on('unhandledRejection', (error) => warn(`unhandled: ${describeFailure(error)}`));
  process.on('uncaughtException', (error) => warn(`unhandled: ${describeFailure(error)}`));
  // The server does not keep the process; somebody has to.
  const stays = setInterval(() => {}, 2 ** 30);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  clearInterval(stays);
}

/** The options of each job. EngineError CONFIG_INVALID for those that cannot be. */
function optionsBy(flags: ServeFlags): (job: string) => RunOptions {
  const { threads, checkpointDir, checkpointEvery: every, logLevel } = flags;
  if (every !== undefined && checkpointDir === undefined) {
    throw wrongFlag('--checkpoint-every needs --checkpoint-dir');
  }
  const common: RunOptions = {
    threads,
    ...(logLevel === undefined ? {} : { log: logLevel }),
  };
  if (checkpointDir === undefined) return () => common;
  return (job) => ({
    ...common,
    checkpoints: {
      dir: folderOf(checkpointDir, job),
      ...(every === undefined ? {} : { every: every as Duration }),
    },
  });
}

/** Names of jobs are any text; those of folders are not. */
function folderOf(dir: string, job: string): string {
  const path = join(dir, encodeURIComponent(job).replaceAll('.', '%2E').replaceAll('*', '%2A'));
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    throw new EngineError('CHECKPOINT_WRITE', `'${dir}': ${messageOf(cause)}`, { cause });
  }
  return path;
}
