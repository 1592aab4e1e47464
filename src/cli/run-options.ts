/** The flags of commands that load a job, and what `millrace run` has in place of a program. */
import { EngineError } from '../base/errors.ts';
import type { Doors } from '../job/job-plan.ts';
import type { LogLevel } from '../job/log.ts';

/** Which job, how large, and where the config file is. */
export type JobFlags = {
  readonly threads?: number;
  readonly parallelism?: number;
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly config?: string;
  /** False where steps share no subtasks. */
  readonly chaining?: boolean;
};

export type RunFlags = JobFlags & {
  /** False where each step with state has to have a uid of its own. */
  readonly generatedUids?: boolean;
  readonly threadHeap?: number;
  readonly port?: number;
  readonly host?: string;
  readonly logLevel?: LogLevel;
  readonly batch?: boolean;
  readonly batchAuto?: boolean;
  readonly progress: boolean;
  /** Prints what became of the job. */
  readonly json?: boolean;
  /** Goes on with each new version of the module. */
  readonly watch?: boolean;
  readonly checkpointDir?: string;
  readonly checkpointEvery?: string;
  readonly unaligned?: boolean;
  readonly unalignedAfter?: string;
  readonly incremental?: boolean;
  readonly from?: string;
  readonly fresh?: boolean;
  readonly allowDroppedState?: boolean;
};

/** No program is there to write inputs and to read outputs. */
export const NO_DOORS: Doors = {
  output: null,
  unread(names) {
    console.error(
      `the job returns ${names.map((name) => `'${name}'`).join(', ')} to a program that reads it by collect() or start(), and ` +
        'millrace run is none: end the stream by .print() or .to(...) to see its rows',
    );
  },
  input(name) {
    throw new EngineError(
      'JOB_DEFINITION',
      `the job takes rows from a program (input '${name}'): start it from one, by start()`,
    );
  },
};
