/**
 * The splits that a source subtask reads side by side, each by its reader. What a reader throws gets the name of the source; rows
 * that had gone out before a restart are left out.
 */
import type { Clock } from '../base/clock.ts';
import { SHOWN_MALFORMED } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import type { OperatorContext } from '../operator/operator.ts';
import type {
  DeadLetter,
  PlainData,
  Source,
  SourceSplit,
  SplitPlace,
  SplitReader,
} from '../operator/source.ts';
import { operatorError } from '../operator/user-function.ts';
import { closeAll } from './close-all.ts';
import type { SourceTime, SplitTime } from './source-time.ts';
import { fromItsStart, type SplitState, type SplitToRead } from './split-state.ts';

export type SplitReadersOptions = {
  readonly source: Source;
  readonly time: SourceTime;
  readonly context: OperatorContext;
  readonly clock: Clock;
  /** Told of the first malformed records that are skipped. */
  readonly onSkipped: (record: DeadLetter) => void;
};

export type OpenSplit = {
  readonly split: SourceSplit;
  readonly reader: SplitReader;
  readonly time: SplitTime;
  /** Rows that have to be left out, since they had gone out before a restart. */
  skip: number;
  /** Gives only what it has. */
  isFinishing: boolean;
  /** Of its weight, what has been read as of its last poll. */
  weightRead: number;
};

/** A place in a split: what its reader said, how many rows from there on have gone out, and whether nothing is behind it. */
export type Place = Pick<SplitState, 'position' | 'skip' | 'isRead'>;

const NO_LETTERS: readonly DeadLetter[] = [];

export class SplitReaders {
  readonly open: OpenSplit[] = [];
  readonly #options: SplitReadersOptions;
  /** Those that have been read to their end. */
  #read: SourceSplit[] = [];
  /** Where those were at their end that have been read since the last call of `takePlaces`. */
  readonly #ends: SplitPlace[] = [];
  /** Malformed records that a reader has met at its last poll. */
  readonly #letters: DeadLetter[] = [];
  #weightDone = 0;
  /** Of those that are open, which may be thousands: their sum, and those that may wait for events. */
  #weightOpen = 0;
  readonly #waiting = new Set<SplitReader>();

  constructor(options: SplitReadersOptions) {
    this.#options = options;
  }

  get waitsForEvents(): boolean {
    for (const { waitsForEvents } of this.#waiting) if (waitsForEvents === true) return true;
    return false;
  }

  /** Of the weight of all splits, what has been read. */
  get weightRead(): number {
    return this.#weightDone + this.#weightOpen;
  }

  add({ split, position, skip, greatest }: SplitToRead): void {
    const { source, clock, context, time, onSkipped } = this.#options;
    const reader = this.#named(() =>
      source.createReader(split, position, {
        clock,
        wake: () => context.wake(),
        read: (bytes) => {
          context.metrics.bytesRead += bytes;
        },
        malformed: (record) => {
          context.metrics.skippedRecords++;
          if (source.hasDeadLetters === true) this.#letters.push(record);
          else if (context.metrics.skippedRecords <= SHOWN_MALFORMED) onSkipped(record);
        },
      }),
    );
    if (reader.waitsForEvents !== undefined) this.#waiting.add(reader);
    const state = { skip, isFinishing: false, weightRead: 0 };
    const open: OpenSplit = { split, reader, time: time.open(greatest), ...state };
    this.open.push(open);
    this.#weigh(open, split.weight * reader.progress());
  }

  #weigh(open: OpenSplit, weightRead: number): void {
    this.#weightOpen += weightRead - open.weightRead;
    open.weightRead = weightRead;
  }

  /** The split has been read to its end. */
  remove(open: OpenSplit): void {
    this.#options.time.close(open.time);
    this.open.splice(this.open.indexOf(open), 1);
    if (this.#options.source.commitPlaces !== undefined)
      this.#ends.push(placeIn(open.split, this.position(open)));
    this.#named(() => open.reader.close());
    this.#read.push(open.split);
    this.#weightDone += open.split.weight;
    this.#waiting.delete(open.reader);
    this.#weigh(open, 0);
    // What is left of the parts of others by rounding.
    if (this.open.length === 0) this.#weightOpen = 0;
  }

  /** Splits that have been read, and are remembered elsewhere. */
  forget(ids: readonly string[]): void {
    const forgotten = new Set(ids);
    this.#read = this.#read.filter(({ id }) => !forgotten.has(id));
  }

  /** The next batch of a split, without the rows that had gone out. */
  poll(open: OpenSplit): Batch | 'idle' | 'end' {
    const result = this.#polled(open.reader);
    if (typeof result !== 'string') this.#weigh(open, open.split.weight * open.reader.progress());
    if (open.skip === 0) return result;
    // What is malformed among rows that had gone out has gone out too.
    this.#letters.length = 0;
    return typeof result === 'string' ? result : this.#skipRows(open, result);
  }

  #skipRows(open: OpenSplit, batch: Batch): Batch {
    const rows = Math.min(open.skip, batch.rowCount);
    open.skip -= rows;
    return sliceBatch(batch, rows, batch.rowCount);
  }

  placeOf(open: OpenSplit): Place {
    return {
      position: this.position(open),
      skip: open.skip,
      isRead: open.reader.hasEnded === true,
    };
  }

  position({ reader }: OpenSplit): PlainData {
    return this.#named(() => reader.position());
  }

  /** The malformed records since the last call. */
  takeLetters(): readonly DeadLetter[] {
    return this.#letters.length === 0 ? NO_LETTERS : this.#letters.splice(0);
  }

  /** Lets a split give what it has, and no more; false where its reader cannot, or need not. */
  finish(open: OpenSplit): boolean {
    const { reader } = open;
    if (reader.finish === undefined) return false;
    open.isFinishing = true;
    this.#named(() => reader.finish!());
    return true;
  }

  /** What a snapshot says of all splits that have been begun; `placeOf` tells where each is that is open. */
  states(placeOf: (open: OpenSplit) => Place): readonly SplitState[] {
    const read = this.#read.map((split): SplitState => ({ ...fromItsStart(split), isRead: true }));
    const open = this.open.map((one): SplitState => {
      const greatest = one.time.generator?.greatest ?? -Infinity;
      return { split: one.split, ...placeOf(one), greatest };
    });
    return [...read, ...open];
  }

  /** How far all splits have been read; of those that have come to their end, once. */
  takePlaces(placeOf: (open: OpenSplit) => Place): readonly SplitPlace[] {
    const open = this.open.map((one) => placeIn(one.split, placeOf(one).position));
    return [...this.#ends.splice(0), ...open];
  }

  close(): void {
    closeAll(this.open.splice(0).map(({ reader }) => reader));
  }

  #named<T>(call: () => T): T {
    const { context } = this.#options;
    try {
      return call();
    } catch (error) {
      throw operatorError(context, error, context.metrics.recordsOut);
    }
  }

  /** As `named`, of a poll: without a function that is made for each. */
  #polled(reader: SplitReader): Batch | 'idle' | 'end' {
    const { context } = this.#options;
    try {
      return reader.poll();
    } catch (error) {
      throw operatorError(context, error, context.metrics.recordsOut);
    }
  }
}

function placeIn({ id }: SourceSplit, position: PlainData): SplitPlace {
  return { split: id, position };
}
