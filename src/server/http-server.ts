/**
 * The HTTP side: bounded requests, who may ask, answers as JSON. One bad request ends neither the server nor the job: what
 * goes wrong while it is answered becomes its answer.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EngineError, messageOf } from '../base/errors.ts';
import { delay } from '../base/event-loop.ts';
import {
  HTTP_BODY_BYTES_MAX,
  HTTP_CONNECTIONS_MAX,
  HTTP_HEAD_BYTES_MAX,
  HTTP_REQUEST_MS_MAX,
  OUTCOME_WAIT_MS,
} from '../base/limits.ts';
import {
  type AccessRules,
  checkOrigin,
  checkToken,
  originHeaders,
  PREFLIGHT_HEADERS,
} from './access.ts';
import { answerFile } from './dashboard.ts';
import { openApi } from './openapi.ts';
import { prometheusText } from './prometheus.ts';
import { notFound, RestError } from './rest.ts';
import { answerOfError, findRoute, RestApi } from './rest-api.ts';
import type { ServedJob, ServedJobs } from './served-jobs.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What every request does at least. */
const LOOKS = { changes: false } as const;

type Served = { readonly jobs: ServedJobs; readonly api: RestApi };

export class HttpServer {
  readonly #server: Server;
  readonly #rules: AccessRules;
  /** Of requests that are being answered. */
  readonly #responses = new Set<ServerResponse>();
  /** Null before the job is there. */
  #served: Served | null = null;

  private constructor(rules: AccessRules) {
    this.#rules = rules;
    this.#server = createServer(
      {
        maxHeaderSize: HTTP_HEAD_BYTES_MAX,
        requestTimeout: HTTP_REQUEST_MS_MAX,
        headersTimeout: HTTP_REQUEST_MS_MAX,
      },
      (request, response) => void this.#onRequest(request, response),
    );
    this.#server.maxConnections = HTTP_CONNECTIONS_MAX;
    this.#server.on('clientError', refuse);
    // A job that has ended ends its process too.
    this.#server.unref();
  }

  /** Listens; requests are told to wait until there is a job. EngineError SERVER_FAILED where it cannot. */
  static async listen(port: number, host: string, rules: AccessRules): Promise<HttpServer> {
    const server = new HttpServer(rules);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', (cause) => {
        const message = `the server cannot listen on ${host}:${port}: ${messageOf(cause)}`;
        reject(new EngineError('SERVER_FAILED', message, { cause }));
      });
      server.#server.listen(port, host, resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Tells of these jobs from now on. */
  serve(jobs: ServedJobs): void {
    this.#served = { jobs, api: new RestApi(jobs) };
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    this.#responses.add(response);
    response.on('close', () => this.#responses.delete(response));
    try {
      await this.#answer(request, response);
    } catch (error) {
      const { status, body } = answerOfError(error);
      const headers = error instanceof RestError ? error.headers : {};
      if (response.headersSent) response.destroy();
      else this.#send(request, response, status, JSON.stringify(body), JSON_TYPE, headers);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkOrigin(this.#rules, request);
    const url = urlOf(request);
    const { pathname, searchParams } = url;
    if (request.method === 'OPTIONS') {
      if (request.headers.origin === undefined) throw notAllowed(pathname);
      response.writeHead(204, { ...originHeaders(this.#rules, request), ...PREFLIGHT_HEADERS });
      response.end();
      return;
    }
    if (answerFile(pathname, request, response)) return;
    checkToken(this.#rules, request, LOOKS);
    const method = request.method === 'HEAD' ? 'GET' : request.method!;
    const served = this.#served;
    if (served === null)
      throw new RestError(503, 'the job is not there yet', { 'Retry-After': '1' });
    if (this.#answerOther(served, method, url, request, response)) return;
    const found = findRoute(method, pathname);
    checkToken(this.#rules, request, found.route);
    const body = method === 'GET' ? undefined : await bodyOf(request);
    const answer = await served.api.answer(found, searchParams, body);
    this.#send(request, response, answer.status, JSON.stringify(answer.body), JSON_TYPE);
  }

  /** What is no route of the API. */
  #answerOther(
    { jobs }: Served,
    method: string,
    { pathname: path, searchParams }: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    if (path !== '/metrics' && path !== '/events' && path !== '/openapi.json') return false;
    // A stream of events has no head alone.
    if (method !== 'GET' || (path === '/events' && request.method === 'HEAD')) {
      throw notAllowed(path);
    }
    if (path === '/metrics') {
      const text = prometheusText(jobs.all.map(({ job }) => job.metrics()));
      this.#send(request, response, 200, text, PROMETHEUS_TYPE);
    } else if (path === '/openapi.json') {
      this.#send(request, response, 200, JSON.stringify(openApi()), JSON_TYPE);
    } else {
      const { events } = listenedTo(jobs, searchParams.get('job'));
      for (const [name, value] of Object.entries(originHeaders(this.#rules, request))) {
        response.setHeader(name, value);
      }
      events.open(response);
    }
    return true;
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    text: string,
    type: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...originHeaders(this.#rules, request),
      ...headers,
      // A body that is not wanted is not read to its end.
      ...(status === 413 ? { Connection: 'close' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  /** Resolves when what is being answered has been sent, or nobody has taken it for a while. */
  async close(): Promise<void> {
    this.#served?.jobs.close();
    this.#server.close();
    this.#server.closeIdleConnections();
    const sent = [...this.#responses].map(
      (response) => new Promise<void>((resolve) => response.on('close', () => resolve())),
    );
    await Promise.race([Promise.all(sent), delay(OUTCOME_WAIT_MS)]);
  }
}

/** The job of a query, which may be left out where there is one job. */
function listenedTo({ all }: ServedJobs, id: string | null): ServedJob {
  if (id === null && all.length === 1) return all[0]!;
  if (id === null) throw new RestError(400, `job is missing: there are ${all.length} jobs`);
  const found = all.find(({ job }) => job.id === id);
  if (found === undefined) throw notFound(`job '${id}'`);
  return found;
}

function notAllowed(path: string): RestError {
  return new RestError(405, `'${path}' takes GET`, { Allow: 'GET' });
}

function urlOf({ url }: IncomingMessage): URL {
  try {
    return new URL(`http://localhost${url}`);
  } catch {
    throw new RestError(400, 'the path is no path');
  }
}

/** The JSON of a body that is not too long; undefined for none. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > HTTP_BODY_BYTES_MAX) {
      throw new RestError(413, `a body has at most ${HTTP_BODY_BYTES_MAX} bytes`);
    }
    parts.push(part as Buffer);
  }
  const text = Buffer.concat(parts).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RestError(400, `the body is no JSON: ${messageOf(error)}`);
  }
}

/** Answers what is no request, as far as HTTP goes. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const body = JSON.stringify({ errors: [STATUS_CODES[status]], code: null });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${JSON_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
