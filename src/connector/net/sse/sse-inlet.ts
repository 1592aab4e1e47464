/** The events of one URL, over one connection after the other. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { createParser } from 'eventsource-parser';
import type { SplitReaderContext } from '../../../operator/source.ts';
import type { Headers } from '../address.ts';
import { endReading, type Inlet } from '../inlet.ts';
import { Link, type Reconnect } from '../link.ts';
import { MessageFrames } from '../message-frames.ts';
import { EventTrimmer } from './event-trimmer.ts';

export type SseRules = {
  readonly path: string;
  readonly url: URL;
  readonly headers: Headers;
  /** Null for all. */
  readonly events: readonly string[] | null;
  readonly reconnect: Reconnect;
  readonly maxEventBytes: number;
  readonly tls: SecureContextOptions;
};

/** A server may ask to be left alone, but not for good. */
const RETRY_MS_MAX = 60_000;
const NOTHING_MORE = 204;

export class SseInlet implements Inlet {
  readonly frames: MessageFrames;
  readonly #rules: SseRules;
  readonly #context: SplitReaderContext;
  readonly #link: Link;
  #request: ClientRequest | null = null;
  #response: IncomingMessage | null = null;
  /** Of the last event that has come; the frames know that of the last one read. */
  #lastId: string;
  #retryMs = 0;

  constructor(rules: SseRules, lastId: string | null, context: SplitReaderContext) {
    this.#rules = rules;
    this.#context = context;
    this.#lastId = lastId ?? '';
    this.frames = new MessageFrames(rules.path, rules.maxEventBytes, this.#lastId);
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
    const { url, headers, tls } = this.#rules;
    const send = url.protocol === 'https:' ? secureRequest : request;
    const sent = send(url, {
      ...tls,
      // A connection of its own, which ends with it.
      agent: false,
      headers: {
        Accept: 'text/event-stream',
        'Cache-Control': 'no-store',
        ...headers,
        ...(this.#lastId === '' ? {} : { 'Last-Event-ID': this.#lastId }),
      },
    });
    this.#request = sent;
    let isOver = false;
    const down = (cause: unknown): void => {
      if (isOver) return;
      isOver = true;
      sent.destroy();
      this.#response = null;
      this.#link.down(cause, this.#retryMs);
    };
    sent.on('error', down);
    sent.on('response', (response) => this.#onResponse(response, down));
    sent.end();
  }

  #onResponse(response: IncomingMessage, down: (cause: unknown) => void): void {
    const { statusCode: status = 0, statusMessage, headers } = response;
    const type = headers['content-type'] ?? '';
    response.on('error', down);
    if (status === 200 && /^text\/event-stream\b/i.test(type)) {
      this.#link.up();
      this.#listen(response, down);
      return;
    }
    this.#request!.destroy();
    const said = new Error(
      status === 200 ? `it answers with '${type}'` : `${status} ${statusMessage}`,
    );
    if (status === NOTHING_MORE) this.#link.end();
    else if (status >= 500 || status === 408 || status === 429) down(said);
    else this.#link.fail(said);
  }

  #listen(response: IncomingMessage, down: (cause: unknown) => void): void {
    const { events, maxEventBytes } = this.#rules;
    this.#response = response;
    const trimmer = new EventTrimmer(maxEventBytes);
    const parser = createParser({
      onEvent: ({ data, event = 'message', id }) => {
        if (id !== undefined) this.#lastId = id;
        if (events === null || events.includes(event)) this.frames.push(Buffer.from(data), id);
        else this.frames.skip(this.#lastId);
      },
      onRetry: (ms) => {
        this.#retryMs = Math.min(ms, RETRY_MS_MAX);
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (this.#response !== response) return;
      const trimmed = trimmer.trim(text);
      if (trimmed !== '') parser.feed(trimmed);
      this.#context.read?.(Buffer.byteLength(text));
      if (this.frames.isFull) response.pause();
      this.#context.wake();
    });
    response.on('end', () => {
      if (this.#response === response) parser.feed(trimmer.end());
      down(null);
    });
    response.on('close', () => down(new Error('the connection was lost')));
  }

  onTaken(): void {
    if (this.#response?.isPaused() && !this.frames.isFull) this.#response.resume();
  }

  position(): string | null {
    return this.frames.id === '' ? null : this.frames.id;
  }

  finish(): void {
    this.#link.finish();
    if (this.#response !== null) {
      // Bytes that its connection holds become text of it first.
      this.#response.socket.pause().read();
      endReading(this.#response);
    }
    this.#request?.destroy();
  }

  close(): void {
    this.#link.close();
    this.#request?.destroy();
  }
}
