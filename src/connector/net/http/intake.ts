/**
 * Requests whose bodies come in, up to a bound of bytes: a request that is let in has room for its body reserved, and keeps it
 * until the body has been read by the job.
 *
 *   request → (waits | 429) → body → bodies → next() → 200 | 400
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after } from '../../../base/event-loop.ts';
import { HTTP_REQUEST_MS_MAX, NET_CONNECTIONS_MAX } from '../../../base/limits.ts';
import { answer } from './http-listener.ts';
import type { IngestRules } from './ingest.ts';
import { type BodyKind, bodyKindOf } from './ingest-body.ts';

/** A request with all of its body. */
export type Body = {
  readonly kind: BodyKind;
  readonly bytes: Buffer;
  readonly response: ServerResponse;
  /** Who has sent it, for errors. */
  readonly from: string;
};

const ENDED = { error: 'the job has ended' };

type Blocked = { readonly bytes: number; readonly response: ServerResponse; start(): void };

export class Intake {
  readonly #rules: IngestRules;
  readonly #onBody: () => void;
  readonly #bodies: Body[] = [];
  /** Requests that wait to be let in, the first first. */
  readonly #blocked: Blocked[] = [];
  #reservedBytes = 0;
  #isClosed = false;
  /** Of requests that have no answer. */
  readonly #open = new Set<ServerResponse>();

  constructor(rules: IngestRules, onBody: () => void) {
    this.#rules = rules;
    this.#onBody = onBody;
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { maxBodyBytes } = this.#rules;
    const { headers, method } = request;
    const kind = bodyKindOf(headers['content-type']);
    const bytes = Number(headers['content-length'] ?? maxBodyBytes);
    if (this.#isClosed) {
      // Over a connection that was there before.
      answer(response, 503, ENDED, { Connection: 'close' });
    } else if (method !== 'POST') {
      answer(response, 405, { error: 'rows are posted' }, { Allow: 'POST' });
    } else if (kind === null || headers['content-encoding'] !== undefined) {
      const error =
        'a body is application/json, application/x-ndjson or text/csv, in UTF-8, not compressed';
      answer(response, 415, { error });
    } else if (bytes > maxBodyBytes) {
      answer(response, 413, { error: `a body has at most ${maxBodyBytes} bytes` });
    } else {
      this.#open.add(response);
      response.on('close', () => this.#open.delete(response));
      this.#letIn({ bytes, response, start: () => this.#collect(kind, bytes, request, response) });
    }
  }

  #letIn(request: Blocked): void {
    const canWait = this.#rules.whenFull === 'wait' && this.#blocked.length < NET_CONNECTIONS_MAX;
    if (this.#blocked.length === 0 && this.#hasRoomFor(request.bytes)) request.start();
    else if (canWait) this.#blocked.push(request);
    else answer(request.response, 429, { error: 'the job is behind' }, { 'Retry-After': '1' });
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#reservedBytes === 0 || this.#reservedBytes + bytes <= this.#rules.maxWaitingBytes;
  }

  #release(bytes: number): void {
    this.#reservedBytes -= bytes;
    while (this.#blocked.length > 0 && this.#hasRoomFor(this.#blocked[0]!.bytes)) {
      const { response, start } = this.#blocked.shift()!;
      // Who has gone meanwhile needs no room.
      if (!response.destroyed) start();
    }
  }

  /** The next body, whose room is given back; null for none. */
  next(): Body | null {
    const body = this.#bodies.shift() ?? null;
    if (body !== null) this.#release(body.bytes.length);
    return body;
  }

  /** Nobody is let in any more; bodies that have come are still read. */
  finish(): void {
    this.#isClosed = true;
    this.#blocked.length = 0;
    for (const response of this.#open) if (!response.req.complete) refuse(response);
  }

  /** Who has no answer hears that the job has ended. */
  close(): void {
    this.finish();
    for (const response of this.#open) refuse(response);
  }

  #collect(
    kind: BodyKind,
    reserved: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const parts: Buffer[] = [];
    let bytes = 0;
    let isDone = false;
    this.#reservedBytes += reserved;
    const finish = (kept: number): boolean => {
      if (isDone) return false;
      isDone = true;
      stop();
      this.#release(reserved - kept);
      return true;
    };
    const stop = after(HTTP_REQUEST_MS_MAX, () => {
      if (finish(0)) answer(response, 408, { error: 'the body took too long' });
    });
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= reserved) parts.push(part);
      else if (finish(0)) {
        answer(response, 413, { error: `a body has at most ${reserved} bytes` });
      }
    });
    request.on('end', () => {
      // One that was refused meanwhile is not read.
      const isWanted = !response.headersSent;
      if (!finish(isWanted ? bytes : 0) || !isWanted) return;
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      const from = `${remoteAddress}:${remotePort}`;
      this.#bodies.push({ kind, bytes: Buffer.concat(parts, bytes), response, from });
      this.#onBody();
    });
    request.on('error', () => finish(0));
    request.on('close', () => finish(0));
  }
}

function refuse(response: ServerResponse): void {
  answer(response, 503, ENDED, { Connection: 'close' });
  // A body that nobody reads would keep the answer from being read.
  response.req.resume();
}
