/**
 * The sending end of a channel between two workers (ring-frames.ts), and the memory of rings. A frame always leaves room
 * for an overtaking barrier behind it.
 */
import { EngineError, namedError } from '../base/errors.ts';
import { BACKLOG_ROWS_FIRST, RING_BUDGET_BYTES } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { BatchEncoder, encodeToBytes } from '../data/codec.ts';
import { encodeSchema } from '../data/codec-schema.ts';
import { ownedCopy, sliceBatch } from '../data/copy.ts';
import { RowEncoder } from '../data/row-encoder.ts';
import type { Schema } from '../data/schema.ts';
import type { ByteCount } from '../metrics/metrics.ts';
import { type QueueDescriptor, type Signal, SpscQueue } from '../sharedarraybuffer-queue/index.ts';
import { type ChannelWriter, type ControlKind, OVERTAKING_BARRIER } from './channel.ts';
import {
  BATCH_TAG,
  CONTROL_TAG,
  FRAGMENT_TAG,
  FREE_FORM_TAG,
  ROW_BYTES_FIRST,
  SCHEMA_TAG,
} from './ring-frames.ts';

const CONTROL_BYTES = 8;
/** Left free behind whatever is sent, so that an overtaking barrier finds room in a full ring. */
const SPARE_BYTES = 24;

/** Two cache lines: neighbouring rings share none. */
const CACHE_BYTES = 128;

export type RingDescriptor = QueueDescriptor;

/**
 * Something that found no room: a batch in columns, and the builder in whose memory it lies, if it goes round; a control element; or the
 * rest of a long frame.
 */
type Waiting =
  | { readonly batch: Batch; readonly builder: BatchBuilder | null }
  | { readonly kind: ControlKind; readonly value: number }
  | { readonly bytes: Uint8Array; readonly tag: number };

export class RingWriter implements ChannelWriter {
  readonly #queue: SpscQueue;
  readonly #rows = new RowEncoder();
  readonly #encoder = new BatchEncoder();
  readonly #waiting: Waiting[] = [];
  /** Builders of batches that have waited. */
  readonly #emptied: BatchBuilder[] = [];
  readonly #from: string;
  readonly #sent: ByteCount;
  readonly #tag: number;
  readonly #maxPayloadBytes: number;
  #sentSchema: Schema | null = null;
  #bytesOfRow = ROW_BYTES_FIRST;

  /**
   * `declared` is the schema of the stream, null for free-form rows; `from` the operator whose rows these are; `sent` counts
   * what they take in the ring.
   */
  constructor(
    descriptor: RingDescriptor,
    declared: Schema | null,
    from: string,
    sent: ByteCount = { bytes: 0 },
  ) {
    this.#sent = sent;
    this.#queue = SpscQueue.attach(descriptor);
    this.#maxPayloadBytes = this.#queue.maxPayloadBytes - SPARE_BYTES;
    this.#from = from;
    this.#tag = declared === null ? FREE_FORM_TAG : BATCH_TAG;
  }

  get isReady(): boolean {
    return this.#waiting.length === 0;
  }

  get rowsMax(): number {
    return this.#queue.limitBytes / this.#bytesOfRow;
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
    if (this.#fits(columns)) return;
    this.#waiting.push({ batch: ownedCopy(columns), builder: null });
  }

  #fits(columns: Batch): boolean {
    return this.#waiting.length === 0 && this.#sendBatch(columns);
  }

  putBuilt(builder: BatchBuilder): BatchBuilder {
    const batch = builder.seal();
    const isFull = batch.schema !== null && batch.rowCount * 2 > builder.capacity;
    if (isFull && !this.#fits(batch)) {
      this.#waiting.push({ batch, builder });
      return this.#emptied.pop() ?? new BatchBuilder(builder.schema, builder.capacity);
    }
    if (!isFull) this.put(batch);
    builder.reset();
    return builder;
  }

  control(kind: ControlKind, value: number): void {
    const fits = this.#waiting.length === 0 && this.#sendControl(kind, value);
    if (!fits) this.#waiting.push({ kind, value });
  }

  overtake(checkpoint: number): readonly Batch[] {
    // The parts of one frame stay together.
    const first = this.#waiting[0];
    const ahead = first !== undefined && 'bytes' in first ? 1 : 0;
    const behind = this.#waiting.slice(ahead).map(kept);
    this.#waiting.splice(ahead, behind.length, ...behind);
    if (ahead > 0 || !this.#sendControl(OVERTAKING_BARRIER, checkpoint, 0)) {
      this.#waiting.splice(ahead, 0, { kind: OVERTAKING_BARRIER, value: checkpoint });
    }
    return behind.flatMap((waiting) => ('batch' in waiting ? [waiting.batch] : []));
  }

