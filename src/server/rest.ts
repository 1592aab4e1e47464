/**
 * Jobs as REST: what can be asked, and the answers, apart from how they travel. The shapes are Flink's where one process
 * has what they tell; a vertex is a task, and its id the number of the task.
 *
 *   route        method and path, what it answers (openapi.ts makes a document of that), and the function that does it
 *   call         a request by path, query and body
 */
import type { JobMetrics } from '../job/job-metrics.ts';
import type { JsonSchema } from './schema.ts';
import type { ServedJob, ServedJobs } from './served-jobs.ts';

/** What a request asks, of no job or of one. */
export type ProcessCall = {
  readonly jobs: ServedJobs;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
};

export type Call = ProcessCall &
  ServedJob & {
    /** Of this moment. */
    readonly metrics: JobMetrics;
  };

type AnyRoute = {
  readonly method: 'GET' | 'PATCH' | 'POST';
  /** With `:name` where a request has a value. */
  readonly path: string;
  /** Unique in the document. */
  readonly operationId: string;
  readonly summary: string;
  /** Whether it changes a job: only those with the token may ask. */
  readonly changes: boolean;
  /** Whether it shows what is in records: where there is a token, only those with it may ask. */
  readonly reveals?: true;
  readonly status: 200 | 202;
  readonly query?: Readonly<Record<string, string>>;
  /** Of the request; left out where there is none. */
  readonly body?: JsonSchema;
  readonly answer: JsonSchema;
};

/** Below `/jobs/:jobid`. */
export type JobRoute = AnyRoute & {
  readonly isOfProcess?: never;
  /** Whether it tells only of a job that runs; other answers are kept when the job has ended. */
  readonly isLive?: true;
  readonly handle: (call: Call) => unknown;
};

export type ProcessRoute = AnyRoute & {
  readonly isOfProcess: true;
  readonly handle: (call: ProcessCall) => unknown;
};

export type Route = JobRoute | ProcessRoute;

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
  { query }: ProcessCall,
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
