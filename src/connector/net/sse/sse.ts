/** Server-Sent Events as a source: it goes on where it was, as far as the server remembers. */

import { NET_RECORD_BYTES_MAX } from '../../../base/limits.ts';
import { checkOptions, type OptionRules, wholeNumber, wrong } from '../../../base/options.ts';
import type { Source } from '../../../operator/source.ts';
import type { FileFormat } from '../../file/format.ts';
import { HEADERS, type Headers, urlOf } from '../address.ts';
import {
  connectionSource,
  headlessLinesOf,
  InletReader,
  MALFORMED,
  type MalformedOptions,
} from '../inlet.ts';
import { checkReconnect, type Reconnect } from '../link.ts';
import { TLS, type TlsOptions, tlsFor } from '../tls.ts';
import { SseInlet } from './sse-inlet.ts';

export type SseOptions = MalformedOptions & {
  /** Headers of the request, such as Authorization. */
  readonly headers?: Headers;
  /** Names of the events that are records, 'message' for those without one; all of them when left out. */
  readonly events?: readonly string[];
  /** How a lost connection is made again, no sooner than the server's `retry` says; `false`: the source ends with it. */
  readonly reconnect?: Reconnect;
  /** Longest event; 1 MiB. A longer one is malformed. */
  readonly maxEventBytes?: number;
  /** Of https: whom to trust, and what to show. */
  readonly tls?: TlsOptions;
};

const SSE_OPTIONS: OptionRules<SseOptions> = {
  onMalformed: MALFORMED,
  headers: HEADERS,
  events: (what, value) => {
    const areNames = Array.isArray(value) && value.every((name) => typeof name === 'string');
    if (!areNames) throw wrong(what, 'are a list of names', value);
  },
  reconnect: checkReconnect,
  maxEventBytes: wholeNumber(1),
  tls: TLS,
};

/**
 * The data of events as records of `jsonLines()` or `text()`. The id of the last event that was read goes into checkpoints, and is sent
 * as Last-Event-ID on every connection: exactly once within the job where events have ids and the server gives again all
 * that followed one, at most once where not. An answer of 204 ends the source. EngineErrors: CONNECTION_FAILED with the answer,
 * INPUT_MALFORMED with the number of the event.
 *
 *   flow.from(sse('https://feed.example/clicks', jsonLines(Click), { events: ['click'] }))
 */
export function sse<Row>(
  url: string,
  format: FileFormat<Row>,
  options: SseOptions = {},
): Source<Row> {
  const target = urlOf('sse: the address', url, ['http:', 'https:']);
  const untyped = format as FileFormat;
  const lines = headlessLinesOf('sse', untyped);
  checkOptions('sse', options, SSE_OPTIONS);
  const { onMalformed = 'fail', headers = {}, events = null, reconnect = {} } = options;
  const { maxEventBytes = NET_RECORD_BYTES_MAX } = options;
  const path = target.origin + target.pathname;
  const tls = tlsFor('sse', target, options.tls);
  return connectionSource<Row>({
    name: 'sse',
    descriptor: { url: path, format: format.name, options: format.options, onMalformed },
    schema: format.schema,
    hasDeadLetters: onMalformed === 'deadLetter',
    createReader(_split, position, context) {
      const rules = { path, url: target, headers, events, reconnect, maxEventBytes, tls };
      const inlet = new SseInlet(rules, position as string | null, context);
      return new InletReader(path, inlet, lines.parser(path), untyped, onMalformed, context);
    },
  });
}
