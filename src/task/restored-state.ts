/**
 * What one subtask gets of the state that a snapshot has of its operator, whatever the parallelism was: of keyed state the
 * rows of its key groups, of lists its share.
 */
import { readBlockSync } from '../checkpoint/block-reader.ts';
import type { BlockRef, OperatorManifest } from '../checkpoint/checkpoint.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { decodeBatch } from '../data/codec.ts';
import type { DynamicColumn } from '../data/column.ts';
import { sliceBatch } from '../data/copy.ts';
import { keyGroupOf, keyGroupRange } from '../data/key-group.ts';
import { type Field, type Schema, schemaOf } from '../data/schema.ts';
import type { GraphEdge } from '../graph/execution-graph.ts';
import type { NodeId } from '../graph/graph.ts';
import { type Generations, latestRows, mapBlocks } from '../state/generations.ts';
import type { ListMode, RestoredState } from '../state/snapshot.ts';

/** One state of an operator. */
export type StoredState = {
  readonly name: string;
  readonly kind: 'keyed' | ListMode;
  readonly fields: readonly Field[];
  /** By the subtask that wrote it. */
  readonly parts: readonly StoredPart[];
};

/** An encoded batch. */
export type StoredBlock = {
  readonly rows: number;
  /** Reads it, to an address that is a multiple of 8; it may lie there until the next is read. */
  read(): Uint8Array;
};

export type StoredPart = Generations<StoredBlock> & {
  readonly subtask: number;
  readonly parallelism: number;
};

/** A checkpoint as threads get it: where it lies, and what it has of each node. */
export type RestoredSnapshot = {
  readonly path: string;
  readonly operators: ReadonlyMap<NodeId, OperatorManifest>;
  /** Edges that something is in flight in. */
  readonly inFlight: readonly GraphEdge[];
  /** Whether state that no step takes is left behind without a word. */
  readonly mayDropState: boolean;
};

/** The content of a block of a checkpoint, at a multiple of 8 in its memory; it may lie there until the next is read. */
export type ReadBlock = (path: string, block: BlockRef) => Uint8Array;

/** The states of a node in a checkpoint, read from disk when they are wanted. */
export function storedStates(
  restored: RestoredSnapshot | null,
  node: NodeId,
  read: ReadBlock = readBlockSync,
): readonly StoredState[] {
  const operator = restored?.operators.get(node);
  if (restored === null || operator === undefined) return [];
  const { path } = restored;
  const { parallelism } = operator;
  return operator.states.map(({ name, kind, fields, parts }) => ({
    name,
    kind,
    fields,
    parts: parts.map((part) => ({
      ...mapBlocks(part, (block) => ({ rows: block.rows, read: () => read(path, block) })),
      subtask: part.subtask,
      parallelism,
    })),
  }));
}

export type Share = {
  readonly subtask: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
};

export class StoredStates implements RestoredState {
  /** Names of the states that the operator has asked for, whether there are such states or not. */
  readonly taken = new Set<string>();
  readonly #states: readonly StoredState[];
  readonly #share: Share;

  constructor(states: readonly StoredState[], share: Share) {
    this.#states = states;
    this.#share = share;
  }

  *keyed(state: string): Iterable<Batch> {
    this.taken.add(state);
    const stored = this.#states.find(({ name, kind }) => name === state && kind === 'keyed');
    if (stored === undefined) return;
    const { subtask, parallelism, maxParallelism } = this.#share;
    const own = keyGroupRange(subtask, parallelism, maxParallelism);
    const schema = schemaOf(stored.fields);
    for (const part of stored.parts) {
      const groups = keyGroupRange(part.subtask, part.parallelism, maxParallelism);
      if (groups.first > own.last || groups.last < own.first) continue;
      const isInside = groups.first >= own.first && groups.last <= own.last;
      const rows = latestRows(part, schema, (block, of) => {
        const batch = decoded(block, of);
        return isInside ? batch : this.#selected(batch, own.first, own.last);
      });
      for (const batch of rows) if (batch.rowCount > 0) yield batch;
    }
  }

  keyedRows(state: string): number {
    const stored = this.#states.find(({ name, kind }) => name === state && kind === 'keyed');
    const { subtask, parallelism, maxParallelism } = this.#share;
    const own = keyGroupRange(subtask, parallelism, maxParallelism);
    let rows = 0;
    for (const part of stored?.parts ?? []) {
      const { first, last } = keyGroupRange(part.subtask, part.parallelism, maxParallelism);
      const shared = Math.min(last, own.last) + 1 - Math.max(first, own.first);
      if (shared <= 0) continue;
      let ofPart = 0;
      for (const block of part.blocks) ofPart += block.rows;
      for (const { blocks } of part.deltas) for (const block of blocks) ofPart += block.rows;
      rows += (ofPart * shared) / (last + 1 - first);
    }
    return Math.ceil(rows);
  }

