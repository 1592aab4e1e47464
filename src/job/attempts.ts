/**
 * The attempts of a job, one after the other as its restart strategy allows, until one has come to its end and what the sinks have
 * prepared is committed. Each goes on from the last checkpoint.
 *
 *   prepare → start → toItsEnd
 */
import { systemClock } from '../base/clock.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import type { StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import { isDamage } from '../checkpoint/reading-error.ts';
import {
  beginAttempt,
  commitFinal,
  findCheckpoint,
  type JobParts,
  type Running,
} from './begin-attempt.ts';
import type { CheckpointCoordinator } from './checkpoint-coordinator.ts';
import { discardUncommitted, finishSinks } from './job-sinks.ts';
import { mayHelp, type RestartStrategy, Restarts } from './restart-strategy.ts';
import { WorkerPool } from './worker-pool.ts';

export class Attempts {
  readonly #parts: JobParts;
  readonly #restarts: Restarts;
  #pool: WorkerPool;
  /** The checkpoint to go on from; null for none. */
  #last: StoredCheckpoint | null = null;
  /** The last that has begun; null when nothing is left to do. */
  #running: Running | null = null;
  /** Attempts that have failed. */
  #failed = 0;
  #isCancelled = false;
  #isStopped = false;
  #isBetween = false;
  #endPause: () => void = () => {};
  readonly #ready = new Ready();
  /** The present attempt has its state: no error says anything of the checkpoint that it goes on from. */
  #hasState = false;

  /** `pool`: threads for the first attempt. */
  constructor(parts: JobParts, restart: RestartStrategy, pool: WorkerPool) {
    this.#parts = parts;
    this.#restarts = new Restarts(restart);
    this.#pool = pool;
  }

  get last(): StoredCheckpoint | null {
    return this.#last;
  }

  get running(): Running | null {
    return this.#running;
  }

  /** One has failed, and the next waits for its time. */
  get isBetween(): boolean {
    return this.#isBetween;
  }

  /** Ended behind a savepoint or a checkpoint, rather than at the end of the sources. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Makes the first attempt ready; none where the job had come to its end before. */
  async prepare(): Promise<void> {
    const { log } = this.#parts;
    this.#last = await findCheckpoint(this.#parts);
    log.jobId = this.#last?.manifest.jobId ?? log.jobId;
    this.#running = await this.#begin();
  }

