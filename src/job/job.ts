/**
 * What one can ask of a job, and what it answers.
 *
 *   start → running → finished | stopped | cancelled | failed
 *
 * `start` answers as soon as the job runs; `result` settles at its end.
 */
import { inspect } from 'node:util';
import { EngineError } from '../base/errors.ts';
import { aNumber, choice, type OptionRules, someText, wrong } from '../base/options.ts';
import type { NodeId } from '../graph/graph.ts';
import type { HistogramValues } from '../metrics/histogram.ts';
import type { MeterValues } from '../metrics/read-metrics.ts';
import type { DeadLetter } from '../operator/source.ts';
import { aDuration, type Duration } from '../time/duration.ts';
import {
  areCheckpointOptions,
  type CheckpointNowOptions,
  type CheckpointOptions,
  type TakenCheckpoint,
} from './checkpoint-settings.ts';
import type { Inspection } from './inspection.ts';
import type { JobConfig, JobMetrics } from './job-metrics.ts';
import { aLog, type JobLog, type Logger, type LogLevel } from './log.ts';
import { aRestartStrategy, type RestartStrategy } from './restart-strategy.ts';

export type RunOptions = {
  /** Worker threads; 0 runs everything in the calling thread. Default: one per core. */
  readonly threads?: number;
  /** Subtasks of each operator that does not say otherwise. Default: one per thread. */
  readonly parallelism?: number;
  /** Whether steps share subtasks where they can; without it each has its own, which shows what each costs. Default true. */
  readonly chaining?: boolean;
  /** Whether steps with state may do without a `.uid(...)` of their own. Default true. */
  readonly generatedUids?: boolean;
  /** Parameters for `flow.param`. */
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  /** How long rows may wait for a batch to fill; 0 sends after every step. Default 10 ms. */
  readonly bufferTimeout?: Duration;
  /** Key groups of steps that say nothing of theirs, the bound of their parallelism. Default: by parallelism, at least 128. */
  readonly maxParallelism?: number;
  /** Heap of each worker thread in MiB. Default: as for the process. */
  readonly threadHeapMb?: number;
  /** Takes checkpoints, and goes on from the last one that is there: `{ dir: 'state/', every: '10 s' }`. */
  readonly checkpoints?: CheckpointOptions;
  /** A checkpoint or savepoint to start from, where the checkpoint directory has none. */
  readonly restoreFrom?: string;
  /** Starts anew, whatever checkpoints there are. */
  readonly fresh?: boolean;
  /** Goes on though the checkpoint has state of steps that the job does not have. */
  readonly allowDroppedState?: boolean;
  /** What to do when the job fails. Default: with checkpoints `{ strategy: 'fixedDelay' }`, else 'none'. */
  readonly restart?: RestartStrategy;
  /**
   * Runs the job in batch: windows and timers, those of processing time too, fire when all input has been read, so that
   * nothing is late, and a rolling aggregation gives the last value of each key only. EngineError JOB_DEFINITION where a
   * source has no end; with 'auto' such a job runs as a stream. Default false.
   */
  readonly batch?: 'auto' | boolean;
  /**
   * Serves metrics and the REST API of the job on this port as long as it runs; 0 for any that is free, which
   * `client.port` tells. EngineError SERVER_FAILED where it is in use.
   */
  readonly port?: number;
  /** The address to serve on. Others than loopback need a token. Default '127.0.0.1'. */
  readonly host?: string;
  /**
   * What requests have to bring (`Authorization: Bearer <token>`) that change the job, and all of them on an address that is
   * not loopback. Default: the environment variable MILLRACE_TOKEN; without one nobody can change the job over HTTP.
   */
  readonly token?: string;
  /**
   * Origins whose web pages may ask, and by whose names a proxy may reach the server, such as 'https://ops.example.com'.
   * Default: none but its own.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Writes down what becomes of the job: attempts, failures, checkpoints, records that are skipped. A level writes lines of JSON
   * on standard error, by the package pino (EngineError LIBRARY_MISSING where it is not there); a logger, such as one of pino, gets
   * the entries by its methods. Default: warnings of the process alone.
   */
  readonly log?: LogLevel | Logger;
  /**
   * Has the metrics of the job observed by OpenTelemetry: by a MeterProvider, or for true by that of the process, of the package
   * @opentelemetry/api (EngineError LIBRARY_MISSING where it is not there).
   */
  readonly openTelemetry?: true | OpenTelemetryMeters;
  /** Cancels the job when aborted. */
  readonly signal?: AbortSignal;
};

