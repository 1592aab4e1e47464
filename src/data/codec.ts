/**
 * A batch to bytes and back, in the layout drawn in codec-layout.ts.
 *
 *   BatchEncoder.measure → (the caller finds room) → BatchEncoder.write        decodeBatch
 *
 * Dynamic values of one shape are a frame within the frame (value-shape.ts), as are the elements of lists
 * (value-lists.ts); others are packed one by one (dynamic-codec.ts). Encoding copies whole arrays. Decoding copies
 * nothing but dynamic values: columns are views of the buffer, so the batch is transient. Bytes that are kept have a
 * time that all rows share once. Sizes are checked against the given length once a column, and bytes that do not add
 * up are EngineError FRAME_CORRUPT; what lies inside a section (offsets, codes) is not checked row by row. Free-form rows go
 * through a RowEncoder first. Benchmark: figure codec.
 */
import { assert } from '../base/assert.ts';
import { messageOf } from '../base/errors.ts';
import { Batch } from './batch.ts';
import * as layout from './codec-layout.ts';
import { align8, BYTES_PER_VALUE, KIND_CODES } from './codec-layout.ts';
import { encodeSchema } from './codec-schema.ts';
import {
  type AnyBuffer,
  corrupt,
  head,
  SectionReader,
  SectionWriter,
  wordsOf,
} from './codec-sections.ts';
import {
  type Column,
  DynamicColumn,
  FixedColumn,
  PRESENT,
  StringColumn,
  StringEntries,
} from './column.ts';
import { type PackedValues, packValues, unpackValues } from './dynamic-codec.ts';
import type { Field, Schema } from './schema.ts';
import { shapedValues, shapeSchema } from './shaped-decoder.ts';
import { type CodedColumn, flatBytes, flatten, isCoded } from './string-flatten.ts';
import { ListedValues, listsOf } from './value-lists.ts';
import { ShapedValues } from './value-shape.ts';

/** Frames within frames: deeper than values that have a shape may be nested. */
const FRAME_DEPTH_MAX = 40;

/** Where no column is planned. */
const NO_COLUMN = new DynamicColumn([]);

/** How one column will be written; used again for the next batch. */
class Planned {
  column: Column = NO_COLUMN;
  flags = 0;
  entryCount = 0;
  byteCount = 0;
  packed: PackedValues | null = null;
  shaped: ShapedColumn | null = null;

  set(column: Column, flags: number, entryCount: number, byteCount: number): void {
    this.column = column;
    this.flags = flags;
    this.entryCount = entryCount;
    this.byteCount = byteCount;
    // Of a batch that could not be measured.
    this.packed = this.shaped = null;
  }

  /** Holds on to nothing. */
  release(): void {
    this.shaped?.release();
    this.column = NO_COLUMN;
    this.packed = this.shaped = null;
  }
}

/** Values of a dynamic column as a frame of their own, or the elements of lists. */
class ShapedColumn {
  readonly #values = new ShapedValues();
  readonly #lists = new ListedValues();
  /** Where the elements of each list begin, and the last end; null where the rows are the values themselves. */
  offsets: Int32Array | null = null;
  readonly frame = new BatchEncoder();
  /** Of the rows of the frame. */
  schemaBytes: Uint8Array = new Uint8Array(0);
  #schema: Schema | null = null;

  /** The values that are present as rows, or the elements of all; null where they have no shape in common. */
  rowsOf(column: DynamicColumn, rowCount: number): Batch | null {
    this.offsets = null;
    if (column.rows !== null && column.absent === null) {
      const { schema } = column.rows;
      if (schema !== this.#schema) this.schemaBytes = encodeSchema(schema!);
      this.#schema = schema;
      return column.rows;
    }
    const present = presentValues(column, rowCount);
    const count = present === column.values ? rowCount : present.length;
    const rows = this.#values.rowsOf(present, count) ?? this.#elementsOf(present, count);
    this.schemaBytes = this.#values.schemaBytes;
    this.#schema = null;
    return rows;
  }

  #elementsOf(values: readonly unknown[], count: number): Batch | null {
    const offsets = this.#lists.gather(values, count);
    if (offsets === null) return null;
    const { elements } = this.#lists;
    const rows = this.#values.rowsOf(elements, elements.length);
    if (rows !== null) this.offsets = offsets;
    return rows;
  }

