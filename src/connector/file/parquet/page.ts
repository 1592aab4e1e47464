/**
 * The pages of a column chunk, decoded one at a time: values of fixed kinds as an array with an element a row, strings
 * as codes into the entries of the dictionary, or into entries of their own where the page has no dictionary.
 */
import type { CompressionCodec, DataPageHeader, PageHeader, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js';
import { compressors } from 'hyparquet-compressors';
import {
  type FixedArray,
  type FixedKind,
  fixedArray,
  NULL,
  StringEntries,
} from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { StringBuilder } from '../../../data/string-builder.ts';
import { isUnsigned, type SourceColumn } from './footer.ts';
import { readHybrid } from './hybrid.ts';
import { fromInt32, fromInt64, ownEntries, readPlain, type Values } from './plain-values.ts';
import { decompressZstd } from './zstd.ts';

export type Page = {
  readonly rowCount: number;
  /** An element a row, for fixed kinds. */
  readonly values: FixedArray | null;
  /** For strings: the entry of each row. */
  readonly entries: StringEntries | null;
  readonly codes: Int32Array | null;
  /** NULL for rows without a value; null when there are none. */
  readonly absent: Uint8Array | null;
};

/** Where the values of a page are, and which rows have one. */
type PageBody = {
  readonly rowCount: number;
  readonly valueCount: number;
  readonly absent: Uint8Array | null;
  readonly encoding: string;
  readonly bytes: Uint8Array;
  readonly at: number;
};

const CODECS = { ...compressors, ZSTD: decompressZstd };

/** Writers make pages of about a megabyte. */
const PAGE_BYTES_MAX = 2 ** 30;
/** A copy of 64 bytes takes 3 in Snappy: no page grows more than this. */
const SNAPPY_GROWTH_MAX = 32;

/** What hyparquet decodes. */
const RARE_ENCODINGS: ReadonlySet<string> = new Set([
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY',
  'BYTE_STREAM_SPLIT',
]);

export class PageReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #column: SourceColumn;
  readonly #codec: CompressionCodec;
  readonly #rowsMax: number;
  #at = 0;
  #dictionary: Values | null = null;

  /** `bytes` are those of the whole chunk, of at most `rowsMax` rows. */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    column: SourceColumn,
    codec: CompressionCodec,
    rowsMax: number,
  ) {
    this.#rowsMax = rowsMax;
    this.#bytes = bytes;
    this.#column = column;
    this.#codec = codec;
  }

  /** The next page of rows; null behind the last. */
  next(): Page | null {
    while (this.#at < this.#bytes.length) {
      const reader = {
        view: new DataView(this.#bytes.buffer, this.#bytes.byteOffset),
        offset: this.#at,
      };
      const header = parquetHeader(reader);
      const start = reader.offset;
      const end = start + header.compressed_page_size;
      if (!(end > this.#at && end <= this.#bytes.length)) throw new RangeError('a page is cut off');
      this.#at = end;
      const compressed = this.#bytes.subarray(start, end);
      const bytesMax =
        this.#codec === 'SNAPPY' ? compressed.length * SNAPPY_GROWTH_MAX : PAGE_BYTES_MAX;
      if (!(header.uncompressed_page_size <= Math.min(bytesMax, PAGE_BYTES_MAX)))
        throw new RangeError('a page is too large');
      if (header.type === 'DICTIONARY_PAGE') {
        const count = this.#checked(header.dictionary_page_header!.num_values);
        const bytes = this.#decompress(compressed, header.uncompressed_page_size);
        this.#dictionary = readPlain(bytes, 0, count, this.#column.field, this.#column.element);
      } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
        return this.#decode(header, compressed);
      }
    }
    return null;
  }

  /** Damaged numbers must not ask for more memory than the row group can need. */
  #checked(count: number): number {
    if (count >= 0 && count <= this.#rowsMax) return count;
    throw new RangeError(`a page of ${count} values in a row group of ${this.#rowsMax} rows`);
  }

  /** Nothing, where a column has no value, may be compressed to a few bytes that not every decompressor takes. */
  #decompress(bytes: Uint8Array, size: number): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    return decompressPage(bytes, size, this.#codec, CODECS);
  }

  #decode(header: PageHeader, compressed: Uint8Array): Page {
    this.#checked(header.data_page_header?.num_values ?? header.data_page_header_v2!.num_values);
    const encoding = header.data_page_header?.encoding ?? header.data_page_header_v2!.encoding;
    const body =
      header.type === 'DATA_PAGE'
        ? this.#bodyV1(header, compressed)
        : this.#bodyV2(header, compressed);
    if (encoding === 'PLAIN') return this.#plainPage(body);
    if (encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY')
      return this.#dictionaryPage(body);
    if (encoding === 'RLE' && this.#column.element.type === 'BOOLEAN')
      return this.#booleanRunsPage(body);
    if (RARE_ENCODINGS.has(encoding)) return this.#decodeRare(body);
    throw new RangeError(`encoding ${encoding} is not supported`);
  }

  get #isOptional(): boolean {
    return this.#column.element.repetition_type === 'OPTIONAL';
  }

  #bodyV1(header: PageHeader, compressed: Uint8Array): PageBody {
    const { num_values: rowCount, encoding } = header.data_page_header!;
    const bytes = this.#decompress(compressed, header.uncompressed_page_size);
    if (!this.#isOptional) {
      return { rowCount, valueCount: rowCount, absent: null, encoding, bytes, at: 0 };
    }
    const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    const levels = readLevels(bytes, 4, 4 + length, rowCount);
    return { rowCount, ...levels, encoding, bytes, at: 4 + length };
  }

  #bodyV2(header: PageHeader, compressed: Uint8Array): PageBody {
    const v2 = header.data_page_header_v2!;
    const rowCount = v2.num_values;
    const levelBytes = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
    const size = header.uncompressed_page_size - levelBytes;
    const body = compressed.subarray(levelBytes);
    const bytes = v2.is_compressed === false ? body : this.#decompress(body, size);
    const levels = this.#isOptional
      ? readLevels(compressed, v2.repetition_levels_byte_length, levelBytes, rowCount)
      : { valueCount: rowCount, absent: null };
    return { rowCount, ...levels, encoding: v2.encoding, bytes, at: 0 };
  }

  #plainPage({ rowCount, valueCount, absent, bytes, at }: PageBody): Page {
    const values = readPlain(bytes, at, valueCount, this.#column.field, this.#column.element);
    if (!(values instanceof StringEntries)) return fixedPage(rowCount, absent, values);
    const codes = Int32Array.from({ length: valueCount }, (_, i) => i);
    return stringPage(rowCount, absent, values, codes);
  }

  #dictionaryPage({ rowCount, valueCount, absent, bytes, at }: PageBody): Page {
    const dictionary = this.#dictionary;
    if (dictionary === null) throw new RangeError('a dictionary page is missing');
    const codes = new Int32Array(valueCount);
    if (valueCount > 0) readHybrid(bytes, at + 1, bytes.length, bytes[at] ?? 0, codes, valueCount);
    const size = dictionary instanceof StringEntries ? dictionary.count : dictionary.length;
    requireCodes(codes, size);
    if (dictionary instanceof StringEntries) return stringPage(rowCount, absent, dictionary, codes);
    return fixedPage(rowCount, absent, gathered(dictionary, codes, this.#column.field));
  }

  /** Booleans as runs, behind the length of the bytes. */
  #booleanRunsPage({ rowCount, valueCount, absent, bytes, at }: PageBody): Page {
    const values = new Uint8Array(valueCount);
    if (valueCount > 0) readHybrid(bytes, at + 4, bytes.length, 1, values, valueCount);
    return fixedPage(rowCount, absent, values);
  }

  /**
   * Delta and byte stream encodings: by hyparquet, value by value. It gets the values alone, as if none were absent: its
   * own reader of levels trusts the bytes. Deltas of integers without a sign are read as 64 bits, in which DuckDB writes the
   * first value.
   */
  #decodeRare({ rowCount, valueCount, absent, encoding, bytes, at }: PageBody): Page {
    const { element, field } = this.#column;
    const isWide = encoding === 'DELTA_BINARY_PACKED' && isUnsigned(element);
    const type = isWide ? 'INT64' : element.type!;
    const required: SchemaElement = { ...element, type, repetition_type: 'REQUIRED' };
    const header = { num_values: valueCount, encoding } as DataPageHeader;
    const decoder = {
      type,
      element: required,
      schemaPath: [
        { children: [], count: 1, element: { name: 'root' }, path: [] },
        { children: [], count: 1, element: required, path: [element.name] },
      ],
    } as unknown as Parameters<typeof readDataPage>[2];
    const { dataPage } = readDataPage(bytes.subarray(at), header, decoder);
    const values = dataPage as ArrayLike<unknown>;
    if (field.kind !== 'string') return fixedPage(rowCount, absent, this.#rareValues(values));
    const builder = new StringBuilder(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value === 'string') builder.append(value);
      else builder.appendUtf8(value as Uint8Array, 0, (value as Uint8Array).length);
    }
    const codes = Int32Array.from({ length: values.length }, (_, i) => i);
    return stringPage(rowCount, absent, ownEntries(builder), codes);
  }

  #rareValues(values: ArrayLike<unknown>): FixedArray {
    const { field, element } = this.#column;
    const numbers = values as ArrayLike<number>;
    switch (element.type) {
      case 'BOOLEAN':
        return Uint8Array.from(numbers, Number);
      case 'INT32':
        return fromInt32(Int32Array.from(numbers, lowBits), field, element);
      case 'INT64':
        return fromInt64(
          new Int32Array(BigInt64Array.from(Array.from(numbers, BigInt)).buffer),
          field,
          element,
        );
      default:
        return Float64Array.from(numbers, Number);
    }
  }
}

