/**
 * The input of a source subtask: takes its splits, reads them, gives records their event time, and merges the
 * watermarks of the splits it reads, so that a split that lags holds the watermark back.
 *
 * Watermarks go out at most once an interval: finer ones would cut batches short at every
 * exchange. The end of the last split sends the maximum watermark, then the end. In batch that watermark is the only one.
 */

import type { Clock } from '../base/clock.ts';
import { BATCH_ROWS, SHOWN_MALFORMED, STAGE_CHECK_MS } from '../base/limits.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';
import { Batch, MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import type { SubtaskNumbers } from '../metrics/shared-numbers.ts';
import {
  type EventTimeFunctions,
  eventTimeFunctions,
  TimestampReader,
} from '../operator/event-time.ts';
import type { OperatorContext, Output, SideOutputs } from '../operator/operator.ts';
import { DEAD_LETTERS, type EventTimeSpec } from '../operator/operator-spec.ts';
import type {
  DeadLetter,
  PlainData,
  Source,
  SourceSplit,
  SplitReader,
} from '../operator/source.ts';
import { operatorError, recordError } from '../operator/user-function.ts';
import { AT_END } from '../state/snapshot.ts';
import { WatermarkGenerator } from '../time/strategies.ts';
import { WatermarkMerger } from '../time/watermark-merger.ts';
import { type Alignment, slowestOf } from './alignment.ts';
import { closeAll } from './close-all.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { SplitQueue } from './split-queue.ts';
import type { TaskInput } from './task.ts';

/** What the coordinator asks of sources. */
export interface SourceCommands {
  /** The checkpoint that was asked for last. */
  requestedCheckpoint(): number;
  /** Whether its barrier need not wait for room. */
  isUnaligned(checkpoint: number): boolean;
  /** The one behind which nothing more is read; 0 for none. */
  lastCheckpoint(): number;
  /** Whether sources shall come to their end now. */
  isDraining(): boolean;
}

export type SourceInputOptions = {
  readonly source: Source;
  readonly splits: SplitQueue;
  readonly eventTime: EventTimeSpec | null;
  /** Of the source node: those of its event time. */
  readonly functions: readonly object[];
  /** Records a second of this subtask; null for no limit. */
  readonly rate: number | null;
  readonly context: OperatorContext;
  readonly progress: SubtaskNumbers;
  /** Of all subtasks of the source. */
  readonly siblings: readonly SubtaskNumbers[];
  /** Null where it reads as fast as it can. */
  readonly alignment: Alignment | null;
  readonly slices: BatchSlices;
  readonly clock: Clock;
  readonly commands: SourceCommands;
  readonly output: Output;
  readonly sides: SideOutputs;
  /** Told of the first malformed records that are skipped. */
  readonly onSkipped: (record: DeadLetter) => void;
};

/** A split, and where to begin in it. */
export type SplitToRead = {
  readonly split: SourceSplit;
  /** As its reader gave it; null at its start. */
  readonly position: PlainData;
  /** Rows from there on that have gone out already. */
  readonly skip: number;
  /** Greatest event time that has gone out. */
  readonly greatest: number;
};

/** What a snapshot says of a split. */
export type SplitState = SplitToRead & { readonly isRead: boolean };

/** Nothing of the split has been read. */
export function fromItsStart(split: SourceSplit): SplitToRead {
  return { split, position: null, skip: 0, greatest: -Infinity };
}

/** State of a source: the splits that have been begun. */
export const SPLITS = 'splits';

type OpenSplit = {
  readonly split: SourceSplit;
  /** Rows that have to be left out, since they had gone out before a restart. */
  skip: number;
  readonly reader: SplitReader;
  readonly channel: number;
  readonly generator: WatermarkGenerator | null;
  isIdle: boolean;
  /** Gives only what it has. */
  isFinishing: boolean;
};

type HeldBatch = {
  readonly open: OpenSplit;
  readonly batch: Batch;
  /** Rows of it that have gone out. */
  from: number;
  /** Where the split was before it, and how many rows from there on had been left out. */
  readonly before: PlainData;
  readonly leftOut: number;
};

export class SourceInput implements TaskInput {
  hasEnded = false;
  /** A reader that was idle last goes on when it is woken. */
  #awaitsWake = false;
  readonly #options: SourceInputOptions;
  readonly #functions: EventTimeFunctions | null;
  readonly #timestamps: TimestampReader | null;
  readonly #limiter: RateLimiter | null;
  readonly #open: OpenSplit[] = [];
  /** Malformed records that a reader has met at its last poll. */
  readonly #letters: DeadLetter[] = [];
  readonly #merger = new WatermarkMerger(0);
  #next = 0;
  #allTaken = false;
  /** A batch of which a part may go only later. */
  #held: HeldBatch | null = null;
  /** Splits that have been read to their end. */
  readonly #read: SourceSplit[] = [];
  /** Whose barrier was sent last. */
  #checkpoint = 0;
  #weightDone = 0;
  #pending: Watermark = MIN_WATERMARK;
  #emitted: Watermark = MIN_WATERMARK;
  #watermarkDueMs = -Infinity;
  #readersDueMs = Infinity;

  constructor(options: SourceInputOptions) {
    const { eventTime, source, rate, clock, functions } = options;
    this.#options = options;
    this.#functions = eventTime === null ? null : eventTimeFunctions(eventTime, functions);
    this.#timestamps =
      eventTime === null
        ? null
        : new TimestampReader(eventTime.timestamp, source.schema, this.#functions!.timestamp);
    this.#limiter = rate === null ? null : new RateLimiter(rate, clock);
    if (options.context.isBatch) this.#watermarkDueMs = Infinity;
  }

  get waitsForEvents(): boolean {
    if (this.#awaitsWake) return true;
    for (const { reader } of this.#open) if (reader.waitsForEvents === true) return true;
    return false;
  }

  get wakeAtMs(): number {
    if (this.hasEnded) return Infinity;
    const watermarkDueMs = this.#timestamps === null ? Infinity : this.#watermarkDueMs;
    return Math.min(watermarkDueMs, this.#readersDueMs);
  }

  poll(): boolean {
    this.#forwardStatus();
    const { commands } = this.#options;
    if (commands.requestedCheckpoint() > this.#checkpoint) {
      this.#sendBarrier();
      return true;
    }
    if (this.#checkpoint !== 0 && commands.lastCheckpoint() === this.#checkpoint) return false;
    if (commands.isDraining()) this.#drain();
    const now = this.#options.clock.now();
    if (this.#open.length === 0) {
      if (!this.#allTaken) return this.#takeSplits(now);
      this.#end();
      return true;
    }
    this.#tellWhereItReads();
    const read = this.#held === null ? this.#readNext(now) : this.#emitHeld(this.#held);
    if (now >= this.#watermarkDueMs && this.#options.output.isReady) {
      this.#watermarkDueMs = now + this.#options.context.watermarkIntervalMs;
      this.#advanceWatermark(now);
    }
    return read;
  }

  pollControl(): boolean {
    const checkpoint = this.#options.commands.requestedCheckpoint();
    if (checkpoint <= this.#checkpoint) return false;
    this.#cut(checkpoint);
    return true;
  }

  overtake(): boolean {
    const { commands } = this.#options;
    const checkpoint = commands.requestedCheckpoint();
    if (this.hasEnded || checkpoint <= this.#checkpoint) return false;
    if (!commands.isUnaligned(checkpoint)) return false;
    this.#cut(checkpoint);
    return true;
  }

  /** Nothing is in flight to a source. */
  record(): boolean {
    return true;
  }

  #sendBarrier(): void {
    if (this.#options.output.isReady) this.#cut(this.#options.commands.requestedCheckpoint());
  }

  #cut(checkpoint: number): void {
    this.#checkpoint = checkpoint;
    this.#writeState(checkpoint);
    this.#options.output.barrier(checkpoint);
  }

  #writeState(checkpoint: number): void {
    const { context } = this.#options;
    const read = this.#read.map((split): SplitState => ({ ...fromItsStart(split), isRead: true }));
    const open = this.#open.map((split): SplitState => {
      const { position, skip } = this.#placeOf(split);
      const greatest = split.generator?.greatest ?? -Infinity;
      return { split: split.split, position, skip, greatest, isRead: false };
    });
    context.snapshot(checkpoint).items(SPLITS, 'union', [...read, ...open]);
  }

  /** Where a split has to be read on so that each row goes out once. */
  #placeOf(open: OpenSplit): { position: PlainData; skip: number } {
    const held = this.#held;
    if (held?.open === open) return { position: held.before, skip: held.leftOut + held.from };
    return { position: this.#named(() => open.reader.position()), skip: open.skip };
  }

  /** Nothing more is read; what has been read and is held goes out, and what waits in readers. */
  #drain(): void {
    this.#allTaken = true;
    const held = this.#held?.open;
    for (const open of this.#open.filter((one) => one !== held && !one.isFinishing)) {
      const { reader } = open;
      if (reader.finish === undefined) this.#closeSplit(open);
      else this.#named(() => reader.finish!());
      open.isFinishing = true;
    }
  }

  /**
   * Opens the splits that come next, in a poll of its own: a checkpoint behind which another subtask has come to the end of a
   * stage is seen before anything of the next stage is read.
   */
  #takeSplits(now: number): boolean {
    const taken = this.#options.splits.take();
    if (taken === 'wait') return this.#waitForOthers(now);
    if (taken === 'none') this.#allTaken = true;
    else for (const split of taken) this.#openSplit(split);
    return true;
  }

  /** What comes next is behind what the others still read: event time goes on as theirs does. */
  #waitForOthers(now: number): false {
    const { siblings, progress, context, output } = this.#options;
    progress.readingAt = Infinity;
    this.#readersDueMs = now + STAGE_CHECK_MS;
    this.#awaitsWake = false;
    if (this.#timestamps === null || now < this.#watermarkDueMs || !output.isReady) return false;
    this.#watermarkDueMs = now + context.watermarkIntervalMs;
    const slowest = slowestOf(siblings);
    if (slowest !== Infinity && slowest > this.#pending) this.#pending = slowest;
    this.#advanceWatermark(now);
    return false;
  }

  /** How far the splits are that it reads, for those who must not be far ahead of it, or are where it is. */
  #tellWhereItReads(): void {
    if (this.#timestamps === null) return;
    let slowest = Infinity;
    for (const { generator, isIdle } of this.#open) {
      if (!isIdle && generator!.reached < slowest) slowest = generator!.reached;
    }
    this.#options.progress.readingAt = Math.max(slowest, this.#emitted);
  }

  #openSplit({ split, position, skip, greatest }: SplitToRead): void {
    const { source, clock, context, eventTime, onSkipped } = this.#options;
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
    const generator =
      eventTime === null
        ? null
        : new WatermarkGenerator(eventTime.watermark, clock, this.#functions!.watermarks);
    generator?.restore(greatest);
    this.#open.push({
      split,
      skip,
      reader,
      channel: this.#merger.addInput(),
      generator,
      isIdle: false,
      isFinishing: false,
    });
  }

  /** One batch of the next reader that has one. */
  #readNext(now: number): boolean {
    const { alignment } = this.#options;
    this.#readersDueMs = Infinity;
    this.#awaitsWake = false;
    for (let tried = this.#open.length; tried > 0; tried--) {
      this.#next = this.#next % this.#open.length;
      const open = this.#open[this.#next]!;
      const { skip, generator } = open;
      if (alignment?.isAhead(generator!.reached, now) === true) {
        generator!.hold(now);
        this.#next++;
        this.#readersDueMs = Math.min(this.#readersDueMs, now + alignment.everyMs);
        continue;
      }
      const isHeld = this.#limiter !== null || this.#options.slices.rows < BATCH_ROWS;
      const before = isHeld ? this.#named(() => open.reader.position()) : null;
      const result = this.#pollReader(open, isHeld);
      if (result === 'end') {
        this.#closeSplit(open);
        return true;
      }
      this.#next++;
      if (result !== 'idle') {
        if (isHeld) {
          this.#held = { open, batch: result, from: 0, before, leftOut: skip - open.skip };
          return this.#emitHeld(this.#held);
        }
        this.#emit(open, result);
        return true;
      }
      const { wakeAtMs } = open.reader;
      if (wakeAtMs < this.#readersDueMs) this.#readersDueMs = wakeAtMs;
      if (wakeAtMs === Infinity) this.#awaitsWake = true;
    }
    return false;
  }

  /** `isHeld`: what it gives may go in parts. */
  #pollReader(open: OpenSplit, isHeld: boolean): Batch | 'idle' | 'end' {
    const result = this.#polled(open.reader);
    // What is malformed among rows that had gone out has gone out too.
    if (open.skip > 0) this.#letters.length = 0;
    // Where rows wait, they go with the first of them: a snapshot before that begins before them all.
    if (!isHeld || typeof result === 'string') this.#sendLetters();
    return typeof result === 'string' || open.skip === 0 ? result : this.#skipRows(open, result);
  }

  #skipRows(open: OpenSplit, batch: Batch): Batch {
    const rows = Math.min(open.skip, batch.rowCount);
    open.skip -= rows;
    return sliceBatch(batch, rows, batch.rowCount);
  }

  #sendLetters(): void {
    if (this.#letters.length === 0) return;
    const rows = this.#letters.splice(0);
    const batch = new Batch({ rowCount: rows.length, schema: null, rows });
    this.#options.sides.get(DEAD_LETTERS)!.emit(batch);
  }

  /** As many of the rows held as the rate allows, and as go at once. */
  #emitHeld(held: HeldBatch): boolean {
    const limiter = this.#limiter;
    const { batch, from } = held;
    const wanted = Math.min(batch.rowCount - from, this.#options.slices.rows);
    const rows = limiter === null ? wanted : limiter.take(wanted);
    this.#readersDueMs = limiter === null ? -Infinity : limiter.dueMs;
    if (rows === 0 && batch.rowCount > 0) return false;
    this.#sendLetters();
    held.from = from + rows;
    if (held.from === batch.rowCount) {
      this.#held = null;
      this.#readersDueMs = Infinity;
    }
    this.#emit(held.open, rows === batch.rowCount ? batch : sliceBatch(batch, from, from + rows));
    return true;
  }

  #emit(open: OpenSplit, batch: Batch): void {
    const { context, output, progress, slices, clock } = this.#options;
    const rows = batch.rowCount;
    progress.weightRead = this.#weightDone + this.#weightOpen();
    if (rows === 0) return;
    const timed = this.#assignTime(open, batch);
    if (open.isIdle) this.#setIdle(open, false);
    this.#forwardStatus();
    context.metrics.recordsOut += rows;
    const isTimed = slices.areTimed(rows);
    const sinceMs = isTimed ? clock.monotonic() : 0;
    output.emit(timed);
    if (isTimed) slices.onSlice(rows, clock.monotonic() - sinceMs);
  }

  #assignTime(open: OpenSplit, batch: Batch): Batch {
    if (this.#timestamps === null) return batch;
    const { context, progress } = this.#options;
    const generator = open.generator!;
    try {
      const timed = this.#timestamps.assign(batch);
      generator.onBatch(timed);
      if (generator.greatest > progress.newestEventTime)
        progress.newestEventTime = generator.greatest;
      return timed;
    } catch (error) {
      const row = Math.max(this.#timestamps.failedRow, generator.failedRow);
      throw recordError(context, error, context.metrics.recordsOut + row);
    }
  }

  #watermarkOf(generator: WatermarkGenerator): Watermark {
    return this.#named(() => generator.watermark());
  }

  /** What the source or a function throws gets the name of the operator. */
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

  #weightOpen(): number {
    let weight = 0;
    for (const { split, reader } of this.#open) weight += split.weight * reader.progress();
    return weight;
  }

  #advanceWatermark(now: number): void {
    const { output } = this.#options;
    for (const open of this.#open) {
      const { generator, channel } = open;
      if (generator === null) continue;
      const isIdle = generator.isIdle(now);
      if (isIdle && !open.isIdle) this.#setIdle(open, true);
      if (!isIdle) this.#merger.onWatermark(channel, this.#watermarkOf(generator));
    }
    this.#pending = this.#merger.takeWatermark() ?? this.#pending;
    if (this.#pending > this.#emitted) {
      this.#emitted = this.#pending;
      output.watermark(this.#emitted);
    }
    this.#forwardStatus();
  }

  /** A split is idle from the next watermark on, and active before its next record goes out. */
  #setIdle(open: OpenSplit, isIdle: boolean): void {
    open.isIdle = isIdle;
    if (isIdle) this.#merger.onIdle(open.channel);
    else this.#merger.onActive(open.channel);
  }

  /** Behind a watermark only when the work for it is done. */
  #forwardStatus(): void {
    if (!this.#options.output.isReady) return;
    const isIdle = this.#merger.takeStatus();
    if (isIdle !== null) this.#options.output.idle(isIdle);
  }

  #closeSplit(open: OpenSplit): void {
    if (open.generator !== null && !open.isIdle) {
      this.#merger.onWatermark(open.channel, this.#watermarkOf(open.generator));
    }
    this.#open.splice(this.#open.indexOf(open), 1);
    this.#named(() => open.reader.close());
    this.#read.push(open.split);
    this.#options.splits.onRead();
    this.#weightDone += open.split.weight;
    this.#options.progress.weightRead = this.#weightDone + this.#weightOpen();
    this.#merger.removeInput(open.channel);
  }

  /** The last watermark; then, when the work for it is done, the end. */
  #end(): void {
    const { output } = this.#options;
    if (this.#emitted !== MAX_WATERMARK) {
      this.#emitted = MAX_WATERMARK;
      output.watermark(MAX_WATERMARK);
      return;
    }
    this.hasEnded = true;
    this.#options.progress.readingAt = Infinity;
    this.#writeState(AT_END);
    output.end();
  }

  close(): void {
    closeAll(this.#open.splice(0).map(({ reader }) => reader));
  }
}
