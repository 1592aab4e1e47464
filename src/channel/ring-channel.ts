/**
 * A channel between two workers: batches as frames in a ring of shared memory. The consumer reads columns where
 * they lie; they are gone once it releases the element.
 *
 * Frame tags (the payload behind them):
 *   CONTROL_TAG + kind   float64 value
 *   BATCH_TAG            a batch of the channel's declared schema (data/codec.ts)
 *   FREE_FORM_TAG        a batch of free-form rows, columns of the schema sent last
 *   SCHEMA_TAG           the schema of the free-form batches that follow
 *   FRAGMENT_TAG         part of a frame that is too large for the ring; the last part has the frame's own tag
 */
import { EngineError, namedError } from '../base/errors.ts';
import { RING_BUDGET_BYTES } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import {
  BatchEncoder,
  decodeBatch,
  decodeSchema,
  encodeSchema,
  encodeToBytes,
} from '../data/codec.ts';
import { ownedCopy, sliceBatch } from '../data/copy.ts';
import { RowEncoder } from '../data/row-encoder.ts';
import type { Schema } from '../data/schema.ts';
import { type QueueDescriptor, type Signal, SpscQueue } from '../sharedarraybuffer-queue/index.ts';
import {
  BATCH,
  type ChannelReader,
  type ChannelWriter,
  type ControlKind,
  type ElementKind,
  NOTHING,
} from './channel.ts';

const BATCH_TAG = 1;
const FREE_FORM_TAG = 2;
const SCHEMA_TAG = 3;
const FRAGMENT_TAG = 4;
const CONTROL_TAG = 16;
const CONTROL_BYTES = 8;

/** Two cache lines: neighbouring rings share none. */
const CACHE_BYTES = 128;

export type RingDescriptor = QueueDescriptor;

/** Something that found no room: a batch in columns, a control element, or the rest of a long frame. */
type Waiting =
  | { readonly batch: Batch }
  | { readonly kind: ControlKind; readonly value: number }
  | { readonly bytes: Uint8Array; readonly tag: number };

export class RingWriter implements ChannelWriter {
  readonly #queue: SpscQueue;
  readonly #rows = new RowEncoder();
  readonly #encoder = new BatchEncoder();
  readonly #waiting: Waiting[] = [];
  readonly #from: string;
  readonly #tag: number;
  #sentSchema: Schema | null = null;

  /** `declared` is the schema of the stream, null for free-form rows; `from` the operator whose rows these are. */
  constructor(descriptor: RingDescriptor, declared: Schema | null, from: string) {
    this.#queue = SpscQueue.attach(descriptor);
    this.#from = from;
    this.#tag = declared === null ? FREE_FORM_TAG : BATCH_TAG;
  }

  get isReady(): boolean {
    return this.#waiting.length === 0;
  }

  put(batch: Batch): void {
    if (batch.schema !== null) {
      this.#putColumns(batch);
      return;
    }
    for (let from = 0; from < batch.rowCount; ) {
      const columns = this.#rows.encode(batch, from);
      from += columns.rowCount;
      this.#putColumns(columns);
    }
  }

