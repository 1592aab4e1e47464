/** A job from its start to its end, as its program and those who watch it see it; its attempts do the work (attempts.ts). */
import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { SHOWN_MALFORMED } from '../base/limits.ts';
import { checkOptions, someText } from '../base/options.ts';
import { randomId } from '../base/random-id.ts';
import { CheckpointStorage } from '../checkpoint/checkpoint-storage.ts';
import { referencesOf } from '../checkpoint/manifest.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { RegisteredJob } from '../graph/job-registry.ts';
import type { DeadLetter } from '../operator/source.ts';
import { Attempts } from './attempts.ts';
import { type JobParts, type Running, settingsOf } from './begin-attempt.ts';
import {
  type CheckpointNowOptions,
  checkpointSettings,
  type TakenCheckpoint,
  typeAskedFor,
} from './checkpoint-settings.ts';
import { Inspection } from './inspection.ts';
import {
  type JobResult,
  type JobState,
  type JobStatus,
  type OperatorId,
  type RunOptions,
  STOP_OPTIONS,
  type StopOptions,
  type WatchedJob,
} from './job.ts';
import type { JobConfig, JobMetrics } from './job-metrics.ts';
import { type Doors, jobPlan } from './job-plan.ts';
import { abandonSinks } from './job-sinks.ts';
import { JobWatch, jobConfig } from './job-watch.ts';
import { JobLog, loggerOf } from './log.ts';
import type { RestartStrategy } from './restart-strategy.ts';
import type { WorkerPool } from './worker-pool.ts';

export class JobRun implements WatchedJob {
  readonly name: string;
  port: number | null = null;
  readonly log: JobLog;
  readonly inspection = new Inspection(() =>
    this.#state === 'running' ? (this.#attempts.running?.attempt ?? null) : null,
  );
  readonly #parts: JobParts;
  readonly #restart: RestartStrategy;
  readonly #attempts: Attempts;
  readonly #skipped: DeadLetter[] = [];
  readonly #startMs = systemClock.monotonic();
  #durationMs: number | null = null;
  /** One was asked for. */
  #hasSavepoint = false;
  /** A stop on its way. */
  #stopping: Promise<JobResult> | null = null;
  #state: JobState = 'running';
  #result: Promise<JobResult> | null = null;

  /** With its first attempt ready to start. */
  static async prepare(
    job: RegisteredJob,
    options: RunOptions,
    doors: Doors,
    pool: WorkerPool,
  ): Promise<JobRun> {
    const plan = jobPlan(job, options, doors, pool.size);
    const log = new JobLog(job.name, randomId(), loggerOf(options.log));
    const checkpoints =
      options.checkpoints === undefined ? null : checkpointSettings(options.checkpoints);
    const storage =
      checkpoints === null
        ? null
        : await CheckpointStorage.open(checkpoints.dir, {
            retained: checkpoints.retained,
            warn: (message) => log.warn(message),
          });
    const run = new JobRun({ plan, options, storage, checkpoints, log }, pool);
    try {
      await run.#attempts.prepare();
    } catch (error) {
      await run.close();
      throw error;
    }
    return run;
  }

  private constructor(parts: Omit<JobParts, 'watch' | 'onSkipped'>, pool: WorkerPool) {
    const { plan, options, storage, log } = parts;
    const onSkipped = (record: DeadLetter): void => {
      log.add('warn', `skipped ${record.place}: ${record.reason}`);
      if (this.#skipped.length < SHOWN_MALFORMED) this.#skipped.push(record);
    };
    this.name = plan.job.name;
    this.log = log;
    this.#parts = { ...parts, watch: new JobWatch(log), onSkipped };
    this.#restart = options.restart ?? (storage === null ? 'none' : { strategy: 'fixedDelay' });
    this.#attempts = new Attempts(this.#parts, this.#restart, pool);
  }

  get id(): string {
    return this.log.jobId;
  }

  get hadFinished(): boolean {
    return this.#attempts.running === null;
  }

  start(): void {
    const { signal } = this.#parts.options;
    this.#attempts.start();
    this.#result = this.#live();
    this.#result.catch(() => {});
    const abort = (): void => void this.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    void this.#result.catch(() => {}).then(() => signal?.removeEventListener('abort', abort));
  }

  async ready(): Promise<void> {
    try {
      await this.#attempts.ready();
    } catch (error) {
      await this.#result!.catch(() => {});
      throw error;
    }
  }

  async #live(): Promise<JobResult> {
    try {
      await this.#attempts.toItsEnd();
      this.#end(this.#attempts.isStopped ? 'stopped' : 'finished');
      return this.#resultNow();
    } catch (error) {
      const isCancelled = error instanceof EngineError && error.code === 'JOB_CANCELLED';
      this.#end(isCancelled ? 'cancelled' : 'failed');
      throw error;
    } finally {
      await this.close();
      if (this.#state !== 'finished' && !this.#mayGoOn())
        await abandonSinks(this.#parts.plan.built, this.id);
    }
  }

  /** Whether there is a checkpoint, or a savepoint: what writers have left may be part of it. */
  #mayGoOn(): boolean {
    return this.#parts.storage !== null || this.#attempts.last !== null || this.#hasSavepoint;
  }

  #end(state: JobState): void {
    this.#state = state;
    this.#durationMs = systemClock.monotonic() - this.#startMs;
    this.#parts.watch.onEnd(state);
  }

