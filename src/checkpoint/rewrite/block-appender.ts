/** Appends blocks to a savepoint, several on their way at a time, and knows at the end where each lies. */
import type { BlockRef, CheckpointWriter } from '../checkpoint.ts';

/** So many keep the threads busy that compress them; each is in memory. */
const PENDING_MAX = 8;

/** A block, and where it lies, once the appender has come to its end. */
export type AppendedBlock = { ref: BlockRef | null };

export class BlockAppender {
  readonly #writer: CheckpointWriter;
  readonly #pending: Promise<void>[] = [];

  constructor(writer: CheckpointWriter) {
    this.#writer = writer;
  }

  /** Resolves when there is room for the next. The bytes belong to the appender from now on. */
  async append(bytes: Uint8Array, rows: number): Promise<AppendedBlock> {
    if (this.#pending.length >= PENDING_MAX) await this.#pending.shift();
    const block: AppendedBlock = { ref: null };
    const written = this.#writer.append(bytes, rows).then((ref) => {
      block.ref = ref;
    });
    // Whoever waits for it is told.
    written.catch(() => {});
    this.#pending.push(written);
    return block;
  }

  /** All blocks are written. */
  async end(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }
}
