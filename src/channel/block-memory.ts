/**
 * Memory in which blocks of state go from a worker to the calling thread: pieces that both share, and that are used again as
 * soon as their block has been written. With memory that is new for each block, threads spend more time on getting it and on
 * collecting garbage than on the blocks. Benchmark: figure checkpoint-overhead.
 *
 *   piece   0  int32   1 while a block lies in it: set by the worker, cleared by the calling thread
 *           8  bytes   the block
 */
import { BLOCK_PIECE_BYTES, BLOCK_PIECES_MAX } from '../base/limits.ts';

const BLOCK_AT = 8;

export class BlockMemory {
  /** By piece, its first word. */
  readonly #taken: Int32Array[] = [];

  /** Memory for a block, until `giveBack`; of its own where no piece is free, or none is large enough. */
  take(bytes: number): Uint8Array {
    if (bytes > BLOCK_PIECE_BYTES) return new Uint8Array(bytes);
    const free = this.#taken.find((taken) => Atomics.load(taken, 0) === 0) ?? this.#more();
    if (free === null) return new Uint8Array(bytes);
    Atomics.store(free, 0, 1);
    return new Uint8Array(free.buffer, BLOCK_AT, bytes);
  }

  #more(): Int32Array | null {
    if (this.#taken.length === BLOCK_PIECES_MAX) return null;
    const taken = new Int32Array(new SharedArrayBuffer(BLOCK_AT + BLOCK_PIECE_BYTES), 0, 1);
    this.#taken.push(taken);
    return taken;
  }
}

/** In the calling thread: nobody reads these bytes of a block any more. */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof SharedArrayBuffer) Atomics.store(new Int32Array(buffer, 0, 1), 0, 0);
}
