/** What has to be done in the calling thread before an attempt: commit what a checkpoint has, find the splits. */
import { EngineError } from '../base/errors.ts';
import type { Manifest } from '../checkpoint/checkpoint.ts';
import type { LogicalNode } from '../graph/graph.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import { parallelismOf } from '../graph/parallelism.ts';
import type { Sink } from '../operator/sink.ts';
import type { Source } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';
import type { SourceSplits } from '../task/deployment.ts';
import type { ReadBlock, RestoredSnapshot } from '../task/restored-state.ts';
import { fromItsStart, type SplitToRead } from '../task/split-state.ts';
import { KnownSplits } from './known-splits.ts';
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

/** The splits of each source: what a checkpoint says is left of them, or all that there are; and what is known of them. */
export async function splitsToRead(
  { graph, bindings }: BuiltJob,
  parallelism: number,
  restored: RestoredSnapshot | null,
  read?: ReadBlock,
): Promise<{ readonly splits: SourceSplits; readonly known: readonly KnownSplits[] }> {
  const sources = graph.nodes.filter((node) => node.operator.type === 'source');
  const bySource = await Promise.all(
    sources.map(async (node) => {
      const source = bindings[node.id]!.source!;
      checkDiscovery(node, source);
      const stored = restored === null ? null : restoredSplits(restored, node.id, read);
      if (stored !== null) {
        const stages = stagesOf(node, source, stored.left, 'STATE_INCOMPATIBLE');
        return { stages, known: new KnownSplits(node.id, stages, stored.read) };
      }
      const splits = await inCallingThread(node.name, () =>
        source.discoverSplits(parallelismOf(graph, node, { parallelism })),
      );
      const stages = stagesOf(node, source, splits.map(fromItsStart), 'JOB_DEFINITION');
      return { stages, known: new KnownSplits(node.id, stages, null) };
    }),
  );
  return {
    splits: bySource.flatMap(({ stages }) => stages),
    known: bySource.map(({ known }) => known),
  };
}

function checkDiscovery({ name }: LogicalNode, { discovery, isBounded, isCallers }: Source): void {
  if (discovery === undefined || (!isBounded && isCallers !== true)) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `source '${name}' looks for splits while it is read, so it has no end: make it one that is not bounded, read by subtasks`,
  );
}

/** The splits by stage; refuses those of a stage that the source does not have. */
export function stagesOf(
  { id, name }: LogicalNode,
  { assignment }: Source,
  splits: readonly SplitToRead[],
  code: 'STATE_INCOMPATIBLE' | 'JOB_DEFINITION',
): SourceSplits {
  const hasStages = typeof assignment !== 'string';
  const assignments = hasStages ? assignment : [assignment];
  const stranger = splits.find(
    ({ split: { stage } }) =>
      (stage !== undefined) !== hasStages || (stage ?? 0) >= assignments.length,
  );
  if (stranger !== undefined) {
    throw new EngineError(
      code,
      `split '${stranger.split.id}' of '${name}' is of none of its stages: a source that goes on from a checkpoint has the ` +
        'sources that it had then, in their order; give it another uid to read it from its start',
    );
  }
  return assignments.map((ofStage, stage) => ({
    node: id,
    assignment: ofStage,
    splits: splits.filter(({ split }) => (split.stage ?? 0) === stage),
  }));
}
