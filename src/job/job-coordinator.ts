/**
 * A job from its start to its end: builds the graph, finds the splits or goes on from a checkpoint, runs attempt after
 * attempt as the restart strategy allows, and when one has come to its end commits what the sinks have prepared.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { SHOWN_MALFORMED, THREAD_HEAP_MB_MAX, THREADS_MAX } from '../base/limits.ts';
import { checkOptions } from '../base/options.ts';
import { randomId } from '../base/random-id.ts';
import { closeStateFiles } from '../checkpoint/block-reader.ts';
import type { StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../checkpoint/checkpoint-storage.ts';
import { loadCheckpoint } from '../checkpoint/load-checkpoint.ts';
import { systemFiles } from '../checkpoint/system-files.ts';
import { type ExecutionGraph, executionGraph } from '../graph/execution-graph.ts';
import type { RegisteredJob } from '../graph/job-registry.ts';
import type { DeadLetter } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';
import type { RuntimeSettings } from '../task/deployment.ts';
import { Attempt, type JobPlan } from './attempt.ts';
import { CheckpointCoordinator } from './checkpoint-coordinator.ts';
import { type CheckpointSettings, checkpointSettings } from './checkpoint-settings.ts';
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
import { countOf, type Doors, jobPlan } from './job-plan.ts';
import { discardUncommitted, prepareSinks } from './job-sinks.ts';
import { JobWatch, jobConfig } from './job-watch.ts';
import { JobLog, loggerOf } from './log.ts';
import { mayHelp, type RestartStrategy, Restarts } from './restart-strategy.ts';
import { checkJob, checkMode, restoredSnapshot, restoredWriters } from './restore.ts';
import { runtimeSettings } from './runtime-settings.ts';
import { commitRestored, splitsToRead } from './start.ts';
import { WorkerPool } from './worker-pool.ts';

/** Starts the threads that a run with these options will need, before there is a job. */
export function startThreads(options: RunOptions): WorkerPool {
  const threads = countOf('threads', options.threads ?? availableParallelism(), 0, THREADS_MAX);
  const { threadHeapMb } = options;
  const heapMb =
    threadHeapMb === undefined
      ? null
      : countOf('threadHeapMb', threadHeapMb, 1, THREAD_HEAP_MB_MAX);
  return new WorkerPool(threads, heapMb);
}

/** Starts a job, on threads that have been started for the same options; resolves when they have their work. */
export async function startJob(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
  pool: WorkerPool = startThreads(options),
): Promise<WatchedJob> {
  let run: JobRun | null = null;
  try {
    options.signal?.throwIfAborted();
    pool.prepare(job.url);
    run = await JobRun.prepare(job, options, doors, pool);
    options.signal?.throwIfAborted();
    run.start();
    return run;
  } catch (error) {
    await pool.terminate();
    await run?.close();
    throw error;
  }
}

/** An attempt and its checkpoints. */
type Running = {
  readonly attempt: Attempt;
  readonly checkpoints: CheckpointCoordinator;
  readonly settings: RuntimeSettings;
};

class JobRun implements WatchedJob {
  readonly name: string;
  port: number | null = null;
  readonly #plan: JobPlan;
  readonly #options: RunOptions;
  readonly #storage: CheckpointStorage | null;
  readonly #checkpointSettings: CheckpointSettings | null;
  readonly #restart: RestartStrategy;
  readonly #restarts: Restarts;
  readonly log: JobLog;
  readonly #watch: JobWatch;
  readonly inspection = new Inspection(() =>
    this.#state === 'running' ? (this.#running?.attempt ?? null) : null,
  );
  readonly #skipped: DeadLetter[] = [];
  readonly #startMs = systemClock.monotonic();
  /** The checkpoint to go on from; null for none. */
  #last: StoredCheckpoint | null = null;
  #running: Running | null = null;
  #pool: WorkerPool;
  #isCancelled = false;
  /** It has been ended behind a savepoint or a last checkpoint. */
  #isStopped = false;
  /** One has failed, and the next waits for its time. */
  #isBetweenAttempts = false;
  #hadFinished = false;
  #durationMs: number | null = null;
  #state: JobState = 'running';
  #result: Promise<JobResult> | null = null;

