/**
 * The input of a subtask: all channels that lead to it. Elements are taken from the channels in turn, from the one that is
 * behind in event time before the others: those have to wait then, so that what is fast does not fill the state of what
 * waits for the slow. Their watermarks and idleness are merged into those of the subtask, and it ends when every channel
 * has ended. A channel
 * whose barrier has come waits for those of the others (barrier-aligner.ts), unless the checkpoint is unaligned (in-flight.ts).
 *
 * Where the consumer has two inputs, it is told which of them a batch is for; time, barriers and the end are those of both
 * together.
 *
 * Of a batch it hands over as many rows at once as its slices allow (batch-slices.ts); the rest stays in its channel, and goes
 * first at the next poll.
 *
 * One element a poll: the consumer may have work to do for a watermark before it can take what follows, be it a change
 * of idleness or the end.
 */
import { assert, unreachable } from '../base/assert.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import { WatermarkMerger } from '../time/watermark-merger.ts';
import type { Backlog } from './backlog.ts';
import { BarrierAligner } from './barrier-aligner.ts';
import { type BatchSlices, WHOLE_BATCHES } from './batch-slices.ts';
import {
  ACTIVE,
  BARRIER,
  BATCH,
  type ChannelReader,
  END,
  IDLE,
  NOTHING,
  OVERTAKING_BARRIER,
  WATERMARK,
} from './channel.ts';
import type { UnalignedCheckpoints } from './in-flight.ts';

/** Where the elements go. */
export interface ElementConsumer {
  /** `input`: which input of the consumer the channel leads to. */
  emit(batch: Batch, input: number): void;
  watermark(watermark: Watermark): void;
  idle(isIdle: boolean): void;
  /** `alignmentMs`: from the first channel that brought it to the last. */
  barrier(checkpoint: number, alignmentMs: number): void;
  end(): void;
}

/** A channel whose event time stands still must not hold up the others for ever. */
const FAVOURED_MAX = 64;

export type InputGateOptions = {
  /** Which input of the consumer each channel leads to; all to the first when left out. */
  readonly inputs?: readonly number[];
  /** Whether channels wait for each other's barriers. */
  readonly isAligned?: boolean;
  /** Null: there are none. */
  readonly unaligned?: UnalignedCheckpoints | null;
  /** Batches go as they are when left out. */
  readonly slices?: BatchSlices;
  /** As much may wait as there is room for when left out. */
  readonly backlog?: Backlog | null;
  /** That of the system when left out. */
  readonly clock?: Clock;
};

/** A batch of which so many rows have been handed over; it is not released yet. */
type CutBatch = { readonly channel: number; readonly batch: Batch; from: number };

export class InputGate {
  readonly #readers: readonly ChannelReader[];
  /** By channel, which input of the consumer it leads to. */
  readonly #inputs: readonly number[];
  readonly #merger: WatermarkMerger;
  readonly #aligner: BarrierAligner;
  readonly #isAligned: boolean;
  readonly #unaligned: UnalignedCheckpoints | null;
  readonly #slices: BatchSlices;
  readonly #backlog: Backlog | null;
  readonly #clock: Clock;
  #cut: CutBatch | null = null;
  /** The checkpoint whose barrier is through, until it has been handed over. */
  #barrier: number | null = null;
  /** When its first barrier came, by the monotonic clock. */
  #firstBarrierMs = 0;
  readonly #hasChannelEnded: boolean[];
  #openChannels: number;
  #next = 0;
  /** Elements that were taken from the slowest channel in a row. */
  #favoured = 0;
  hasEnded = false;

