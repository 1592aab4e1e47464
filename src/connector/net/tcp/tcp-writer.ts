/** Encoded rows into a TCP connection, which is made again when it is lost. The job waits while the peer does not read. */
import { connect, type Socket } from 'node:net';
import { NET_UNSENT_BYTES } from '../../../base/limits.ts';
import type { Batch } from '../../../data/batch.ts';
import type { SinkWriter, SinkWriterContext } from '../../../operator/sink.ts';
import type { FileEncoder, FileFormat } from '../../file/format.ts';
import type { Address } from '../address.ts';
import { Link, type Reconnect } from '../link.ts';

export class TcpWriter implements SinkWriter {
  readonly #address: Address;
  readonly #context: SinkWriterContext;
  readonly #link: Link;
  readonly #encoder: FileEncoder;
  #socket: Socket | null = null;
  #isUp = false;
  /** What the system has not taken, the oldest first; and how many bytes that is. */
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isAtEnd = false;

  constructor(
    path: string,
    address: Address,
    reconnect: Reconnect,
    format: FileFormat,
    context: SinkWriterContext,
  ) {
    this.#address = address;
    this.#context = context;
    this.#encoder = format.createEncoder(context.schema);
    this.#link = new Link(path, reconnect, () => this.#connect(), context.wake);
    this.#connect();
  }

  #connect(): void {
    let cause: unknown = null;
    const socket = connect(this.#address);
    this.#socket = socket;
    socket.on('connect', () => {
      this.#link.up();
      this.#isUp = true;
      for (const bytes of this.#unsent) this.#send(socket, bytes);
    });
    // What the other side says is not read, but its end is seen.
    socket.resume();
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('close', () => {
      this.#socket = null;
      this.#isUp = false;
      this.#link.down(cause ?? new Error('the other side has ended the connection'));
      this.#context.wake();
    });
  }

  get isBusy(): boolean {
    const bytesMax = this.#isAtEnd ? 0 : NET_UNSENT_BYTES;
    return this.#link.error !== null || this.#unsentBytes > bytesMax;
  }

  get waitsForEvents(): boolean {
    return true;
  }

  write(batch: Batch): void {
    const bytes = this.#encoder.encode(batch);
    if (bytes.length === 0) return;
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    if (this.#isUp) this.#send(this.#socket!, bytes);
  }

  #send(socket: Socket, bytes: Uint8Array): void {
    socket.write(bytes, (error) => {
      if (error != null || this.#socket !== socket) return;
      this.#unsent.shift();
      this.#unsentBytes -= bytes.length;
      this.#context.wrote?.(bytes.length);
      if (!this.isBusy) this.#context.wake();
    });
  }

  resume(): void {
    if (this.#link.error !== null) throw this.#link.error;
  }

  preCommit(isEnd: boolean): readonly [] {
    this.#isAtEnd ||= isEnd;
    return [];
  }

  close(): void {
    this.#link.close();
    if (this.#isAtEnd) this.#socket?.destroySoon();
    else this.#socket?.destroy();
  }
}