  static async prepare(
    job: RegisteredJob,
    options: RunOptions,
    doors: Doors,
    pool: WorkerPool,
  ): Promise<JobRun> {
    const plan = jobPlan(job, options, doors, pool.size);
    const log = new JobLog(job.name, randomId(), loggerOf(options.log));
    const settings =
      options.checkpoints === undefined ? null : checkpointSettings(options.checkpoints);
    const storage =
      settings === null
        ? null
        : await CheckpointStorage.open(settings.dir, {
            retained: settings.retained,
            warn: (message) => warn(log, message),
          });
    const run = new JobRun(plan, options, storage, settings, pool, log);
    try {
      run.#last = await run.#findCheckpoint();
      log.jobId = run.#last?.manifest.jobId ?? log.jobId;
      if (run.#last?.manifest.isFinal === true) {
        await run.#commitFinal(run.#last);
        run.#hadFinished = true;
      } else {
        run.#running = await run.#begin();
      }
    } catch (error) {
      await run.close();
      throw error;
    }
    return run;
  }

  private constructor(
    plan: JobPlan,
    options: RunOptions,
    storage: CheckpointStorage | null,
    settings: CheckpointSettings | null,
    pool: WorkerPool,
    log: JobLog,
  ) {
    this.name = plan.job.name;
    this.log = log;
    this.#watch = new JobWatch(log);
    this.#plan = plan;
    this.#options = options;
    this.#storage = storage;
    this.#checkpointSettings = settings;
    this.#restart = options.restart ?? (storage === null ? 'none' : { strategy: 'fixedDelay' });
    this.#restarts = new Restarts(this.#restart);
    this.#pool = pool;
  }

