/**
 * The content of a file, read a piece at a time: as it is, or decompressed on the way when its name ends in .gz or .zst.
 * Compressed content is read from front to back, in bounded memory.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { Gunzip } from 'fflate';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { SplitReaderContext } from '../../operator/source.ts';
import type { CountedFile, InputFile } from './format.ts';
import { ZstdStream } from './zstd.ts';

export interface FileBytes {
  /** Reads up to `length` bytes of the content from `place` on into the buffer at `offset`; 0 at the end. */
  read(buffer: Uint8Array, offset: number, length: number, place: number): number;
  /** Share of the file that has been read, 0 to 1; null where the place in the content tells. */
  readonly progress: number | null;
  close(): void;
}

export function openBytes(file: CountedFile): FileBytes {
  const kind = compressionOf(file);
  return kind === null ? new PlainBytes(file) : new CompressedBytes(file, kind);
}

/** A file, the bytes of which are counted as it is read. */
export function counted(file: InputFile, context: SplitReaderContext): CountedFile {
  return { ...file, onRead: (bytes) => context.read?.(bytes) };
}

type Compression = 'gzip' | 'zstd';

/** Extensions that files of any format may have behind their own. */
export const COMPRESSED_EXTENSIONS: readonly string[] = ['gz', 'zst'];

function compressionOf({ path }: InputFile): Compression | null {
  if (path.endsWith('.gz')) return 'gzip';
  return path.endsWith('.zst') ? 'zstd' : null;
}

/** Behind all content: the size of compressed content is not known before it has been read. */
export function contentEnd(file: InputFile): number {
  return compressionOf(file) === null ? file.sizeBytes : Number.MAX_SAFE_INTEGER;
}

/** EngineError INPUT_MALFORMED where a file that is not compressed has no more bytes in front of the end of a range. */
export function checkWhole({ path, sizeBytes }: InputFile, place: number, rangeEnd: number): void {
  if (place >= rangeEnd || rangeEnd > sizeBytes) return;
  throw new EngineError(
    'INPUT_MALFORMED',
    `'${path}': it has nothing behind byte ${place} of ${sizeBytes}: the file has changed`,
  );
}

export function openForReading(file: InputFile): number {
  try {
    return openSync(file.path, 'r');
  } catch (error) {
    throw notReadable(file, error);
  }
}

export function notReadable(file: InputFile, cause: unknown): EngineError {
  return new EngineError('INPUT_NOT_FOUND', `cannot read '${file.path}': ${messageOf(cause)}`, {
    cause,
  });
}

class PlainBytes implements FileBytes {
  readonly progress = null;
  readonly #file: CountedFile;
  readonly #descriptor: number;

  constructor(file: CountedFile) {
    this.#file = file;
    this.#descriptor = openForReading(file);
  }

  read(buffer: Uint8Array, offset: number, length: number, place: number): number {
    try {
      const count = readSync(this.#descriptor, buffer, offset, length, place);
      this.#file.onRead?.(count);
      return count;
    } catch (error) {
      throw notReadable(this.#file, error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Not there before Node 20.15; then only sizes are looked at. */
const crc32 = zlib.crc32 as typeof zlib.crc32 | undefined;

/** Small, since content may be a thousand times as large. */
const CHUNK_BYTES = 8 * 1024;
/** Checksum and size of the content, at the end of each member of a gzip file. */
const GZIP_TRAILER_BYTES = 8;

class CompressedBytes implements FileBytes {
  readonly #file: InputFile;
  readonly #kind: Compression;
  readonly #compressed: PlainBytes;
  readonly #stream: { push(chunk: Uint8Array, isLast: boolean): void };
  /** Content that has been decompressed and not read yet; the first from `#from` on. */
  #pieces: Uint8Array[] = [];
  #from = 0;
  #place = 0;
  #compressedPlace = 0;
  #hasEnded = false;
  /** Of the content of the current member of a gzip file. */
  #checksum = 0;
  #memberBytes = 0;

  constructor(file: CountedFile, kind: Compression) {
    this.#file = file;
    this.#kind = kind;
    this.#compressed = new PlainBytes(file);
    const take = (content: Uint8Array): void => {
      if (content.length === 0) return;
      this.#memberBytes += content.length;
      if (kind === 'gzip') this.#checksum = crc32?.(content, this.#checksum) ?? 0;
      this.#pieces.push(content);
    };
    this.#stream = kind === 'gzip' ? new Gunzip(take) : new ZstdStream(take);
    if (this.#stream instanceof Gunzip) {
      this.#stream.onmember = (start) => this.#checkMember(start);
    }
  }

  get progress(): number {
    return this.#file.sizeBytes === 0 ? 1 : this.#compressedPlace / this.#file.sizeBytes;
  }

  read(buffer: Uint8Array, offset: number, length: number, place: number): number {
    while (this.#place < place && this.#fill()) this.#skip(place - this.#place);
    if (!this.#fill()) return 0;
    const piece = this.#pieces[0]!;
    const count = Math.min(length, piece.length - this.#from);
    buffer.set(piece.subarray(this.#from, this.#from + count), offset);
    this.#skip(count);
    return count;
  }

  /** Moves over bytes of the first piece. */
  #skip(bytes: number): void {
    const piece = this.#pieces[0]!;
    const count = Math.min(bytes, piece.length - this.#from);
    this.#from += count;
    this.#place += count;
    if (this.#from < piece.length) return;
    this.#pieces.shift();
    this.#from = 0;
  }

  /** Sees to it that there is content; false at the end. */
  #fill(): boolean {
    while (this.#pieces.length === 0) {
      if (this.#hasEnded) return false;
      this.#push();
    }
    return true;
  }

  #push(): void {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = this.#compressed.read(chunk, 0, CHUNK_BYTES, this.#compressedPlace);
    this.#compressedPlace += count;
    this.#hasEnded = this.#compressedPlace >= this.#file.sizeBytes || count === 0;
    const bytes = chunk.subarray(0, count);
    try {
      this.#stream.push(bytes, this.#hasEnded);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw this.#damaged(messageOf(error), error);
    }
    if (this.#hasEnded && this.#kind === 'gzip') this.#checkMember(this.#file.sizeBytes);
  }

  /** A member ends with the checksum and the size of its content; `end` is where the next one begins. */
  #checkMember(end: number): void {
    const trailer = new Uint8Array(GZIP_TRAILER_BYTES);
    const start = end - GZIP_TRAILER_BYTES;
    const count = start < 0 ? 0 : this.#compressed.read(trailer, 0, GZIP_TRAILER_BYTES, start);
    const view = new DataView(trailer.buffer);
    if (count < GZIP_TRAILER_BYTES) throw this.#damaged('it is cut off', null);
    const hasChecksum = crc32 === undefined || view.getUint32(0, true) === this.#checksum;
    const hasSize = view.getUint32(4, true) === this.#memberBytes % 2 ** 32;
    if (!(hasChecksum && hasSize)) throw this.#damaged('its checksum is wrong', null);
    this.#checksum = 0;
    this.#memberBytes = 0;
  }

  #damaged(reason: string, cause: unknown): EngineError {
    return new EngineError(
      'INPUT_MALFORMED',
      `${this.#file.path}: damaged ${this.#kind} data near byte ${this.#compressedPlace}: ${reason}`,
      { cause },
    );
  }

  close(): void {
    this.#compressed.close();
  }
}
