/**
 * A queue of byte frames in shared memory, from one producer thread to one consumer thread.
 *
 *   producer   reserve → write into buffer → commit   (any number)   → publish      or: offer
 *   consumer   peek → read from buffer → release      (any number)   → flushReleased  or: poll
 *
 * Nothing is copied: `reserve` and `peek` answer with a byte offset into `buffer`, a multiple of 8, and the payload
 * of a frame is contiguous. What was committed becomes visible at `publish`, what was released becomes room at
 * `flushReleased`; both happen by themselves once a quarter of the capacity is due, or of the consumer's limit for what was
 * released, and when there is no room, or nothing to read, any more. Frames arrive in order, each exactly once.
 *
 * Each half belongs to one thread at a time. Both may close: a closed producer's frames are still delivered, and a
 * closed consumer takes no more. `fail` closes with an error that the other side gets thrown.
 */

export interface QueueProducer {
  readonly buffer: SharedArrayBuffer;
  /** The longest payload that always finds room in an empty queue: a little under half the capacity. */
  readonly maxPayloadBytes: number;
  /**
   * Offset of room for a payload of up to `bytes` bytes, or -1 when there is none now. RangeError when there never is.
   * With `spareBytes` there is room only where so many are left free behind it: a payload of n bytes that is to find room
   * whatever was sent before needs n rounded up to a multiple of 8, and 16.
   */
  reserve(bytes: number, spareBytes?: number): number;
  /** Appends the reserved frame with a payload of `bytes` bytes, at most what was reserved, and a tag of your own, 0 or more. */
  commit(bytes: number, tag?: number): void;
  publish(): void;
  /** Copies a payload in; false when there is no room now. Not published by itself. */
  offer(payload: Uint8Array, tag?: number, spareBytes?: number): boolean;
  /**
   * Whether so much waits already that the consumer wants no more yet (`limit`). Up to the producer: there may be room, and
   * frames that matter more than others may go on.
   */
  readonly isOverLimit: boolean;
  /** That limit as the producer has last seen it: it looks when it publishes, and when as much waits. Infinity where there is none. */
  readonly limitBytes: number;
  /** Publishes, then blocks until a payload of `bytes` bytes finds room; false when the consumer closed or the time is over. */
  waitWritable(bytes: number, timeoutMs?: number): boolean;
  /** The same without blocking the event loop. */
  writable(bytes: number, timeoutMs?: number): Promise<boolean>;
  /** Publishes, and tells the consumer that no more follows; or that something went wrong. */
  close(): void;
  fail(error: Error): void;
}

export interface QueueConsumer {
  readonly buffer: SharedArrayBuffer;
  /** Offset of the payload of the next frame, or -1 when there is none now. Throws the producer's error behind its last frame. */
  peek(): number;
  /** Tag and payload length of the frame that was peeked. */
  readonly frameTag: number;
  readonly frameBytes: number;
  release(): void;
  flushReleased(): void;
  /**
   * Looks at frames that are not released yet: the first call at the next frame, each further call at the one behind it.
   * Offset of the payload, with `frameTag` and `frameBytes` of that frame, or -1 when no further one is there now. Peek
   * again before a release. Frames must not be released before they were looked at, until `endAhead`.
   */
  peekAhead(): number;
  endAhead(): void;
  /**
   * Asks the producer to have no more than about so many bytes waiting, heads included; Infinity for as many as there is room
   * for. Room is then made known in quarters of that.
   */
  limit(bytes: number): void;
  /** A copy of the next payload, released; null when there is none now. */
  poll(): Uint8Array | null;
  /** Blocks until a frame can be peeked; false when the producer closed and all is read, or the time is over. */
  waitReadable(timeoutMs?: number): boolean;
  /** The same without blocking the event loop. */
  readable(timeoutMs?: number): Promise<boolean>;
  /** Whether the producer has closed and every frame was released. */
  readonly isDrained: boolean;
  /** Tells the producer that no more is wanted. */
  cancel(): void;
}

/** Where a signal is: a buffer and the index of a 4-byte word. */
export type SignalDescriptor = { readonly buffer: SharedArrayBuffer; readonly wordIndex: number };

/** A queue as plain data and shared memory: post it to the other thread and attach there. */
export type QueueDescriptor = {
  readonly buffer: SharedArrayBuffer;
  /** Where in the buffer the queue begins. */
  readonly byteOffset: number;
  readonly capacityBytes: number;
  readonly producerSignal: SignalDescriptor;
  readonly consumerSignal: SignalDescriptor;
};

export type QueueOptions = {
  /** Memory for frames, 64 bytes to 512 MiB; rounded up to a multiple of 8. */
  readonly capacityBytes: number;
  /** `SpscQueue.bytesFor(capacityBytes)` bytes of zeros for it, from a multiple of 8 on; a buffer of its own when left out. */
  readonly memory?: { readonly buffer: SharedArrayBuffer; readonly byteOffset: number };
  /** What wakes the thread of each side; a queue has its own signals when left out. */
  readonly producerSignal?: SignalDescriptor;
  readonly consumerSignal?: SignalDescriptor;
};
