/**
 * The config file of the command line: `millrace.config.ts`, `.mjs`, `.js` or `.json` in the folder where it is called. What it
 * says holds for the jobs that `run`, `explain`, `diff` and `bench` load, not for those of `serve`; flags on the command line win
 * over it, and what it says of one job under `jobs` wins over what it says of all.
 *
 *   flags  >  jobs.<name>  >  the rest of the file  >  the engine's defaults
 */
import type { RunOptions } from '../../job/job.ts';
import type { LogLevel } from '../../job/log.ts';

/** Options of a run that a file may have, and whether progress is shown. */
export type ConfiguredOptions = Pick<
  RunOptions,
  | 'threads'
  | 'parallelism'
  | 'chaining'
  | 'generatedUids'
  | 'threadHeapMb'
  | 'bufferTimeout'
  | 'maxParallelism'
  | 'params'
  | 'checkpoints'
  | 'restart'
  | 'batch'
  | 'port'
  | 'host'
  | 'allowedOrigins'
> & {
  /** What becomes of the job is written to standard error, by pino, from this level on. */
  readonly log?: LogLevel;
  /** Whether progress is shown on standard error. Default true. */
  readonly progress?: boolean;
};

/** What a config file holds. */
export type MillraceConfig = ConfiguredOptions & {
  /** For editors: where the JSON schema lies. */
  readonly $schema?: string;
  /** Options of single jobs, by their names. */
  readonly jobs?: Readonly<Record<string, ConfiguredOptions>>;
};
