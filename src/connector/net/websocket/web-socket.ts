/** Messages of a WebSocket as a source. */

import { NET_RECORD_BYTES_MAX } from '../../../base/limits.ts';
import { checkOptions, type OptionRules, wholeNumber, wrong } from '../../../base/options.ts';
import type { Source } from '../../../operator/source.ts';
import { aDuration, type Duration, durationMs } from '../../../time/duration.ts';
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
import { WebSocketInlet } from './web-socket-inlet.ts';

export type WebSocketOptions = MalformedOptions & {
  /** Headers of the request, such as Authorization. */
  readonly headers?: Headers;
  /** Messages that are sent on every new connection: what a server wants to be subscribed by. */
  readonly subscribe?: readonly string[];
  /** How a lost connection is made again; `false`: the source ends with it. */
  readonly reconnect?: Reconnect;
  /** How often the server is asked for a sign of life; '30 s'. One that has given none until the next time is lost. */
  readonly pingEvery?: Duration;
  /** Longest message; 1 MiB. A longer one is malformed. */
  readonly maxMessageBytes?: number;
  /** Of wss: whom to trust, and what to show. */
  readonly tls?: TlsOptions;
};

const WEB_SOCKET_OPTIONS: OptionRules<WebSocketOptions> = {
  onMalformed: MALFORMED,
  headers: HEADERS,
  subscribe: (what, value) => {
    const areTexts = Array.isArray(value) && value.every((one) => typeof one === 'string');
    if (!areTexts) throw wrong(what, 'are a list of texts', value);
  },
  reconnect: checkReconnect,
  pingEvery: aDuration,
  maxMessageBytes: wholeNumber(1),
  tls: TLS,
};

/**
 * Messages as records of `jsonLines()` or `text()`, text and binary ones alike. At most once: what was sent while there was no
 * connection, or was read before a checkpoint, does not come again. EngineErrors: CONNECTION_FAILED, INPUT_MALFORMED with the
 * number of the message.
 *
 *   flow.from(webSocket('wss://feed.example', jsonLines(Click), { subscribe: ['{"subscribe":"clicks"}'] }))
 */
export function webSocket<Row>(
  url: string,
  format: FileFormat<Row>,
  options: WebSocketOptions = {},
): Source<Row> {
  const target = urlOf('webSocket: the address', url, ['ws:', 'wss:']);
  const untyped = format as FileFormat;
  const lines = headlessLinesOf('webSocket', untyped);
  checkOptions('webSocket', options, WEB_SOCKET_OPTIONS);
  const { onMalformed = 'fail', headers = {}, subscribe = [], reconnect = {} } = options;
  const { maxMessageBytes = NET_RECORD_BYTES_MAX, pingEvery = '30 s' } = options;
  const pingMs = durationMs(pingEvery, 'webSocket: pingEvery');
  const path = `${target.protocol}//${target.host}${target.pathname}`;
  const tls = tlsFor('webSocket', target, options.tls);
  return connectionSource<Row>({
    name: 'webSocket',
    descriptor: { url: path, format: format.name, options: format.options, onMalformed },
    schema: format.schema,
    hasDeadLetters: onMalformed === 'deadLetter',
    createReader(_split, _position, context) {
      const inlet = new WebSocketInlet(
        { path, url: target, headers, subscribe, reconnect, pingMs, maxMessageBytes, tls },
        context,
      );
      return new InletReader(path, inlet, lines.parser(path), untyped, onMalformed, context);
    },
  });
}