  /** Holds on to nothing. */
  release(): void {
    this.#values.release();
    this.#lists.release();
  }
}

/** Encodes batches of one channel, one at a time: `measure`, then `write` of the same batch. */
export class BatchEncoder {
  readonly #packsTime: boolean;
  readonly #planned: Planned[] = [];
  /** By column; made where there are dynamic ones. */
  readonly #shaped: ShapedColumn[] = [];
  #batch: Batch | null = null;
  #hasOneTime = false;
  #size = 0;

  /** `packsTime`: looks for a time that all rows share, which the reader has to spread again. */
  constructor(packsTime = false) {
    this.#packsTime = packsTime;
  }

  /** Bytes of the frame, a multiple of 8. EngineError VALUE_NOT_TRANSFERABLE for what cannot leave the thread. */
  measure(batch: Batch): number {
    // One that waits for room is measured at each attempt.
    if (batch === this.#batch) return this.#size;
    this.#batch = null;
    const { schema, columns, rowCount } = batch;
    assert(schema !== null, 'rows go through a RowEncoder first');
    let size = layout.FRAME_HEAD_BYTES + columns.length * layout.COLUMN_HEAD_BYTES;
    this.#hasOneTime = this.#packsTime && hasOneTime(batch);
    if (batch.timestamps !== null) size += this.#hasOneTime ? 8 : rowCount * 8;
    if (batch.keyHashes !== null) size += align8(rowCount * 4);
    while (this.#planned.length < columns.length) this.#planned.push(new Planned());
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      const planned = this.#planned[c]!;
      if (column.kind === 'dynamic') {
        this.#planDynamic(planned, column, c, rowCount, schema.fields[c]!.name);
      } else {
        plan(planned, column, rowCount);
      }
      size += sectionBytes(planned, rowCount);
    }
    this.#batch = batch;
    this.#size = size;
    return size;
  }

  #planDynamic(
    planned: Planned,
    column: DynamicColumn,
    c: number,
    rowCount: number,
    name: string,
  ): void {
    this.#shaped[c] ??= new ShapedColumn();
    const shaped = this.#shaped[c];
    const flags = absentFlag(column);
    const rows = shaped.rowsOf(column, rowCount);
    if (rows !== null) {
      const entryCount = shaped.schemaBytes.length;
      const byteCount = shaped.frame.measure(rows);
      const lists = shaped.offsets === null ? 0 : layout.COLUMN_LISTS;
      planned.set(column, flags | layout.COLUMN_SHAPED | lists, entryCount, byteCount);
      planned.shaped = shaped;
      return;
    }
    shaped.release();
    if (column.check !== null) checkPresent(column, rowCount, column.check);
    const packed = packValues(column.values, column.absent, rowCount, name);
    planned.set(column, flags, rowCount, packed.bytes.length);
    planned.packed = packed;
  }

