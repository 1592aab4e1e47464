/** Lines from a TCP peer that this side connects to. */
import { connect, type Socket } from 'node:net';
import type { SplitReaderContext } from '../../../operator/source.ts';
import type { Address } from '../address.ts';
import { ByteLines } from '../byte-lines.ts';
import { endReading, type Inlet } from '../inlet.ts';
import { Link, type Reconnect } from '../link.ts';

export class TcpClientInlet implements Inlet {
  readonly frames: ByteLines;
  readonly #address: Address;
  readonly #context: SplitReaderContext;
  readonly #link: Link;
  #socket: Socket | null = null;
  /** How the last connection went, until its lines have been read. */
  #gone: { readonly cause: unknown } | null = null;

  constructor(
    path: string,
    address: Address,
    reconnect: Reconnect,
    lineBytesMax: number,
    context: SplitReaderContext,
  ) {
    this.#address = address;
    this.#context = context;
    this.frames = new ByteLines(path, lineBytesMax);
    this.#link = new Link(path, reconnect, () => this.#connect(), context.wake);
    this.#connect();
  }

  get error() {
    return this.#link.error;
  }

  get hasEnded(): boolean {
    return this.#link.hasEnded;
  }

  #connect(): void {
    let cause: unknown = null;
    const socket = connect(this.#address);
    this.#socket = socket;
    socket.on('connect', () => this.#link.up());
    socket.on('data', (bytes) => {
      this.frames.push(bytes);
      this.#context.read?.(bytes.length);
      if (this.frames.isFull) socket.pause();
      this.#context.wake();
    });
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('close', () => {
      if (this.#link.isClosed) return;
      this.#socket = null;
      this.#gone = { cause };
      if (cause === null) this.frames.finish();
      this.#context.wake();
    });
  }

  /** The next connection begins when the lines of the one before have been read. */
  onTaken(isAll: boolean): void {
    if (this.#socket?.isPaused() && !this.frames.isFull) this.#socket.resume();
    if (this.#gone === null || !isAll) return;
    const torn = this.frames.restart();
    if (torn !== null) this.#context.malformed(torn);
    const { cause } = this.#gone;
    this.#gone = null;
    this.#link.down(cause);
  }

  position(): null {
    return null;
  }

  finish(): void {
    this.#link.finish();
    if (this.#socket !== null) endReading(this.#socket);
    this.#gone ??= { cause: null };
  }

  close(): void {
    this.#link.close();
    this.#socket?.destroy();
  }
}
