/** The queue of queue.ts over one SharedArrayBuffer, laid out as in layout.ts. */
import * as layout from './layout.ts';
import { align8, FRAME_HEAD_BYTES, FRAMES_OFFSET, PADDING_TAG } from './layout.ts';
import type { QueueConsumer, QueueDescriptor, QueueOptions, QueueProducer } from './queue.ts';
import { Signal } from './signal.ts';

/** The producer looks for the limit before it first publishes when so much waits, or a quarter of the capacity. */
const FIRST_LOOK_BYTES = 8 * 1024;

/**
 * One end of a queue: use it as producer or as consumer, not both, except in the thread that does both.
 *
 *   const memory = { buffer: new SharedArrayBuffer(SpscQueue.bytesFor(65_536)), byteOffset: 0 };
 *   const queue = SpscQueue.create({ capacityBytes: 65_536, memory });
 *   const consumer = SpscQueue.attach(queue.descriptor); // in the other thread, to which the descriptor is posted
 *
 *   queue.offer(new Uint8Array([1, 2, 3])); // copies; or writes in place:
 *   if (queue.waitWritable(8, 100)) new Uint8Array(queue.buffer)[queue.reserve(8)] = 4;
 *   queue.commit(1);
 *   queue.publish();
 *
 *   consumer.poll(); // copies; or reads in place:
 *   while (consumer.waitReadable(0)) {
 *     console.assert(new Uint8Array(consumer.buffer)[consumer.peek()] === 4);
 *     consumer.release();
 *   }
 *   consumer.flushReleased();
 *   consumer.limit(1024); // a slow consumer wants less to wait
 *   if (!queue.isOverLimit) queue.offer(new Uint8Array(8));
 *   console.assert(queue.usedShare <= 1);
 *   consumer.peekAhead(); // looks further than the next frame
 *   consumer.endAhead();
 *   if (await queue.writable(8)) queue.close();
 *   if (!(await consumer.readable())) consumer.cancel();
 *   const failBoth = (error: Error) => [queue.fail(error), consumer.cancelWith(error)]; // the other side gets it thrown
 */
export class SpscQueue implements QueueProducer, QueueConsumer {
  readonly buffer: SharedArrayBuffer;
  readonly descriptor: QueueDescriptor;
  readonly capacityBytes: number;
  readonly maxPayloadBytes: number;
  frameTag = 0;
  frameBytes = 0;
  limitBytes: number;
  /** Of this queue. */
  readonly #words: Int32Array;
  /** Of the whole buffer. */
  readonly #bytes: Uint8Array;
  readonly #byteOffset: number;
  /** Where in the buffer the frames begin. */
  readonly #framesOffset: number;
  readonly #producerSignal: Signal;
  readonly #consumerSignal: Signal;
  readonly #lap: number;
  /** Producer and consumer: a cursor is made visible when this many bytes are due. */
  readonly #publishedEach: number;
  #flushedEach: number;
  /** Producer: where the next frame goes, what was published, and the head as last seen. */
  #tail: number;
  #publishedTail: number;
  #seenHead: number;
  /** Consumer: where the next frame is, what was made room, and the tail as last seen. */
  #head: number;
  #flushedHead: number;
  #seenTail: number;
  /** Where to look ahead next; -1 when nothing has been looked at. */
  #ahead = -1;

