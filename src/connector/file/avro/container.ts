/**
 * The container of an Avro file.
 *
 *   header   'Obj' 1 | map of metadata (avro.schema, avro.codec) | marker of 16 bytes
 *   block    count of records | length | records, compressed | marker
 *
 * Blocks are found from any byte on by the marker in front of them. A range owns the blocks that begin in it.
 */
import { EngineError, messageOf } from '../../../base/errors.ts';
import { ByteCursor, FRAME_BYTES_MAX } from '../byte-cursor.ts';
import type { FileRange, InputFile } from '../format.ts';
import { type AvroRecord, parseRecord } from './avro-schema.ts';
import { type AvroCodec, codecOf, decompressBlock } from './codec.ts';
import { type BlockBytes, valueReader } from './values.ts';

export const MAGIC: Buffer = Buffer.from('Obj\x01', 'latin1');
export const MARKER_BYTES = 16;
/** A schema is some kilobytes. */
const HEADER_BYTES_MAX = 16 * 1024 * 1024;
const HEADER_BYTES = 64 * 1024;
/** Longest count and length in front of a block. */
const BLOCK_HEAD_BYTES = 20;
/** Records that take no bytes: null fields only. */
const EMPTY_RECORDS_MAX = 1024 * 1024;

export type Container = {
  /** The JSON of its schema. */
  readonly schema: string;
  readonly record: AvroRecord;
  readonly codec: AvroCodec;
  readonly marker: Buffer;
  /** Where the first block begins. */
  readonly bodyStart: number;
};

export type Block = {
  /** Where it begins. */
  readonly place: number;
  readonly count: number;
  readonly bytes: Buffer;
};

/** What is wrong with a block, whose bytes are passed over. */
export class DamagedBlock extends Error {
  readonly place: number;

  constructor(place: number, reason: string) {
    super(reason);
    this.place = place;
  }
}

const readMetadata = valueReader({ kind: 'map', items: { kind: 'bytes', logical: null } });
const readLong = valueReader({ kind: 'long', logical: null });

/** EngineErrors INPUT_NOT_FOUND and INPUT_MALFORMED. */
export function readContainer(file: InputFile): Container {
  const cursor = new ByteCursor(file);
  try {
    return parseHeader(cursor);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw malformed(file, messageOf(error));
  } finally {
    cursor.close();
  }
}

function parseHeader(cursor: ByteCursor): Container {
  for (let wanted = HEADER_BYTES; ; wanted *= 4) {
    const isWhole = !cursor.has(wanted);
    const bytes = cursor.bytes.subarray(cursor.at, cursor.at + cursor.ready);
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
      throw new Error('it does not begin as an Avro file does');
    }
    const block: BlockBytes = { bytes, at: MAGIC.length };
    let metadata: Readonly<Record<string, Uint8Array>>;
    try {
      metadata = readMetadata(block) as Readonly<Record<string, Uint8Array>>;
      if (block.at + MARKER_BYTES > bytes.length) throw new RangeError('it ends in its header');
    } catch (error) {
      if (isWhole || wanted > HEADER_BYTES_MAX) throw error;
      continue;
    }
    const textOf = (name: string): string => Buffer.from(metadata[name] ?? []).toString();
    const schema = textOf('avro.schema');
    return {
      schema,
      record: parseRecord(schema),
      codec: codecOf(textOf('avro.codec') || 'null'),
      marker: Buffer.from(bytes.subarray(block.at, block.at + MARKER_BYTES)),
      bodyStart: cursor.place + block.at + MARKER_BYTES,
    };
  }
}

/** The blocks of a range, one after the other. */
export class BlockReader {
  readonly #cursor: ByteCursor;
  readonly #container: Container;
  readonly #end: number;

  /** From the block that begins at `place` on; null: from the first of the range. */
  constructor(file: InputFile, container: Container, range: FileRange, place: number | null) {
    const start = place ?? Math.max(range.start, container.bodyStart);
    this.#container = container;
    this.#end = range.end;
    this.#cursor = new ByteCursor(file, place === null ? start - MARKER_BYTES : start);
    if (place === null) this.#findBlock();
  }

  /** Where the next block begins. */
  get place(): number {
    return this.#cursor.place;
  }

  get progress(): number | null {
    return this.#cursor.progress;
  }

  /** Null behind the last. Throws DamagedBlock; the next call then gives the next block that is whole. */
  next(): Block | null {
    const { place } = this.#cursor;
    if (place >= this.#end || !this.#cursor.has(1)) return null;
    let frame: { count: number; bytes: Buffer };
    try {
      frame = this.#frame();
    } catch (error) {
      this.#cursor.at++;
      this.#findBlock();
      throw new DamagedBlock(place, messageOf(error));
    }
    try {
      const bytes = decompressBlock(this.#container.codec, frame.bytes);
      if (frame.count > Math.max(bytes.length, EMPTY_RECORDS_MAX)) {
        throw new Error(`${frame.count} records in ${bytes.length} bytes`);
      }
      return { place, count: frame.count, bytes: asBuffer(bytes) };
    } catch (error) {
      throw new DamagedBlock(place, messageOf(error));
    }
  }

  /** Moves behind the next marker, or to the end of the file. */
  #findBlock(): void {
    const cursor = this.#cursor;
    const isFound = cursor.find(this.#container.marker);
    cursor.at += isFound ? MARKER_BYTES : cursor.ready;
  }

  /** The bytes between two markers, over which the cursor moves; an Error, and it does not, when they are not that. */
  #frame(): { count: number; bytes: Buffer } {
    const cursor = this.#cursor;
    cursor.has(BLOCK_HEAD_BYTES);
    const headEnd = cursor.at + Math.min(cursor.ready, BLOCK_HEAD_BYTES);
    const head: BlockBytes = { bytes: cursor.bytes.subarray(0, headEnd), at: cursor.at };
    const count = Number(readLong(head));
    const length = Number(readLong(head));
    if (!(count >= 0 && length >= 0 && length <= FRAME_BYTES_MAX)) {
      throw new Error(`a block of ${count} records in ${length} bytes`);
    }
    const headBytes = head.at - cursor.at;
    if (!cursor.has(headBytes + length + MARKER_BYTES)) throw new Error('the file ends within it');
    const from = cursor.at + headBytes;
    const to = from + length;
    if (!cursor.bytes.subarray(to, to + MARKER_BYTES).equals(this.#container.marker)) {
      throw new Error('no marker is behind it');
    }
    cursor.at = to + MARKER_BYTES;
    return { count, bytes: cursor.bytes.subarray(from, to) };
  }

  close(): void {
    this.#cursor.close();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function malformed(file: InputFile, reason: string): EngineError {
  return new EngineError('INPUT_MALFORMED', `'${file.path}': ${reason}`);
}
