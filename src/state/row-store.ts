/**
 * Rows of one stream in the order in which they came, kept until all are dropped at once: as columns where the stream has a
 * schema, else as row objects. Rows are only added, never changed, so that a snapshot can be written from them while others
 * come.
 *
 *   append → row, readRows   ...   clear
 *
 * A row has an id, which grows from row to row: its segment, and its place there. Segments grow, up to a batch.
 */
import { assert } from '../base/assert.ts';
import { BATCH_ROWS } from '../base/limits.ts';
import { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { RowReaders } from '../data/row-reader.ts';
import type { Schema } from '../data/schema.ts';
import { flattened, isCoded } from '../data/string-flatten.ts';

const PLACE_BITS = 12;
const PLACE_MASK = (1 << PLACE_BITS) - 1;
const SEGMENTS_MAX = 2 ** (31 - PLACE_BITS);
const FIRST_SEGMENT_ROWS = 32;

/** Row numbers that select all rows of a range. */
let everyRow = new Int32Array(0);

/** Rows of a segment, while it may still grow. */
export type StoredRows = {
  /** Valid until the next `append`. */
  readonly batch: Batch;
  /** Of each row, what was given with it. */
  readonly slots: Int32Array;
  readonly firstId: number;
};

type Segment = {
  readonly builder: BatchBuilder;
  readonly slots: Int32Array;
  /** Reads a row; made anew when rows have been added. */
  read: (place: number) => unknown;
  readRows: number;
};

export class RowStore {
  readonly #schema: Schema | null;
  readonly #readers: RowReaders;
  readonly #segments: Segment[] = [];
  /** Segment that takes the next rows. */
  #open = 0;

  constructor(schema: Schema | null, readers: RowReaders) {
    this.#schema = schema;
    this.#readers = readers;
  }

  /** Above the ids of all rows so far, at or below those of later ones. */
  get endId(): number {
    return this.#open * (1 << PLACE_BITS) + (this.#segments[this.#open]?.builder.rowCount ?? 0);
  }

  /**
   * Adds rows from to to - 1 of a batch that is storable (see below), each with its slot; ids[i] becomes the id of row i.
   */
  append(batch: Batch, from: number, to: number, slots: Int32Array, ids: Int32Array): void {
    if (everyRow.length < to) everyRow = Int32Array.from({ length: to * 2 }, (_, i) => i);
    for (let at = from; at < to; ) {
      const { builder, slots: kept } = this.#segment();
      const first = builder.rowCount;
      const end = Math.min(to, at + builder.capacity - first);
      const fits = builder.appendSelected(batch, everyRow, at, end);
      assert(fits, 'rows without dictionaries follow any others');
      const firstId = (this.#open << PLACE_BITS) | first;
      for (let i = at; i < end; i++) {
        kept[first + i - at] = slots[i]!;
        ids[i] = firstId + i - at;
      }
      at = end;
      if (builder.isFull) this.#open++;
    }
  }

  #segment(): Segment {
    const found = this.#segments[this.#open];
    if (found !== undefined) return found;
    assert(this.#open < SEGMENTS_MAX, 'a store has no more rows than ids');
    const capacity = Math.min(BATCH_ROWS, FIRST_SEGMENT_ROWS * 4 ** this.#open);
    const segment = {
      builder: new BatchBuilder(this.#schema, capacity),
      slots: new Int32Array(capacity),
      read: unread,
      readRows: 0,
    };
    this.#segments.push(segment);
    return segment;
  }

  /** A row as an object. */
  row(id: number): unknown {
    const place = id & PLACE_MASK;
    const segment = this.#segments[id >> PLACE_BITS]!;
    if (segment.readRows !== segment.builder.rowCount) this.#readAnew(segment);
    return segment.read(place);
  }

  #readAnew(segment: Segment): void {
    const { builder } = segment;
    segment.read = this.#readers.of(builder.seal());
    segment.readRows = builder.rowCount;
  }

  /** The rows of the segment that has the id, if there is any. */
  rowsAt(id: number): StoredRows | null {
    const number = id >> PLACE_BITS;
    const segment = this.#segments[number];
    if (segment === undefined || segment.builder.rowCount === 0) return null;
    return {
      batch: segment.builder.seal(),
      slots: segment.slots,
      firstId: number << PLACE_BITS,
    };
  }

  /** Id of the first row of the segment behind the one that has this id. */
  nextSegment(id: number): number {
    return ((id >> PLACE_BITS) + 1) << PLACE_BITS;
  }

  /** Forgets all rows; the memory that they took is used again. */
  clear(): void {
    this.#segments.length = Math.min(this.#segments.length, this.#open + 1);
    for (const segment of this.#segments) {
      segment.builder.reset();
      segment.read = unread;
      segment.readRows = 0;
    }
    this.#open = 0;
  }
}

function unread(): never {
  throw new Error('assertion failed: a row is read before its segment');
}

/**
 * The batch without key hashes and dictionaries: these may lie in memory that is used again, and rows of several cannot be
 * in one segment. `schema` is that of the store.
 */
export function storable(batch: Batch, schema: Schema | null): Batch {
  if (schema === null) return batch.keyHashes === null ? batch : batch.withoutKeyHashes();
  const { rowCount, columns, timestamps } = batch;
  const hasDictionary = columns.some((column) => column.kind === 'string' && column.codes !== null);
  if (!hasDictionary && batch.keyHashes === null) return batch;
  return new Batch({
    rowCount,
    schema,
    columns: columns.map((column) =>
      column.kind === 'string' && isCoded(column) ? flattened(column, rowCount) : column,
    ),
    timestamps,
    isTransient: true,
  });
}
