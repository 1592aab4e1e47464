/** Finds the route of a request, and answers it. */
import { EngineError, type ErrorCode, messageOf } from '../base/errors.ts';
import type { WatchedJob } from '../job/job.ts';
import { CHECKPOINT_ROUTES } from './checkpoint-routes.ts';
import { INSPECTION_ROUTES } from './inspection-routes.ts';
import { JOB_ROUTES } from './job-routes.ts';
import { Operations } from './operations.ts';
import { PROCESS_ROUTES } from './process-routes.ts';
import { Rates } from './rates.ts';
import { notFound, RestError, type Route, type Served } from './rest.ts';
import { VERTEX_ROUTES } from './vertex-routes.ts';

export const ROUTES: readonly Route[] = [
  ...PROCESS_ROUTES,
  ...JOB_ROUTES,
  ...VERTEX_ROUTES,
  ...CHECKPOINT_ROUTES,
  ...INSPECTION_ROUTES,
];

export type Answer = { readonly status: number; readonly body: unknown };

export type FoundRoute = {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
};

/** Parts of a path; RestError 400 where one is not encoded as it has to be. */
function partsOf(path: string): string[] {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    throw new RestError(400, 'the path is not encoded as a path has to be');
  }
}

function paramsIn(route: Route, parts: readonly string[]): Record<string, string> | null {
  const wanted = route.path.split('/').slice(1);
  if (wanted.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [n, want] of wanted.entries()) {
    if (want.startsWith(':')) params[want.slice(1)] = parts[n]!;
    else if (want !== parts[n]) return null;
  }
  return params;
}

/** RestError 404 for a path that there is not, 405 for another method. */
export function findRoute(method: string, path: string): FoundRoute {
  const parts = partsOf(path);
  const found = ROUTES.flatMap((route) => {
    const params = paramsIn(route, parts);
    return params === null ? [] : [{ route, params }];
  });
  // `/jobs/overview` is a path of its own beside `/jobs/:jobid`.
  const exact = found.filter(({ params }) => Object.keys(params).length === 0);
  const candidates = exact.length > 0 ? exact : found;
  if (candidates.length === 0) throw notFound(`'${path}' here`);
  const chosen = candidates.find(({ route }) => route.method === method);
  if (chosen !== undefined) return chosen;
  const allow = candidates.map(({ route }) => route.method).join(', ');
  throw new RestError(405, `'${path}' takes ${allow}`, { Allow: allow });
}

/** What went wrong, for whoever asked: 400 where it lies in the request, 409 where the job cannot do it now. */
const STATUS_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  JOB_DEFINITION: 400,
  KEY_INVALID: 400,
  JOB_CANCELLED: 409,
};

export function answerOfError(error: unknown): Answer {
  const code = error instanceof EngineError ? error.code : null;
  const status =
    error instanceof RestError ? error.status : code === null ? 500 : (STATUS_OF[code] ?? 500);
  return { status, body: { errors: [messageOf(error)], code } };
}

export class RestApi {
  readonly rates: Rates;
  readonly operations = new Operations();
  readonly #job: WatchedJob;

  constructor(job: WatchedJob) {
    this.#job = job;
    this.rates = new Rates(() => job.metrics());
  }

  /** Answers a request whose route has been found. */
  async answer(
    { route, params }: FoundRoute,
    query: URLSearchParams,
    body: unknown,
  ): Promise<Answer> {
    try {
      const served: Served = { job: this.#job, rates: this.rates, operations: this.operations };
      const metrics = this.#job.metrics();
      if (params.jobid !== undefined && params.jobid !== metrics.id) {
        throw notFound(`job '${params.jobid}'; there is '${metrics.id}'`);
      }
      const given = checkedBody(route, body);
      const answer = await route.handle({ ...served, metrics, params, query, body: given });
      return { status: route.status, body: answer };
    } catch (error) {
      return answerOfError(error);
    }
  }

  close(): void {
    this.rates.close();
  }
}

/** An object with fields that the route has; RestError 400 otherwise. */
function checkedBody(route: Route, body: unknown): Readonly<Record<string, unknown>> {
  const given = body ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new RestError(400, 'the body is a JSON object');
  }
  const known = Object.keys((route.body?.properties ?? {}) as object);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return given as Readonly<Record<string, unknown>>;
  const names = known.length === 0 ? 'there are none here' : `there are: ${known.join(', ')}`;
  throw new RestError(400, `unknown field '${unknown}'; ${names}`);
}
