/** A snapshot that stays in memory: what subtasks write of one checkpoint, and what those of the next run get of it. */

import { groupBy } from '../base/group-by.ts';
import type { NodeId } from '../graph/graph.ts';
import { generationsOf } from '../state/generations.ts';
import { AT_END } from '../state/snapshot.ts';
import type { StoredState } from '../task/restored-state.ts';
import type { SnapshotListener, StateBlock } from '../task/subtask-snapshot.ts';

type Written = {
  readonly subtask: number;
  readonly checkpoint: number;
  readonly block: StateBlock;
};

/** Where a subtask stands among those of its task. */
export type SubtaskPlace = { readonly index: number; readonly parallelism: number };

export type StatesOfNodes = ReadonlyMap<NodeId, readonly StoredState[]>;

export class MemorySnapshots implements SnapshotListener {
  #written: Written[] = [];
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

  /** The states of each node at a checkpoint; deltas are on top of `below`, those of the one before. Forgets the others. */
  statesOf(
    checkpoint: number,
    placeOf: (subtask: number) => SubtaskPlace,
    below: StatesOfNodes,
  ): StatesOfNodes {
    const done = this.#done.get(checkpoint);
    const valid = this.#written.filter((written) =>
      done?.has(written.subtask)
        ? written.checkpoint === checkpoint
        : written.checkpoint === AT_END,
    );
    this.#written = this.#written.filter((written) => written.checkpoint === AT_END);
    const byNode = groupBy(valid, ({ block }) => block.node);
    return new Map(
      [...byNode].map(([node, written]) => [
        node,
        statesOfNode(written, placeOf, below.get(node) ?? []),
      ]),
    );
  }
}

function statesOfNode(
  written: readonly Written[],
  placeOf: (subtask: number) => SubtaskPlace,
  below: readonly StoredState[],
): StoredState[] {
  return [...groupBy(written, ({ block }) => block.state)].flatMap(([name, ofState]) => {
    const before = below.find((state) => state.name === name);
    const parts = [...groupBy(ofState, ({ subtask }) => subtask)].flatMap(([subtask, ofPart]) => {
      const { index, parallelism } = placeOf(subtask);
      const generations = generationsOf(
        ofPart.map(({ block: { content, rows, bytes } }) => ({
          content,
          block: { rows, read: () => readAsThreadsDo(bytes) },
        })),
        before?.parts.find((part) => part.subtask === index),
      );
      return generations === null ? [] : [{ subtask: index, parallelism, ...generations }];
    });
    if (parts.length === 0) return [];
    const { kind } = ofState[0]!.block;
    const rows = ofState.find(({ block }) => block.content === 'rows');
    return [{ name, kind, fields: rows?.block.fields ?? before!.fields, parts }];
  });
}

let memory = new Uint8Array(0);

/** Into memory that the next block is read into (block-reader.ts): what keeps a view of one would find another there. */
function readAsThreadsDo(bytes: Uint8Array): Uint8Array {
  if (memory.length < bytes.length) memory = new Uint8Array(bytes.length);
  memory.set(bytes);
  return memory.subarray(0, bytes.length);
}
