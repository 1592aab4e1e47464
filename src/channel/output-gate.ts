/**
 * The output of one exchange: all channels of one producer subtask to the subtasks of the next task.
 *
 * Control elements go to all channels. Batches pass whole where all rows of one take the same way (here), else rows are
 * dealt and gathered by channel (dealing-gate.ts).
 */

import type { Batch, Watermark } from '../data/batch.ts';
import { ownedCopy } from '../data/copy.ts';
import type { RowCount } from '../metrics/metrics.ts';
import { ACTIVE, BARRIER, type ChannelWriter, END, IDLE, WATERMARK } from './channel.ts';
import type { InFlightLog } from './in-flight.ts';

/** Is shown the batches that cross an exchange, before they do; may keep none of them. */
export interface Tap {
  take(batch: Batch): void;
}

export interface OutputGate {
  readonly isReady: boolean;
  /** Null where nobody looks. */
  tap: Tap | null;
  emit(batch: Batch): void;
  watermark(watermark: Watermark): void;
  idle(isIdle: boolean): void;
  barrier(checkpoint: number): void;
  end(): void;
  /** Moves what waits for room; true when something moved. */
  retry(): boolean;
  /** Sends partial batches and lets consumers see everything; true when there was something. */
  flush(): boolean;
  /** Lets consumers see the full batches sent so far. */
  publish(): void;
  /** Whether rows wait in partial batches. */
  readonly hasPartial: boolean;
  /** About so many rows shall wait in its channels at most; Infinity while that is all the same. */
  readonly rowsMax: number;
  /** Rows that it has been given so far. */
  readonly sentRows: number;
}

/** What gates do with their channels, and with control elements. */
export class Channels {
  readonly writers: readonly ChannelWriter[];
  readonly #inFlight: InFlightLog | null;

  /** `inFlight`: null where no checkpoint is unaligned. */
  constructor(writers: readonly ChannelWriter[], inFlight: InFlightLog | null) {
    this.writers = writers;
    this.#inFlight = inFlight;
  }

  get areReady(): boolean {
    for (const writer of this.writers) if (!writer.isReady) return false;
    return true;
  }

  retry(): boolean {
    let moved = false;
    for (const writer of this.writers) if (writer.retry()) moved = true;
    if (moved) this.publish();
    return moved;
  }

  watermark(watermark: Watermark): void {
    for (const writer of this.writers) writer.control(WATERMARK, watermark);
    this.publish();
  }

  idle(isIdle: boolean): void {
    for (const writer of this.writers) writer.control(isIdle ? IDLE : ACTIVE, 0);
    this.publish();
  }

  barrier(checkpoint: number): void {
    const inFlight = this.#inFlight;
    if (inFlight === null || !inFlight.isUnaligned(checkpoint)) {
      for (const writer of this.writers) writer.control(BARRIER, checkpoint);
    } else {
      this.writers.forEach((writer, channel) => {
        for (const batch of writer.overtake(checkpoint)) inFlight.add(checkpoint, channel, batch);
      });
    }
    this.publish();
  }

  end(): void {
    for (const writer of this.writers) writer.control(END, 0);
    this.publish();
  }

  publish(): void {
    for (const writer of this.writers) writer.publish();
  }
}

/** Which channels get a batch: the only one, the first of several, or all. */
export type WholeBatches = 'forward' | 'global' | 'broadcast';

/** Whole batches to one channel or to all. */
export class BatchGate implements OutputGate {
  tap: Tap | null = null;
  readonly hasPartial = false;
  readonly #sent: RowCount;
  readonly #channels: Channels;
  readonly #receivers: readonly ChannelWriter[];

  /** `sent`: counts the rows that it is given. */
  constructor(
    writers: readonly ChannelWriter[],
    kind: WholeBatches,
    sent: RowCount,
    inFlight: InFlightLog | null = null,
  ) {
    this.#sent = sent;
    this.#channels = new Channels(writers, inFlight);
    this.#receivers = kind === 'broadcast' ? writers : writers.slice(0, 1);
  }

  get isReady(): boolean {
    return this.#channels.areReady;
  }

  get sentRows(): number {
    return this.#sent.rows;
  }

  get rowsMax(): number {
    let least = Infinity;
    for (const { rowsMax } of this.#receivers) if (rowsMax < least) least = rowsMax;
    return least;
  }

  emit(batch: Batch): void {
    this.tap?.take(batch);
    this.#sent.rows += batch.rowCount;
    const [only] = this.#receivers;
    if (this.#receivers.length === 1) {
      only!.put(batch);
      return;
    }
    const owned = ownedCopy(batch);
    for (const writer of this.#receivers) writer.put(owned);
  }

  watermark(watermark: Watermark): void {
    this.#channels.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#channels.idle(isIdle);
  }

  barrier(checkpoint: number): void {
    this.#channels.barrier(checkpoint);
  }

  end(): void {
    this.#channels.end();
  }

  retry(): boolean {
    return this.#channels.retry();
  }

  flush(): boolean {
    this.#channels.publish();
    return false;
  }

  publish(): void {
    this.#channels.publish();
  }
}
