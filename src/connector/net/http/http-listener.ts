/**
 * What connectors that are asked over HTTP have in common: bounded requests, who may ask, and no open handle when they are
 * closed. One bad request ends nothing but its own answer.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { EngineError } from '../../../base/errors.ts';
import { delay } from '../../../base/event-loop.ts';
import {
  HTTP_HEAD_BYTES_MAX,
  HTTP_REQUEST_MS_MAX,
  NET_CONNECTIONS_MAX,
} from '../../../base/limits.ts';
import { type OptionRules, someText, wrong } from '../../../base/options.ts';
import { isLoopback, LISTEN_OPTIONS, type ListenOptions, listen } from '../address.ts';
import { TLS_LISTEN, type TlsListenOptions } from '../tls.ts';

export type HttpListenOptions = ListenOptions & {
  /** Where it is asked; '/' when left out. */
  readonly path?: string;
  /** Whoever asks has to give it: `Authorization: Bearer <token>`; nobody has to when left out. */
  readonly token?: string;
  /** Origins whose pages may ask, as 'https://app.example'; none when left out. */
  readonly allowedOrigins?: readonly string[];
  /** Its certificate, by which it is asked over https and wss alone; over http and ws when left out. */
  readonly tls?: TlsListenOptions;
};

export const HTTP_LISTEN_OPTIONS: OptionRules<HttpListenOptions> = {
  ...LISTEN_OPTIONS,
  path: (what, value) => {
    if (typeof value !== 'string' || !value.startsWith('/'))
      throw wrong(what, 'begins with /', value);
  },
  token: someText,
  allowedOrigins: (what, value) => {
    const isOrigin = (one: unknown): boolean =>
      typeof one === 'string' && URL.canParse(one) && new URL(one).origin === one;
    if (!Array.isArray(value) || !value.every(isOrigin)) {
      throw wrong(what, "are a list of origins like 'https://app.example'", value);
    }
  },
  tls: TLS_LISTEN,
};

/** An answer that tells what is wrong with a request. */
export type Refusal = { readonly status: number; readonly error: string };

/** What a browser asks before it sends what pages of an allowed origin want. */
const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Max-Age': '600',
} as const;

/** How long a connection may take to be left when nobody listens any more. */
const LEAVE_MS = 1000;

type Handlers = {
  /** A request for the path that may be answered. */
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** One that wants another protocol on its connection; left out where there is none. */
  onUpgrade?(request: IncomingMessage, socket: Socket, head: Buffer): void;
  onError(error: EngineError): void;
};

export class HttpListener {
  readonly #options: HttpListenOptions;
  readonly #server: Server;

  constructor(
    what: string,
    options: HttpListenOptions,
    { onRequest, onUpgrade, onError }: Handlers,
  ) {
    this.#options = options;
    this.#server = serverFor(options.tls, (request, response) => {
      response.on('error', () => {});
      const refusal = this.#refusalOf(request);
      if (refusal === null) letSee(request, response);
      if (refusal !== null) answer(response, refusal.status, { error: refusal.error });
      else if (request.method === 'OPTIONS') answer(response, 200, {}, PREFLIGHT_HEADERS);
      else onRequest(request, response);
    });
    this.#server.maxConnections = NET_CONNECTIONS_MAX;
    // While the job runs it keeps the process alive; when it has ended nobody here does.
    this.#server.unref();
    this.#server.on('connection', (socket) => socket.unref());
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
    if (onUpgrade !== undefined) {
      this.#server.on('upgrade', (request, socket, head) => {
        socket.on('error', () => {});
        const refusal = this.#refusalOf(request);
        if (refusal === null) onUpgrade(request, socket as Socket, head);
        else socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\n\r\n`);
      });
    }
    listen(what, this.#server, options, onError);
  }

  #refusalOf({ headers, url = '', method }: IncomingMessage): Refusal | null {
    const { host, path = '/', token, allowedOrigins = [] } = this.#options;
    const name = (headers.host ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
    // A name that leads to this machine from elsewhere is a page's way around its origin.
    if (isLoopback(host) && !isLoopback(name.toLowerCase())) {
      return { status: 403, error: `this is no server of '${name}': ask it by localhost` };
    }
    const { origin } = headers;
    if (origin !== undefined && !allowedOrigins.includes(origin)) {
      return { status: 403, error: `pages of '${origin}' may not ask; see allowedOrigins` };
    }
    if (token !== undefined && method !== 'OPTIONS' && !hasToken(headers.authorization, token)) {
      return { status: 401, error: 'this needs the token: Authorization: Bearer <token>' };
    }
    if (url.replace(/\?.*$/, '') === path) return null;
    return { status: 404, error: `there is nothing but ${path}` };
  }

  /** Nobody new is let in; what has been answered still goes out, to those who take it soon. */
  close(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
    void delay(LEAVE_MS).then(() => this.#server.closeAllConnections());
  }
}

function serverFor(tls: TlsListenOptions | undefined, onRequest: RequestListener): Server {
  const limits = {
    maxHeaderSize: HTTP_HEAD_BYTES_MAX,
    headersTimeout: HTTP_REQUEST_MS_MAX,
    // Who reads a body has a limit of its own: one that waits for the job takes as long as it takes.
    requestTimeout: 0,
  };
  if (tls === undefined) return createServer(limits, onRequest);
  const secure = { ...limits, ...tls, handshakeTimeout: HTTP_REQUEST_MS_MAX };
  return createSecureServer(secure, onRequest);
}

function hasToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
  if (given === undefined) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** Answers with JSON. A body that was not read to its end ends the connection. */
export function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) return;
  const text = JSON.stringify(body);
  const { req: request } = response;
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(text);
}

/** A page that may ask may also see the answer. */
function letSee({ headers }: IncomingMessage, response: ServerResponse): void {
  const { origin } = headers;
  if (origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
}
