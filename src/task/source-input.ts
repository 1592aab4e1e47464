/**
 * The input of a source subtask: takes its splits, reads them in turn (split-readers.ts), gives records their event time
 * (source-time.ts), and cuts checkpoints between batches.
 *
 * A batch goes in parts where there is a rate, or where the chain is given few rows at once: what is left of it is held, and a
 * checkpoint begins at the first row that has not gone out. The end of the last split sends the maximum watermark, then the end; a
 * source that finds splits later has no last one, and is idle while it has none.
 */
import { BATCH_ROWS, STAGE_CHECK_MS } from '../base/limits.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';
import { Batch } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import type { SideOutputs } from '../operator/operator.ts';
import { DEAD_LETTERS } from '../operator/operator-spec.ts';
import type { DeadLetter, Source } from '../operator/source.ts';
import { AT_END } from '../state/snapshot.ts';
import { RateLimiter } from './rate-limiter.ts';
import { SourceTime, type SourceTimeOptions } from './source-time.ts';
import type { SplitQueue } from './split-queue.ts';
import { type OpenSplit, type Place, SplitReaders } from './split-readers.ts';
import { type FoundSplits, SPLITS } from './split-state.ts';
import type { TaskInput } from './task.ts';

/** What the coordinator asks of sources. */
export interface SourceCommands {
  /** The checkpoint that was asked for last. */
  requestedCheckpoint(): number;
  /** Whether its barrier need not wait for room. */
  isUnaligned(checkpoint: number): boolean;
  /** The one behind which nothing more is read; 0 for none, or none any more. */
  lastCheckpoint(): number;
  /** Whether sources shall come to their end now. */
  isDraining(): boolean;
}

export type SourceInputOptions = Omit<SourceTimeOptions, 'schema'> & {
  readonly source: Source;
  readonly splits: SplitQueue;
  /** Records a second of this subtask; null for no limit. */
  readonly rate: number | null;
  readonly slices: BatchSlices;
  readonly commands: SourceCommands;
  readonly sides: SideOutputs;
  /** Told of the first malformed records that are skipped. */
  readonly onSkipped: (record: DeadLetter) => void;
  /** Told the ids of splits that have been read; null where nobody has to know. */
  readonly onSplitRead: ((id: string) => void) | null;
};

type HeldBatch = {
  readonly open: OpenSplit;
  readonly batch: Batch;
  /** Rows of it that have gone out. */
  from: number;
  /** Of its first row. */
  readonly place: Place;
};

export class SourceInput implements TaskInput {
  hasEnded = false;
  /** A reader that was idle last goes on when it is woken. */
  #awaitsWake = false;
  readonly #options: SourceInputOptions;
  readonly #time: SourceTime;
  readonly #readers: SplitReaders;
  readonly #limiter: RateLimiter | null;
  #next = 0;
  #allTaken = false;
  /** A batch of which a part may go only later. */
  #held: HeldBatch | null = null;
  /** Whose barrier was sent last. */
  #checkpoint = 0;
  /**
   * That was the last one, or one before was: nothing more is sent but barriers of others, which find all as it was; or until it turns
   * out that it was not the last, since it could not be written.
   */
  #isBehindLast = false;
  /** Splits that have been read, and need not be in a checkpoint that begins from now on. */
  #remembered: string[] = [];
  #readersDueMs = Infinity;

  constructor(options: SourceInputOptions) {
    const { source, rate, clock, context, onSkipped } = options;
    this.#options = options;
    const time = new SourceTime({ ...options, schema: source.schema });
    this.#time = time;
    this.#readers = new SplitReaders({ source, time, context, clock, onSkipped });
    this.#limiter = rate === null ? null : new RateLimiter(rate, clock);
  }

  get waitsForEvents(): boolean {
    return this.#awaitsWake || this.#readers.waitsForEvents;
  }

