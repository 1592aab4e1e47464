/**
 * Rows from the calling program into a job. The program writes, a source in the same thread polls; between them waits a
 * bounded number of rows, beyond which `write` says false. A row is taken once: one that the job had taken but not
 * finished when it failed does not come again after a restart.
 *
 *   program   write* → (drained) → end         source   poll → ... → 'end'
 */
import { EngineError } from '../../base/errors.ts';
import { BATCH_ROWS, PROGRAM_INPUT_ROWS } from '../../base/limits.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Schema } from '../../data/schema.ts';
import type { PollResult, Source, SplitReader } from '../../operator/source.ts';

type Waiter = { resolve(): void; reject(error: unknown): void };

/** The rows between the program and the source. */
export class InputQueue<Row> {
  readonly #schema: Schema<Row> | null;
  /** Filled by the program; the first is what the source takes next. */
  readonly #filled: BatchBuilder[] = [];
  readonly #empty: BatchBuilder[] = [];
  /** The last of those filled, which takes the next row. */
  #last: BatchBuilder | null = null;
  /** What the source reads at the moment. */
  #read: BatchBuilder | null = null;
  #waitingRows = 0;
  #hasEnded = false;
  /** The job is drained: it takes what waits, and no more. */
  #isFinishing = false;
  #over: { readonly error: Error | null } | null = null;
  #waiters: Waiter[] = [];
  /** Wakes the source, when it has found nothing. */
  wake: (() => void) | null = null;

  constructor(schema: Schema<Row> | null) {
    this.#schema = schema;
  }

  /** Takes a row in any case; false when the source is behind: then wait for `drained`. */
  write(row: Row): boolean {
    if (this.#hasEnded || this.#isFinishing || this.#over !== null) this.#refuse();
    let builder = this.#last;
    if (builder === null || builder.isFull) builder = this.#addBuilder();
    builder.appendRow(row);
    this.#waitingRows++;
    if (this.wake !== null) this.#wakeSource();
    return this.#waitingRows < PROGRAM_INPUT_ROWS;
  }

  #addBuilder(): BatchBuilder {
    const builder =
      this.#empty.pop() ?? new BatchBuilder(this.#schema as Schema | null, BATCH_ROWS);
    this.#filled.push(builder);
    this.#last = builder;
    return builder;
  }

  /** Resolves when there is room; rejects with the job's error when it ends before. */
  async drained(): Promise<void> {
    if (this.#over?.error != null) throw this.#over.error;
    if (this.#waitingRows < PROGRAM_INPUT_ROWS || this.#over !== null) return;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  end(): void {
    this.#hasEnded = true;
    this.#wakeSource();
  }

  /** A reader begins. */
  begin(): void {
    this.#isFinishing = false;
  }

  finish(): void {
    this.#isFinishing = true;
  }

  /** The job is over: nobody will read any more. */
  close(error: Error | null): void {
    this.#over ??= { error };
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (error === null) waiter.resolve();
      else waiter.reject(error);
    }
  }

  #refuse(): never {
    const why = this.#hasEnded ? 'it was ended' : 'the job is over';
    throw new EngineError('INPUT_CLOSED', `the input takes no more rows: ${why}`, {
      cause: this.#over?.error ?? undefined,
    });
  }

  #wakeSource(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }

  poll(): PollResult {
    this.#recycle();
    const next = this.#filled.shift();
    if (next === undefined) return this.#hasEnded || this.#isFinishing ? 'end' : 'idle';
    this.#read = next;
    if (this.#last === next) this.#last = null;
    this.#waitingRows -= next.rowCount;
    if (this.#waitingRows < PROGRAM_INPUT_ROWS) this.#releaseWaiters();
    return next.seal();
  }

  #recycle(): void {
    if (this.#read === null) return;
    this.#read.reset();
    this.#empty.push(this.#read);
    this.#read = null;
  }

  #releaseWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve } of waiters) resolve();
  }
}

/** The source at the other end of the queue; it belongs to the calling thread. */
export type ProgramSource<Row> = Source<Row> & { readonly queue: InputQueue<Row> };

export function programSource<Row>(schema: Schema<Row> | null): ProgramSource<Row> {
  const queue = new InputQueue<Row>(schema);
  return {
    queue,
    name: 'input',
    descriptor: null,
    schema,
    isBounded: false,
    isCallers: true,
    assignment: 'spread',
    discoverSplits: async () => [{ id: 'program', weight: 0, detail: null }],
    createReader(_split, _position, context): SplitReader {
      queue.begin();
      return {
        wakeAtMs: Infinity,
        poll() {
          queue.wake = null;
          const result = queue.poll();
          if (result === 'idle') queue.wake = () => context.wake();
          return result;
        },
        position: () => null,
        progress: () => 0,
        finish: () => queue.finish(),
        close() {},
      };
    },
  };
}