  constructor(readers: readonly ChannelReader[], options: InputGateOptions = {}) {
    assert(readers.length > 0, 'a gate has a channel');
    this.#readers = readers;
    this.#inputs = options.inputs ?? readers.map(() => 0);
    this.#isAligned = options.isAligned ?? true;
    this.#unaligned = options.unaligned ?? null;
    this.#slices = options.slices ?? WHOLE_BATCHES;
    this.#backlog = options.backlog ?? null;
    this.#clock = options.clock ?? systemClock;
    this.#merger = new WatermarkMerger(readers.length);
    this.#aligner = new BarrierAligner(readers.length);
    this.#hasChannelEnded = readers.map(() => false);
    this.#openChannels = readers.length;
    this.#limitBacklog();
  }

  /** Hands over one element; false when no channel has any. */
  poll(consumer: ElementConsumer): boolean {
    return this.#poll(consumer, false);
  }

  /** The same for a consumer that takes neither a batch nor the end: channels where one is next have to wait. */
  pollControl(consumer: ElementConsumer): boolean {
    return this.#poll(consumer, true);
  }

  #poll(consumer: ElementConsumer, isControlOnly: boolean): boolean {
    if (this.#handOverMerged(consumer, isControlOnly)) return true;
    if (this.#cut !== null && !isControlOnly) return this.#handOverRest(this.#cut, consumer);
    const { slowest } = this.#merger;
    if (slowest >= 0 && this.#favoured < FAVOURED_MAX) {
      this.#favoured++;
      if (this.#take(slowest, consumer, isControlOnly)) return true;
    }
    const count = this.#readers.length;
    if (this.#favoured === FAVOURED_MAX && this.#next === slowest)
      this.#next = (slowest + 1) % count;
    this.#favoured = 0;
    for (let tried = 0; tried < count; tried++) {
      const channel = this.#next;
      this.#next = channel + 1 === count ? 0 : channel + 1;
      if (this.#take(channel, consumer, isControlOnly)) return true;
    }
    if (!isControlOnly && !this.#aligner.isAligning) this.#backlog?.onDry();
    return false;
  }

  /** Hands over the barrier of an unaligned checkpoint that was asked for; false when there is none. */
  overtake(consumer: ElementConsumer): boolean {
    const unaligned = this.#unaligned;
    if (unaligned === null || this.hasEnded) return false;
    const checkpoint = unaligned.requested();
    const aligner = this.#aligner;
    const hasBegun = aligner.isAligning && aligner.checkpoint === checkpoint;
    if (!hasBegun && (checkpoint === 0 || checkpoint <= aligner.checkpoint)) return false;
    const alignmentMs = hasBegun ? this.#clock.monotonic() - this.#firstBarrierMs : 0;
    // Channels whose barrier has come have nothing in flight.
    const isThrough = this.#readers.map((_, channel) => hasBegun && aligner.isBlocked(channel));
    aligner.skipTo(checkpoint);
    this.#barrier = null;
    this.#readers.forEach((reader, channel) => {
      if (this.#hasChannelEnded[channel] || isThrough[channel]) return;
      // The batch that is cut is the first it shows, and is shown at once.
      let handedOver = this.#cut?.channel === channel ? this.#cut.from : 0;
      reader.record(checkpoint, (batch) => {
        const rest = handedOver === 0 ? batch : sliceBatch(batch, handedOver, batch.rowCount);
        handedOver = 0;
        unaligned.add(checkpoint, channel, rest);
      });
    });
    consumer.barrier(checkpoint, alignmentMs);
    return true;
  }

  /** Records what has come of what is in flight; true when there is nothing more to record. */
  record(): boolean {
    for (const reader of this.#readers) if (reader.isRecording) reader.peek();
    return !this.#readers.some((reader) => reader.isRecording);
  }

  #take(channel: number, consumer: ElementConsumer, isControlOnly: boolean): boolean {
    if (this.#isAligned && this.#aligner.isBlocked(channel)) return false;
    const reader = this.#readers[channel]!;
    const kind = reader.peek();
    // What comes behind a cut of its producer may not be taken in front of that of the consumer.
    if (kind !== NOTHING && this.overtake(consumer)) return true;
    if (isControlOnly && (kind === BATCH || kind === END)) return false;
    switch (kind) {
      case NOTHING:
        return false;
      case BATCH:
        this.#handOver(channel, consumer);
        return true;
      case WATERMARK:
        this.#merger.onWatermark(channel, reader.value());
        break;
      case IDLE:
        this.#merger.onIdle(channel);
        break;
      case ACTIVE:
        this.#merger.onActive(channel);
        break;
      case END:
        this.#merger.onEnd(channel);
        this.#hasChannelEnded[channel] = true;
        this.#openChannels--;
        if (this.#aligner.onEnd(channel) === 'complete') this.#barrier = this.#aligner.checkpoint;
        break;
      case BARRIER:
        this.#onBarrier(channel, reader.value());
        break;
      case OVERTAKING_BARRIER:
        break;
      default:
        unreachable(kind);
    }
    reader.release();
    this.#handOverMerged(consumer, isControlOnly);
    return true;
  }

  #handOver(channel: number, consumer: ElementConsumer): void {
    const reader = this.#readers[channel]!;
    const batch = reader.batch();
    const { rowCount } = batch;
    if (rowCount > this.#slices.rows) {
      this.#cut = { channel, batch, from: 0 };
      this.#handOverRest(this.#cut, consumer);
      return;
    }
    this.#emit(batch, channel, consumer);
    reader.release();
  }

  /** The next rows of a batch that is cut. */
  #handOverRest(cut: CutBatch, consumer: ElementConsumer): true {
    const { channel, batch, from } = cut;
    const to = Math.min(batch.rowCount, from + this.#slices.rows);
    this.#emit(sliceBatch(batch, from, to), channel, consumer);
    cut.from = to;
    if (to === batch.rowCount) {
      this.#cut = null;
      this.#readers[channel]!.release();
    }
    return true;
  }

  #emit(batch: Batch, channel: number, consumer: ElementConsumer): void {
    const { rowCount } = batch;
    const isTimed = this.#slices.begin(rowCount);
    const sinceMs = isTimed ? this.#clock.monotonic() : 0;
    consumer.emit(batch, this.#inputs[channel]!);
    if (isTimed) this.#slices.end(rowCount, this.#clock.monotonic() - sinceMs);
    if (this.#backlog?.onBatch(rowCount, this.#slices.rowsPerMs, this.#clock) === true) {
      this.#limitBacklog();
    }
  }

  #limitBacklog(): void {
    if (this.#backlog === null) return;
    const rowsMax = this.#backlog.rowsMax / this.#openChannels;
    for (const reader of this.#readers) reader.limit(rowsMax);
  }

  #onBarrier(channel: number, checkpoint: number): void {
    const isFirst = checkpoint > this.#aligner.checkpoint;
    if (isFirst) this.#firstBarrierMs = this.#clock.monotonic();
    if (this.#aligner.onBarrier(channel, checkpoint) === 'complete') this.#barrier = checkpoint;
  }

  /** What all channels together have come to: a barrier, a watermark, then a change of idleness, then the end. */
  #handOverMerged(consumer: ElementConsumer, isControlOnly: boolean): boolean {
    if (this.#barrier !== null) {
      const checkpoint = this.#barrier;
      this.#barrier = null;
      for (const reader of this.#readers) reader.stopRecording();
      consumer.barrier(checkpoint, this.#clock.monotonic() - this.#firstBarrierMs);
      return true;
    }
    const watermark = this.#merger.takeWatermark();
    if (watermark !== null) {
      consumer.watermark(watermark);
      return true;
    }
    const isIdle = this.#merger.takeStatus();
    if (isIdle !== null) {
      consumer.idle(isIdle);
      return true;
    }
    if (this.#openChannels > 0 || this.hasEnded || isControlOnly) return false;
    this.hasEnded = true;
    consumer.end();
    return true;
  }
}
