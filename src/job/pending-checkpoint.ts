/** A checkpoint on its way: where it is written, and what has come of it. */
import { assert } from '../base/assert.ts';
import { giveBack } from '../channel/block-memory.ts';
import type {
  BlockRef,
  CheckpointWriter,
  Manifest,
  StoredCheckpoint,
} from '../checkpoint/checkpoint.ts';
import { hasBytes, type StateBlock } from '../task/subtask-snapshot.ts';
import type { BegunCheckpoint } from './checkpoint-history.ts';
import type { Prepared } from './committables.ts';
import type { InputSplits, StoredBlock } from './manifest-builder.ts';

/** Where a checkpoint is written, and where it lies then. */
export type Target = { readonly writer: CheckpointWriter; readonly path: string };

export type Complete = {
  readonly stored: StoredCheckpoint;
  readonly prepared: readonly Prepared[];
};

export type PendingOptions = {
  readonly id: number;
  readonly kind: Manifest['kind'];
  /** Whose state this one may refer to; null for none. */
  readonly base: Manifest | null;
  readonly target: Target;
  /** As they were when it was asked for. */
  readonly input: InputSplits;
  readonly begun: BegunCheckpoint;
  readonly resolve: (complete: Complete) => void;
  readonly reject: (error: unknown) => void;
};

type WrittenBlock = Omit<StoredBlock, 'ref'> & { readonly ref: Promise<BlockRef> | null };

export class PendingCheckpoint {
  readonly options: PendingOptions;
  /** Subtasks whose parts have come. */
  readonly done = new Set<number>();
  readonly #blocks: WrittenBlock[] = [];

  constructor(options: PendingOptions) {
    this.options = options;
  }

  get id(): number {
    return this.options.id;
  }

  write(subtask: number, { bytes, ...block }: StateBlock): void {
    const { base, target } = this.options;
    assert(hasBytes(block) || base !== null, 'a delta is on top of a checkpoint');
    const ref = hasBytes(block) ? target.writer.append(bytes, block.rows) : null;
    const isWritten = (): void => giveBack(bytes);
    // An error is looked at when all have been written.
    ref?.then(isWritten, isWritten);
    this.#blocks.push({ subtask, block, ref });
  }

  /** Resolves when all that it was given has been written. */
  stored(): Promise<StoredBlock[]> {
    return Promise.all(
      this.#blocks.map(async ({ ref, ...block }) => ({ ...block, ref: await ref })),
    );
  }
}
