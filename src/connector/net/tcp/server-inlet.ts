/** Lines from all who connect to a TCP port, a connection at a time as long as it has some. */
import { createServer, type Server, type Socket } from 'node:net';
import type { EngineError } from '../../../base/errors.ts';
import { NET_CONNECTIONS_MAX } from '../../../base/limits.ts';
import type { SplitReaderContext } from '../../../operator/source.ts';
import type { LineFrames } from '../../file/text-reader.ts';
import { type Address, listen, textOfAddress } from '../address.ts';
import { ByteLines } from '../byte-lines.ts';
import { endReading, type Inlet } from '../inlet.ts';

type Connection = {
  readonly socket: Socket;
  readonly lines: ByteLines;
  /** The socket is closed; what has come may still be read. */
  isGone: boolean;
};

export class TcpServerInlet implements Inlet {
  readonly frames: ConnectionLines;
  error: EngineError | null = null;
  hasEnded = false;
  readonly #lineBytesMax: number;
  readonly #context: SplitReaderContext;
  readonly #connections: Connection[] = [];
  readonly #server: Server;

  constructor(
    path: string,
    address: Address,
    onListening: ((address: Address) => void) | undefined,
    lineBytesMax: number,
    context: SplitReaderContext,
  ) {
    this.#lineBytesMax = lineBytesMax;
    this.#context = context;
    this.frames = new ConnectionLines(path, this.#connections, context);
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = NET_CONNECTIONS_MAX;
    const options = onListening === undefined ? address : { ...address, onListening };
    listen('tcp', this.#server, options, (error) => {
      this.error = error;
      context.wake();
    });
  }

  #accept(socket: Socket): void {
    const { remoteAddress: host = 'unknown', remotePort: port = 0 } = socket;
    const lines = new ByteLines(`tcp://${textOfAddress({ host, port })}`, this.#lineBytesMax);
    const connection: Connection = { socket, lines, isGone: false };
    this.#connections.push(connection);
    let isBroken = false;
    socket.on('data', (bytes) => {
      lines.push(bytes);
      this.#context.read?.(bytes.length);
      if (lines.isFull) socket.pause();
      this.#context.wake();
    });
    socket.on('error', () => {
      isBroken = true;
    });
    socket.on('close', () => {
      if (this.hasEnded) return;
      connection.isGone = true;
      if (!isBroken) lines.finish();
      this.#context.wake();
    });
  }

  onTaken(): void {
    for (const { socket, lines } of this.#connections) {
      if (socket.isPaused() && !lines.isFull) socket.resume();
    }
  }

  position(): null {
    return null;
  }

  finish(): void {
    this.hasEnded = true;
    this.#server.close();
    for (const connection of this.#connections) {
      endReading(connection.socket);
      connection.isGone = true;
    }
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.#connections) socket.destroy();
  }
}

/** The lines of several connections as those of one. */
class ConnectionLines implements LineFrames {
  readonly progress = 0;
  readonly #connections: Connection[];
  readonly #context: SplitReaderContext;
  #current: ByteLines;

  constructor(path: string, connections: Connection[], context: SplitReaderContext) {
    this.#connections = connections;
    this.#context = context;
    this.#current = new ByteLines(path, 0);
  }

  next(): boolean {
    if (this.#current.next()) return true;
    for (let n = this.#connections.length; n > 0; n--) {
      const connection = this.#connections.shift()!;
      const hasLine = connection.lines.next();
      if (hasLine || !connection.isGone) this.#connections.push(connection);
      else this.#forget(connection);
      if (!hasLine) continue;
      this.#current = connection.lines;
      return true;
    }
    return false;
  }

  #forget({ lines }: Connection): void {
    const torn = lines.restart();
    if (torn !== null) this.#context.malformed(torn);
  }

  get buffer(): Buffer {
    return this.#current.buffer;
  }

  get start(): number {
    return this.#current.start;
  }

  get end(): number {
    return this.#current.end;
  }

  get isCut(): boolean {
    return this.#current.isCut;
  }

  get cutReason(): string {
    return this.#current.cutReason;
  }

  get place(): string {
    return this.#current.place;
  }

  get line(): number {
    return this.#current.line;
  }

  get byte(): number {
    return this.#current.byte;
  }

  get position(): { readonly byte: number } {
    return this.#current.position;
  }

  extend(): false {
    return false;
  }

  close(): void {}
}
