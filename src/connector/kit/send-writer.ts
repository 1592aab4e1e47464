/**
 * Sends what reaches a subtask by calls of a function of the user.
 *
 *   gathered → (full, or old enough) → waiting → under way (attempt → pause)* → done
 *
 * What has been gathered is sent before a checkpoint is complete, so a row is sent at least once: one since the last checkpoint
 * again after a failure. While more waits than may be under way the writer is busy, and the job waits.
 */
import type { Clock } from '../../base/clock.ts';
import { EngineError, messageAndPlace } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchWeight, valueBytes } from '../../data/batch-weight.ts';
import { type ErrorRetry, type RetrySpec, retrySpec, retryWaitMs } from '../../operator/retry.ts';
import type { SinkWriter, SinkWriterContext } from '../../operator/sink.ts';
import { attempt, pause } from './attempt.ts';
import type { SendFunction } from './send.ts';

export type Sending = {
  readonly call: SendFunction<unknown>;
  readonly spec: {
    readonly maxRows: number;
    readonly maxDelayMs: number;
    readonly capacity: number;
    readonly timeoutMs: number | null;
  };
  readonly retry: ErrorRetry | null;
  /** File and line where the user has given the function. */
  readonly definedAt: string | null;
};

/** The rows of one call, the first of which is number `from` of those that reached the subtask. */
type Parcel = { readonly rows: readonly unknown[]; readonly from: number };

export class SendWriter implements SinkWriter {
  readonly #sending: Sending;
  readonly #retry: RetrySpec | null;
  readonly #clock: Clock;
  readonly #subtask: number;
  readonly #wake: () => void;
  readonly #closing = new AbortController();
  #gathered: unknown[] = [];
  readonly #weight = new BatchWeight();
  #gatheredSinceMs = Infinity;
  readonly #waiting: Parcel[] = [];
  #underWay = 0;
  /** Rows that have left `#gathered`. */
  #rows = 0;
  #failure: EngineError | null = null;
  /** Called when all has been sent, or a call has failed. */
  #onSettled = (): void => {};

  constructor(sending: Sending, { clock, subtask, wake }: SinkWriterContext) {
    this.#sending = sending;
    this.#retry = sending.retry === null ? null : retrySpec(sending.retry);
    this.#clock = clock;
    this.#subtask = subtask;
    this.#wake = wake;
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#failure !== null;
  }

  get waitsForEvents(): boolean {
    return this.#underWay > 0;
  }

  get wakeAtMs(): number {
    return this.#gatheredSinceMs + this.#sending.spec.maxDelayMs;
  }

  advanceTime(nowMs: number): void {
    if (nowMs >= this.wakeAtMs) this.#sendGathered();
  }

  resume(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  write(batch: Batch): void {
    const { maxRows } = this.#sending.spec;
    for (const row of batch.rowObjects()) {
      if (this.#gathered.length === 0) this.#gatheredSinceMs = this.#clock.now();
      this.#gathered.push(row);
      this.#weight.bytes += valueBytes(row);
      if (this.#gathered.length === maxRows || this.#weight.isHeavy) this.#sendGathered();
    }
  }

  #sendGathered(): void {
    const rows = this.#gathered;
    if (rows.length === 0) return;
    this.#waiting.push({ rows, from: this.#rows });
    this.#rows += rows.length;
    this.#gathered = [];
    this.#gatheredSinceMs = Infinity;
    this.#weight.bytes = 0;
    this.#start();
  }

  #start(): void {
    while (this.#waiting.length > 0 && this.#underWay < this.#sending.spec.capacity) {
      this.#underWay++;
      void this.#deliver(this.#waiting.shift()!);
    }
  }

  async #deliver(parcel: Parcel): Promise<void> {
    try {
      for (let number = 1; !(await this.#isSent(parcel.rows, number)); number++);
    } catch (error) {
      this.#failure ??= this.#placed(parcel, error);
    }
    this.#underWay--;
    if (this.#closing.signal.aborted) return;
    if (this.#failure === null) this.#start();
    if (this.#failure !== null || this.#underWay === 0) this.#onSettled();
    this.#wake();
  }

  /** False when it was not, and is worth another attempt, behind the pause that comes before that. */
  async #isSent(rows: readonly unknown[], number: number): Promise<boolean> {
    const { call, spec } = this.#sending;
    const closing = this.#closing.signal;
    try {
      const once = (signal: AbortSignal): unknown =>
        call(rows, { subtask: this.#subtask, attempt: number, signal });
      await attempt(once, spec.timeoutMs, closing);
      return true;
    } catch (error) {
      if (!this.#mayTryAgain(error, number)) throw error;
      await pause(retryWaitMs(this.#retry!, number), closing);
      closing.throwIfAborted();
      return false;
    }
  }

  #mayTryAgain(error: unknown, number: number): boolean {
    if (this.#retry === null || number > this.#retry.attempts) return false;
    return !this.#closing.signal.aborted && this.#sending.retry!.ifError?.(error) !== false;
  }

  #placed({ rows, from }: Parcel, error: unknown): EngineError {
    const place = `records ${from} to ${from + rows.length - 1} of subtask ${this.#subtask}`;
    if (error instanceof EngineError) {
      const { code, retryable, message } = error;
      return new EngineError(code, `${place}: ${message}`, { cause: error, retryable });
    }
    const message = `${place}: ${messageAndPlace(error, this.#sending.definedAt)}`;
    return new EngineError('USER_FUNCTION', message, { cause: error });
  }

  /** Everything so far is sent before a checkpoint is complete, or the input has ended. */
  preCommit(): readonly [] | Promise<readonly []> {
    this.#sendGathered();
    if (this.#underWay === 0) return [];
    return new Promise((resolve, reject) => {
      this.#onSettled = () => {
        this.#onSettled = () => {};
        if (this.#failure === null) resolve([]);
        else reject(this.#failure);
      };
    });
  }

  close(): void {
    this.#closing.abort();
  }
}