  retry(): boolean {
    let moved = false;
    while (this.#waiting.length > 0 && this.#sendWaiting()) moved = true;
    return moved;
  }

  publish(): void {
    this.#queue.publish();
  }

  /** Sends the first that waits, puts its schema before it, or replaces it by smaller pieces; false when there is no room. */
  #sendWaiting(): boolean {
    const first = this.#waiting[0]!;
    if ('bytes' in first) return this.#sendPart(first.bytes, first.tag);
    if ('kind' in first) {
      if (!this.#sendControl(first.kind, first.value)) return false;
    } else if (this.#lacksSchema(first.batch)) {
      this.#waiting.unshift({ bytes: encodeSchema(first.batch.schema!), tag: SCHEMA_TAG });
      this.#sentSchema = first.batch.schema;
      return true;
    } else {
      const { batch, builder } = first;
      if (this.#measure(batch) > this.#maxPayloadBytes) {
        this.#cut(batch);
        this.#takeBack(builder);
        return true;
      }
      if (!this.#sendBatch(batch)) return false;
      this.#takeBack(builder);
    }
    this.#waiting.shift();
    return true;
  }

  #takeBack(builder: BatchBuilder | null): void {
    if (builder === null) return;
    builder.reset();
    this.#emptied.push(builder);
  }

  /** A batch too large for the ring: in halves, and a single row in parts. */
  #cut(batch: Batch): void {
    const { rowCount } = batch;
    if (rowCount > 1) {
      const half = rowCount >> 1;
      this.#waiting.splice(
        0,
        1,
        { batch: sliceBatch(batch, 0, half), builder: null },
        { batch: sliceBatch(batch, half, rowCount), builder: null },
      );
      return;
    }
    this.#waiting[0] = { bytes: encodeToBytes(batch), tag: this.#tag };
  }

  #sendPart(bytes: Uint8Array, tag: number): boolean {
    const part = Math.min(bytes.length, this.#maxPayloadBytes);
    const isLast = part === bytes.length;
    if (!this.#offer(bytes.subarray(0, part), isLast ? tag : FRAGMENT_TAG)) return false;
    if (isLast) this.#waiting.shift();
    else this.#waiting[0] = { bytes: bytes.subarray(part), tag };
    return true;
  }

  #sendBatch(batch: Batch): boolean {
    if (this.#queue.isOverLimit) return false;
    if (this.#lacksSchema(batch)) {
      const schema = encodeSchema(batch.schema!);
      if (schema.length > this.#maxPayloadBytes || !this.#offer(schema, SCHEMA_TAG)) return false;
      this.#sentSchema = batch.schema;
    }
    const size = this.#measure(batch);
    if (size > this.#maxPayloadBytes) return false;
    const offset = this.#queue.reserve(size, SPARE_BYTES);
    if (offset < 0) return false;
    this.#queue.commit(this.#encoder.write(this.#queue.buffer, offset), this.#tag);
    this.#sent.bytes += size;
    if (batch.rowCount > 0) this.#bytesOfRow = size / batch.rowCount;
    return true;
  }

  /** Whether the consumer has to be told first which columns these are. */
  #lacksSchema(batch: Batch): boolean {
    return this.#tag === FREE_FORM_TAG && batch.schema !== this.#sentSchema;
  }

  #measure(batch: Batch): number {
    try {
      return this.#encoder.measure(batch);
    } catch (error) {
      throw error instanceof EngineError ? namedError(this.#from, error) : error;
    }
  }

  #offer(payload: Uint8Array, tag: number): boolean {
    const fits = this.#queue.offer(payload, tag, SPARE_BYTES);
    if (fits) this.#sent.bytes += payload.length;
    return fits;
  }

  #sendControl(kind: ControlKind, value: number, spareBytes = SPARE_BYTES): boolean {
    const offset = this.#queue.reserve(CONTROL_BYTES, spareBytes);
    if (offset < 0) return false;
    new Float64Array(this.#queue.buffer, offset, 1)[0] = value;
    this.#queue.commit(CONTROL_BYTES, CONTROL_TAG + kind);
    return true;
  }
}

/** What somebody else keeps too: its memory is not used again. */
function kept(waiting: Waiting): Waiting {
  return 'batch' in waiting ? { batch: waiting.batch, builder: null } : waiting;
}

/** Memory of one job's rings: many in one buffer, since a buffer each takes long to make and to hand over. */
export class RingMemory {
  readonly #capacityBytes: number;
  readonly #bytesEach: number;
  readonly #firstLimitBytes: number;
  #left: number;
  #buffer = new SharedArrayBuffer(0);
  #used = 0;

  /** For `count` rings of this capacity. `isLimited`: little waits in them until their consumers say how much may. */
  constructor(capacityBytes: number, count: number, isLimited = false) {
    this.#firstLimitBytes = isLimited ? BACKLOG_ROWS_FIRST * ROW_BYTES_FIRST : Infinity;
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
    const queue = SpscQueue.create({ capacityBytes, memory, producerSignal, consumerSignal });
    queue.limit(this.#firstLimitBytes);
    return queue.descriptor;
  }
}