  /** Writes the measured batch at `offset`, a multiple of 8, of a buffer; returns its size. */
  write(buffer: AnyBuffer, offset: number): number {
    const batch = this.#batch!;
    const { rowCount } = batch;
    const planned = this.#planned;
    const columnCount = batch.columns.length;
    const words = wordsOf(buffer);
    const at = offset >> 2;
    const heads = at + layout.FIRST_HEAD_WORD;
    words[at + layout.BYTE_LENGTH_WORD] = this.#size;
    words[at + layout.ROW_COUNT_WORD] = rowCount;
    words[at + layout.COLUMN_COUNT_WORD] = columnCount;
    words[at + layout.FLAGS_WORD] =
      (layout.CODEC_VERSION << layout.VERSION_SHIFT) |
      (batch.timestamps === null ? 0 : layout.FRAME_TIMESTAMPS) |
      (this.#hasOneTime ? layout.FRAME_ONE_TIME : 0) |
      (batch.keyHashes === null ? 0 : layout.FRAME_KEY_HASHES);
    const writer = new SectionWriter(buffer, (heads + columnCount * layout.WORDS_PER_HEAD) << 2);
    if (batch.timestamps !== null)
      writer.float64(batch.timestamps, this.#hasOneTime ? 1 : rowCount);
    if (batch.keyHashes !== null) writer.int32(batch.keyHashes, rowCount);
    for (let c = 0; c < columnCount; c++) {
      const { column, flags, entryCount, byteCount } = planned[c]!;
      const head = heads + c * layout.WORDS_PER_HEAD;
      words[head + layout.KIND_WORD] = KIND_CODES[column.kind] | flags;
      words[head + layout.ENTRY_COUNT_WORD] = entryCount;
      words[head + layout.BYTE_COUNT_WORD] = byteCount;
      words[head + layout.ZERO_WORD] = 0;
      writeColumn(writer, planned[c]!, rowCount);
      planned[c]!.release();
    }
    this.#batch = null;
    return this.#size;
  }
}

/** Its columns for values of one shape are used again. */
const bytesEncoder = new BatchEncoder(true);

/** So many bytes of memory, at a multiple of 8. */
export type Room = (bytes: number) => Uint8Array;

const OWN_MEMORY: Room = (bytes) => new Uint8Array(bytes);

/** Encodes a batch into memory of its own, or of the caller. */
export function encodeToBytes(batch: Batch, room: Room = OWN_MEMORY): Uint8Array {
  const bytes = room(bytesEncoder.measure(batch));
  bytesEncoder.write(bytes.buffer, bytes.byteOffset);
  return bytes;
}

/** Whether all rows have the same time. One without columns has nothing that its reader could tell a wrong row count by. */
function hasOneTime({ timestamps, rowCount, columns }: Batch): boolean {
  if (timestamps === null || rowCount < 2 || columns.length === 0) return false;
  const time = timestamps[0]!;
  // Of others there is but one number that is equal, and that is seen without a call.
  const isAlone = time !== 0 && !Number.isNaN(time);
  for (let i = 1; i < rowCount; i++) {
    const at = timestamps[i]!;
    if (isAlone ? at !== time : !Object.is(at, time)) return false;
  }
  return true;
}

/** The values of rows that are not absent; those of the column itself where none is. */
function presentValues({ values, absent }: DynamicColumn, rowCount: number): readonly unknown[] {
  if (absent === null) return values;
  let count = 0;
  for (let row = 0; row < rowCount; row++) if (absent[row] === PRESENT) count++;
  if (count === rowCount) return values;
  const present = new Array<unknown>(count);
  for (let row = 0, i = 0; i < count; row++)
    if (absent[row] === PRESENT) present[i++] = values[row];
  return present;
}

function checkPresent(
  { values, absent }: DynamicColumn,
  rowCount: number,
  check: (value: unknown) => void,
): void {
  for (let row = 0; row < rowCount; row++) {
    if (absent === null || absent[row] === PRESENT) check(values[row]);
  }
}

function absentFlag({ absent }: Column): number {
  return absent === null ? 0 : layout.COLUMN_ABSENT;
}

function plan(planned: Planned, column: FixedColumn | StringColumn, rowCount: number): void {
  const flags = absentFlag(column);
  if (column.kind !== 'string') {
    planned.set(column, flags, rowCount, 0);
    return;
  }
  const { entries, codes } = column;
  const wide = entries.isWide ? layout.COLUMN_WIDE : 0;
  if (losesDictionary(column, rowCount)) {
    planned.set(column, flags | wide, rowCount, flatBytes(column, rowCount));
    return;
  }
  const entryCount = codes === null ? rowCount : entries.count;
  const dictionary = codes === null ? 0 : layout.COLUMN_DICTIONARY;
  const byteCount = entries.offsets[entryCount]! - entries.offsets[0]!;
  planned.set(column, flags | wide | dictionary, entryCount, byteCount);
}

/** A dictionary larger than the batch costs more than it saves. */
function losesDictionary(column: StringColumn, rowCount: number): column is CodedColumn {
  return isCoded(column) && column.entries.count > rowCount;
}

function sectionBytes(planned: Planned, rowCount: number): number {
  const { column, flags, entryCount, byteCount, shaped } = planned;
  const absent = (flags & layout.COLUMN_ABSENT) === 0 ? 0 : align8(rowCount);
  if (column.kind !== 'string' && column.kind !== 'dynamic') {
    return absent + align8(rowCount * BYTES_PER_VALUE[column.kind]);
  }
  if (shaped !== null) {
    const offsets = shaped.offsets === null ? 0 : align8(shaped.offsets.length * 4);
    return absent + offsets + align8(entryCount) + byteCount;
  }
  const codes = (flags & layout.COLUMN_DICTIONARY) === 0 ? 0 : align8(rowCount * 4);
  return absent + codes + align8((entryCount + 1) * 4) + align8(byteCount);
}

function writeColumn(writer: SectionWriter, planned: Planned, rowCount: number): void {
  const { column, entryCount, byteCount, packed, shaped } = planned;
  if (column.absent !== null) writer.bytes(column.absent, 0, rowCount);
  if (shaped !== null) {
    if (shaped.offsets !== null) writer.int32(shaped.offsets, shaped.offsets.length);
    writer.bytes(shaped.schemaBytes, 0, entryCount);
    writer.frame(shaped.frame);
  } else if (column.kind === 'dynamic') {
    writer.int32(packed!.offsets, rowCount + 1);
    writer.bytes(packed!.bytes, 0, byteCount);
  } else if (column.kind !== 'string') {
    writer.fixed(column.values, rowCount);
  } else if (losesDictionary(column, rowCount)) {
    const offsets = writer.int32Section(rowCount + 1);
    flatten(column, rowCount, offsets, writer.bytesSection(byteCount));
  } else {
    const { entries, codes } = column;
    if (codes !== null) writer.int32(codes, rowCount);
    writer.offsets(entries.offsets, entryCount + 1);
    const start = entries.offsets[0]!;
    writer.bytes(entries.bytes, start, start + byteCount);
  }
}

/**
 * The batch in bytes offset to offset + size - 1 of a buffer: views of it, transient. EngineError FRAME_CORRUPT when
 * the bytes are not a batch of this schema.
 */
export function decodeBatch(
  buffer: AnyBuffer,
  offset: number,
  size: number,
  schema: Schema,
): Batch {
  return readFrame(new SectionReader(buffer, offset, size), size, schema, 0);
}

/** `depth`: of how many frames around this one. */
function readFrame(reader: SectionReader, size: number, schema: Schema, depth: number): Batch {
  const head = reader.int32(layout.FIRST_HEAD_WORD);
  const rowCount = head[layout.ROW_COUNT_WORD]!;
  const columnCount = head[layout.COLUMN_COUNT_WORD]!;
  const flags = head[layout.FLAGS_WORD]!;
  if (head[layout.BYTE_LENGTH_WORD] !== size) throw corrupt('its length is wrong');
  if (flags >>> layout.VERSION_SHIFT !== layout.CODEC_VERSION) throw corrupt('unknown version');
  if (rowCount < 0) throw corrupt('negative row count');
  if (columnCount !== schema.fields.length) {
    throw corrupt(`${columnCount} columns for ${schema.fields.length} fields`);
  }
  const heads = reader.int32(columnCount * layout.WORDS_PER_HEAD);
  const hasOneTime = (flags & layout.FRAME_ONE_TIME) !== 0;
  const hasTimes = (flags & layout.FRAME_TIMESTAMPS) !== 0;
  if (hasOneTime && (!hasTimes || rowCount > size)) throw corrupt('its times are wrong');
  const times = hasTimes ? reader.float64(hasOneTime ? 1 : rowCount) : null;
  const keyHashes = (flags & layout.FRAME_KEY_HASHES) === 0 ? null : reader.int32(rowCount);
  const columns = new Array<Column>(columnCount);
  for (let c = 0; c < columnCount; c++) {
    columns[c] = readColumn(
      reader,
      heads,
      c * layout.WORDS_PER_HEAD,
      rowCount,
      schema.fields[c]!,
      depth,
    );
  }
  const timestamps = hasOneTime ? spread(times![0]!, rowCount) : times;
  return new Batch({ rowCount, schema, columns, timestamps, keyHashes, isTransient: true });
}

/** The last array of one time, never written again: most batches of a snapshot share theirs with the one before. */
let lastSpread = new Float64Array(0);

function spread(time: number, rowCount: number): Float64Array {
  if (lastSpread.length < rowCount || !Object.is(lastSpread[0], time)) {
    lastSpread = new Float64Array(rowCount).fill(time);
  }
  return head(lastSpread, rowCount);
}

function readColumn(
  reader: SectionReader,
  heads: Int32Array,
  at: number,
  rowCount: number,
  field: Field,
  depth: number,
): Column {
  const kindAndFlags = heads[at + layout.KIND_WORD]!;
  if ((kindAndFlags & layout.KIND_MASK) !== KIND_CODES[field.kind]) {
    throw corrupt(`column '${field.name}' is no ${field.kind}`);
  }
  const absent = (kindAndFlags & layout.COLUMN_ABSENT) === 0 ? null : reader.bytes(rowCount);
  const entryCount = heads[at + layout.ENTRY_COUNT_WORD]!;
  const byteCount = heads[at + layout.BYTE_COUNT_WORD]!;
  if (field.kind === 'dynamic' && (kindAndFlags & layout.COLUMN_SHAPED) !== 0) {
    const count = presentRows(absent, rowCount);
    const areLists = (kindAndFlags & layout.COLUMN_LISTS) !== 0;
    const offsets = areLists ? reader.int32(count + 1) : null;
    const schema = readShape(reader.bytes(entryCount));
    if (depth === FRAME_DEPTH_MAX) throw corrupt('frames are nested too deep');
    const rows = readFrame(reader.within(byteCount), byteCount, schema, depth + 1);
    return shapedColumn(valuesIn(rows, offsets, count), absent, rowCount);
  }
  if (field.kind === 'dynamic') {
    const packed = { offsets: reader.int32(rowCount + 1), bytes: reader.bytes(byteCount) };
    return new DynamicColumn(unpackValues(packed, absent, rowCount), absent?.slice() ?? null);
  }
  if (field.kind !== 'string') {
    return new FixedColumn(field.kind, reader.fixed(field.kind, rowCount), absent);
  }
  const isDictionary = (kindAndFlags & layout.COLUMN_DICTIONARY) !== 0;
  const codes = isDictionary ? reader.int32(rowCount) : null;
  if (!isDictionary && entryCount !== rowCount) throw corrupt('entries are missing');
  const offsets = reader.int32(entryCount + 1);
  const bytes = reader.bytes(byteCount);
  if (offsets[0] !== 0 || offsets[entryCount] !== byteCount) throw corrupt('offsets are wrong');
  const isWide = (kindAndFlags & layout.COLUMN_WIDE) !== 0;
  return new StringColumn(new StringEntries(entryCount, offsets, bytes, isWide), codes, absent);
}

function readShape(bytes: Uint8Array): Schema {
  try {
    return shapeSchema(bytes);
  } catch (cause) {
    throw corrupt(`a shape cannot be read: ${messageOf(cause)}`, cause);
  }
}

function presentRows(absent: Uint8Array | null, rowCount: number): number {
  let count = rowCount;
  if (absent !== null)
    for (let row = 0; row < rowCount; row++) if (absent[row] !== PRESENT) count--;
  return count;
}

/** The values that rows are, or the lists whose elements they are: `count`. */
function valuesIn(rows: Batch, offsets: Int32Array | null, count: number): unknown[] {
  if (offsets === null) {
    if (rows.rowCount !== count) throw corrupt(`${rows.rowCount} values for ${count} rows`);
    return shapedValues(rows);
  }
  if (offsets[0] !== 0 || offsets[count] !== rows.rowCount) throw corrupt('offsets are wrong');
  return listsOf(shapedValues(rows), offsets);
}

/** One of the values for each row that is not absent. */
function shapedColumn(
  values: unknown[],
  absent: Uint8Array | null,
  rowCount: number,
): DynamicColumn {
  const count = values.length;
  if (count === rowCount) return new DynamicColumn(values, absent?.slice() ?? null);
  const spread = new Array<unknown>(rowCount).fill(undefined);
  for (let row = 0, i = 0; i < count; row++)
    if (absent![row] === PRESENT) spread[row] = values[i++];
  return new DynamicColumn(spread, absent!.slice());
}
