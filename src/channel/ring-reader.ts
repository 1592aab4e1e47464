/** The receiving end of a channel between two workers. */
import type { Batch } from '../data/batch.ts';
import type { Schema } from '../data/schema.ts';
import { type QueueDescriptor, SpscQueue } from '../sharedarraybuffer-queue/index.ts';
import { BATCH, type ChannelReader, type ElementKind, END, isBarrier, NOTHING } from './channel.ts';
import { CONTROL_TAG, controlValue, FrameDecoder, ROW_BYTES_FIRST } from './ring-frames.ts';

/** What is shown to somebody while it still lies in the ring, until the barrier of this checkpoint. */
type Recording = {
  readonly checkpoint: number;
  readonly decoder: FrameDecoder;
  readonly show: (batch: Batch) => void;
};

export class RingReader implements ChannelReader {
  readonly #queue: SpscQueue;
  readonly #decoder: FrameDecoder;
  #recording: Recording | null = null;
  #bytesOfRow = ROW_BYTES_FIRST;

  /** `declared` is the schema of the stream, null for free-form rows. */
  constructor(descriptor: QueueDescriptor, declared: Schema | null) {
    this.#queue = SpscQueue.attach(descriptor);
    this.#decoder = new FrameDecoder(declared);
  }

  peek(): ElementKind {
    const queue = this.#queue;
    for (;;) {
      let offset = queue.peek();
      if (offset < 0) {
        queue.flushReleased();
        return NOTHING;
      }
      if (this.#recording !== null) {
        this.#lookAhead(this.#recording);
        offset = queue.peek();
      }
      const tag = queue.frameTag;
      if (tag >= CONTROL_TAG) return (tag - CONTROL_TAG) as ElementKind;
      if (!this.#decoder.absorb(queue.buffer, offset, queue.frameBytes, tag)) return BATCH;
      queue.release();
    }
  }

  batch(): Batch {
    const queue = this.#queue;
    const offset = queue.peek();
    const batch = this.#decoder.batch(queue.buffer, offset, queue.frameBytes, queue.frameTag);
    if (batch.rowCount > 0) this.#bytesOfRow = queue.frameBytes / batch.rowCount;
    return batch;
  }

  value(): number {
    return controlValue(this.#queue.buffer, this.#queue.peek());
  }

  release(): void {
    this.#queue.release();
  }

  limit(rows: number): void {
    this.#queue.limit(rows * this.#bytesOfRow);
  }

  record(checkpoint: number, show: (batch: Batch) => void): void {
    this.stopRecording();
    this.#recording = { checkpoint, decoder: this.#decoder.fork(), show };
    this.peek();
  }

  get isRecording(): boolean {
    return this.#recording !== null;
  }

  stopRecording(): void {
    this.#recording = null;
    this.#queue.endAhead();
  }

  /** Shows what has come and was not shown yet. */
  #lookAhead({ checkpoint, decoder, show }: Recording): void {
    const queue = this.#queue;
    const { buffer } = queue;
    for (let offset = queue.peekAhead(); offset >= 0; offset = queue.peekAhead()) {
      const { frameTag: tag, frameBytes: size } = queue;
      if (tag >= CONTROL_TAG) {
        const kind = tag - CONTROL_TAG;
        const isCut = isBarrier(kind) && controlValue(buffer, offset) >= checkpoint;
        if (!isCut && kind !== END) continue;
        this.stopRecording();
        return;
      }
      if (!decoder.absorb(buffer, offset, size, tag))
        show(decoder.batch(buffer, offset, size, tag));
    }
  }
}
