/** Messages that come one by one, each of them a record. */
import { DEAD_LETTER_TEXT_BYTES, NET_WAITING_BYTES } from '../../base/limits.ts';
import type { LineFrames } from '../file/text-reader.ts';

type Message = { readonly bytes: Buffer; readonly id: string; readonly isCut: boolean };

/** What an empty message takes of the room that there is. */
const MESSAGE_BYTES = 64;

export class MessageFrames implements LineFrames {
  buffer: Buffer = Buffer.alloc(0);
  readonly start = 0;
  end = 0;
  isCut = false;
  readonly cutReason: string;
  readonly progress = 0;
  /** Number of the current message, from 1. */
  line = 0;
  readonly byte = 0;
  readonly position = { byte: 0 };
  /** Of the current message, or the last one that had an id. */
  id: string;
  readonly #path: string;
  readonly #bytesMax: number;
  readonly #waiting: Message[] = [];
  #waitingBytes = 0;

  constructor(path: string, bytesMax: number, id = '') {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.id = id;
    this.cutReason = `a message is longer than ${bytesMax} bytes`;
  }

  get place(): string {
    return `${this.#path} message ${this.line}`;
  }

  get isFull(): boolean {
    return this.#waitingBytes > NET_WAITING_BYTES;
  }

  push(bytes: Buffer, id = ''): void {
    const isCut = bytes.length > this.#bytesMax;
    const kept = isCut ? Buffer.from(bytes.subarray(0, DEAD_LETTER_TEXT_BYTES)) : bytes;
    this.#waiting.push({ bytes: kept, id, isCut });
    this.#waitingBytes += kept.length + MESSAGE_BYTES;
  }

  /** What comes behind a message that is no record is read on from that one's id. */
  skip(id: string): void {
    if (this.#waiting.length === 0) this.id = id;
  }

  /** A message that was too long to be taken. */
  pushTooLong(): void {
    this.#waiting.push({ bytes: Buffer.alloc(0), id: '', isCut: true });
    this.#waitingBytes += MESSAGE_BYTES;
  }

  next(): boolean {
    const message = this.#waiting.shift();
    if (message === undefined) return false;
    this.buffer = message.bytes;
    this.end = message.bytes.length;
    this.isCut = message.isCut;
    if (message.id !== '') this.id = message.id;
    this.line++;
    this.#waitingBytes -= message.bytes.length + MESSAGE_BYTES;
    return true;
  }

  extend(): false {
    return false;
  }

  close(): void {}
}
