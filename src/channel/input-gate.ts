/**
 * The input of a subtask: all channels that lead to it. Elements are taken from the channels in turn; their
 * watermarks and idleness are merged into those of the subtask, and it ends when every channel has ended.
 */
import { assert, unreachable } from '../base/assert.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import { WatermarkMerger } from '../time/watermark-merger.ts';
import { ACTIVE, BATCH, type ChannelReader, END, IDLE, NOTHING, WATERMARK } from './channel.ts';

/** Where the elements go. */
export interface ElementConsumer {
  emit(batch: Batch): void;
  watermark(watermark: Watermark): void;
  idle(isIdle: boolean): void;
  end(): void;
}

export class InputGate {
  readonly #readers: readonly ChannelReader[];
  readonly #merger: WatermarkMerger;
  #openChannels: number;
  #next = 0;

  constructor(readers: readonly ChannelReader[]) {
    assert(readers.length > 0, 'a gate has a channel');
    this.#readers = readers;
    this.#merger = new WatermarkMerger(readers.length);
    this.#openChannels = readers.length;
  }

  get hasEnded(): boolean {
    return this.#openChannels === 0;
  }

  /** Hands over one element; false when no channel has any. */
  poll(consumer: ElementConsumer): boolean {
    const count = this.#readers.length;
    for (let tried = 0; tried < count; tried++) {
      const channel = this.#next;
      this.#next = channel + 1 === count ? 0 : channel + 1;
      if (this.#take(channel, consumer)) return true;
    }
    return false;
  }

  #take(channel: number, consumer: ElementConsumer): boolean {
    const reader = this.#readers[channel]!;
    const kind = reader.peek();
    switch (kind) {
      case NOTHING:
        return false;
      case BATCH:
        consumer.emit(reader.batch());
        break;
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
        this.#openChannels--;
        break;
      default:
        unreachable(kind);
    }
    reader.release();
    if (kind !== BATCH) this.#forwardTime(consumer);
    if (this.#openChannels === 0) consumer.end();
    return true;
  }

  #forwardTime(consumer: ElementConsumer): void {
    const watermark = this.#merger.takeWatermark();
    if (watermark !== null) consumer.watermark(watermark);
    const isIdle = this.#merger.takeStatus();
    if (isIdle !== null) consumer.idle(isIdle);
  }
}
