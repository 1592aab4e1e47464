/**
 * Threads that run a function of the user beside the workers. They find it by its place in the graph: functions never leave
 * their thread.
 *
 *   ready → run* → close
 */
import { nextTurn } from '../../base/event-loop.ts';

export interface FunctionPool {
  /** Resolves when there is a thread that could take rows, or when there will be none: then `run` tells why. */
  readonly ready: Promise<void>;
  /**
   * What the function makes of each row, in order. Rejects with a RowFailure where it has thrown; when the signal is aborted, at
   * once, and the thread does not go on with it.
   */
  run(rows: readonly unknown[], signal: AbortSignal): Promise<readonly unknown[]>;
  /** Ends the threads, and what they are at. */
  close(): void;
}

/** A pool of so many threads for the function. */
export type MakePool = (fn: RowFunction, threads: number) => FunctionPool;

export type RowFunction = (row: unknown) => unknown;

/** The function has thrown at one of the rows. */
export class RowFailure extends Error {
  readonly row: number;

  constructor(row: number, cause: unknown) {
    super(`row ${row}`, { cause });
    this.row = row;
  }
}

/** Calls the function for each row. */
export function applyToAll(fn: RowFunction, rows: readonly unknown[]): unknown[] {
  const results: unknown[] = [];
  for (const row of rows) {
    try {
      results.push(fn(row));
    } catch (error) {
      throw new RowFailure(results.length, error);
    }
  }
  return results;
}

/** For where there are no other threads: some rows in each turn of the event loop. */
export const poolOfNoThreads: MakePool = (fn) => ({
  ready: Promise.resolve(),
  async run(rows, signal) {
    await nextTurn();
    signal.throwIfAborted();
    return applyToAll(fn, rows);
  },
  close() {},
});