  get wakeAtMs(): number {
    return this.hasEnded ? Infinity : Math.min(this.#time.wakeAtMs, this.#readersDueMs);
  }

  poll(): boolean {
    this.#time.forwardStatus();
    const { commands } = this.#options;
    if (commands.requestedCheckpoint() > this.#checkpoint) {
      this.#sendBarrier();
      return true;
    }
    if (this.#standsStill()) return false;
    if (commands.isDraining()) this.#drain();
    const now = this.#options.clock.now();
    const hasNone = this.#readers.open.length === 0;
    if (!this.#allTaken && (hasNone || this.#options.splits.hasMore)) return this.#takeSplits(now);
    if (hasNone) {
      this.#end();
      return true;
    }
    this.#time.tellWhereItReads();
    const read = this.#held === null ? this.#readNext(now) : this.#emitHeld(this.#held);
    this.#time.advanceWhenDue(now);
    return read;
  }

  get controlAtMs(): number {
    return this.hasEnded ? Infinity : this.#time.wakeAtMs;
  }

  pollControl(): boolean {
    const { commands, clock } = this.#options;
    const checkpoint = commands.requestedCheckpoint();
    if (checkpoint > this.#checkpoint) {
      this.#cut(checkpoint);
      return true;
    }
    if (this.#standsStill()) return false;
    this.#time.forwardStatus();
    this.#time.advanceWhenDue(clock.now());
    return false;
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

  #standsStill(): boolean {
    this.#isBehindLast &&= this.#options.commands.lastCheckpoint() !== 0;
    return this.#isBehindLast;
  }

  #sendBarrier(): void {
    if (this.#options.output.isReady) this.#cut(this.#options.commands.requestedCheckpoint());
  }

  #cut(checkpoint: number): void {
    this.#checkpoint = checkpoint;
    this.#isBehindLast ||= this.#options.commands.lastCheckpoint() === checkpoint;
    this.#writeState(checkpoint);
    this.#options.output.barrier(checkpoint);
    this.#forget();
  }

  /** Splits that were found while it runs, and which of those that it has read are remembered elsewhere. */
  onFound({ first, splits, remembered }: FoundSplits): void {
    const { context, splits: queue } = this.#options;
    queue.add(first, splits);
    this.#remembered.push(...remembered);
    this.#forget();
    context.wake();
  }

  /** A checkpoint that has begun without its barrier may be from before they were remembered: it needs them. */
  #forget(): void {
    if (this.#remembered.length === 0) return;
    if (this.#options.commands.requestedCheckpoint() > this.#checkpoint) return;
    this.#readers.forget(this.#remembered);
    this.#remembered = [];
  }

  #writeState(checkpoint: number): void {
    const { source, context } = this.#options;
    const placeOf = (open: OpenSplit): Place => this.#placeOf(open);
    context.snapshot(checkpoint).items(SPLITS, 'union', this.#readers.states(placeOf));
    if (source.commitPlaces === undefined) return;
    const places = this.#readers.takePlaces(placeOf);
    context.prepareCommit(places, checkpoint === AT_END ? null : checkpoint);
  }

  /** Where a split has to be read on so that each row goes out once. */
  #placeOf(open: OpenSplit): Place {
    const held = this.#held;
    if (held?.open !== open) return this.#readers.placeOf(open);
    return { ...held.place, skip: held.place.skip + held.from };
  }

  /** Nothing more is read; what has been read and is held goes out, and what waits in readers. */
  #drain(): void {
    this.#allTaken = true;
    const held = this.#held?.open;
    const readers = this.#readers;
    for (const open of readers.open.filter((one) => one !== held && !one.isFinishing)) {
      if (!readers.finish(open)) this.#closeSplit(open);
    }
  }

  /**
   * Opens the splits that come next, in a poll of its own: a checkpoint behind which another subtask has come to the end of a
   * stage is seen before anything of the next stage is read.
   */
  #takeSplits(now: number): boolean {
    const taken = this.#options.splits.take();
    if (taken === 'wait') return this.#waitForOthers(now);
    if (taken === 'later') return this.#waitForMore(now);
    if (taken === 'none') this.#allTaken = true;
    else for (const split of taken) this.#readers.add(split);
    return true;
  }

  #waitForOthers(now: number): false {
    this.#readersDueMs = now + STAGE_CHECK_MS;
    this.#awaitsWake = false;
    this.#time.followSiblings(now);
    return false;
  }

