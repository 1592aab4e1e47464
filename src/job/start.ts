/** What has to be done in the calling thread before an attempt: commit what a checkpoint has, find the splits. */
import { EngineError } from '../base/errors.ts';
import type { Manifest } from '../checkpoint/checkpoint.ts';
import { parallelismOf } from '../graph/execution-graph.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import type { Sink } from '../operator/sink.ts';
import { inCallingThread } from '../operator/user-function.ts';
import type { SourceSplits } from '../task/deployment.ts';
import type { ReadBlock, RestoredSnapshot } from '../task/restored-state.ts';
import { fromItsStart } from '../task/source-input.ts';
import { restoredSplits } from './restore.ts';

/** Commits again what a checkpoint was complete with: a crash may have come between. */
export async function commitRestored(
  { graph, bindings }: BuiltJob,
  manifest: Manifest,
): Promise<void> {
  for (const { uid, committables } of manifest.operators) {
    const node = graph.nodes.find((one) => one.uid === uid);
    if (node === undefined || committables.length === 0) continue;
    await inCallingThread(node.name, () =>
      committingSink(node.name, bindings[node.id]!.sink).commit(committables),
    );
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

/** The splits of each source: what a checkpoint says is left of them, or all that there are. */
export async function splitsToRead(
  { graph, bindings }: BuiltJob,
  parallelism: number,
  restored: RestoredSnapshot | null,
  read?: ReadBlock,
): Promise<SourceSplits> {
  const sources = graph.nodes.filter((node) => node.operator.type === 'source');
  return await Promise.all(
    sources.map(async (node) => {
      const left = restored === null ? null : restoredSplits(restored, node.id, read);
      if (left !== null) return { node: node.id, splits: left };
      const splits = await inCallingThread(node.name, () =>
        bindings[node.id]!.source!.discoverSplits(parallelismOf(graph, node, { parallelism })),
      );
      return { node: node.id, splits: splits.map(fromItsStart) };
    }),
  );
}