  private constructor(descriptor: QueueDescriptor) {
    const { buffer, byteOffset, capacityBytes, producerSignal, consumerSignal } = descriptor;
    this.descriptor = descriptor;
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, byteOffset, (FRAMES_OFFSET + capacityBytes) >> 2);
    this.#bytes = new Uint8Array(buffer);
    this.#byteOffset = byteOffset;
    this.#framesOffset = byteOffset + FRAMES_OFFSET;
    this.#producerSignal = new Signal(producerSignal.buffer, producerSignal.wordIndex);
    this.#consumerSignal = new Signal(consumerSignal.buffer, consumerSignal.wordIndex);
    this.capacityBytes = capacityBytes;
    this.maxPayloadBytes = ((this.capacityBytes >> 1) & ~7) - FRAME_HEAD_BYTES;
    this.#lap = 2 * this.capacityBytes;
    this.#publishedEach = this.#flushedEach = this.capacityBytes >> 2;
    this.limitBytes = Math.min(FIRST_LOOK_BYTES, this.capacityBytes >> 2);
    const tail = Atomics.load(this.#words, layout.TAIL_WORD);
    const head = Atomics.load(this.#words, layout.HEAD_WORD);
    this.#tail = this.#publishedTail = this.#seenTail = tail;
    this.#head = this.#flushedHead = this.#seenHead = head;
  }

  static create(options: QueueOptions): SpscQueue {
    const { capacityBytes } = options;
    if (!(capacityBytes >= layout.CAPACITY_MIN && capacityBytes <= layout.CAPACITY_MAX)) {
      throw new RangeError(
        `capacityBytes must be ${layout.CAPACITY_MIN} to ${layout.CAPACITY_MAX}, got ${capacityBytes}`,
      );
    }
    const buffer = options.memory?.buffer ?? new SharedArrayBuffer(bytesFor(capacityBytes));
    const byteOffset = options.memory?.byteOffset ?? 0;
    const own = (word: number) => ({ buffer, wordIndex: (byteOffset >> 2) + word });
    const { producerSignal, consumerSignal } = options;
    return new SpscQueue({
      buffer,
      byteOffset,
      capacityBytes: align8(Math.ceil(capacityBytes)),
      producerSignal: plain(producerSignal ?? own(layout.PRODUCER_SIGNAL_WORD)),
      consumerSignal: plain(consumerSignal ?? own(layout.CONSUMER_SIGNAL_WORD)),
    });
  }

  /** Memory that a queue of this capacity takes, a multiple of 8. */
  static bytesFor(capacityBytes: number): number {
    return bytesFor(capacityBytes);
  }

  /** The queue in another thread, or in the same. */
  static attach(descriptor: QueueDescriptor): SpscQueue {
    return new SpscQueue(descriptor);
  }

  // Producer

  reserve(bytes: number, spareBytes = 0): number {
    if (bytes > this.maxPayloadBytes) {
      throw new RangeError(`a payload of ${bytes} bytes is over ${this.maxPayloadBytes}`);
    }
    const size = FRAME_HEAD_BYTES + align8(bytes);
    const place = this.#place(this.#tail);
    const toEnd = this.capacityBytes - place;
    const needed = spareBytes + (size <= toEnd ? size : toEnd + size);
    if (needed > this.#free() && !this.#canWrite(needed)) return -1;
    if (size <= toEnd) return this.#framesOffset + place + FRAME_HEAD_BYTES;
    this.#writeHead(place, toEnd - FRAME_HEAD_BYTES, PADDING_TAG);
    this.#tail = this.#advanced(this.#tail, toEnd);
    return this.#framesOffset + this.#place(this.#tail) + FRAME_HEAD_BYTES;
  }

  commit(bytes: number, tag = 0): void {
    this.#writeHead(this.#place(this.#tail), bytes, tag);
    this.#tail = this.#advanced(this.#tail, FRAME_HEAD_BYTES + align8(bytes));
    if (this.#distance(this.#publishedTail, this.#tail) >= this.#publishedEach) this.publish();
  }

  publish(): void {
    if (this.#publishedTail === this.#tail) return;
    this.#publishedTail = this.#tail;
    Atomics.store(this.#words, layout.TAIL_WORD, this.#tail);
    this.#consumerSignal.notify();
    this.#lookAtLimit();
  }

  offer(payload: Uint8Array, tag = 0, spareBytes = 0): boolean {
    const offset = this.reserve(payload.length, spareBytes);
    if (offset < 0) return false;
    this.#bytes.set(payload, offset);
    this.commit(payload.length, tag);
    return true;
  }

  get isOverLimit(): boolean {
    if (this.#distance(this.#seenHead, this.#tail) < this.limitBytes) return false;
    this.#look();
    if (this.#distance(this.#seenHead, this.#tail) < this.limitBytes) return false;
    this.publish();
    return true;
  }

  waitWritable(bytes: number, timeoutMs = Infinity): boolean {
    const end = performance.now() + timeoutMs;
    for (;;) {
      if (this.reserve(bytes) >= 0) return true;
      const leftMs = end - performance.now();
      if (this.isCancelled || leftMs <= 0) return false;
      this.#producerSignal.prepare();
      if (this.reserve(bytes) >= 0 || this.isCancelled) this.#producerSignal.cancel();
      else this.#producerSignal.wait(leftMs);
    }
  }

  async writable(bytes: number, timeoutMs = Infinity): Promise<boolean> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      if (this.reserve(bytes) >= 0) return true;
      const leftMs = end - performance.now();
      if (this.isCancelled || leftMs <= 0) return false;
      this.#producerSignal.prepare();
      if (this.reserve(bytes) >= 0 || this.isCancelled) this.#producerSignal.cancel();
      else await this.#producerSignal.waitAsync(leftMs);
    }
  }

  /** Whether the consumer wants no more; then there never is room. Throws the consumer's error, if it failed. */
  get isCancelled(): boolean {
    const state = Atomics.load(this.#words, layout.CONSUMER_STATE_WORD);
    if (state === layout.FAILED) throw this.#error();
    return state !== layout.OPEN;
  }

  close(): void {
    this.#end(layout.PRODUCER_STATE_WORD, layout.CLOSED);
  }

  /** Ends this side with an error that the other side gets thrown: as producer behind its last frame. */
  fail(error: Error): void {
    this.#writeError(error);
    this.#end(layout.PRODUCER_STATE_WORD, layout.FAILED);
  }

  #end(stateWord: number, state: number): void {
    this.publish();
    Atomics.compareExchange(this.#words, stateWord, layout.OPEN, state);
    this.#consumerSignal.notify();
    this.#producerSignal.notify();
  }

  #free(): number {
    return this.capacityBytes - this.#distance(this.#seenHead, this.#tail);
  }

  /** Looks at the head anew; while there is no room, lets the consumer see all there is. */
  #canWrite(needed: number): boolean {
    if (Atomics.load(this.#words, layout.CONSUMER_STATE_WORD) !== layout.OPEN) return false;
    this.#look();
    if (needed <= this.#free()) return true;
    this.publish();
    return false;
  }

  #look(): void {
    this.#seenHead = Atomics.load(this.#words, layout.HEAD_WORD);
    this.#lookAtLimit();
  }

  #lookAtLimit(): void {
    this.limitBytes = Atomics.load(this.#words, layout.LIMIT_WORD) || Infinity;
  }

  #writeHead(place: number, bytes: number, tag: number): void {
    const word = (FRAMES_OFFSET + place) >> 2;
    this.#words[word] = bytes;
    this.#words[word + 1] = tag;
  }

  // Consumer

  peek(): number {
    for (;;) {
      if (this.#head === this.#seenTail && !this.#canRead()) return -1;
      const place = this.#place(this.#head);
      const word = (FRAMES_OFFSET + place) >> 2;
      this.frameBytes = this.#words[word]!;
      this.frameTag = this.#words[word + 1]!;
      if (this.frameTag !== PADDING_TAG) return this.#framesOffset + place + FRAME_HEAD_BYTES;
      this.release();
    }
  }

  release(): void {
    this.#head = this.#advanced(this.#head, FRAME_HEAD_BYTES + align8(this.frameBytes));
    if (this.#distance(this.#flushedHead, this.#head) >= this.#flushedEach) this.flushReleased();
  }

  flushReleased(): void {
    if (this.#flushedHead === this.#head) return;
    this.#flushedHead = this.#head;
    Atomics.store(this.#words, layout.HEAD_WORD, this.#head);
    this.#producerSignal.notify();
  }

  peekAhead(): number {
    if (this.#ahead < 0) this.#ahead = this.#head;
    for (;;) {
      if (this.#ahead === this.#seenTail) {
        this.#seenTail = Atomics.load(this.#words, layout.TAIL_WORD);
        if (this.#ahead === this.#seenTail) return -1;
      }
      const place = this.#place(this.#ahead);
      const word = (FRAMES_OFFSET + place) >> 2;
      this.frameBytes = this.#words[word]!;
      this.frameTag = this.#words[word + 1]!;
      this.#ahead = this.#advanced(this.#ahead, FRAME_HEAD_BYTES + align8(this.frameBytes));
      if (this.frameTag !== PADDING_TAG) return this.#framesOffset + place + FRAME_HEAD_BYTES;
    }
  }

  endAhead(): void {
    this.#ahead = -1;
  }

  limit(bytes: number): void {
    const isLimited = bytes < this.capacityBytes;
    const most = isLimited ? Math.max(1, Math.floor(bytes)) : 0;
    this.#flushedEach = (isLimited ? most : this.capacityBytes) >> 2;
    Atomics.store(this.#words, layout.LIMIT_WORD, most);
    this.#producerSignal.notify();
  }

  poll(): Uint8Array | null {
    const offset = this.peek();
    if (offset < 0) return null;
    const payload = this.#bytes.slice(offset, offset + this.frameBytes);
    this.release();
    return payload;
  }

  waitReadable(timeoutMs = Infinity): boolean {
    const end = performance.now() + timeoutMs;
    for (;;) {
      if (this.peek() >= 0) return true;
      const leftMs = end - performance.now();
      if (this.isDrained || leftMs <= 0) return false;
      this.#consumerSignal.prepare();
      if (this.peek() >= 0 || this.#hasProducerEnded()) this.#consumerSignal.cancel();
      else this.#consumerSignal.wait(leftMs);
    }
  }

  async readable(timeoutMs = Infinity): Promise<boolean> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      if (this.peek() >= 0) return true;
      const leftMs = end - performance.now();
      if (this.isDrained || leftMs <= 0) return false;
      this.#consumerSignal.prepare();
      if (this.peek() >= 0 || this.#hasProducerEnded()) this.#consumerSignal.cancel();
      else await this.#consumerSignal.waitAsync(leftMs);
    }
  }

  get isDrained(): boolean {
    return this.#hasProducerEnded() && this.peek() < 0;
  }

  cancel(): void {
    this.flushReleased();
    this.#end(layout.CONSUMER_STATE_WORD, layout.CLOSED);
  }

  /** Ends the consumer with an error: the producer gets it thrown when it finds no room, or asks `isCancelled`. */
  cancelWith(error: Error): void {
    this.#writeError(error);
    this.#end(layout.CONSUMER_STATE_WORD, layout.FAILED);
  }

  #hasProducerEnded(): boolean {
    return Atomics.load(this.#words, layout.PRODUCER_STATE_WORD) !== layout.OPEN;
  }

  /** Looks at the tail anew. The state comes first: what the producer did before it ended must not be missed. */
  #canRead(): boolean {
    const state = Atomics.load(this.#words, layout.PRODUCER_STATE_WORD);
    this.#seenTail = Atomics.load(this.#words, layout.TAIL_WORD);
    if (this.#head !== this.#seenTail) return true;
    this.flushReleased();
    if (state === layout.FAILED) throw this.#error();
    return false;
  }

  // Both

  /** Bytes published and not yet made room again, heads and padding included; for gauges. */
  get usedBytes(): number {
    const tail = Atomics.load(this.#words, layout.TAIL_WORD);
    return this.#distance(Atomics.load(this.#words, layout.HEAD_WORD), tail);
  }

  /** Those bytes as a share of what the consumer wants to wait at most, or of the capacity, 0 to 1; for gauges. */
  get usedShare(): number {
    const limit = Atomics.load(this.#words, layout.LIMIT_WORD) || this.capacityBytes;
    return Math.min(1, this.usedBytes / limit);
  }

  #place(cursor: number): number {
    return cursor < this.capacityBytes ? cursor : cursor - this.capacityBytes;
  }

  #advanced(cursor: number, bytes: number): number {
    const next = cursor + bytes;
    return next < this.#lap ? next : next - this.#lap;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#lap;
  }

  #writeError(error: Error): void {
    const text = `${error.name}: ${error.message}`;
    const { written } = new TextEncoder().encodeInto(text, new Uint8Array(layout.ERROR_TEXT_BYTES));
    const encoded = new TextEncoder().encode(text).subarray(0, written);
    this.#bytes.set(encoded, this.#byteOffset + layout.ERROR_TEXT_OFFSET);
    this.#words[layout.ERROR_LENGTH_WORD] = encoded.length;
  }

  #error(): Error {
    const length = this.#words[layout.ERROR_LENGTH_WORD]!;
    const start = this.#byteOffset + layout.ERROR_TEXT_OFFSET;
    const text = new TextDecoder().decode(this.#bytes.slice(start, start + length));
    return new Error(`the other side of the queue failed: ${text}`);
  }
}

function bytesFor(capacityBytes: number): number {
  return FRAMES_OFFSET + align8(Math.ceil(capacityBytes));
}

function plain({ buffer, wordIndex }: { buffer: SharedArrayBuffer; wordIndex: number }) {
  return { buffer, wordIndex };
}