/** What each of them has to be; their ranges are the coordinator's. */
export const RUN_OPTIONS: OptionRules<RunOptions> = {
  threads: aNumber,
  parallelism: aNumber,
  chaining: choice(true, false),
  generatedUids: choice(true, false),
  params,
  bufferTimeout: aDuration,
  maxParallelism: aNumber,
  threadHeapMb: aNumber,
  checkpoints: areCheckpointOptions,
  restoreFrom: someText,
  fresh: choice(true, false),
  allowDroppedState: choice(true, false),
  restart: aRestartStrategy,
  batch: choice('auto', true, false),
  port: aPort,
  host: someText,
  token: someText,
  allowedOrigins: origins,
  log: aLog,
  openTelemetry: areMeters,
  signal: anAbortSignal,
};

function params(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw wrong(what, 'is an object of values by name', value);
  }
  for (const [name, given] of Object.entries(value)) {
    if (['string', 'number', 'boolean', 'undefined'].includes(typeof given)) continue;
    throw new EngineError(
      'PARAM_INVALID',
      `parameter '${name}' must be a text, a number or a boolean, got ${inspect(given)}`,
    );
  }
}

export function aPort(what: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65535) return;
  throw wrong(what, 'is a whole number from 0 to 65535', value);
}

function origins(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrong(what, 'is an array of origins', value);
  for (const one of value) {
    if (URL.canParse(String(one)) && new URL(one).origin === one) continue;
    throw wrong(what, "has origins such as 'https://ops.example.com'", one);
  }
}

/** A MeterProvider of OpenTelemetry. */
export type OpenTelemetryMeters = {
  getMeter(name: string, version?: string): unknown;
  /** Of the SDK: has what there is exported at once. */
  forceFlush?(): Promise<void>;
};

function areMeters(what: string, value: unknown): void {
  const { getMeter } = (value ?? {}) as Partial<OpenTelemetryMeters>;
  if (value === true || typeof getMeter === 'function') return;
  throw wrong(what, 'is true, or a MeterProvider of OpenTelemetry', value);
}

/** Also of another realm, as under vitest. */
function anAbortSignal(what: string, value: unknown): void {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return;
  throw wrong(what, 'is an AbortSignal', value);
}

export type JobState = 'running' | 'finished' | 'stopped' | 'cancelled' | 'failed';

export type OperatorResult = {
  /** Of its step, of the last where several have become one. */
  readonly uid: string;
  readonly name: string;
  readonly parallelism: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** Records dropped because all their windows had fired. */
  readonly lateRecords: number;
  /** Records skipped because they were malformed. */
  readonly skippedRecords: number;
  /** Bytes that a source has read from files, or that have come over the net, compressed as they are; 0 where it does not know. */
  readonly bytesRead: number;
  /** Bytes that a sink has written; 0 where it does not know. */
  readonly bytesWritten: number;
  /** Counters that functions have made by `ctx.metrics`, added up over all subtasks. */
  readonly counters: Readonly<Record<string, number>>;
  /** Gauges that functions have made and set: one value for each subtask that has, in no particular order. */
  readonly gauges: Readonly<Record<string, readonly number[]>>;
  /** Meters: events and events a second, added up over all subtasks. */
  readonly meters: Readonly<Record<string, MeterValues>>;
  /** Histograms that have a value: how their values are spread, of all subtasks together. */
  readonly histograms: Readonly<Record<string, HistogramValues>>;
};

