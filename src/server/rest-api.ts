/** Finds the route of a request, and answers it. */
import { EngineError, type ErrorCode, messageOf } from '../base/errors.ts';
import { ACCUMULATOR_ROUTES } from './accumulator-route.ts';
import { pathOf } from './archive.ts';
import { checkpointParts } from './checkpoint-parts-route.ts';
import { CHECKPOINT_ROUTES } from './checkpoint-routes.ts';
import { INSPECTION_ROUTES } from './inspection-routes.ts';
import { JOB_ROUTES } from './job-routes.ts';
import { MODULE_ROUTES } from './module-routes.ts';
import { PROCESS_ROUTES } from './process-routes.ts';
import { notFound, type ProcessCall, RestError, type Route } from './rest.ts';
import type { ServedJobs } from './served-jobs.ts';
import { TRIGGER_ROUTES } from './trigger-routes.ts';
import { VERTEX_ROUTES } from './vertex-routes.ts';

export const ROUTES: readonly Route[] = [
  ...PROCESS_ROUTES,
  ...MODULE_ROUTES,
  ...JOB_ROUTES,
  ...ACCUMULATOR_ROUTES,
  ...VERTEX_ROUTES,
  ...CHECKPOINT_ROUTES,
  ...TRIGGER_ROUTES,
  checkpointParts,
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

function paramCount({ params }: FoundRoute): number {
  return Object.keys(params).length;
}

/** RestError 404 for a path that there is not, 405 for another method. */
export function findRoute(method: string, path: string): FoundRoute {
  const parts = partsOf(path);
  const found = ROUTES.flatMap((route) => {
    const params = paramsIn(route, parts);
    return params === null ? [] : [{ route, params }];
  });
  if (found.length === 0) throw notFound(`'${path}' here`);
  // `/jobs/overview` is a path of its own beside `/jobs/:jobid`.
  const fewest = Math.min(...found.map(paramCount));
  const candidates = found.filter((one) => paramCount(one) === fewest);
  const chosen = candidates.find(({ route }) => route.method === method);
  if (chosen !== undefined) return chosen;
  const allow = candidates.map(({ route }) => route.method).join(', ');
  throw new RestError(405, `'${path}' takes ${allow}`, { Allow: allow });
}

/** What went wrong, for whoever asked: 400 where it lies in the request, 409 where the job cannot do it now. */
const STATUS_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  JOB_DEFINITION: 400,
  KEY_INVALID: 400,
  PARAM_INVALID: 400,
  JOB_CANCELLED: 409,
};

export function answerOfError(error: unknown): Answer {
  const code = error instanceof EngineError ? error.code : null;
  const status =
    error instanceof RestError ? error.status : code === null ? 500 : (STATUS_OF[code] ?? 500);
  return { status, body: { errors: [messageOf(error)], code } };
}

export class RestApi {
  readonly #jobs: ServedJobs;

  constructor(jobs: ServedJobs) {
    this.#jobs = jobs;
  }

  /** Answers a request whose route has been found. */
  async answer(
    { route, params }: FoundRoute,
    query: URLSearchParams,
    body: unknown,
  ): Promise<Answer> {
    try {
      const given = checkedBody(route, body);
      const call = { jobs: this.#jobs, params, query, body: given };
      return { status: route.status, body: await this.#handle(route, call) };
    } catch (error) {
      return answerOfError(error);
    }
  }

  #handle(route: Route, call: ProcessCall): unknown {
    if (route.isOfProcess === true) return route.handle(call);
    const served = this.#jobs.find(call.params.jobid!);
    if (served === null) return this.#kept(route, call.params);
    return route.handle({ ...call, ...served, metrics: served.job.metrics() });
  }

  /** The answer of a job that has ended. */
  #kept(route: Route, params: ProcessCall['params']): unknown {
    const id = params.jobid!;
    const ended = this.#jobs.archive?.find(id) ?? null;
    if (ended === null) {
      const running = this.#jobs.all.map(({ job }) => `'${job.id}'`).join(', ');
      throw notFound(`job '${id}'; ${running === '' ? 'none runs' : `there is ${running}`}`);
    }
    if (route.method !== 'GET') throw new RestError(409, `job '${id}' has ended`);
    if (route.isOfProcess !== true && route.isLive === true) {
      throw new RestError(409, `job '${id}' has ended: this is told only while it runs`);
    }
    const path = pathOf(route, params);
    const kept = ended.archive.find((one) => one.path === path);
    if (kept === undefined) throw notFound(`'${path}' of a job that has ended`);
    return kept.json;
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