  #putColumns(columns: Batch): void {
    const fits = this.#waiting.length === 0 && this.#sendBatch(columns);
    if (!fits) this.#waiting.push({ batch: ownedCopy(columns) });
  }

  putBuilt(builder: BatchBuilder): BatchBuilder {
    this.put(builder.seal());
    builder.reset();
    return builder;
  }

  control(kind: ControlKind, value: number): void {
    const fits = this.#waiting.length === 0 && this.#sendControl(kind, value);
    if (!fits) this.#waiting.push({ kind, value });
  }

  retry(): boolean {
    let moved = false;
    while (this.#waiting.length > 0 && this.#sendWaiting()) moved = true;
    return moved;
  }

  publish(): void {
    this.#queue.publish();
  }

  /** Sends the first that waits, or replaces it by smaller pieces; false when there is no room. */
  #sendWaiting(): boolean {
    const first = this.#waiting[0]!;
    if ('bytes' in first) return this.#sendPart(first.bytes, first.tag);
    if ('kind' in first) {
      if (!this.#sendControl(first.kind, first.value)) return false;
    } else {
      const { batch } = first;
      if (this.#measure(batch) > this.#queue.maxPayloadBytes) {
        this.#cut(batch);
        return true;
      }
      if (!this.#sendBatch(batch)) return false;
    }
    this.#waiting.shift();
    return true;
  }

  /** A batch too large for the ring: in halves, and a single row in parts. */
  #cut(batch: Batch): void {
    const { rowCount } = batch;
    if (rowCount > 1) {
      const half = rowCount >> 1;
      this.#waiting.splice(
        0,
        1,
        { batch: sliceBatch(batch, 0, half) },
        { batch: sliceBatch(batch, half, rowCount) },
      );
      return;
    }
    this.#waiting[0] = { bytes: encodeToBytes(batch), tag: this.#tag };
  }

  #sendPart(bytes: Uint8Array, tag: number): boolean {
    const part = Math.min(bytes.length, this.#queue.maxPayloadBytes);
    const isLast = part === bytes.length;
    if (!this.#queue.offer(bytes.subarray(0, part), isLast ? tag : FRAGMENT_TAG)) return false;
    if (isLast) this.#waiting.shift();
    else this.#waiting[0] = { bytes: bytes.subarray(part), tag };
    return true;
  }

  #sendBatch(batch: Batch): boolean {
    if (this.#tag === FREE_FORM_TAG && batch.schema !== this.#sentSchema) {
      if (!this.#queue.offer(encodeSchema(batch.schema!), SCHEMA_TAG)) return false;
      this.#sentSchema = batch.schema;
    }
    const size = this.#measure(batch);
    if (size > this.#queue.maxPayloadBytes) return false;
    const offset = this.#queue.reserve(size);
    if (offset < 0) return false;
    this.#queue.commit(this.#encoder.write(this.#queue.buffer, offset), this.#tag);
    return true;
  }

  #measure(batch: Batch): number {
    try {
      return this.#encoder.measure(batch);
    } catch (error) {
      throw error instanceof EngineError ? namedError(this.#from, error) : error;
    }
  }

  #sendControl(kind: ControlKind, value: number): boolean {
    const offset = this.#queue.reserve(CONTROL_BYTES);
    if (offset < 0) return false;
    new Float64Array(this.#queue.buffer, offset, 1)[0] = value;
    this.#queue.commit(CONTROL_BYTES, CONTROL_TAG + kind);
    return true;
  }
}

export class RingReader implements ChannelReader {
  readonly #queue: SpscQueue;
  readonly #declared: Schema | null;
  #freeForm: Schema | null = null;
  #fragments: Uint8Array[] = [];

  constructor(descriptor: RingDescriptor, declared: Schema | null) {
    this.#queue = SpscQueue.attach(descriptor);
    this.#declared = declared;
  }

  peek(): ElementKind {
    for (;;) {
      const offset = this.#queue.peek();
      if (offset < 0) {
        this.#queue.flushReleased();
        return NOTHING;
      }
      const tag = this.#queue.frameTag;
      if (tag === BATCH_TAG || tag === FREE_FORM_TAG) return BATCH;
      if (tag >= CONTROL_TAG) return (tag - CONTROL_TAG) as ElementKind;
      const bytes = new Uint8Array(this.#queue.buffer, offset, this.#queue.frameBytes).slice();
      if (tag === SCHEMA_TAG) this.#freeForm = decodeSchema(bytes);
      else this.#fragments.push(bytes);
      this.#queue.release();
    }
  }

  batch(): Batch {
    const schema = this.#queue.frameTag === FREE_FORM_TAG ? this.#freeForm! : this.#declared!;
    const offset = this.#queue.peek();
    const size = this.#queue.frameBytes;
    if (this.#fragments.length > 0) return this.#joined(schema, offset, size);
    return decodeBatch(this.#queue.buffer, offset, size, schema);
  }

  #joined(schema: Schema, offset: number, size: number): Batch {
    const parts = [...this.#fragments, new Uint8Array(this.#queue.buffer, offset, size)];
    this.#fragments = [];
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return decodeBatch(bytes.buffer, 0, bytes.length, schema);
  }

  value(): number {
    return new Float64Array(this.#queue.buffer, this.#queue.peek(), 1)[0]!;
  }

  release(): void {
    this.#queue.release();
  }
}

/** Memory of one job's rings: many in one buffer, since a buffer each takes long to make and to hand over. */
export class RingMemory {
  readonly #capacityBytes: number;
  readonly #bytesEach: number;
  #left: number;
  #buffer = new SharedArrayBuffer(0);
  #used = 0;

  /** For `count` rings of this capacity. */
  constructor(capacityBytes: number, count: number) {
    this.#capacityBytes = capacityBytes;
    this.#bytesEach = Math.ceil(SpscQueue.bytesFor(capacityBytes) / CACHE_BYTES) * CACHE_BYTES;
    this.#left = count;
  }

  /** The next ring, between the workers with these signals. */
  ring(producerSignal: Signal, consumerSignal: Signal): RingDescriptor {
    if (this.#used + this.#bytesEach > this.#buffer.byteLength) {
      const most = Math.max(1, Math.floor(RING_BUDGET_BYTES / this.#bytesEach));
      this.#buffer = new SharedArrayBuffer(Math.min(this.#left, most) * this.#bytesEach);
      this.#used = 0;
    }
    const memory = { buffer: this.#buffer, byteOffset: this.#used };
    this.#used += this.#bytesEach;
    this.#left--;
    const capacityBytes = this.#capacityBytes;
    return SpscQueue.create({ capacityBytes, memory, producerSignal, consumerSignal }).descriptor;
  }
}