/** The low 32 bits of an integer. */
function lowBits(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value;
}

/** Definition levels of a flat column: 1 where there is a value. */
function readLevels(
  bytes: Uint8Array,
  start: number,
  end: number,
  rowCount: number,
): { valueCount: number; absent: Uint8Array | null } {
  if (start < 0 || end < start || end > bytes.length) throw new RangeError('levels are cut off');
  const levels = new Uint8Array(rowCount);
  readHybrid(bytes, start, end, 1, levels, rowCount);
  let valueCount = 0;
  for (let i = 0; i < rowCount; i++) valueCount += levels[i]!;
  if (valueCount === rowCount) return { valueCount, absent: null };
  for (let i = 0; i < rowCount; i++) levels[i] = levels[i] === 0 ? NULL : 0;
  return { valueCount, absent: levels };
}

function requireCodes(codes: Int32Array, size: number): void {
  let greatest = -1;
  for (let i = 0; i < codes.length; i++) if (codes[i]! > greatest) greatest = codes[i]!;
  if (greatest >= size) throw new RangeError(`code ${greatest} of a dictionary of ${size}`);
}

function gathered(dictionary: FixedArray, codes: Int32Array, field: Field): FixedArray {
  const values = fixedArray(field.kind as FixedKind, codes.length);
  if (values instanceof Float64Array) {
    const from = dictionary as Float64Array;
    for (let i = 0; i < codes.length; i++) values[i] = from[codes[i]!]!;
  } else if (values instanceof Int32Array) {
    const from = dictionary as Int32Array;
    for (let i = 0; i < codes.length; i++) values[i] = from[codes[i]!]!;
  } else {
    for (let i = 0; i < codes.length; i++) values[i] = dictionary[codes[i]!] as never;
  }
  return values;
}

function fixedPage(rowCount: number, absent: Uint8Array | null, values: FixedArray): Page {
  const spread = absent === null ? values : spreadOut(values, absent, rowCount);
  return { rowCount, values: spread, entries: null, codes: null, absent };
}

function stringPage(
  rowCount: number,
  absent: Uint8Array | null,
  entries: StringEntries,
  codes: Int32Array,
): Page {
  const spread = absent === null ? codes : (spreadOut(codes, absent, rowCount) as Int32Array);
  return { rowCount, values: null, entries, codes: spread, absent };
}

/** The values at the rows that have one. */
function spreadOut(values: FixedArray, absent: Uint8Array, rowCount: number): FixedArray {
  const spread = new (values.constructor as new (length: number) => FixedArray)(rowCount);
  let next = 0;
  for (let i = 0; i < rowCount; i++) if (absent[i] !== NULL) spread[i] = values[next++] as never;
  return spread;
}
