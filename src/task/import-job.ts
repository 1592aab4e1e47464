/** Finds the job in the module of the user, and builds its graph, which has to be that of the calling thread. */
import { EngineError } from '../base/errors.ts';
import { fingerprint } from '../graph/graph.ts';
import { type BuiltJob, findJob } from '../graph/job-registry.ts';
import { loadJobs } from '../graph/load-job.ts';
import type { JobReference } from './worker-message.ts';

/** `where`: the thread, as messages call it. */
export async function importJob(job: JobReference, where: string): Promise<BuiltJob> {
  await loadJobs(job.url);
  const built = findJob(job.url, job.name).build(job.params, job.collects);
  const own = fingerprint(built.graph);
  if (own === job.fingerprint) return built;
  throw new EngineError(
    'GRAPH_MISMATCH',
    `job '${job.name}' built another graph in ${where} than in the calling thread ` +
      `(${own} against ${job.fingerprint}): build the same steps whatever the time, the thread or chance`,
  );
}
