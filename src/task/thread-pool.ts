/**
 * Threads for functions that keep a processor busy: a pool for each subtask with such a function, started when the subtask
 * opens. A thread imports the module of the user, as workers do, and finds the function by its node. Rows cross as columns, in
 * memory that is handed over, so that they come out as they do of any channel.
 *
 * In a bundle, where no file is there for a thread to run, the worker itself runs the function.
 */
import type { Piscina } from 'piscina';
import { IS_BUNDLED, IS_TYPESCRIPT } from '../base/engine-files.ts';
import { reviveError } from '../base/error-transport.ts';
import { startPool } from '../base/start-pool.ts';
import { memoryOf, RowPacker, RowUnpacker } from '../data/row-bytes.ts';
import type { NodeId } from '../graph/graph.ts';
import {
  type FunctionPool,
  type MakePool,
  poolOfNoThreads,
  RowFailure,
} from '../operator/async/function-pool.ts';
import type { PoolTask, PoolTaskResult, PoolThread } from './pool-worker.ts';
import type { JobReference } from './worker-message.ts';

/** Pools for the functions of a job, by node. */
export function threadPools(job: JobReference): (node: NodeId) => MakePool {
  return (node) => (fn, threads) =>
    IS_BUNDLED ? poolOfNoThreads(fn, threads) : new ThreadPool({ job, node }, threads);
}

class ThreadPool implements FunctionPool {
  readonly ready: Promise<void>;
  readonly #pool: Piscina<PoolTask, PoolTaskResult>;
  readonly #packer = new RowPacker();
  readonly #unpacker = new RowUnpacker();
  /** What a thread has died of between two tasks. */
  #failure: unknown = null;

  constructor(thread: PoolThread, threads: number) {
    this.#pool = startThreads(thread, threads);
    this.#pool.on('error', (error: unknown) => {
      this.#failure ??= error;
    });
    this.ready = this.#pool.run(null).then(
      () => {},
      () => {},
    );
  }

  async run(rows: readonly unknown[], signal: AbortSignal): Promise<readonly unknown[]> {
    if (this.#failure !== null) throw this.#failure;
    const packed = this.#packer.pack(rows);
    const result = await this.#pool.run(packed, { transferList: memoryOf(packed), signal });
    if ('rows' in result) return this.#unpacker.unpack(result.rows);
    const error = reviveError(result.error);
    throw result.row === null ? error : new RowFailure(result.row, error);
  }

  close(): void {
    this.#pool.destroy().catch(() => {});
  }
}

function startThreads(thread: PoolThread, threads: number): Piscina<PoolTask, PoolTaskResult> {
  const { env } = process;
  const isInTest = env.NODE_TEST_CONTEXT !== undefined || env.VITEST !== undefined;
  const isTypescript = IS_TYPESCRIPT || /\.m?ts$/.test(thread.job.url);
  return startPool('task/pool-worker', {
    hooks: [
      ...(isTypescript ? ['base/typescript-register.mjs'] : []),
      ...(isInTest ? ['base/test-runner-register.mjs'] : []),
    ],
    minThreads: threads,
    maxThreads: threads,
    data: thread,
    argv: process.argv.slice(2),
  });
}
