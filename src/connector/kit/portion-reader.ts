/**
 * Makes batches of portions: asks for the next one while the present one is given, so that two wait here at most.
 *
 *   position    { at, taken }: behind the last portion that was given whole, and records given of what follows it
 *
 * Where the user's code has failed, and may be called again, reading begins anew behind what has come.
 */
import { EngineError, messageAndPlace } from '../../base/errors.ts';
import { isThenable } from '../../base/thenable.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { batchRowsLike } from '../../data/batch-weight.ts';
import type { Schema } from '../../data/schema.ts';
import { type ErrorRetry, type RetrySpec, retrySpec, retryWaitMs } from '../../operator/retry.ts';
import type {
  PlainData,
  PollResult,
  SourceSplit,
  SplitReader,
  SplitReaderContext,
} from '../../operator/source.ts';
import type { Feed, NextPortion, Portion } from './portion.ts';

export type PortionReaderOptions = {
  readonly split: SourceSplit;
  /** Where the split begins. */
  readonly start: PlainData;
  /** As another reader gave it; null at the start. */
  readonly position: PlainData;
  readonly schema: Schema | null;
  readonly retry: ErrorRetry | null;
  /** File and line of the user's definition. */
  readonly definedAt: string | null;
  readonly context: SplitReaderContext;
  readonly open: (position: PlainData) => Feed;
};

type Place = { readonly at: PlainData; readonly taken: number };
type AnyPortion = Portion<unknown, PlainData>;

/** Characters of a position in a message. */
const SHOWN_POSITION = 200;

export class PortionReader implements SplitReader {
  readonly #options: PortionReaderOptions;
  readonly #builder: BatchBuilder | null;
  readonly #retry: RetrySpec | null;
  #at: PlainData;
  /** Records behind `#at` that have been given. */
  #taken: number;
  /** The portion behind `#at`, and the one behind that. */
  #portion: AnyPortion | null = null;
  #next: AnyPortion | null = null;
  #feed: Feed | null = null;
  #isAsking = false;
  #hasEnded = false;
  #isClosed = false;
  /** Attempts in a row that have failed. */
  #failed = 0;
  #failure: EngineError | null = null;
  /** When the next portion may be asked for. */
  #dueMs = -Infinity;

  constructor(options: PortionReaderOptions) {
    this.#options = options;
    const { position, start, schema, retry } = options;
    const { at, taken } = (position as Place | null) ?? { at: start, taken: 0 };
    this.#at = at;
    this.#taken = taken;
    this.#builder = schema === null ? null : new BatchBuilder(schema);
    this.#retry = retry === null ? null : retrySpec(retry);
  }

  get wakeAtMs(): number {
    return this.#isAsking || this.#hasEnded ? Infinity : this.#dueMs;
  }

