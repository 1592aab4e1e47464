/** The messages of one URL, over one WebSocket after the other. */
import type { SecureContextOptions } from 'node:tls';
import { WebSocket } from 'ws';
import { every } from '../../../base/event-loop.ts';
import type { SplitReaderContext } from '../../../operator/source.ts';
import type { Headers } from '../address.ts';
import type { Inlet } from '../inlet.ts';
import { Link, type Reconnect } from '../link.ts';
import { MessageFrames } from '../message-frames.ts';

export type WebSocketRules = {
  readonly path: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly subscribe: readonly string[];
  readonly reconnect: Reconnect;
  readonly pingMs: number;
  readonly maxMessageBytes: number;
  readonly tls: SecureContextOptions;
};

const HANDSHAKE_MS_MAX = 10_000;
/** How a connection ends that was not lost: it is over, the server goes, or it gives no reason as it closes. */
const PROPER_ENDS: ReadonlySet<number> = new Set([1000, 1001, 1005]);

export class WebSocketInlet implements Inlet {
  readonly frames: MessageFrames;
  readonly #rules: WebSocketRules;
  readonly #context: SplitReaderContext;
  readonly #link: Link;
  #socket: WebSocket | null = null;
  #isFinishing = false;

  constructor(rules: WebSocketRules, context: SplitReaderContext) {
    this.#rules = rules;
    this.#context = context;
    this.frames = new MessageFrames(rules.path, rules.maxMessageBytes);
    this.#link = new Link(
      rules.path,
      rules.reconnect,
      () => this.#connect(),
      () => context.wake(),
    );
    this.#connect();
  }

  get error() {
    return this.#link.error;
  }

  get hasEnded(): boolean {
    return this.#link.hasEnded;
  }

  #connect(): void {
    const { url, headers, maxMessageBytes, subscribe, pingMs, tls } = this.#rules;
    let cause: unknown = null;
    let isAlive = true;
    const socket = new WebSocket(url, {
      ...tls,
      headers,
      maxPayload: maxMessageBytes,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    });
    this.#socket = socket;
    const stopPings = every(pingMs, () => {
      if (!isAlive) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN && !socket.isPaused) socket.ping();
      isAlive = socket.isPaused;
    });
    socket.on('open', () => {
      this.#link.up();
      for (const message of subscribe) socket.send(message);
    });
    socket.on('pong', () => {
      isAlive = true;
    });
    socket.on('message', (data) => {
      isAlive = true;
      this.frames.push(data as Buffer);
      this.#context.read?.((data as Buffer).length);
      if (this.frames.isFull) socket.pause();
      this.#context.wake();
    });
    socket.on('error', (error) => {
      cause = error;
      if ((error as NodeJS.ErrnoException).code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return;
      this.frames.pushTooLong();
      this.#context.wake();
    });
    socket.on('close', (code) => {
      stopPings();
      if (this.#socket === socket) this.#socket = null;
      if (cause === null && !PROPER_ENDS.has(code)) {
        cause = new Error(`the connection was lost (close code ${code})`);
      }
      if (this.#isFinishing) this.#link.finish();
      else this.#link.down(cause);
    });
  }

  onTaken(): void {
    if (this.#isFinishing) return;
    if (this.#socket?.isPaused && !this.frames.isFull) this.#socket.resume();
  }

  position(): null {
    return null;
  }

  /** What has come, and was not looked at yet, becomes messages before the WebSocket is closed. */
  finish(): void {
    this.#isFinishing = true;
    if (this.#socket === null) this.#link.finish();
    else this.#socket.terminate();
  }

  close(): void {
    this.#link.close();
    this.#socket?.terminate();
  }
}
