/** What runs: the job as a module defines it, with what the calling program has to do with it, and how large. */
import { EngineError } from '../base/errors.ts';
import { MAX_PARALLELISM_LIMIT } from '../base/limits.ts';
import type { BuiltJob, RegisteredJob } from '../graph/job-registry.ts';
import { keptStatesOf } from '../graph/kept-states.ts';
import type { Sink } from '../operator/sink.ts';
import type { Source } from '../operator/source.ts';
import type { JobPlan } from './attempt.ts';
import { isBatchJob } from './batch-mode.ts';
import type { RunOptions } from './job.ts';

/** What the calling program has to do with the streams that the job returned. */
export type Doors = {
  /** Is told the source of an input. */
  input(name: string, source: Source): void;
  /** Makes the sink of an output; null for a program that reads none. */
  readonly output: ((name: string) => Sink) | null;
  /** Is told the streams whose rows nobody reads, where there are some. */
  unread?(names: readonly string[]): void;
};

/** The plan of a run on so many threads. */
export function jobPlan(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
  threads: number,
): JobPlan {
  const { params = {}, parallelism: asked = Math.max(1, threads) } = options;
  const { batch = false, chaining = true, generatedUids = true } = options;
  const parallelism = countOf('parallelism', asked, 1, MAX_PARALLELISM_LIMIT);
  const collects = doors.output !== null;
  const built = withDoors(job.build(params, collects), doors);
  if (!generatedUids) checkUids(built);
  const isBatch = isBatchJob(batch, built);
  return { job, built, params, collects, threads, parallelism, chaining, isBatch };
}

/** A uid that is made from a name and a place changes with them, and then nobody finds the state of the step again. */
function checkUids({ graph, bindings }: BuiltJob): void {
  const without = graph.nodes.filter((node) => {
    const own = bindings[node.id]!;
    return !own.hasOwnUid && keptStatesOf(graph, node, own).length > 0;
  });
  if (without.length === 0) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `steps of job '${graph.name}' have state and no uid of their own: ${without.map(({ uid }) => `'${uid}'`).join(', ')}; give ` +
      'each one by .uid(...), where a job goes on from checkpoints that it has already the one that stands here; or let uids be ' +
      'made (generatedUids)',
  );
}

function withDoors(built: BuiltJob, doors: Doors): BuiltJob {
  if (built.unread.length > 0) doors.unread?.(built.unread);
  for (const [name, node] of built.inputs) doors.input(name, built.bindings[node]!.source!);
  const outputOf = new Map([...built.outputs].map(([name, node]) => [node, name]));
  const bindings = built.bindings.map((binding, node) => {
    const name = outputOf.get(node);
    return name === undefined ? binding : { ...binding, sink: doors.output!(name) };
  });
  return { ...built, bindings };
}

/** A whole number of an option. */
export function countOf(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EngineError(
    'JOB_DEFINITION',
    `${what} must be a whole number from ${least} to ${most}, got ${value}`,
  );
}
