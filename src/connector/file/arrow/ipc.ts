/**
 * The messages of an Arrow IPC file or stream, without their bodies; a file is a stream between two marks, with a footer.
 *
 *   file      'ARROW1' 0 0 | stream | footer | its length | 'ARROW1'
 *   stream    message ... | -1 | 0
 *   message   -1 | length of its head | head (a flatbuffer, which tells the length of the body) | body
 */
import type { Schema as ArrowSchema, AsyncByteQueue, Message } from 'apache-arrow';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { optionalLibrary } from '../../../base/optional-library.ts';
import { ByteCursor } from '../byte-cursor.ts';
import type { InputFile } from '../format.ts';
import { checkMessage } from './message-check.ts';

export type ArrowLibrary = typeof import('apache-arrow');

export const arrowLibrary = (): ArrowLibrary => optionalLibrary('arrow', 'apache-arrow');

export const MAGIC = Buffer.from('ARROW1');
/** The mark and what fills it up to 8 bytes. */
const FILE_HEAD_BYTES = 8;
const CONTINUATION = 0xffffffff;
export const HEAD_BYTES_MAX = 64 * 1024 * 1024;
/** A record batch that is larger does not fit in an array of bytes. */
const BODY_BYTES_MAX = 2 ** 31 - 1 - HEAD_BYTES_MAX;

export type MessagePlace = {
  readonly kind: 'schema' | 'dictionary' | 'batch';
  readonly start: number;
  /** Behind its body. */
  readonly end: number;
};

/** The message that a stream begins with. */
export function schemaMessage(library: ArrowLibrary, schema: ArrowSchema): Uint8Array {
  const parts: Uint8Array[] = [];
  new library.RecordBatchStreamWriter().reset(queueInto(library, parts), schema);
  return Buffer.concat(parts);
}

/** What a writer of the library writes into. */
export function queueInto(library: ArrowLibrary, parts: Uint8Array[]): AsyncByteQueue {
  const queue = new library.AsyncByteQueue();
  queue.write = (view) => {
    const { buffer, byteOffset, byteLength } = view as ArrayBufferView;
    parts.push(new Uint8Array(buffer, byteOffset, byteLength).slice());
  };
  return queue;
}

/** Walks over messages; bodies are read where they are asked for. */
export class MessageWalker {
  readonly #cursor: ByteCursor;
  readonly #library: ArrowLibrary;
  readonly #file: InputFile;
  /** Whether what is read has the mark of a file in front. */
  readonly isFile: boolean;
  /** Where the next message begins. */
  place: number;
  /** Whether the mark has come that ends messages: what is behind it is none. */
  isEnded = false;

  constructor(file: InputFile, library: ArrowLibrary) {
    this.#file = file;
    this.#library = library;
    this.#cursor = new ByteCursor(file);
    this.isFile = this.#beginsAsFile();
    this.place = this.isFile ? FILE_HEAD_BYTES : 0;
  }

  #beginsAsFile(): boolean {
    const cursor = this.#cursor;
    try {
      return cursor.has(FILE_HEAD_BYTES) && cursor.bytes.subarray(0, MAGIC.length).equals(MAGIC);
    } catch (error) {
      cursor.close();
      throw error;
    }
  }

  get progress(): number | null {
    return this.#cursor.progress;
  }

  /** The next message, over which the walker moves; null at the end. EngineError INPUT_MALFORMED. */
  next(): MessagePlace | null {
    const cursor = this.#cursor;
    const { place } = this;
    cursor.moveTo(place);
    if (!cursor.has(1) && place > FILE_HEAD_BYTES) return null;
    const length = this.#headLength();
    if (length === null) {
      this.isEnded = true;
      return null;
    }
    const { head, prefix } = length;
    if (head > HEAD_BYTES_MAX || !cursor.has(prefix + head)) throw this.#malformed('it is cut off');
    const from = cursor.at + prefix;
    let message: Message;
    try {
      const bytes = new Uint8Array(cursor.bytes.subarray(from, from + head));
      checkMessage(bytes);
      message = this.#library.Message.decode(bytes);
    } catch (error) {
      throw this.#malformed(messageOf(error));
    }
    const body = Number(message.bodyLength);
    if (!(body >= 0 && body <= BODY_BYTES_MAX)) throw this.#malformed(`a body of ${body} bytes`);
    const kind = message.isSchema()
      ? 'schema'
      : message.isDictionaryBatch()
        ? 'dictionary'
        : 'batch';
    this.place = place + prefix + head + body;
    return { kind, start: place, end: this.place };
  }

  /** Null for the mark at the end. Streams of old have no -1 in front. */
  #headLength(): { head: number; prefix: number } | null {
    const cursor = this.#cursor;
    if (!cursor.has(4)) throw this.#malformed('it is cut off');
    const first = cursor.bytes.readUInt32LE(cursor.at);
    if (first !== CONTINUATION) return first === 0 ? null : { head: first, prefix: 4 };
    if (!cursor.has(8)) throw this.#malformed('it is cut off');
    const head = cursor.bytes.readUInt32LE(cursor.at + 4);
    return head === 0 ? null : { head, prefix: 8 };
  }

  /** The bytes of the message that `next` gave last, in memory of their own. */
  bytes({ start, end }: MessagePlace): Uint8Array {
    this.#cursor.moveTo(start);
    if (!this.#cursor.has(end - start))
      throw this.#malformed('the file ends within its body', start);
    const { bytes, at } = this.#cursor;
    return new Uint8Array(bytes.subarray(at, at + end - start));
  }

  #malformed(reason: string, start = this.place): EngineError {
    const place = `'${this.#file.path}': message at byte ${start}`;
    return new EngineError('INPUT_MALFORMED', `${place}: ${reason}`);
  }

  close(): void {
    this.#cursor.close();
  }
}
