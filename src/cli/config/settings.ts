/** What flags and the config file say together. */
import type { CheckpointOptions } from '../../job/checkpoint-settings.ts';
import type { RunOptions } from '../../job/job.ts';
import type { Duration } from '../../time/duration.ts';
import { checkFlags, wrongFlag } from '../flags.ts';
import type { JobFlags, RunFlags } from '../run-options.ts';
import type { ConfiguredOptions, MillraceConfig } from './config.ts';
import { findConfig } from './config-file.ts';

/** What the file says of a job. */
export function configuredFor(config: MillraceConfig, job: string): ConfiguredOptions {
  const { jobs = {}, $schema: _, ...all } = config;
  const own = jobs[job] ?? {};
  const params = { ...all.params, ...own.params };
  return { ...all, ...own, ...(Object.keys(params).length === 0 ? {} : { params }) };
}

export type JobOptions = Pick<
  RunOptions,
  'threads' | 'parallelism' | 'maxParallelism' | 'chaining'
> & {
  readonly params: NonNullable<RunOptions['params']>;
};

/** Which job is meant and how large it is, of one that has been loaded. EngineError CONFIG_INVALID. */
export async function jobOptions(flags: JobFlags): Promise<(job: string) => JobOptions> {
  checkFlags(flags);
  const { config } = await findConfig(flags.config);
  return (job) => {
    const { threads, parallelism, maxParallelism, chaining, params } = configuredFor(config, job);
    return {
      ...given({
        threads: flags.threads ?? threads,
        parallelism: flags.parallelism ?? parallelism,
        maxParallelism,
        chaining: chainingOf(flags, chaining),
      }),
      params: { ...params, ...flags.param },
    };
  };
}

export type RunSettings = {
  readonly options: RunOptions;
  readonly progress: boolean;
};

export type Settings = {
  /** For a job that has been loaded. */
  of(job: string): RunSettings;
  /** The same for all jobs, where they are: threads can be started before one is loaded. */
  readonly ofAll: RunSettings | null;
};

/** EngineError CONFIG_INVALID. */
export async function runSettings(flags: RunFlags): Promise<Settings> {
  checkFlags(flags);
  const { config } = await findConfig(flags.config);
  const of = (job: string) => merged(flags, configuredFor(config, job));
  const { job = null } = flags;
  const isSame = Object.keys(config.jobs ?? {}).length === 0;
  return { of, ofAll: isSame || job !== null ? of(job ?? '') : null };
}

function merged(flags: RunFlags, configured: ConfiguredOptions): RunSettings {
  const { progress = true, checkpoints, params, batch = false, ...rest } = configured;
  const { threads, parallelism, threadHeap, port, host, logLevel } = flags;
  const { from, fresh, allowDroppedState } = flags;
  const options: RunOptions = {
    ...rest,
    params: { ...params, ...flags.param },
    batch: flags.batchAuto ? 'auto' : (flags.batch ?? batch),
    ...given({ threads, parallelism, chaining: chainingOf(flags, rest.chaining) }),
    ...given({ generatedUids: flags.generatedUids === false ? false : rest.generatedUids }),
    ...given({ threadHeapMb: threadHeap, port, host, log: logLevel }),
    ...given({ restoreFrom: from, fresh, allowDroppedState }),
    ...given({ checkpoints: checkpointOptions(flags, checkpoints) }),
  };
  return { options, progress: progress && flags.progress };
}

/** The flag can only say no. */
function chainingOf(flags: JobFlags, configured: boolean | undefined): boolean | undefined {
  return flags.chaining === false ? false : configured;
}

function checkpointOptions(
  { checkpointDir, checkpointEvery, unaligned, unalignedAfter, incremental }: RunFlags,
  configured: CheckpointOptions | undefined,
): CheckpointOptions | undefined {
  const dir = checkpointDir ?? configured?.dir;
  const needy = {
    '--checkpoint-every': checkpointEvery,
    '--unaligned': unaligned,
    '--unaligned-after': unalignedAfter,
    '--incremental': incremental,
  };
  for (const [flag, value] of Object.entries(needy)) {
    if (dir !== undefined || value === undefined) continue;
    throw wrongFlag(`${flag} needs --checkpoint-dir`);
  }
  if (dir === undefined) return undefined;
  const every = checkpointEvery as Duration | undefined;
  const after = unalignedAfter as Duration | undefined;
  const barriers = after === undefined ? unaligned : { after };
  return { ...configured, dir, ...given({ every, unaligned: barriers, incremental }) };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was left out. */
function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}
