/** What the calling thread does with the sinks of a job, beside commits. */
import type { NodeId } from '../graph/graph.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import { sinkStepId } from '../operator/sink.ts';
import type { PlainData } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';

/** Makes the outputs ready; `restored`: what the writers of a node have in the checkpoint, null when the job starts anew. */
export async function prepareSinks(
  { graph, bindings }: BuiltJob,
  jobId: string,
  restored: (node: NodeId) => readonly PlainData[] | null,
): Promise<void> {
  for (const { id, name, uid } of graph.nodes) {
    const { sink } = bindings[id]!;
    if (sink === null) continue;
    const start = { jobId, stepId: sinkStepId(jobId, uid), restored: restored(id) };
    await inCallingThread(name, async () => await sink.prepare?.(start));
  }
}

/** The bounded job is complete, and all that its sinks have prepared is committed. */
export async function finishSinks({ graph, bindings }: BuiltJob): Promise<void> {
  for (const { id, name } of graph.nodes) {
    await inCallingThread(name, async () => await bindings[id]!.sink?.finish?.());
  }
}

/** The job has not come to its end, nothing goes on from it, and none of its threads is left. */
export async function abandonSinks({ graph, bindings }: BuiltJob, jobId: string): Promise<void> {
  for (const { id, uid } of graph.nodes) {
    try {
      await bindings[id]!.sink?.abandon?.({ stepId: sinkStepId(jobId, uid) });
    } catch {
      // As below.
    }
  }
}

/** Takes back what was prepared and will not be committed. */
export async function discardUncommitted(
  { bindings }: BuiltJob,
  uncommitted: ReadonlyMap<NodeId, readonly PlainData[]>,
): Promise<void> {
  for (const [node, committables] of uncommitted) {
    try {
      await bindings[node]!.sink?.discard?.(committables);
    } catch {
      // The job tells why it had to end, not what clearing up adds to that.
    }
  }
}
