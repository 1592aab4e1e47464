/**
 * What sinks have prepared and is not committed yet. The first checkpoint that completes with it commits it, whatever has become
 * of those between; a job that goes on from that checkpoint commits it again.
 */
import { groupBy } from '../base/group-by.ts';
import type { NodeId } from '../graph/graph.ts';
import type { PlainData } from '../operator/source.ts';
import { AT_END } from '../state/snapshot.ts';
import type { NodeCommittables } from './manifest-builder.ts';

/** What the sink of one subtask has prepared for a checkpoint, or at its end (AT_END). */
export type Prepared = NodeCommittables & {
  readonly subtask: number;
  readonly checkpoint: number;
};

export type CommitNode = (node: NodeId, committables: readonly PlainData[]) => Promise<void>;

export class Committables {
  readonly #commit: CommitNode;
  #prepared: Prepared[] = [];
  /** Those of them that a complete checkpoint has. */
  readonly #durable = new WeakSet<Prepared>();

  constructor(commit: CommitNode) {
    this.#commit = commit;
  }

  add(prepared: Prepared): void {
    if (prepared.committables.length > 0) this.#prepared.push(prepared);
  }

  get all(): readonly Prepared[] {
    return this.#prepared;
  }

  /** What a checkpoint commits that `done` subtasks have written: all up to it, and that of the others, which have come to their end. */
  upTo(id: number, done: ReadonlySet<number>, ended: ReadonlySet<number>): readonly Prepared[] {
    return this.#prepared.filter(({ subtask, checkpoint }) =>
      checkpoint === AT_END ? ended.has(subtask) && !done.has(subtask) : checkpoint <= id,
    );
  }

  /** A complete checkpoint has them: should committing fail, a job that goes on from it commits them. */
  markDurable(prepared: readonly Prepared[]): void {
    for (const one of prepared) this.#durable.add(one);
  }

  async commit(prepared: readonly Prepared[]): Promise<void> {
    for (const [node, committables] of byNode(prepared)) await this.#commit(node, committables);
    const committed = new Set(prepared);
    this.#prepared = this.#prepared.filter((one) => !committed.has(one));
  }

  /** What no checkpoint has. */
  get uncommitted(): ReadonlyMap<NodeId, readonly PlainData[]> {
    return byNode(this.#prepared.filter((one) => !this.#durable.has(one)));
  }
}

function byNode(prepared: readonly Prepared[]): ReadonlyMap<NodeId, readonly PlainData[]> {
  return new Map(
    [...groupBy(prepared, ({ node }) => node)].map(([node, ofNode]) => [
      node,
      ofNode.flatMap(({ committables }) => committables),
    ]),
  );
}
