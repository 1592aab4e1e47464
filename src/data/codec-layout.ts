/**
 * The bytes of a batch: ring frame, wire and snapshot encoding in one. Little endian; every section begins at a
 * multiple of 8 bytes from the start of the frame, which itself lies at a multiple of 8 in its buffer, so that a
 * reader can lay typed arrays over the sections where they are. Padding bytes are zero.
 *
 *   frame    0  int32  byteLength    of the whole frame, a multiple of 8
 *            4  int32  rowCount      n
 *            8  int32  columnCount   as many as the schema has fields
 *           12  int32  flags         bits 0 to 7 see FRAME_*; bits 24 to 31 version, 1
 *           16  column heads         16 bytes each, in the order of the schema
 *               timestamps           float64[n], if FRAME_TIMESTAMPS; float64[1] if FRAME_ONE_TIME too: all rows have it
 *               keyHashes            int32[n], if FRAME_KEY_HASHES
 *               columns              in the order of the schema
 *
 *   head     0  int32  kind and flags   bits 0 to 7 kind, see KIND_CODES; from bit 8 on see COLUMN_*
 *            4  int32  entryCount       string: number of entries (e); with COLUMN_SHAPED length of `shape` (s); otherwise n
 *            8  int32  byteCount        string, dynamic: length of `bytes` or `frame`; otherwise 0
 *           12  int32  0
 *
 *   column   absent   uint8[n], if COLUMN_ABSENT: 0 present, 1 null, 2 undefined, 3 missing
 *            then    int32                      int32[n]
 *                    float64, timestamp, date   float64[n]
 *                    int64                      int64[n]
 *                    boolean                    uint8[n], 0 or 1
 *                    string     codes    int32[n], if COLUMN_DICTIONARY: row i is entry codes[i]; else e = n
 *                               offsets  int32[e + 1]; entry i is bytes[offsets[i]] to bytes[offsets[i + 1] - 1]
 *                               bytes    uint8[byteCount]: latin1 units, or UTF-16 units if COLUMN_WIDE
 *                    dynamic    offsets  int32[n + 1]
 *                               bytes    uint8[byteCount]: a tag and its payload a row, see dynamic-codec.ts
 *                    dynamic, if COLUMN_SHAPED: the values of the rows that are not absent, in their order, as rows
 *                               shape    uint8[s]: their schema as JSON in UTF-8, {"fields":[{"name","kind","nullable"}...],
 *                                        "freeForm":"fields"}: objects with these fields in this order; or "elements": arrays,
 *                                        of as many elements as fields; or "values", of one field: the values themselves are
 *                                        of its kind
 *                               frame    uint8[byteCount]: a frame of that schema, as this one
 *                    dynamic, if COLUMN_LISTS too: the m values of the rows that are not absent are arrays, and what
 *                               the frame has in its rows are their elements
 *                               offsets  int32[m + 1], ahead of the shape; array i has rows offsets[i] to offsets[i + 1] - 1
 *
 * The first offset is 0 and the last is byteCount. The values of absent rows have no meaning.
 */
import type { FieldKind } from './schema.ts';

export const CODEC_VERSION = 1;
export const FRAME_HEAD_BYTES = 16;
export const COLUMN_HEAD_BYTES = 16;

/** Words of the frame head. */
export const BYTE_LENGTH_WORD = 0;
export const ROW_COUNT_WORD = 1;
export const COLUMN_COUNT_WORD = 2;
export const FLAGS_WORD = 3;
export const FIRST_HEAD_WORD = FRAME_HEAD_BYTES / 4;
export const WORDS_PER_HEAD = COLUMN_HEAD_BYTES / 4;

/** Words of a column head. */
export const KIND_WORD = 0;
export const ENTRY_COUNT_WORD = 1;
export const BYTE_COUNT_WORD = 2;
export const ZERO_WORD = 3;

export const VERSION_SHIFT = 24;
export const FRAME_TIMESTAMPS = 1;
export const FRAME_KEY_HASHES = 2;
/** Rows without a declared schema: the columns were inferred by a RowEncoder. */
export const FRAME_FREE_FORM = 4;
/** As the rows of a pane in a snapshot: their times would be a quarter of its bytes. */
export const FRAME_ONE_TIME = 8;

export const KIND_MASK = 0xff;
export const COLUMN_ABSENT = 0x100;
export const COLUMN_WIDE = 0x200;
export const COLUMN_DICTIONARY = 0x400;
/** Values of one shape, see value-shape.ts. */
export const COLUMN_SHAPED = 0x800;
/** Of a shaped column: the rows are the elements of lists. */
export const COLUMN_LISTS = 0x1000;

export const KIND_CODES: Readonly<Record<FieldKind, number>> = {
  int32: 1,
  float64: 2,
  int64: 3,
  boolean: 4,
  string: 5,
  timestamp: 6,
  date: 7,
  dynamic: 8,
};

/** Bytes of one value of a fixed kind; 0 for the others. */
export const BYTES_PER_VALUE: Readonly<Record<FieldKind, number>> = {
  int32: 4,
  float64: 8,
  int64: 8,
  boolean: 1,
  string: 0,
  timestamp: 8,
  date: 8,
  dynamic: 0,
};

/** The next multiple of 8; for any non-negative whole number. */
export function align8(bytes: number): number {
  return bytes + (-bytes & 7);
}
