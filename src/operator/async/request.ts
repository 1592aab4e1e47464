/** A record on its way through an asynchronous function, and what that function gets beside it: one object for both. */

export const WAITING = 0;
export const UNDER_WAY = 1;
export const BEFORE_RETRY = 2;
export const DONE = 3;

export type RequestStatus = typeof WAITING | typeof UNDER_WAY | typeof BEFORE_RETRY | typeof DONE;

export class Request {
  readonly row: unknown;
  /** NaN for a record without event time. */
  readonly time: number;
  /** Place of the record among all that reached the subtask. */
  readonly record: number;
  /** Number of the attempt, from 1. */
  attempt = 0;
  status: RequestStatus = WAITING;
  result: unknown = undefined;
  /** Whether `onTimeout` made the result. */
  isLate = false;
  /** When it takes too long, and when its next attempt is due; in ms of the clock. */
  deadlineMs = Infinity;
  retryAtMs = Infinity;
  #abort: AbortController | null = null;

  constructor(row: unknown, time: number, record: number) {
    this.row = row;
    this.time = time;
    this.record = record;
  }

  get timestamp(): number | null {
    return Number.isNaN(this.time) ? null : this.time;
  }

  /** Made when it is asked for: most functions have no use for it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  abort(reason: unknown): void {
    this.#abort?.abort(reason);
  }
}
