/** From the flags of `millrace run` to the options of a run. */
import { EngineError } from '../base/errors.ts';
import type { RunOptions } from '../job/job.ts';
import type { Doors } from '../job/job-coordinator.ts';
import type { Duration } from '../time/duration.ts';

export type RunFlags = {
  readonly threads?: number;
  readonly parallelism?: number;
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly threadHeap?: number;
  readonly port?: number;
  readonly host?: string;
  readonly batch?: boolean;
  readonly batchAuto?: boolean;
  readonly progress: boolean;
  /** Goes on with each new version of the module. */
  readonly watch?: boolean;
  readonly checkpointDir?: string;
  readonly checkpointEvery?: string;
  readonly unaligned?: boolean;
  readonly incremental?: boolean;
  readonly from?: string;
  readonly fresh?: boolean;
  readonly allowDroppedState?: boolean;
};

/** EngineError JOB_DEFINITION for flags that need another one. */
export function runOptions(flags: RunFlags): RunOptions {
  return {
    params: flags.param,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
    ...(flags.threadHeap === undefined ? {} : { threadHeapMb: flags.threadHeap }),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    batch: flags.batchAuto ? 'auto' : (flags.batch ?? false),
    ...checkpointOptions(flags),
  };
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

/** No program is there to write inputs and to read outputs. */
export const NO_DOORS: Doors = {
  output: null,
  input(name) {
    throw new EngineError(
      'JOB_DEFINITION',
      `the job takes rows from a program (input '${name}'): start it from one, by start()`,
    );
  },
};
