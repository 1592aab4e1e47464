/** millrace/connectors: sources and sinks of one's own. */
import { openDoor } from '../../base/doors.ts';

openDoor(import.meta.url);

export {
  defineSink,
  type RowWriter,
  type SinkDefinition,
  type WriterPlace,
} from './define-sink.ts';
export {
  defineSource,
  type ReadRequest,
  type SourceDefinition,
  type SplitDefinition,
} from './define-source.ts';
export { type Polled, type PollFunction, type PollOptions, poll } from './poll.ts';
export type { Portion } from './portion.ts';
export { type SendContext, type SendFunction, type SendOptions, send } from './send.ts';