  start(): void {
    if (this.#running !== null) this.#start(this.#running);
  }

  /** As of a `WatchedJob`, but that the job may still be about to end. */
  ready(): Promise<void> {
    return this.#ready.settled;
  }

  async toItsEnd(): Promise<void> {
    try {
      await this.#toItsEnd();
    } catch (error) {
      if (isDamage(error)) this.#ready.reject(error);
      throw error;
    } finally {
      this.#ready.resolve();
    }
  }

  async #toItsEnd(): Promise<void> {
    let running = this.#running;
    if (running === null) return;
    for (;;) {
      try {
        running ??= await this.#beginAgain();
        if (running !== null) await this.#run(running);
        return;
      } catch (error) {
        running = null;
        if (!this.#hasState && (await this.#leaveOut(error))) continue;
        this.#failed++;
        this.#isBetween = true;
        await this.#waitForNext(error);
        this.#isBetween = false;
        if (this.#isStopped) return;
      }
    }
  }

  /** What runs fails as cancelled, and no other attempt follows. */
  async cancel(): Promise<void> {
    this.#isCancelled = true;
    this.#endPause();
    await this.#running?.attempt.cancel();
  }

  /** What runs, if anything does, has done what it had to: no other attempt follows, and that is no failure. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#isBetween) this.#endPause();
    else await this.#running?.attempt.cancel();
  }

  /** Lets go of the threads. */
  async close(): Promise<void> {
    await this.#pool.terminate();
  }

  /** From the last checkpoint that is not found damaged by that; null where that is final and nothing is left to do. */
  async #begin(): Promise<Running | null> {
    for (;;) {
      const last = this.#last;
      try {
        if (last?.manifest.isFinal !== true) {
          return await beginAttempt(this.#parts, last, this.#pool, this.#failed, (stored) => {
            this.#last = stored;
          });
        }
        await commitFinal(this.#parts, last);
        return null;
      } catch (error) {
        if (!(await this.#leaveOut(error))) throw error;
      }
    }
  }

  /** Where the error says that the last checkpoint is damaged, the one before it becomes the last; false when it is none. */
  async #leaveOut(error: unknown): Promise<boolean> {
    const { storage } = this.#parts;
    if (this.#last === null || storage?.leaveOut(this.#last, error) !== true) return false;
    try {
      this.#last = await findCheckpoint(this.#parts);
    } catch (none) {
      this.#parts.watch.onFailure(none);
      throw none;
    }
    return true;
  }

  #start({ attempt }: Running): void {
    const { watch, plan } = this.#parts;
    attempt.start();
    watch.onStart(plan, this.#last);
  }

  async #run({ attempt, checkpoints, discoveries, onReady }: Running): Promise<void> {
    this.#hasState = false;
    try {
      await attempt.run(async (verified) => {
        await onReady(verified);
        this.#hasState = true;
        checkpoints.start();
        for (const discovery of discoveries) discovery.start();
        this.#ready.resolve();
      });
    } catch (error) {
      await checkpoints.stop();
      if (this.#isStopped) return;
      await discardUncommitted(this.#parts.plan.built, checkpoints.uncommitted);
      throw error;
    } finally {
      for (const discovery of discoveries) discovery.stop();
    }
    await this.#finish(checkpoints);
  }

  /** All rows have been prepared: what fails now is tried again without running the job again. */
  async #finish(checkpoints: CheckpointCoordinator): Promise<void> {
    try {
      for (;;) {
        try {
          await checkpoints.finish();
          return await finishSinks(this.#parts.plan.built);
        } catch (error) {
          await this.#waitForNext(error);
        }
      }
    } catch (error) {
      await discardUncommitted(this.#parts.plan.built, checkpoints.uncommitted);
      throw error;
    }
  }

  /** The next attempt, at work; null when nothing is left to do. */
  async #beginAgain(): Promise<Running | null> {
    const { plan, watch } = this.#parts;
    await this.#pool.terminate();
    this.#pool = new WorkerPool(plan.threads, this.#pool.heapMb);
    this.#pool.prepare(plan.job.url);
    const running = await this.#begin();
    if (running === null) return null;
    this.#throwIfCancelled(null);
    this.#running = running;
    watch.onRestart();
    this.#start(running);
    return running;
  }

  /** Until the time for another try; throws when there is none. */
  async #waitForNext(error: unknown): Promise<void> {
    const { watch, log, plan } = this.#parts;
    watch.onFailure(error);
    if (!mayHelp(error)) throw error;
    this.#ready.resolve();
    this.#throwIfCancelled(error);
    const delayMs = this.#restarts.onFailure(systemClock.monotonic());
    if (delayMs === null) throw error;
    log.warn(`job '${plan.job.name}' failed and goes on in ${delayMs} ms: ${messageOf(error)}`);
    watch.onWait();
    await this.#pause(delayMs);
    this.#throwIfCancelled(error);
  }

  #throwIfCancelled(cause: unknown): void {
    if (!this.#isCancelled) return;
    const { name } = this.#parts.plan.job;
    throw new EngineError('JOB_CANCELLED', `job '${name}' was cancelled`, { cause });
  }

  /** Until the next attempt, or until the job is cancelled or stopped. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = after(ms, resolve);
      this.#endPause = () => {
        stop();
        resolve();
      };
    });
  }
}

/** A promise, and what settles it: once. */
class Ready {
  readonly settled: Promise<void>;
  resolve: () => void = () => {};
  reject: (reason: unknown) => void = () => {};

  constructor() {
    this.settled = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Nobody may wait for it.
    this.settled.catch(() => {});
  }
}
