/** Posts a body, again and again until it is taken, or no attempt is left. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { EngineError } from '../../../base/errors.ts';
import { after } from '../../../base/event-loop.ts';
import { Backoff } from '../link.ts';
import { isOfCertificate, reasonOf } from '../tls.ts';
import type { PostRules } from './post.ts';

/** A request in the making, as plain data: it goes into checkpoints. */
export type Posting = {
  readonly key: string;
  readonly body: string;
};

type Done = (error: EngineError | null) => void;

/** Of the text of an answer, what an error shows. */
const SHOWN_BYTES = 500;
const RETRY_AFTER_MS_MAX = 60_000;

export class Poster {
  readonly #rules: PostRules;
  readonly #agent: Agent | SecureAgent;
  readonly #requests = new Set<ClientRequest>();
  /** Stops what waits for its next attempt. */
  readonly #waits = new Set<() => void>();
  #isClosed = false;

  constructor(rules: PostRules) {
    this.#rules = rules;
    const options = { keepAlive: true, maxSockets: rules.maxInFlight };
    this.#agent =
      rules.url.protocol === 'https:'
        ? new SecureAgent({ ...options, ...rules.tls })
        : new Agent(options);
  }

  post(posting: Posting, done: Done): void {
    this.#attempt(posting, new Backoff(this.#rules.retry), done);
  }

  #attempt(posting: Posting, backoff: Backoff, done: Done): void {
    const { url, headers, timeoutMs } = this.#rules;
    const send = url.protocol === 'https:' ? secureRequest : request;
    const sent = send(url, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        ...headers,
        'Content-Length': Buffer.byteLength(posting.body),
        'Idempotency-Key': posting.key,
      },
    });
    this.#requests.add(sent);
    const stopTimer = after(timeoutMs, () => {
      sent.destroy(new Error(`no answer within ${timeoutMs} ms`));
    });
    let isOver = false;
    const end = (why: Failure | null): void => {
      if (isOver) return;
      isOver = true;
      stopTimer();
      this.#requests.delete(sent);
      if (this.#isClosed) return;
      if (why === null) done(null);
      else this.#retry(posting, backoff, why, done);
    };
    sent.on('error', (cause) => end(failureOf(cause)));
    sent.on('response', (response) => onResponse(response, end));
    sent.end(posting.body);
  }

  #retry(posting: Posting, backoff: Backoff, why: Failure, done: Done): void {
    const delayMs = why.isFinal ? null : backoff.next();
    if (delayMs === null) {
      const message = `POST ${this.#rules.url.origin}${this.#rules.url.pathname}: ${why.text}`;
      const { cause, isFinal } = why;
      done(new EngineError('CONNECTION_FAILED', message, { cause, retryable: !isFinal }));
      return;
    }
    const stop = after(Math.max(delayMs, why.leastMs), () => {
      this.#waits.delete(stop);
      this.#attempt(posting, backoff, done);
    });
    this.#waits.add(stop);
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#waits) stop();
    for (const sent of this.#requests) sent.destroy();
    this.#agent.destroy();
  }
}

type Failure = {
  readonly text: string;
  readonly cause?: unknown;
  /** Another attempt would fail too. */
  readonly isFinal: boolean;
  /** How long the server wants to be left alone. */
  readonly leastMs: number;
};

function failureOf(cause: Error): Failure {
  return { text: reasonOf(cause), cause, isFinal: isOfCertificate(cause), leastMs: 0 };
}

function onResponse(response: IncomingMessage, end: (why: Failure | null) => void): void {
  const status = response.statusCode!;
  let text = '';
  response.on('data', (bytes: Buffer) => {
    if (text.length < SHOWN_BYTES) text += bytes.toString('utf8', 0, SHOWN_BYTES);
  });
  response.on('error', (cause) => end(failureOf(cause)));
  response.on('end', () => {
    if (status >= 200 && status < 300) return end(null);
    const isFinal = status < 500 && status !== 408 && status !== 429;
    const seconds = Number(response.headers['retry-after'] ?? 0);
    const leastMs = Math.min(seconds > 0 ? seconds * 1000 : 0, RETRY_AFTER_MS_MAX);
    const said = text.trim() === '' ? '' : `: ${text.trim().slice(0, SHOWN_BYTES)}`;
    end({ text: `${status} ${response.statusMessage}${said}`, isFinal, leastMs });
  });
}