  /** Lets others have the checkpoint directory. */
  async close(): Promise<void> {
    await this.#attempts.close();
    await this.#parts.storage?.close();
  }

  result(): Promise<JobResult> {
    return this.#result!;
  }

  async cancel(): Promise<void> {
    if (this.#state !== 'running') return;
    await this.#attempts.cancel();
    await this.#result!.catch(() => {});
  }

  async savepoint(dir: string): Promise<string> {
    someText('savepoint: the directory', dir);
    this.#hasSavepoint = true;
    const { path } = await this.#now().checkpoints.savepoint(resolve(dir));
    return path;
  }

  async checkpoint(options: CheckpointNowOptions = {}): Promise<TakenCheckpoint> {
    const type = typeAskedFor(options, this.#parts.checkpoints);
    const { path, manifest } = await this.#now().checkpoints.checkpoint({ type });
    const isWhole = referencesOf(manifest).size === 0;
    return { id: manifest.id, path, type: isWhole ? 'full' : 'incremental' };
  }

  async stop(options: StopOptions = {}): Promise<JobResult> {
    checkOptions('stop', options, STOP_OPTIONS);
    const { savepoint, drain = false } = options;
    const before = this.#stopping;
    // Who asks for no more than that it stops gets what another stop comes to; where that fails, the job goes on, and is asked here.
    if (before !== null && savepoint === undefined && !drain) {
      const result = await before.catch(() => null);
      if (result !== null) return result;
    }
    const stopping = this.#stop(savepoint, drain);
    this.#stopping = stopping;
    try {
      return await stopping;
    } finally {
      if (this.#stopping === stopping) this.#stopping = null;
    }
  }

  async #stop(savepoint: string | undefined, drain: boolean): Promise<JobResult> {
    if (savepoint !== undefined) this.#hasSavepoint = true;
    const { storage } = this.#parts;
    const attempts = this.#attempts;
    const canEndAsItIs = savepoint === undefined && !drain && attempts.last !== null;
    if (attempts.isBetween && canEndAsItIs) {
      await attempts.stop();
      return await this.#result!;
    }
    const { attempt, checkpoints } = this.#now();
    if (drain) {
      if (savepoint !== undefined) await checkpoints.savepointAtEnd(resolve(savepoint));
      attempt.drain();
      return await this.#result!;
    }
    if (savepoint === undefined && storage === null) {
      throw new EngineError(
        'JOB_DEFINITION',
        'stop: the job takes no checkpoints, so it needs a directory for a savepoint, or { drain: true }',
      );
    }
    if (savepoint !== undefined) await checkpoints.savepoint(resolve(savepoint), true);
    if (storage !== null) await checkpoints.checkpoint({ isLast: true });
    await attempts.stop();
    return await this.#result!;
  }

  /** What runs, to be asked for something. */
  #now(): Running {
    const { isBetween, last, running } = this.#attempts;
    if (isBetween && this.#state === 'running') {
      const instead = last === null ? 'cancel it' : 'stop it without savepoint and drain';
      throw new EngineError(
        'JOB_RESTARTING',
        `job '${this.name}' has failed and waits for its next attempt: ${instead}, or ask again when it runs`,
        { retryable: true },
      );
    }
    if (this.#state === 'running' && running !== null) return running;
    throw new EngineError('JOB_CANCELLED', `job '${this.name}' has ended: it is ${this.#state}`);
  }

  #resultNow(): JobResult {
    return {
      name: this.name,
      state: this.#state,
      durationMs: this.#elapsedMs(),
      operators: this.#attempts.running?.attempt.watched.operators() ?? [],
      skipped: [...this.#skipped],
      lastCheckpoint: this.#attempts.last?.path ?? null,
    };
  }

  #elapsedMs(): number {
    return this.#durationMs ?? systemClock.monotonic() - this.#startMs;
  }

  status(): JobStatus {
    const watched = this.#attempts.running?.attempt.watched;
    return {
      name: this.name,
      state: this.#state,
      elapsedMs: this.#elapsedMs(),
      ...(watched?.progress() ?? NO_PROGRESS),
      operators: watched?.operators() ?? [],
    };
  }

  metrics(): JobMetrics {
    const attempt = this.#attempts.running?.attempt ?? null;
    return this.#parts.watch.metrics(this.id, this.status(), attempt);
  }

  get operatorIds(): readonly OperatorId[] {
    const { nodes } = this.#parts.plan.built.graph;
    return nodes.map(({ id, uid, name }) => ({ node: id, uid, name }));
  }

  get keyGroups(): readonly number[] | null {
    return this.#attempts.running?.settings.keyGroups ?? null;
  }

  get config(): JobConfig {
    const { last, running } = this.#attempts;
    const settings = running?.settings ?? settingsOf(this.#parts, last, NO_EXECUTION);
    return jobConfig(this.#parts.plan, settings, this.#parts.checkpoints, this.#restart);
  }
}

const NO_EXECUTION: ExecutionGraph = { tasks: [], subtasks: [], exchanges: [], channels: [] };

/** Of a job that had come to its end before. */
const NO_PROGRESS = { records: 0, watermark: null, newestEventTime: null, inputShare: 1 } as const;
