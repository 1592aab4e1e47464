/** The queries in RxJS: synchronous, from an array. */
import { concat, defer, filter, from, map, mergeMap, type Observable } from 'rxjs';
import type { NexmarkEvent } from '../corpus.ts';
import { isBid, isForQ2, q0, q1, q2, type Row, type Sink, WindowCounts } from './shapes.ts';

type Query = (events: readonly NexmarkEvent[]) => Observable<Row>;

const QUERIES: Readonly<Record<string, Query>> = {
  q0: (events) => from(events).pipe(filter(isBid), map(q0)),
  q1: (events) => from(events).pipe(filter(isBid), map(q1)),
  q2: (events) => from(events).pipe(filter(isBid), filter(isForQ2), map(q2)),
  count(events) {
    const counts = new WindowCounts();
    const ended = from(events).pipe(
      filter(isBid),
      mergeMap((bid) => counts.add(bid)),
    );
    return concat(
      ended,
      defer(() => counts.end()),
    );
  },
};

export function rxjs(query: string, events: readonly NexmarkEvent[], sink: Sink): void {
  QUERIES[query]!(events).subscribe(sink);
}
