/**
 * A job as REST: what can be asked, and the answers, apart from how they travel. The shapes are Flink's where one process
 * has what they tell; a vertex is a task, and its id the number of the task.
 *
 *   route        method and path, what it answers (openapi.ts makes a document of that), and the function that does it
 *   call         a request by path, query and body
 */
import type { WatchedJob } from '../job/job.ts';
import type { JobMetrics } from '../job/job-metrics.ts';
import type { Operations } from './operations.ts';
import type { Rates } from './rates.ts';
import type { JsonSchema } from './schema.ts';

/** What routes know. */
export type Served = {
  readonly job: WatchedJob;
  readonly rates: Rates;
  readonly operations: Operations;
};

export type Call = Served & {
  /** Of this moment. */
  readonly metrics: JobMetrics;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
};

export type Route = {
  readonly method: 'GET' | 'PATCH' | 'POST';
  /** With `:name` where a request has a value. */
  readonly path: string;
  /** Unique in the document. */
  readonly operationId: string;
  readonly summary: string;
  /** Whether it changes the job: only those with the token may ask. */
  readonly changes: boolean;
  /** Whether it shows what is in records: where there is a token, only those with it may ask. */
  readonly reveals?: true;
  readonly status: 200 | 202;
  readonly query?: Readonly<Record<string, string>>;
  /** Of the request; left out where there is none. */
  readonly body?: JsonSchema;
  readonly answer: JsonSchema;
  readonly handle: (call: Call) => unknown;
};

/** What a request is told that cannot be answered. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function notFound(what: string): RestError {
  return new RestError(404, `there is no ${what}`);
}

/** A whole number of the query; `left` where it is left out. RestError 400 where it is none, or out of bounds. */
export function numberIn(
  { query }: Call,
  name: string,
  least: number,
  most: number,
  left: number,
): number {
  const text = query.get(name);
  if (text === null) return left;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const got = text.slice(0, 100);
  throw new RestError(400, `${name} is a whole number from ${least} to ${most}, got '${got}'`);
}
