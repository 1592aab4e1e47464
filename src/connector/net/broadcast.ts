/**
 * Rows to all who are connected at the moment, as JSON. Nobody is waited for: one who has not taken what was sent, up to a
 * bound, is dropped. At the end all get what they were sent, for so long.
 *
 *   listener connects → enter → (send)* → leave | dropped          the end: finish → all have left | time is over
 */

import type { EngineError } from '../../base/errors.ts';
import { after } from '../../base/event-loop.ts';
import { NET_CONNECTIONS_MAX, NET_UNSENT_BYTES } from '../../base/limits.ts';
import { checkOptions, type OptionRules, wholeNumber, wrong } from '../../base/options.ts';
import type { Batch } from '../../data/batch.ts';
import type { Counter, Gauge } from '../../metrics/user-metrics.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../operator/sink.ts';
import { jsonOf } from '../file/field-text.ts';
import { checkPort } from './address.ts';
import { HTTP_LISTEN_OPTIONS, type HttpListenOptions } from './http/http-listener.ts';

export type BroadcastOptions = HttpListenOptions & {
  /** What one listener may be behind before it is dropped; 1 MiB. */
  readonly maxUnsentBytes?: number;
  /** Listeners at a time; 256. More are answered 503. */
  readonly maxListeners?: number;
};

const BROADCAST_OPTIONS: OptionRules<BroadcastOptions> = {
  ...HTTP_LISTEN_OPTIONS,
  maxUnsentBytes: wholeNumber(1),
  maxListeners: wholeNumber(1),
};

/** How long listeners have to take what they were sent, at the end. */
const LEAVE_MS = 5000;

/** One who is connected. */
export interface Listener {
  /** What it was sent and has not taken. */
  readonly unsentBytes: number;
  send(rows: readonly string[]): void;
  /** Nothing follows; it leaves when it has taken all. */
  finish(): void;
  drop(): void;
}

/** What listens. Where there `hasRoom` it calls `enter`, and `leave` when that one has gone. */
export interface Server {
  close(): void;
}

export type ServerHooks = {
  hasRoom(): boolean;
  enter(listener: Listener): void;
  leave(listener: Listener): void;
  onError(error: EngineError): void;
};

/** A sink that serves listeners of one protocol. */
export function broadcastSink(
  name: string,
  options: BroadcastOptions,
  serve: (hooks: ServerHooks) => Server,
): Sink {
  checkOptions(name, options, BROADCAST_OPTIONS);
  checkPort(name, options);
  return {
    name,
    descriptor: { port: options.port, path: options.path ?? '/' },
    createWriter(context) {
      if (context.parallelism > 1) {
        throw wrong(
          `${name}: a port has one listener, so it`,
          'needs parallelism(1)',
          context.parallelism,
        );
      }
      return new BroadcastWriter(options, serve, context);
    },
    commit: async () => {},
  };
}

class BroadcastWriter implements SinkWriter {
  readonly waitsForEvents = true;
  readonly #maxUnsentBytes: number;
  readonly #wake: () => void;
  readonly #listeners = new Set<Listener>();
  readonly #connected: Gauge;
  readonly #dropped: Counter;
  readonly #server: Server;
  #error: EngineError | null = null;
  #isAtEnd = false;
  #stopWaiting: () => void = () => {};

  constructor(
    { maxUnsentBytes = NET_UNSENT_BYTES, maxListeners = NET_CONNECTIONS_MAX }: BroadcastOptions,
    serve: (hooks: ServerHooks) => Server,
    context: SinkWriterContext,
  ) {
    this.#maxUnsentBytes = maxUnsentBytes;
    this.#wake = context.wake;
    this.#connected = context.metrics.gauge('listeners');
    this.#dropped = context.metrics.counter('droppedListeners');
    this.#connected.set(0);
    this.#server = serve({
      hasRoom: () => !this.#isAtEnd && this.#listeners.size < maxListeners,
      enter: (listener) => {
        this.#listeners.add(listener);
        this.#connected.set(this.#listeners.size);
      },
      leave: (listener) => this.#forget(listener),
      onError: (error) => {
        this.#error = error;
        this.#wake();
      },
    });
  }

  get isBusy(): boolean {
    return this.#error !== null || (this.#isAtEnd && this.#listeners.size > 0);
  }

  write(batch: Batch): void {
    if (this.#listeners.size === 0) return;
    const rows = batch.rowObjects().map((row) => jsonOf(row) ?? 'null');
    for (const listener of this.#listeners) {
      if (listener.unsentBytes > this.#maxUnsentBytes) this.#drop(listener);
      else listener.send(rows);
    }
  }

  #drop(listener: Listener): void {
    this.#dropped.add();
    this.#forget(listener);
    listener.drop();
  }

  #forget(listener: Listener): void {
    this.#listeners.delete(listener);
    this.#connected.set(this.#listeners.size);
    if (this.#isAtEnd) this.#wake();
  }

  resume(): void {
    if (this.#error !== null) throw this.#error;
  }

  preCommit(isEnd: boolean): readonly [] {
    if (!isEnd) return [];
    this.#isAtEnd = true;
    for (const listener of this.#listeners) listener.finish();
    this.#stopWaiting = after(LEAVE_MS, () => {
      for (const listener of this.#listeners) this.#drop(listener);
    });
    return [];
  }

  close(): void {
    this.#stopWaiting();
    for (const listener of this.#listeners) listener.drop();
    this.#server.close();
  }
}