  /** Until `onFound` wakes it. */
  #waitForMore(now: number): false {
    this.#readersDueMs = Infinity;
    this.#awaitsWake = false;
    this.#time.beWithoutSplits(now);
    return false;
  }

  /** One batch of the next reader that has one. */
  #readNext(now: number): boolean {
    const readers = this.#readers;
    this.#readersDueMs = Infinity;
    this.#awaitsWake = false;
    for (let tried = readers.open.length; tried > 0; tried--) {
      this.#next = this.#next % readers.open.length;
      const open = readers.open[this.#next]!;
      const holdMs = this.#time.holdMs(open.time, now);
      if (holdMs > 0) {
        this.#next++;
        this.#readersDueMs = Math.min(this.#readersDueMs, now + holdMs);
        continue;
      }
      const result = this.#read(open);
      if (result === 'end') {
        this.#closeSplit(open);
        return true;
      }
      this.#next++;
      if (result === 'done') return true;
      if (result === 'held') return this.#emitHeld(this.#held!);
      this.#time.onSilent(open.time, now);
      const { wakeAtMs } = open.reader;
      if (wakeAtMs < this.#readersDueMs) this.#readersDueMs = wakeAtMs;
      if (wakeAtMs === Infinity) this.#awaitsWake = true;
    }
    return false;
  }

  /** A batch of a split goes out, or is held where it may go in parts. */
  #read(open: OpenSplit): 'done' | 'held' | 'idle' | 'end' {
    const isHeld = this.#limiter !== null || this.#options.slices.rows < BATCH_ROWS;
    const { skip } = open;
    const position = isHeld ? this.#readers.position(open) : null;
    const result = this.#readers.poll(open);
    // Where rows wait, letters go with the first of them: a snapshot before that begins before them all.
    if (!isHeld || typeof result === 'string') this.#sendLetters();
    if (typeof result === 'string') return result;
    if (!isHeld) {
      this.#emit(open, result);
      return 'done';
    }
    this.#held = {
      open,
      batch: result,
      from: 0,
      place: { position, skip: skip - open.skip, isRead: false },
    };
    return 'held';
  }

  #sendLetters(): void {
    const rows = this.#readers.takeLetters();
    if (rows.length === 0) return;
    const batch = new Batch({ rowCount: rows.length, schema: null, rows });
    this.#options.sides.get(DEAD_LETTERS)!.emit(batch);
  }

  /** As many of the rows held as the rate allows, and as go at once. */
  #emitHeld(held: HeldBatch): boolean {
    // At the end nothing waits for its time: a source with a low rate would not come to it.
    const limiter = this.#options.commands.isDraining() ? null : this.#limiter;
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
    progress.weightRead = this.#readers.weightRead;
    if (rows === 0) return;
    const timed = this.#time.assign(open.time, batch);
    context.metrics.recordsOut += rows;
    const isTimed = slices.begin(rows);
    const sinceMs = isTimed ? clock.monotonic() : 0;
    output.emit(timed);
    if (isTimed) slices.end(rows, clock.monotonic() - sinceMs);
  }

  #closeSplit(open: OpenSplit): void {
    this.#readers.remove(open);
    this.#options.splits.onRead();
    this.#options.onSplitRead?.(open.split.id);
    this.#options.progress.weightRead = this.#readers.weightRead;
  }

  /** The last watermark; then, when the work for it is done, the end. */
  #end(): void {
    if (this.#time.sendLast()) return;
    this.hasEnded = true;
    this.#options.progress.readingAt = Infinity;
    this.#writeState(AT_END);
    this.#options.output.end();
  }

  close(): void {
    this.#readers.close();
  }
}
