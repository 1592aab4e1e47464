/**
 * Lines over TCP as a source and as a sink: one call serves both ends, as with files.
 *
 *   flow.from(tcp('127.0.0.1:9000', jsonLines(Event)))                           connects, and again when it is lost
 *   flow.from(tcp('127.0.0.1:9000', text(), { listen: true }))                   takes what others send
 *   alerts.to(tcp('127.0.0.1:9001', jsonLines()))
 */

import { NET_RECORD_BYTES_MAX } from '../../../base/limits.ts';
import {
  aFunction,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
} from '../../../base/options.ts';
import type { Sink } from '../../../operator/sink.ts';
import type { Source } from '../../../operator/source.ts';
import type { FileFormat } from '../../file/format.ts';
import { type Address, addressOf, textOfAddress } from '../address.ts';
import {
  connectionSource,
  headlessLinesOf,
  InletReader,
  MALFORMED,
  type MalformedOptions,
} from '../inlet.ts';
import { checkReconnect, type Reconnect } from '../link.ts';
import { TcpClientInlet } from './client-inlet.ts';
import { TcpServerInlet } from './server-inlet.ts';
import { TcpWriter } from './tcp-writer.ts';

export type TcpOptions = MalformedOptions & {
  /** Reading: listens at the address instead of connecting to it, and reads what all who connect send; false. */
  readonly listen?: boolean;
  /** Called in the thread that listens, when it does: tells the port that 0 has become. */
  readonly onListening?: (address: Address) => void;
  /** How a lost connection is made again; `false`: the source ends with it. */
  readonly reconnect?: Reconnect;
  /** Longest line; 1 MiB. A longer one is malformed. */
  readonly maxLineBytes?: number;
};

const TCP_OPTIONS: OptionRules<TcpOptions> = {
  onMalformed: MALFORMED,
  listen: choice(true, false),
  onListening: aFunction,
  reconnect: checkReconnect,
  maxLineBytes: wholeNumber(1),
};

/** Both ends of lines of one format. */
export type Tcp<Row> = Source<Row> & Sink;

/**
 * Lines of `jsonLines()`, `text()`, or `csv()` without a header, over TCP.
 *
 * As a source: at most once. What the peer has sent and the job had not read when it failed, or a checkpoint was taken before,
 * does not come again. With `listen` one subtask takes the lines of all who connect. As a sink: neither once nor at least once. Rows that
 * the system had taken when a connection broke may be lost, those that it had not are sent again over the next one, and rows
 * behind the last checkpoint come again after a failure. EngineErrors: CONNECTION_FAILED, SERVER_FAILED, INPUT_MALFORMED with the line.
 *
 *   flow.from(tcp('127.0.0.1:9000', jsonLines(Click))).to(tcp('127.0.0.1:9001', jsonLines()))
 */
export function tcp<Row>(
  address: string,
  format: FileFormat<Row>,
  options: TcpOptions = {},
): Tcp<Row> {
  const place = addressOf('tcp: the address', address);
  checkOptions('tcp', options, TCP_OPTIONS);
  const { onMalformed = 'fail', listen = false, reconnect = {} } = options;
  const { maxLineBytes = NET_RECORD_BYTES_MAX } = options;
  const path = `tcp://${textOfAddress(place)}`;
  const untyped = format as FileFormat;
  const lines = headlessLinesOf('tcp', untyped);
  return {
    ...connectionSource<Row>({
      name: 'tcp',
      descriptor: {
        address: path,
        listen,
        format: format.name,
        options: format.options,
        onMalformed,
      },
      schema: format.schema,
      hasDeadLetters: onMalformed === 'deadLetter',
      createReader(_split, _position, context) {
        const inlet = listen
          ? new TcpServerInlet(path, place, options.onListening, maxLineBytes, context)
          : new TcpClientInlet(path, place, reconnect, maxLineBytes, context);
        return new InletReader(path, inlet, lines.parser(path), untyped, onMalformed, context);
      },
    }),
    createWriter: (context) => new TcpWriter(path, place, reconnect, untyped, context),
    commit: async () => {},
  };
}