export type JobResult = {
  readonly name: string;
  readonly state: JobState;
  readonly durationMs: number;
  readonly operators: readonly OperatorResult[];
  /** The first few of the malformed records that sources have skipped, as told to: where each is, and what is wrong. */
  readonly skipped: readonly DeadLetter[];
  /** Path of the last complete checkpoint; null when there is none. */
  readonly lastCheckpoint: string | null;
};

/** A moment of a running job. */
export type JobStatus = {
  readonly name: string;
  readonly state: JobState;
  readonly elapsedMs: number;
  /** Records that the sources have read. */
  readonly records: number;
  /** Least watermark of the sources that have one; null when none has. */
  readonly watermark: number | null;
  /** Greatest event time that was read; null before the first. What it is ahead of the watermark is the lag. */
  readonly newestEventTime: number | null;
  /** Share of bounded input that has been read, 0 to 1; null when its size is not known. */
  readonly inputShare: number | null;
  readonly operators: readonly OperatorResult[];
};

export interface JobClient {
  readonly name: string;
  /** Of the server; null where the option `port` was left out. */
  readonly port: number | null;
  /** Whether the checkpoint says that the job had come to its end before: then nothing was left to do. */
  readonly hadFinished: boolean;
  status(): JobStatus;
  /** All that there is to know of the job at this moment: subtasks, exchanges, threads, checkpoints, failures. */
  metrics(): JobMetrics;
  /** Resolves when the job has finished; rejects with an EngineError when it failed or was cancelled. */
  result(): Promise<JobResult>;
  /** Stops all threads; what has not been committed is discarded. Resolves when they have stopped. */
  cancel(): Promise<void>;
  /**
   * Writes all state into a directory that is yours, and goes on; resolves to its path. A job can be started from it by
   * `restoreFrom`, with any parallelism, as often as you like.
   */
  savepoint(dir: string): Promise<string>;
  /**
   * Takes a checkpoint now, beside those that are taken from time to time, and goes on; resolves when it is complete and
   * committed: `const { id, path } = await client.checkpoint({ type: 'full' })`. It waits for one that is under way. EngineErrors:
   * JOB_DEFINITION where the job takes no checkpoints, or none that are incremental; JOB_CANCELLED where this run of it ends
   * first; CHECKPOINT_TIMEOUT, CHECKPOINT_WRITE and others where it fails, which counts for `tolerableFailures`.
   */
  checkpoint(options?: CheckpointNowOptions): Promise<TakenCheckpoint>;
  /**
   * Ends the job at a point that it can go on from: a savepoint in `savepoint`, and a last checkpoint where checkpoints are
   * taken. What sinks have prepared is committed. With `drain` the sources end where they are, behind what has come
   * to them and waits, all windows fire, and the job finishes.
   * Resolves when it has ended; `result` is then 'stopped', or 'finished' where it was drained.
   */
  stop(options?: StopOptions): Promise<JobResult>;
}

/** A job as those see it who serve it to others. */
export interface WatchedJob extends JobClient {
  /**
   * Resolves when all threads have their state, or the first attempt has failed before; rejects where there is no checkpoint that is
   * whole, and the job has ended by that.
   */
  ready(): Promise<void>;
  port: number | null;
  /** The same over all runs that go on from each other's checkpoints. */
  readonly id: string;
  readonly config: JobConfig;
  readonly inspection: Inspection;
  readonly log: JobLog;
  /** All steps of the job. */
  readonly operatorIds: readonly OperatorId[];
  /** By node, what keyed state is cut into; null where nothing runs. */
  readonly keyGroups: readonly number[] | null;
}

/** A step: its place in the graph, by what its state is found again, and what people call it. */
export type OperatorId = { readonly node: NodeId; readonly uid: string; readonly name: string };

export type StopOptions = {
  /** Directory of the savepoint. */
  readonly savepoint?: string;
  readonly drain?: boolean;
};

export const STOP_OPTIONS: OptionRules<StopOptions> = {
  savepoint: someText,
  drain: choice(true, false),
};