  async #findCheckpoint(): Promise<StoredCheckpoint | null> {
    const { restoreFrom, fresh } = this.#options;
    const own = fresh === true ? null : ((await this.#storage?.latest()) ?? null);
    const found =
      own === null && restoreFrom !== undefined
        ? await loadCheckpoint(restoreFrom, systemFiles)
        : own;
    if (found !== null) {
      checkJob(this.name, found);
      checkMode(this.#plan.isBatch, found);
    }
    return found;
  }

  /** Makes everything ready for an attempt, from the last checkpoint or from the start. */
  async #begin(): Promise<Running> {
    const { graph, bindings } = this.#plan.built;
    const last = this.#last;
    const restored =
      last === null
        ? null
        : restoredSnapshot(graph, last, this.#options.allowDroppedState ?? false);
    const { built, threads, parallelism } = this.#plan;
    const exchanges = restored?.inFlight ?? [];
    const execution = executionGraph(graph, { threads, parallelism, exchanges });
    const settings = this.#settings(last, execution);
    if (last !== null) await commitRestored(built, last.manifest);
    const splits = await splitsToRead(built, parallelism, restored);
    await prepareSinks(built, this.id, (node) =>
      restored === null ? null : restoredWriters(restored, node),
    );
    closeStateFiles();
    const attempt: Attempt = new Attempt({
      plan: this.#plan,
      execution,
      settings,
      splits,
      restored,
      pool: this.#pool,
      events: {
        onBlock: (...block) => checkpoints.onBlock(...block),
        onDone: (...done) => checkpoints.onDone(...done),
        onCommittables: (...prepared) => checkpoints.onCommittables(...prepared),
        onMetric: (slot, cell) => attempt.watched.addMetric(slot, cell),
        onSkipped: (record) => {
          this.log.add('warn', `skipped ${record.place}: ${record.reason}`);
          if (this.#skipped.length < SHOWN_MALFORMED) this.#skipped.push(record);
        },
      },
    });
    const checkpoints = new CheckpointCoordinator({
      graph,
      execution,
      splits,
      maxParallelism: settings.maxParallelism,
      isBatch: this.#plan.isBatch,
      jobId: this.id,
      storage: this.#storage,
      settings: this.#checkpointSettings,
      request: (...request) => attempt.requestCheckpoint(...request),
      commit: async (node, committables) => {
        const { uid, name } = graph.nodes[node]!;
        await inCallingThread(name, () => bindings[node]!.sink!.commit(committables));
        this.#watch.onCommit(uid, name, committables.length);
      },
      onFailure: (error) => void attempt.fail(error),
      onCompleted: (stored) => {
        this.#last = stored;
      },
      history: this.#watch.checkpoints,
      warn: (message) => warn(this.log, message),
    });
    if (last !== null) this.#watch.checkpoints.onRestored(last);
    return { attempt, checkpoints, settings };
  }

  #settings(last: StoredCheckpoint | null, execution: ExecutionGraph): RuntimeSettings {
    const checkpoints = this.#checkpointSettings;
    const options = { plan: this.#plan, options: this.#options, checkpoints, last, jobId: this.id };
    return runtimeSettings(options, execution);
  }

  /** The job had come to its end: nothing is left but what its sinks do then. */
  async #commitFinal(last: StoredCheckpoint): Promise<void> {
    await commitRestored(this.#plan.built, last.manifest);
    await prepareSinks(this.#plan.built, this.id, () => []);
  }

  get id(): string {
    return this.log.jobId;
  }

  get hadFinished(): boolean {
    return this.#hadFinished;
  }

  start(): void {
    const { signal } = this.#options;
    this.#running?.attempt.start();
    this.#running?.checkpoints.start();
    if (this.#running !== null) this.#watch.onStart(this.#plan, this.#last);
    this.#result = this.#live();
    this.#result.catch(() => {});
    const abort = (): void => void this.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    void this.#result.catch(() => {}).then(() => signal?.removeEventListener('abort', abort));
  }

  /** Attempt after attempt. */
  async #live(): Promise<JobResult> {
    try {
      if (this.#running !== null) await this.#toItsEnd(this.#running);
      this.#end(this.#isStopped ? 'stopped' : 'finished');
      return this.#resultNow();
    } catch (error) {
      const isCancelled = error instanceof EngineError && error.code === 'JOB_CANCELLED';
      this.#end(isCancelled ? 'cancelled' : 'failed');
      throw error;
    } finally {
      await this.close();
    }
  }

  async #toItsEnd(first: Running): Promise<void> {
    let running: Running | null = first;
    for (;;) {
      try {
        running ??= await this.#beginAgain();
        if (running !== null) await this.#attempt(running);
        return;
      } catch (error) {
        running = null;
        this.#isBetweenAttempts = true;
        await this.#waitForNext(error);
        this.#isBetweenAttempts = false;
        if (this.#isStopped) return;
      }
    }
  }

  async #attempt({ attempt, checkpoints }: Running): Promise<void> {
    try {
      await attempt.run();
    } catch (error) {
      if (this.#isStopped) return;
      await checkpoints.stop();
      await discardUncommitted(this.#plan.built, checkpoints.uncommitted);
      throw error;
    }
    await this.#finish(checkpoints);
  }

  /** All rows have been prepared: what fails now is tried again without running the job again. */
  async #finish(checkpoints: CheckpointCoordinator): Promise<void> {
    try {
      for (;;) {
        try {
          return await checkpoints.finish();
        } catch (error) {
          await this.#waitForNext(error);
        }
      }
    } catch (error) {
      await discardUncommitted(this.#plan.built, checkpoints.uncommitted);
      throw error;
    }
  }

  /** The next attempt, at work; null when nothing is left to do. */
  async #beginAgain(): Promise<Running | null> {
    if (this.#last?.manifest.isFinal === true) {
      await this.#commitFinal(this.#last);
      return null;
    }
    await this.#pool.terminate();
    this.#pool = new WorkerPool(this.#plan.threads, this.#pool.heapMb);
    this.#pool.prepare(this.#plan.job.url);
    const running = await this.#begin();
    this.#throwIfCancelled(null);
    this.#running = running;
    running.attempt.start();
    running.checkpoints.start();
    this.#watch.onRestart();
    this.#watch.onStart(this.#plan, this.#last);
    return running;
  }

  /** Until the time for another try; throws when there is none. */
  async #waitForNext(error: unknown): Promise<void> {
    this.#watch.onFailure(error);
    if (!mayHelp(error)) throw error;
    this.#throwIfCancelled(error);
    const delayMs = this.#restarts.onFailure(systemClock.monotonic());
    if (delayMs === null) throw error;
    warn(this.log, `job '${this.name}' failed and goes on in ${delayMs} ms: ${messageOf(error)}`);
    this.#watch.onWait();
    await this.#pause(delayMs);
    this.#throwIfCancelled(error);
  }

  #throwIfCancelled(cause: unknown): void {
    if (!this.#isCancelled) return;
    throw new EngineError('JOB_CANCELLED', `job '${this.name}' was cancelled`, { cause });
  }

  /** Until the next attempt, or until the job is cancelled. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = after(ms, resolve);
      this.#endPause = () => {
        stop();
        resolve();
      };
    });
  }

  #endPause: () => void = () => {};

  #end(state: JobState): void {
    this.#state = state;
    this.#durationMs = systemClock.monotonic() - this.#startMs;
    this.#watch.onEnd(state);
  }

  /** Lets others have the checkpoint directory. */
  async close(): Promise<void> {
    await this.#pool.terminate();
    await this.#storage?.close();
  }

  result(): Promise<JobResult> {
    return this.#result!;
  }

  async cancel(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#isCancelled = true;
    this.#endPause();
    await this.#running?.attempt.cancel();
    await this.#result!.catch(() => {});
  }

  async savepoint(dir: string): Promise<string> {
    const { path } = await this.#now().checkpoints.savepoint(resolve(dir));
    return path;
  }

  async stop(options: StopOptions = {}): Promise<JobResult> {
    checkOptions('stop', options, STOP_OPTIONS);
    const { savepoint, drain = false } = options;
    const canEndAsItIs = savepoint === undefined && !drain && this.#last !== null;
    if (this.#isBetweenAttempts && canEndAsItIs) {
      this.#isStopped = true;
      this.#endPause();
      return await this.#result!;
    }
    const { attempt, checkpoints } = this.#now();
    if (drain) {
      if (savepoint !== undefined) checkpoints.savepointAtEnd(resolve(savepoint));
      attempt.drain();
      return await this.#result!;
    }
    if (savepoint === undefined && this.#storage === null) {
      throw new EngineError(
        'JOB_DEFINITION',
        'stop: the job takes no checkpoints, so it needs a directory for a savepoint, or { drain: true }',
      );
    }
    if (savepoint !== undefined) await checkpoints.savepoint(resolve(savepoint), true);
    if (this.#storage !== null) await checkpoints.checkpoint(true);
    this.#isStopped = true;
    await attempt.cancel();
    return await this.#result!;
  }

  /** What runs, to be asked for something. */
  #now(): Running {
    if (this.#isBetweenAttempts && this.#state === 'running') {
      const instead = this.#last === null ? 'cancel it' : 'stop it without savepoint and drain';
      throw new EngineError(
        'JOB_RESTARTING',
        `job '${this.name}' has failed and waits for its next attempt: ${instead}, or ask again when it runs`,
        { retryable: true },
      );
    }
    if (this.#state === 'running' && this.#running !== null) return this.#running;
    throw new EngineError('JOB_CANCELLED', `job '${this.name}' has ended: it is ${this.#state}`);
  }

  #resultNow(): JobResult {
    return {
      name: this.name,
      state: this.#state,
      durationMs: this.#elapsedMs(),
      operators: this.#running?.attempt.watched.operators() ?? [],
      skipped: [...this.#skipped],
      lastCheckpoint: this.#last?.path ?? null,
    };
  }

  #elapsedMs(): number {
    return this.#durationMs ?? systemClock.monotonic() - this.#startMs;
  }

  status(): JobStatus {
    return {
      name: this.name,
      state: this.#state,
      elapsedMs: this.#elapsedMs(),
      ...(this.#running?.attempt.watched.progress() ?? NO_PROGRESS),
      operators: this.#running?.attempt.watched.operators() ?? [],
    };
  }

  metrics(): JobMetrics {
    return this.#watch.metrics(this.id, this.status(), this.#running?.attempt ?? null);
  }

  get operatorIds(): readonly OperatorId[] {
    const { nodes } = this.#plan.built.graph;
    return nodes.map(({ id, uid, name }) => ({ node: id, uid, name }));
  }

  get config(): JobConfig {
    const settings = this.#running?.settings ?? this.#settings(this.#last, NO_EXECUTION);
    return jobConfig(this.#plan, settings, this.#checkpointSettings, this.#restart);
  }
}

const NO_EXECUTION: ExecutionGraph = { tasks: [], subtasks: [], exchanges: [], channels: [] };

/** Of a job that had come to its end before. */
const NO_PROGRESS = { records: 0, watermark: null, newestEventTime: null, inputShare: 1 } as const;

/** On standard error, where the log is written nowhere. */
function warn(log: JobLog, message: string): void {
  log.add('warn', message);
  if (!log.isWritten) process.emitWarning(message, { type: 'millrace' });
}
