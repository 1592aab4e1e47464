/** Records that others post: a source that listens for HTTP. */

import { NET_WAITING_BYTES } from '../../../base/limits.ts';
import { checkOptions, choice, type OptionRules, wholeNumber } from '../../../base/options.ts';
import { aSchema, type Schema } from '../../../data/schema.ts';
import type { Source } from '../../../operator/source.ts';
import { checkPort } from '../address.ts';
import { connectionSource } from '../inlet.ts';
import { HTTP_LISTEN_OPTIONS, type HttpListenOptions } from './http-listener.ts';
import { IngestReader } from './ingest-reader.ts';

export type IngestOptions = HttpListenOptions & {
  /**
   * What to do with a request that has a malformed record. 'refuse' (default) answers 400 with its place, and takes nothing of the
   * request; 'fail' answers the same and ends the job; 'skip' leaves the record out and counts it; 'deadLetter' also sends
   * it to the stream `flow.from(...).deadLetters()`. A header that cannot be read is refused by these two as well.
   */
  readonly onMalformed?: 'refuse' | 'fail' | 'skip' | 'deadLetter';
  /** While the job is behind, a request waits ('wait', default), or is answered 429 with Retry-After ('refuse'). */
  readonly whenFull?: 'wait' | 'refuse';
  /** Longest body; 1 MiB. A longer one is answered 413. */
  readonly maxBodyBytes?: number;
  /** Bodies that wait for the job, all together; 4 MiB, or the longest body where that is more. */
  readonly maxWaitingBytes?: number;
};

const INGEST_OPTIONS: OptionRules<IngestOptions> = {
  ...HTTP_LISTEN_OPTIONS,
  onMalformed: choice('refuse', 'fail', 'skip', 'deadLetter'),
  whenFull: choice('wait', 'refuse'),
  maxBodyBytes: wholeNumber(1),
  maxWaitingBytes: wholeNumber(1),
};

/** Options with their defaults. */
export type IngestRules = IngestOptions & {
  readonly onMalformed: NonNullable<IngestOptions['onMalformed']>;
  readonly whenFull: NonNullable<IngestOptions['whenFull']>;
  readonly maxBodyBytes: number;
  readonly maxWaitingBytes: number;
};

const WAITING_BODIES = 4;

/**
 * Rows that are posted: `application/json` (an object, or a list of them), `application/x-ndjson` (one a line) or `text/csv`
 * (with a header). With a schema they are checked and become columns; without one (null) they are what JSON.parse gives.
 *
 * The answer comes when the job has read all rows: 200 with `{ accepted, skipped }`; 400 tells the line that is malformed, 413 and 415 what
 * else is wrong, 503 that the job ended before. At most once: rows that were read and had reached no checkpoint when the job
 * failed do not come again, unless they are posted again. One subtask listens. EngineErrors: SERVER_FAILED, and with
 * 'fail' INPUT_MALFORMED.
 *
 *   flow.from(httpIngest(Click, { port: 8080, path: '/clicks', token: 'secret' }))
 */
export function httpIngest<Row>(schema: Schema<Row> | null, options: IngestOptions): Source<Row> {
  if (schema !== null) aSchema('httpIngest: the schema', schema);
  checkOptions('httpIngest', options, INGEST_OPTIONS);
  checkPort('httpIngest', options);
  const { onMalformed = 'refuse', whenFull = 'wait', maxBodyBytes = NET_WAITING_BYTES } = options;
  const rules: IngestRules = {
    ...options,
    onMalformed,
    whenFull,
    maxBodyBytes,
    maxWaitingBytes: Math.max(
      options.maxWaitingBytes ?? WAITING_BODIES * NET_WAITING_BYTES,
      maxBodyBytes,
    ),
  };
  return connectionSource<Row>({
    name: 'httpIngest',
    descriptor: { port: options.port, path: options.path ?? '/', onMalformed },
    schema,
    hasDeadLetters: onMalformed === 'deadLetter',
    createReader: (_split, _position, context) =>
      new IngestReader(schema as Schema | null, rules, context),
  });
}
