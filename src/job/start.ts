/** What has to be found out in the calling thread before an attempt: the splits. */
import { EngineError } from '../base/errors.ts';
import type { LogicalNode } from '../graph/graph.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import { parallelismOf } from '../graph/parallelism.ts';
import type { Source } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';
import type { SourceSplits } from '../task/deployment.ts';
import type { ReadBlock, RestoredSnapshot } from '../task/restored-state.ts';
import { fromItsStart, type SplitToRead } from '../task/split-state.ts';
import { KnownSplits } from './known-splits.ts';
import { restoredSplits } from './restore.ts';

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
