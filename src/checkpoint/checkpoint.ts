/**
 * A checkpoint: one directory with the state of a whole job at one cut through its streams.
 *
 *   <dir>/lock                        the process that uses the directory
 *   <dir>/checkpoint-<id>/state       blocks of encoded batches, one behind the other (state-file.ts)
 *   <dir>/checkpoint-<id>/manifest.json
 *
 * It is written under a name that begins with a dot; state and manifest are synced, the directory is renamed, its
 * parent is synced. So a checkpoint exists when its directory has its name, and a crash at any point leaves the one
 * before it as it was. A block belongs to the checkpoint that wrote it; a manifest may refer to blocks of earlier ones,
 * which are kept as long as a manifest needs them: the base of its state, and the deltas before its own (generations.ts).
 *
 * The manifest is plain data (JSON), with a checksum over itself; each block has one too. What is damaged is never used:
 * the checkpoint is left out with a warning, and the one before it is taken.
 */
import type { Field } from '../data/schema.ts';
import type { PlainData } from '../operator/source.ts';
import type { Generations } from '../state/generations.ts';
import type { ListMode } from '../state/snapshot.ts';

/** Where an encoded batch lies. */
export type BlockRef = {
  /** Directory of the checkpoint that wrote it, as named beside this one; '' for this one. */
  readonly checkpoint: string;
  readonly offset: number;
  /** Bytes of the block in the file. */
  readonly bytes: number;
  readonly rows: number;
};

/** State of one subtask; its batches in the order in which they were written, those of deltas behind the base. */
export type StatePart = Generations<BlockRef> & { readonly subtask: number };

export type StateManifest = {
  readonly name: string;
  readonly kind: 'keyed' | ListMode;
  /** Of the batches. Items that are not keyed are a batch with one dynamic field. */
  readonly fields: readonly Field[];
  readonly parts: readonly StatePart[];
};

export type OperatorManifest = {
  /** By which the state is found again. */
  readonly uid: string;
  readonly name: string;
  readonly parallelism: number;
  /** Key groups that its keyed state is cut into. */
  readonly maxParallelism: number;
  /** Which windows the state is of (graph/kept-windows.ts); null for an operator without. */
  readonly windows: PlainData;
  /** Of which rows the state is (graph/kept-rows.ts); null for an operator to which that is no matter. */
  readonly rows: PlainData;
  /** Which connector or trigger has left the state (graph/kept-by.ts); null for an operator to which that is no matter. */
  readonly keptBy: string | null;
  readonly states: readonly StateManifest[];
  /** For a sink: what has been prepared and is to be committed when this checkpoint is complete. */
  readonly committables: readonly PlainData[];
};

export type Manifest = {
  readonly version: 1;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly id: number;
  readonly job: string;
  /** The same over all runs of the job that go on from each other's checkpoints. */
  readonly jobId: string;
  /** Version of the engine that wrote it. */
  readonly engine: string;
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number;
  /** Of operators that say nothing of theirs. */
  readonly maxParallelism: number;
  /** Whether the job ran in batch, where its state means something else. */
  readonly isBatch: boolean;
  /** The job had ended: there is nothing left to do but to commit. */
  readonly isFinal: boolean;
  /** Those with state or committables, in the order of the graph. */
  readonly operators: readonly OperatorManifest[];
};

/** A checkpoint that is being written. Blocks may be added while others are still on their way. */
export interface CheckpointWriter {
  /** Compresses an encoded batch and appends it; the bytes belong to the writer from now on. */
  append(bytes: Uint8Array, rows: number): Promise<BlockRef>;
  /** Makes the checkpoint exist. CHECKPOINT_WRITE when that fails: then it does not. */
  complete(manifest: Manifest): Promise<void>;
  /** Gives it up and removes what was written. */
  abandon(): Promise<void>;
}

/** A checkpoint that is complete, and where it lies. */
export type StoredCheckpoint = { readonly path: string; readonly manifest: Manifest };
