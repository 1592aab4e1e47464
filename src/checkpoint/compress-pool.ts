/**
 * Makes blocks of encoded batches: large ones that are compressed in threads of a pool that is started at the first of them,
 * others at once. In a bundle, where no file is there for a thread to run, and where threads do not start, all are made at once.
 */
import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { IS_BUNDLED, IS_TYPESCRIPT } from '../base/engine-files.ts';
import { COMPRESS_IDLE_MS, COMPRESS_THREADS_MAX, POOLED_BLOCK_BYTES } from '../base/limits.ts';
import { startPool } from '../base/start-pool.ts';
import { type BlockCodec, DEFAULT_CODEC } from './block-codec.ts';
import type { CompressTask } from './compress-worker.ts';
import { blockPieces, packBlock } from './state-file.ts';

export interface BlockPacker {
  /**
   * The bytes of a block, one piece behind the other; the content belongs to the packer from now on, and may be one of the
   * pieces.
   */
  pack(content: Uint8Array): Promise<readonly Uint8Array[]>;
  close(): Promise<void>;
}

export class CompressPool implements BlockPacker {
  readonly #codec: BlockCodec;
  readonly #start: () => Promise<Piscina>;
  /** Null before the first large block; of null, where there are no threads. */
  #pool: Promise<Piscina | null> | null = null;

  constructor(codec: BlockCodec = DEFAULT_CODEC, start: () => Promise<Piscina> = startThreads) {
    this.#codec = codec;
    this.#start = start;
  }

  async pack(content: Uint8Array): Promise<readonly Uint8Array[]> {
    // A checksum alone costs less than the way to a thread and back. Benchmark: figure checkpoint-overhead.
    if (this.#codec === 'none') return blockPieces(content, 'none', content.length);
    if (content.length < POOLED_BLOCK_BYTES || IS_BUNDLED) return [packBlock(content, this.#codec)];
    this.#pool ??= this.#start().catch(() => null);
    const pool = await this.#pool;
    if (pool === null) return [packBlock(content, this.#codec)];
    const owned = isWholeBuffer(content) ? content : content.slice();
    const task: CompressTask = { content: owned, codec: this.#codec };
    return [await pool.run(task, { transferList: [owned.buffer] })];
  }

  /** Ends the threads; they take no blocks any more. */
  async close(): Promise<void> {
    const pool = await this.#pool;
    this.#pool = Promise.resolve(null);
    await pool?.destroy();
  }
}

/** What else lies in the memory of a view must not be handed over with it. */
function isWholeBuffer(content: Uint8Array): content is Uint8Array<ArrayBuffer> {
  return content.buffer instanceof ArrayBuffer && content.length === content.buffer.byteLength;
}

/** A pool with a thread that runs. */
async function startThreads(): Promise<Piscina> {
  const pool = startPool<unknown, unknown>('checkpoint/compress-worker', {
    hooks: IS_TYPESCRIPT ? ['base/typescript-register.mjs'] : [],
    minThreads: 1,
    maxThreads: Math.min(availableParallelism(), COMPRESS_THREADS_MAX),
    idleTimeout: COMPRESS_IDLE_MS,
  });
  try {
    await pool.run(null);
  } catch (error) {
    await pool.destroy();
    throw error;
  }
  return pool;
}
