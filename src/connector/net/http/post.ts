/** Rows to an HTTP endpoint, many in a request: a sink that tries again. */
import type { SecureContextOptions } from 'node:tls';
import { BATCH_ROWS } from '../../../base/limits.ts';
import { checkOptions, type OptionRules, wholeNumber, wrong } from '../../../base/options.ts';
import type { Sink } from '../../../operator/sink.ts';
import { aDuration, type Duration, durationMs } from '../../../time/duration.ts';
import type { FileFormat } from '../../file/format.ts';
import { jsonLines } from '../../file/json-lines.ts';
import { HEADERS, type Headers, urlOf } from '../address.ts';
import { linesOf } from '../inlet.ts';
import { checkReconnect, type ReconnectOptions } from '../link.ts';
import { TLS, type TlsOptions, tlsFor } from '../tls.ts';
import { PostWriter } from './post-writer.ts';

export type PostOptions = {
  /** Of the bodies: `jsonLines()` when left out, `csv()` with a header in each, or `text()`. */
  readonly format?: FileFormat;
  /** Headers of every request, such as Authorization. */
  readonly headers?: Headers;
  /** Rows in a request, at most; 1000. */
  readonly batchRows?: number;
  /** How long a row waits for others to go with it; '100 ms'. */
  readonly maxDelay?: Duration;
  /** Requests under way at a time, of each subtask; 4. With 1 rows arrive in their order. */
  readonly maxInFlight?: number;
  /** How long one attempt may take; '30 s'. */
  readonly timeout?: Duration;
  /** Attempts after one that failed, and the waits between them; 10 of them when left out. */
  readonly retry?: ReconnectOptions;
  /** Of https: whom to trust, and what to show. */
  readonly tls?: TlsOptions;
};

const POST_OPTIONS: OptionRules<PostOptions> = {
  format: true,
  headers: HEADERS,
  batchRows: wholeNumber(1),
  maxDelay: aDuration,
  maxInFlight: wholeNumber(1),
  timeout: aDuration,
  retry: (what, value) => {
    if (value === false)
      throw wrong(what, 'is an object; for no further attempt { attempts: 0 }', value);
    checkReconnect(what, value);
  },
  tls: TLS,
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  jsonLines: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  text: 'text/plain; charset=utf-8',
};
const RETRIES = 10;

/** Options with their defaults. */
export type PostRules = {
  readonly url: URL;
  readonly format: FileFormat;
  /** Bodies begin with a header. */
  readonly hasHead: boolean;
  readonly headers: Headers;
  readonly batchRows: number;
  readonly maxDelayMs: number;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly retry: ReconnectOptions;
  readonly tls: SecureContextOptions;
};

/**
 * Posts rows in batches. A request that cannot be made, or is answered 408, 429 or 5xx, is made again after a wait that doubles, or
 * as long as Retry-After says; any other answer than 2xx ends the job. At least once: each request has an `Idempotency-Key`
 * that stays the same over attempts, and over a restart for requests that a checkpoint holds, so that a server that heeds it
 * takes those once. The job waits while so many requests are under way. EngineError CONNECTION_FAILED with the answer.
 *
 *   clicks.to(httpPost('https://collector.example/clicks', { headers: { Authorization: 'Bearer secret' } }))
 */
export function httpPost(url: string, options: PostOptions = {}): Sink {
  const target = urlOf('httpPost: the address', url, ['http:', 'https:']);
  checkOptions('httpPost', options, POST_OPTIONS);
  const { format = jsonLines() as FileFormat, batchRows = 1000, maxInFlight = 4 } = options;
  const { hasHead } = linesOf('httpPost', format);
  const rules: PostRules = {
    url: target,
    format,
    hasHead,
    headers: { 'Content-Type': CONTENT_TYPES[format.name] ?? 'text/plain', ...options.headers },
    batchRows: Math.min(batchRows, BATCH_ROWS),
    maxDelayMs: durationMs(options.maxDelay ?? 100, 'httpPost: maxDelay'),
    maxInFlight,
    timeoutMs: durationMs(options.timeout ?? '30 s', 'httpPost: timeout'),
    retry: { attempts: RETRIES, ...options.retry },
    tls: tlsFor('httpPost', target, options.tls),
  };
  return {
    name: 'httpPost',
    descriptor: { url: target.origin + target.pathname, format: format.name },
    createWriter: (context) => new PostWriter(rules, context),
    commit: async () => {},
  };
}