  poll(): PollResult {
    if (this.#next === null) this.#ask();
    if (this.#portion === null && this.#next !== null) return this.#begin(this.#next);
    if (this.#portion !== null) return this.#give(this.#portion);
    if (this.#failure !== null) throw this.#failure;
    return this.#hasEnded ? 'end' : 'idle';
  }

  #ask(): void {
    const now = this.#options.context.clock.now();
    const isOver = this.#hasEnded || this.#failure !== null;
    if (isOver || this.#isAsking || now < this.#dueMs) return;
    try {
      this.#feed ??= this.#options.open(this.#behindAll);
      const answer = this.#feed.next();
      if (!isThenable(answer)) {
        this.#onPortion(answer, now);
        return;
      }
      this.#isAsking = true;
      answer.then(
        (portion) => this.#settle(() => this.#onPortion(portion, now)),
        (error: unknown) => this.#settle(() => this.#onError(error)),
      );
    } catch (error) {
      this.#onError(error);
    }
  }

  #settle(take: () => void): void {
    this.#isAsking = false;
    if (this.#isClosed) return;
    try {
      take();
    } catch (error) {
      this.#onError(error);
    }
    this.#options.context.wake();
  }

  #onPortion(portion: NextPortion, askedAtMs: number): void {
    this.#failed = 0;
    if (portion === null) {
      this.#hasEnded = true;
      return;
    }
    checkPortion(portion);
    this.#next = portion;
    this.#dueMs = askedAtMs + this.#feed!.pauseMs(portion);
  }

  /** Behind all that has come. */
  get #behindAll(): PlainData {
    return (this.#next ?? this.#portion)?.position ?? this.#at;
  }

  #onError(error: unknown): void {
    this.#closeFeed();
    try {
      if (!this.#triesAgain(error)) this.#failure = this.#placed(error);
    } catch (thrown) {
      this.#failure = this.#placed(thrown);
    }
  }

  #placed(error: unknown): EngineError {
    const { split, definedAt } = this.#options;
    const place = `split '${split.id}', behind position ${shown(this.#behindAll)}`;
    if (!(error instanceof EngineError)) {
      const message = `${place}: ${messageAndPlace(error, definedAt)}`;
      return new EngineError('USER_FUNCTION', message, { cause: error });
    }
    const { code, message, retryable } = error;
    return new EngineError(code, `${place}: ${message}`, { cause: error, retryable });
  }

  #triesAgain(error: unknown): boolean {
    const retry = this.#retry;
    if (retry === null || this.#failed >= retry.attempts) return false;
    if (this.#options.retry!.ifError?.(error) === false) return false;
    this.#failed++;
    this.#dueMs = this.#options.context.clock.now() + retryWaitMs(retry, this.#failed);
    return true;
  }

  /** Begins with a portion, behind what a reader before this one has given of it. */
  #begin(portion: AnyPortion): Batch {
    this.#next = null;
    const rows = portion.records.length;
    if (this.#taken < rows) {
      this.#portion = portion;
      return this.#give(portion);
    }
    this.#taken -= rows;
    this.#at = portion.position;
    return this.#batchOf([], 0);
  }

  #give(portion: AnyPortion): Batch {
    const { records, position } = portion;
    const batch = this.#batchOf(records, this.#taken);
    this.#taken += batch.rowCount;
    if (this.#taken === records.length) {
      this.#taken = 0;
      this.#at = position;
      this.#portion = null;
    }
    return batch;
  }

  #batchOf(records: readonly unknown[], from: number): Batch {
    return this.#builder === null ? rowsOf(records, from) : this.#columnsOf(records, from);
  }

  #columnsOf(records: readonly unknown[], from: number): Batch {
    const builder = this.#builder!;
    builder.reset();
    let record = from;
    try {
      for (; record < records.length && !builder.isFull; record++)
        builder.appendRow(records[record]);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const { split } = this.#options;
      const place = `split '${split.id}', record ${record} behind position ${shown(this.#at)}`;
      throw new EngineError(error.code, `${place}: ${error.message}`, { cause: error });
    }
    return builder.seal();
  }

  position(): PlainData {
    return { at: this.#at, taken: this.#taken } satisfies Place;
  }

  progress(): number {
    return 0;
  }

  #closeFeed(): void {
    this.#feed?.close();
    this.#feed = null;
  }

  /** What was asked for and has not come is not waited for. */
  finish(): void {
    this.#hasEnded = true;
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#closeFeed();
  }
}

function rowsOf(records: readonly unknown[], from: number): Batch {
  const to = Math.min(records.length, from + batchRowsLike(records[from]));
  return new Batch({ rowCount: to - from, schema: null, rows: records.slice(from, to) });
}

function checkPortion(portion: AnyPortion): void {
  if (Array.isArray(portion?.records) && portion.position !== undefined) return;
  throw new TypeError(`a source reads { records: [...], position }, got ${shown(portion)}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_POSITION ? text : `${text.slice(0, SHOWN_POSITION)}...`;
}
