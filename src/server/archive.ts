/**
 * What is kept of a job that has ended: the answers of its routes at its end, by their paths, as Flink's history server has them.
 *
 *   { "id": "...", "name": "...", "state": "FINISHED", "endedAt": 1700000000000, "row": ..., "archive": [{ "path": "/jobs/...", "json": ... }] }
 *
 * Where they are kept is for whoever runs the server.
 */

import { type JobRow, jobRow } from './job-parts.ts';
import { type Call, type JobRoute, RestError, type Route } from './rest.ts';
import type { ServedJob, ServedJobs } from './served-jobs.ts';
import { jobState, type RestJobState } from './states.ts';

export type ArchivedJob = {
  readonly id: string;
  readonly name: string;
  readonly state: RestJobState;
  /** Milliseconds since 1970 UTC. */
  readonly endedAt: number;
  /** As it stands in the list of jobs. */
  readonly row: JobRow;
  readonly archive: readonly { readonly path: string; readonly json: unknown }[];
};

export interface Archive {
  /** Those that are kept, the newest first. */
  all(): readonly ArchivedJob[];
  find(id: string): ArchivedJob | null;
  add(job: ArchivedJob): void;
}

/** Values of path parameters, each set of them one path. */
type Params = Readonly<Record<string, string>>;

/** What is kept of a job as it is now. */
export async function archived(
  served: ServedJob,
  jobs: ServedJobs,
  routes: readonly Route[],
): Promise<ArchivedJob> {
  const metrics = served.job.metrics();
  const kept: { path: string; json: unknown }[] = [];
  const base = { ...served, jobs, metrics, query: new URLSearchParams(), body: {} };
  for (const route of routes) {
    if (route.isOfProcess === true || route.isLive === true || route.method !== 'GET') continue;
    for (const params of paramsOf(route, base)) {
      const json = await answerOf(route, { ...base, params });
      if (json !== undefined) kept.push({ path: pathOf(route, params), json });
    }
  }
  const { id, name, startedAt, elapsedMs } = metrics;
  const endedAt = startedAt + Math.round(elapsedMs);
  return { id, name, state: jobState(metrics), endedAt, row: jobRow(metrics), archive: kept };
}

function paramsOf({ path }: JobRoute, { metrics }: Omit<Call, 'params'>): readonly Params[] {
  const vertices = metrics.tasks.map(({ id }) => ({ vertexid: String(id) }));
  const checkpoints = metrics.checkpoints.history.map(({ id }) => ({ checkpointid: String(id) }));
  const ofVertices: readonly Params[] = path.includes(':vertexid') ? vertices : [{}];
  const ofCheckpoints: readonly Params[] = path.includes(':checkpointid') ? checkpoints : [{}];
  return ofVertices.flatMap((vertex) =>
    ofCheckpoints.map((checkpoint) => ({ jobid: metrics.id, ...vertex, ...checkpoint })),
  );
}

/** Undefined where the job has no answer, as one without checkpoints. */
async function answerOf(route: JobRoute, call: Call): Promise<unknown> {
  try {
    return await route.handle(call);
  } catch (error) {
    if (error instanceof RestError) return undefined;
    throw error;
  }
}

/** The path of a route with its parameters. */
export function pathOf({ path }: Pick<Route, 'path'>, params: Params): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? '');
}
