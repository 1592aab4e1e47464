/**
 * Calls an asynchronous function: so many at a time, again where that may help, and not longer than it may take.
 *
 *   add → (start → settled | before its next attempt)* → done
 *
 * Promises settle between the steps of the subtask; what they bring is written down at once, and taken up by the operator in
 * its next step. Each request is done once: what an attempt brings that is no longer wanted is dropped.
 */
import { must } from '../../base/assert.ts';
import { EngineError } from '../../base/errors.ts';
import { readable } from '../../base/readable.ts';
import { isThenable } from '../../base/thenable.ts';
import type { OperatorContext } from '../operator.ts';
import { retryWaitMs } from '../retry.ts';
import { laterError } from '../user-function.ts';
import type { CallFunctions, CallSpec } from './async-spec.ts';
import { Fifo } from './fifo.ts';
import { RowFailure } from './function-pool.ts';
import { BEFORE_RETRY, DONE, type Request, UNDER_WAY } from './request.ts';

/** One attempt at a request. */
export type Call = (request: Request) => unknown;

export type CallsOptions = {
  readonly spec: CallSpec;
  readonly functions: CallFunctions;
  readonly call: Call;
  readonly context: OperatorContext;
  readonly onDone: (request: Request) => void;
};

export class Calls {
  /** Requests that are under way at a time, at most. */
  capacity = 0;
  readonly #options: CallsOptions;
  readonly #waiting = new Fifo<Request>();
  #retries: Request[] = [];
  #retryAtMs = Infinity;
  /** In the order in which they were started, which is that of their deadlines. */
  readonly #underWay = new Set<Request>();
  #failure: Error | null = null;
  #isClosed = false;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Requests that have been started and are not done. */
  get underWay(): number {
    return this.#underWay.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** When `advance` has something to do; -Infinity for now. */
  get wakeAtMs(): number {
    const canStart = this.waiting > 0 && this.underWay < this.capacity;
    if (this.#failure !== null || canStart) return -Infinity;
    return Math.min(this.#retryAtMs, this.#nextDeadlineMs());
  }

  #nextDeadlineMs(): number {
    if (this.#options.spec.timeoutMs === null) return Infinity;
    for (const { deadlineMs } of this.#underWay) return deadlineMs;
    return Infinity;
  }

  add(request: Request): void {
    this.#waiting.push(request);
  }

  /** Starts what may be started; throws what a request has failed with. */
  advance(nowMs: number): void {
    this.#throwFailure();
    while (this.#nextDeadlineMs() <= nowMs) this.#firstTakesTooLong();
    if (this.#retryAtMs <= nowMs) this.#retryDue(nowMs);
    while (this.#waiting.length > 0 && this.#underWay.size < this.capacity) {
      this.#begin(this.#waiting.shift()!, nowMs);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  #begin(request: Request, nowMs: number): void {
    const { timeoutMs } = this.#options.spec;
    this.#underWay.add(request);
    if (timeoutMs !== null) request.deadlineMs = nowMs + timeoutMs;
    this.#attempt(request);
  }

  #attempt(request: Request): void {
    request.status = UNDER_WAY;
    const attempt = ++request.attempt;
    try {
      const result = this.#options.call(request);
      if (!isThenable(result)) {
        this.#onResult(request, attempt, result);
        return;
      }
      result.then(
        (value) => this.#onResult(request, attempt, value),
        (error) => this.#onError(request, attempt, error),
      );
    } catch (error) {
      this.#onError(request, attempt, error);
    }
  }

  /** Whether what an attempt brings is still wanted. */
  #isWanted(request: Request, attempt: number): boolean {
    return !this.#isClosed && request.status === UNDER_WAY && request.attempt === attempt;
  }

  #onResult(request: Request, attempt: number, result: unknown): void {
    if (!this.#isWanted(request, attempt)) return;
    const { retriesResult } = this.#options.functions;
    const isRefused =
      retriesResult !== undefined && this.#triesAgain(request, () => retriesResult(result));
    if (!isRefused) this.#done(request, result);
  }

  #onError(request: Request, attempt: number, error: unknown): void {
    if (!this.#isWanted(request, attempt)) return;
    const { retriesError = () => true } = this.#options.functions;
    if (this.#triesAgain(request, () => retriesError(error))) return;
    this.#fail(request, error);
  }

  /** Whether there will be another attempt, if there may be one and the user's function wants it; or that has failed. */
  #triesAgain(request: Request, wants: () => boolean): boolean {
    const { retry } = this.#options.spec;
    if (retry === null || request.attempt > retry.attempts) return false;
    try {
      if (!wants()) return false;
    } catch (error) {
      this.#fail(request, error);
      return true;
    }
    request.status = BEFORE_RETRY;
    request.retryAtMs = this.#options.context.clock.now() + retryWaitMs(retry, request.attempt);
    this.#retries.push(request);
    this.#retryAtMs = Math.min(this.#retryAtMs, request.retryAtMs);
    this.#options.context.wake();
    return true;
  }

  #retryDue(nowMs: number): void {
    const waiting = this.#retries.filter(({ status }) => status === BEFORE_RETRY);
    this.#retries = waiting.filter(({ retryAtMs }) => retryAtMs > nowMs);
    this.#retryAtMs = this.#retries.reduce(
      (first, { retryAtMs }) => Math.min(first, retryAtMs),
      Infinity,
    );
    for (const request of waiting) if (request.retryAtMs <= nowMs) this.#attempt(request);
  }

  #firstTakesTooLong(): void {
    const request = must(this.#underWay.values().next().value, 'a request that takes too long');
    const { spec, functions } = this.#options;
    const error = new EngineError(
      'ASYNC_TIMEOUT',
      `no result within ${spec.timeoutMs} ms, in ${request.attempt} ${request.attempt === 1 ? 'attempt' : 'attempts'}`,
      { retryable: true },
    );
    request.abort(error);
    if (functions.onTimeout === undefined) {
      this.#fail(request, error);
      return;
    }
    try {
      const result = functions.onTimeout(request.row);
      request.isLate = true;
      this.#done(request, result);
    } catch (thrown) {
      this.#fail(request, thrown);
    }
  }

  #done(request: Request, result: unknown): void {
    request.status = DONE;
    request.result = result;
    this.#underWay.delete(request);
    this.#options.onDone(request);
    this.#options.context.wake();
  }

  /** The first failure is that of the job. */
  #fail(request: Request, given: unknown): void {
    const thrown = readable(given);
    request.status = DONE;
    this.#underWay.delete(request);
    const { context, functions } = this.#options;
    const [cause, row] = thrown instanceof RowFailure ? [thrown.cause, thrown.row] : [thrown, 0];
    this.#failure ??= laterError(context, cause, request.record + row, functions.definedAt);
    context.wake();
  }

  /** Lets go of all that is under way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const request of this.#underWay) {
      request.abort(new EngineError('JOB_CANCELLED', 'the job has ended before the result came'));
    }
  }
}
