/** A snapshot that stays in memory: what subtasks write of one checkpoint, and what those of the next run get of it. */
import { groupBy } from '../base/group-by.ts';
import type { NodeId } from '../graph/graph.ts';
import type { StoredState } from '../task/restored-state.ts';
import { AT_END, type SnapshotListener, type StateBlock } from '../task/subtask-snapshot.ts';

type Written = {
  readonly subtask: number;
  readonly checkpoint: number;
  readonly block: StateBlock;
};

/** Where a subtask stands among those of its task. */
export type SubtaskPlace = { readonly index: number; readonly parallelism: number };

export class MemorySnapshots implements SnapshotListener {
  readonly #written: Written[] = [];
  readonly #done = new Map<number, Set<number>>();

  onBlock(subtask: number, checkpoint: number, block: StateBlock): void {
    this.#written.push({ subtask, checkpoint, block });
  }

  onDone(subtask: number, checkpoint: number): void {
    const done = this.#done.get(checkpoint) ?? new Set();
    this.#done.set(checkpoint, done.add(subtask));
  }

  /** Whether so many subtasks have written theirs, or have come to their end before. */
  isComplete(checkpoint: number, subtasks: number): boolean {
    const all = new Set([...(this.#done.get(checkpoint) ?? []), ...(this.#done.get(AT_END) ?? [])]);
    return all.size === subtasks;
  }

  /** The states of each node at a checkpoint. */
  statesOf(
    checkpoint: number,
    placeOf: (subtask: number) => SubtaskPlace,
  ): ReadonlyMap<NodeId, readonly StoredState[]> {
    const done = this.#done.get(checkpoint);
    const valid = this.#written.filter((written) =>
      done?.has(written.subtask)
        ? written.checkpoint === checkpoint
        : written.checkpoint === AT_END,
    );
    const byNode = groupBy(valid, ({ block }) => block.node);
    return new Map([...byNode].map(([node, written]) => [node, statesOfNode(written, placeOf)]));
  }
}

function statesOfNode(
  written: readonly Written[],
  placeOf: (subtask: number) => SubtaskPlace,
): StoredState[] {
  return [...groupBy(written, ({ block }) => block.state)].map(([name, ofState]) => {
    const { kind, fields } = ofState[0]!.block;
    const parts = [...groupBy(ofState, ({ subtask }) => subtask)].map(([subtask, ofPart]) => {
      const { index, parallelism } = placeOf(subtask);
      return {
        subtask: index,
        parallelism,
        blocks: ofPart.map(
          ({ block }) =>
            () =>
              block.bytes,
        ),
      };
    });
    return { name, kind, fields, parts };
  });
}
