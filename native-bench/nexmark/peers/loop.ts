/** The queries as loops over objects. */
import type { NexmarkEvent } from '../corpus.ts';
import { isBid, isForQ2, q0, q1, q2, type Sink, WindowCounts } from './shapes.ts';

export const LOOP: Readonly<Record<string, (events: readonly NexmarkEvent[], sink: Sink) => void>> =
  {
    q0(events, sink) {
      for (const event of events) if (isBid(event)) sink(q0(event));
    },
    q1(events, sink) {
      for (const event of events) if (isBid(event)) sink(q1(event));
    },
    q2(events, sink) {
      for (const event of events) if (isBid(event) && isForQ2(event)) sink(q2(event));
    },
    count(events, sink) {
      const counts = new WindowCounts();
      for (const event of events) {
        if (!isBid(event)) continue;
        for (const row of counts.add(event)) sink(row);
      }
      for (const row of counts.end()) sink(row);
    },
  };
