/** Commits, in the calling thread, what a checkpoint is complete with: what sinks have prepared, and how far sources have read. */
import { EngineError, messageOf } from '../base/errors.ts';
import type { Manifest } from '../checkpoint/checkpoint.ts';
import type { NodeId } from '../graph/graph.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import type { Sink } from '../operator/sink.ts';
import type { PlainData, SplitPlace } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';

/** Of one node. What a source cannot tell is a warning: the checkpoint has it. */
export async function commitNode(
  { graph, bindings }: BuiltJob,
  node: NodeId,
  committables: readonly PlainData[],
  warn: (message: string) => void,
): Promise<void> {
  const { name } = graph.nodes[node]!;
  const { source, sink } = bindings[node]!;
  if (source === null) {
    await inCallingThread(name, () => committingSink(name, sink).commit(committables));
    return;
  }
  try {
    await source.commitPlaces?.(committables as readonly SplitPlace[]);
  } catch (error) {
    warn(`source '${name}' could not tell how far it has read: ${messageOf(error)}`);
  }
}

/** Where committables of a checkpoint go. */
function committingSink(name: string, sink: Sink | null): Sink {
  if (sink !== null) return sink;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `the checkpoint has output of '${name}' that is not committed yet, and now it is no sink: give the sink its uid again`,
  );
}

/** Commits again what a checkpoint was complete with: a crash may have come between. */
export async function commitRestored(
  built: BuiltJob,
  manifest: Manifest,
  warn: (message: string) => void,
): Promise<void> {
  for (const { uid, committables } of manifest.operators) {
    const node = built.graph.nodes.find((one) => one.uid === uid);
    if (node === undefined || committables.length === 0) continue;
    await commitNode(built, node.id, committables, warn);
  }
}
