/** Who is compared with the engine. */
import type { NexmarkEvent } from '../corpus.ts';
import { LOOP } from './loop.ts';
import { nodeStreams } from './node-streams.ts';
import { rxjs } from './rxjs.ts';
import type { Sink } from './shapes.ts';

export const PEER_QUERIES: readonly string[] = ['q0', 'q1', 'q2', 'count'];

export type Peer = (
  query: string,
  events: readonly NexmarkEvent[],
  sink: Sink,
) => void | Promise<void>;

export const PEERS: Readonly<Record<string, Peer>> = {
  loop: (query, events, sink) => LOOP[query]!(events, sink),
  rxjs,
  streams: nodeStreams,
};
