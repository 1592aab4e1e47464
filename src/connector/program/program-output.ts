/**
 * Rows from a job to the calling program, as an async iterable. What the program has not taken waits here, up to a
 * bound; then the job waits. A row is handed over as it comes: after a restart of the job those since its last checkpoint
 * come once more.
 */
import { EngineError } from '../../base/errors.ts';
import { PROGRAM_OUTPUT_ROWS } from '../../base/limits.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../operator/sink.ts';

const DONE = { done: true, value: undefined } as const;

/** One reader: a loop over it takes the rows; one that is left before the end lets the job go on without it. */
export class ProgramOutput<Row> implements AsyncIterable<Row>, Sink {
  readonly name = 'output';
  readonly descriptor = null;
  readonly #outputName: string;
  /** What waits for the reader, as it came, the first from row `#next` on; and how many rows that is. */
  readonly #batches: (readonly Row[])[] = [];
  #next = 0;
  #waitingRows = 0;
  #hasEnded = false;
  #error: Error | null = null;
  #isLeft = false;
  #hasReader = false;
  /** Readers that have found nothing. */
  #waiters: (() => void)[] = [];
  #wakeWriter: (() => void) | null = null;
  /** Called once, when the job first waits for a reader that there is none of; null when it has been. */
  #onUnread: (() => void) | null;

  constructor(outputName: string, onUnread: (() => void) | null = null) {
    this.#outputName = outputName;
    this.#onUnread = onUnread;
  }

  /** Whether the job waits, and nobody has begun to read. */
  get isUnread(): boolean {
    return this.#isFull && !this.#hasReader && !this.#hasEnded;
  }

  [Symbol.asyncIterator](): AsyncIterator<Row, undefined> {
    this.#beRead();
    return {
      next: () => (this.#waitingRows > 0 ? Promise.resolve(this.#takeRow()) : this.#take()),
      return: async () => {
        this.#leave();
        return DONE;
      },
    };
  }

  /** The same rows by as many as there are at a time, so that a promise is paid for many. */
  async *batches(): AsyncGenerator<readonly Row[], void> {
    this.#beRead();
    try {
      while (await this.#arrival()) yield this.#takeBatch();
    } finally {
      this.#leave();
    }
  }

  #beRead(): void {
    if (this.#hasReader) {
      throw new EngineError(
        'JOB_DEFINITION',
        `output '${this.#outputName}' is read already; it has one reader`,
      );
    }
    this.#hasReader = true;
  }

  /** Resolves when a row waits, or false when none follows; rejects behind the last row when the job has failed. */
  async #arrival(): Promise<boolean> {
    while (this.#waitingRows === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#hasEnded || this.#isLeft) return false;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return true;
  }

  async #take(): Promise<IteratorResult<Row, undefined>> {
    return (await this.#arrival()) ? this.#takeRow() : DONE;
  }

  #takeRow(): IteratorYieldResult<Row> {
    const batch = this.#batches[0]!;
    const value = batch[this.#next++]!;
    this.#waitingRows--;
    if (this.#next === batch.length) {
      this.#batches.shift();
      this.#next = 0;
      this.#wake();
    }
    return { done: false, value };
  }

  #takeBatch(): readonly Row[] {
    const rows = this.#batches.shift()!;
    this.#waitingRows -= rows.length;
    this.#wake();
    return rows;
  }

  #wake(): void {
    if (this.#isFull) return;
    const wake = this.#wakeWriter;
    this.#wakeWriter = null;
    wake?.();
  }

  #leave(): void {
    this.#isLeft = true;
    this.#batches.length = 0;
    this.#waitingRows = 0;
    this.#settle();
    this.#wake();
  }

  get #isFull(): boolean {
    return this.#waitingRows >= PROGRAM_OUTPUT_ROWS;
  }

  createWriter(context: SinkWriterContext): SinkWriter {
    const isFull = (): boolean => this.#isFull;
    // An end that came before a restart was none.
    this.#hasEnded = false;
    return {
      get isBusy(): boolean {
        return isFull();
      },
      write: (batch: Batch) => {
        this.#put(batch.rowObjects() as readonly Row[]);
        if (!this.#isFull) return;
        this.#wakeWriter = () => context.wake();
        if (this.#hasReader) return;
        this.#onUnread?.();
        this.#onUnread = null;
      },
      preCommit: (isEnd) => {
        this.#hasEnded ||= isEnd;
        if (isEnd) this.#settle();
        return [];
      },
      close() {},
    };
  }

  #put(rows: readonly Row[]): void {
    if (this.#isLeft || rows.length === 0) return;
    this.#batches.push(rows);
    this.#waitingRows += rows.length;
    this.#settle();
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
    for (const resolve of waiters) resolve();
  }

  async commit(): Promise<void> {}
}