  /** The rows of a range of key groups. */
  #selected(batch: Batch, first: number, last: number): Batch {
    const { maxParallelism } = this.#share;
    const hashes = batch.keyHashes!;
    const selection = new Int32Array(batch.rowCount);
    let count = 0;
    for (let i = 0; i < batch.rowCount; i++) {
      const group = keyGroupOf(hashes[i]!, maxParallelism);
      if (group >= first && group <= last) selection[count++] = i;
    }
    const builder = new BatchBuilder(batch.schema, count);
    builder.appendSelected(batch, selection, 0, count);
    return builder.seal();
  }

  items(state: string): readonly unknown[] {
    this.taken.add(state);
    const at = this.#states.findIndex(({ name, kind }) => name === state && kind !== 'keyed');
    if (at < 0) return [];
    const { kind, parts, fields } = this.#states[at]!;
    const schema = schemaOf(fields);
    const itemsIn = (part: StoredPart) => part.blocks.flatMap((block) => itemsOf(block, schema));
    if (kind === 'broadcast') {
      const copy = copyFor(this.#share.subtask, parts);
      return copy === null ? [] : itemsIn(copy);
    }
    if (kind === 'list' && this.#staysWhereItWas(parts)) return this.#ownOf(parts).flatMap(itemsIn);
    const items = parts.flatMap(itemsIn);
    if (kind === 'union') return items;
    const { from, to } = this.#evenShare(items.length, at);
    return items.slice(from, to);
  }

  *rows(state: string): Iterable<Batch> {
    this.taken.add(state);
    const at = this.#states.findIndex(({ name, kind }) => name === state && kind !== 'keyed');
    if (at < 0) return;
    const { kind, parts, fields } = this.#states[at]!;
    const inOrder = [...parts].sort((a, b) => a.subtask - b.subtask);
    if (kind === 'broadcast') {
      const copy = copyFor(this.#share.subtask, parts);
      yield* batchesOf(copy === null ? [] : [copy], fields);
    } else if (kind === 'union') {
      yield* batchesOf(inOrder, fields);
    } else if (this.#staysWhereItWas(parts)) {
      yield* batchesOf(this.#ownOf(parts), fields);
    } else {
      let count = 0;
      for (const { rowCount } of batchesOf(inOrder, fields)) count += rowCount;
      const { from, to } = this.#evenShare(count, at);
      yield* sliceOf(batchesOf(inOrder, fields), from, to);
    }
  }

  /** With as many subtasks as before a list is that of its subtask: which elements came there may mean something. */
  #staysWhereItWas(parts: readonly StoredPart[]): boolean {
    return parts.every(({ parallelism }) => parallelism === this.#share.parallelism);
  }

  #ownOf(parts: readonly StoredPart[]): readonly StoredPart[] {
    return parts.filter(({ subtask }) => subtask === this.#share.subtask);
  }

  /** What does not go up evenly goes to subtasks from another one on for each state. */
  #evenShare(count: number, rotation: number): { readonly from: number; readonly to: number } {
    const { subtask, parallelism } = this.#share;
    const each = Math.floor(count / parallelism);
    const more = count % parallelism;
    const turn = (subtask + rotation) % parallelism;
    const from = turn * each + Math.min(turn, more);
    return { from, to: from + each + (turn < more ? 1 : 0) };
  }
}

/**
 * The copy that a subtask goes on from, of those that subtasks of before have left of broadcast state: that of the same
 * number, or of another where that one had come to its end.
 */
export function copyFor<Part extends Pick<StoredPart, 'subtask' | 'parallelism'>>(
  subtask: number,
  copies: readonly Part[],
): Part | null {
  const inOrder = [...copies].sort((a, b) => a.subtask - b.subtask);
  const same = inOrder.find((copy) => copy.subtask === subtask % copy.parallelism);
  return same ?? inOrder[subtask % inOrder.length] ?? null;
}

function* batchesOf(parts: readonly StoredPart[], fields: readonly Field[]): Iterable<Batch> {
  const schema = schemaOf(fields);
  for (const { blocks } of parts) for (const block of blocks) yield decoded(block, schema);
}

/** Rows from `from` to `to` - 1 of all batches together. */
function* sliceOf(batches: Iterable<Batch>, from: number, to: number): Iterable<Batch> {
  let start = 0;
  for (const batch of batches) {
    const end = start + batch.rowCount;
    if (start < to && end > from) {
      yield sliceBatch(batch, Math.max(from, start) - start, Math.min(to, end) - start);
    }
    start = end;
  }
}

function decoded(block: StoredBlock, schema: Schema): Batch {
  const { buffer, byteOffset, length } = block.read();
  return decodeBatch(buffer, byteOffset, length, schema);
}

function itemsOf(block: StoredBlock, schema: Schema): readonly unknown[] {
  const batch = decoded(block, schema);
  return (batch.columns[0] as DynamicColumn).values.slice(0, batch.rowCount);
}
