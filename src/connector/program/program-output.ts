/**
 * Rows from a job to the calling program, as an async iterable. What the program has not taken waits here, up to a
 * bound; then the job waits.
 */
import { EngineError } from '../../base/errors.ts';
import { PROGRAM_OUTPUT_ROWS } from '../../base/limits.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../operator/sink.ts';

type Waiter<Row> = {
  resolve(result: IteratorResult<Row, undefined>): void;
  reject(error: unknown): void;
};

const DONE = { done: true, value: undefined } as const;

/** One reader: a loop over it takes the rows; one that is left before the end lets the job go on without it. */
export class ProgramOutput<Row> implements AsyncIterable<Row>, Sink {
  readonly name = 'output';
  readonly descriptor = null;
  readonly #outputName: string;
  #rows: Row[] = [];
  #next = 0;
  #hasEnded = false;
  #error: Error | null = null;
  #isLeft = false;
  #hasReader = false;
  #waiters: Waiter<Row>[] = [];
  #wakeWriter: (() => void) | null = null;

  constructor(outputName: string) {
    this.#outputName = outputName;
  }

  [Symbol.asyncIterator](): AsyncIterator<Row, undefined> {
    if (this.#hasReader) {
      throw new EngineError(
        'JOB_DEFINITION',
        `output '${this.#outputName}' is read already; it has one reader`,
      );
    }
    this.#hasReader = true;
    return {
      next: () => this.#take(),
      return: async () => {
        this.#leave();
        return DONE;
      },
    };
  }

  #take(): Promise<IteratorResult<Row, undefined>> {
    if (this.#next < this.#rows.length) {
      const value = this.#rows[this.#next++]!;
      if (this.#next === this.#rows.length) this.#makeRoom();
      return Promise.resolve({ done: false, value });
    }
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#hasEnded || this.#isLeft) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #makeRoom(): void {
    this.#rows = [];
    this.#next = 0;
    const wake = this.#wakeWriter;
    this.#wakeWriter = null;
    wake?.();
  }

  #leave(): void {
    this.#isLeft = true;
    this.#makeRoom();
  }

  get #isFull(): boolean {
    return this.#rows.length - this.#next >= PROGRAM_OUTPUT_ROWS;
  }

  createWriter(context: SinkWriterContext): SinkWriter {
    const isFull = (): boolean => this.#isFull;
    return {
      get isBusy(): boolean {
        return isFull();
      },
      write: (batch: Batch) => {
        this.#put(batch.rowObjects() as readonly Row[]);
        if (this.#isFull) this.#wakeWriter = () => context.wake();
      },
      preCommit: () => {
        this.#hasEnded = true;
        this.#settle();
        return [];
      },
      close() {},
    };
  }

  #put(rows: readonly Row[]): void {
    if (this.#isLeft) return;
    let given = 0;
    while (given < rows.length && this.#waiters.length > 0) {
      this.#waiters.shift()!.resolve({ done: false, value: rows[given++]! });
    }
    for (; given < rows.length; given++) this.#rows.push(rows[given]!);
  }

  /** The job is over; with an error, a loop that is behind gets the rows that are here, then the error. */
  close(error: Error | null): void {
    this.#error ??= error;
    this.#hasEnded = true;
    this.#settle();
  }

  #settle(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (this.#error === null) waiter.resolve(DONE);
      else waiter.reject(this.#error);
    }
  }

  async commit(): Promise<void> {}
}
