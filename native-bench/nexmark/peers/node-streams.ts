/** The queries as Node streams of objects: a Readable over the array, Transforms, a Writable. */
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Bid, NexmarkEvent } from '../corpus.ts';
import { isBid, isForQ2, q0, q1, q2, type Row, type Sink, WindowCounts } from './shapes.ts';

/** Of each stream: with the 16 objects that are usual it would be slower. */
const HIGH_WATER_MARK = 1024;

function transform<In>(
  each: (row: In, push: (row: object) => void) => void,
  flush: () => readonly Row[] = () => [],
): Transform {
  return new Transform({
    objectMode: true,
    highWaterMark: HIGH_WATER_MARK,
    transform(row: In, _, done) {
      each(row, (out) => this.push(out));
      done();
    },
    flush(done) {
      for (const row of flush()) this.push(row);
      done();
    },
  });
}

const bids = (): Transform =>
  transform<NexmarkEvent>((event, push) => {
    if (isBid(event)) push(event);
  });

const mapped = (fn: (bid: Bid) => Row): Transform => transform<Bid>((bid, push) => push(fn(bid)));

const STEPS: Readonly<Record<string, () => Transform[]>> = {
  q0: () => [bids(), mapped(q0)],
  q1: () => [bids(), mapped(q1)],
  q2: () => [
    bids(),
    transform<Bid>((bid, push) => {
      if (isForQ2(bid)) push(bid);
    }),
    mapped(q2),
  ],
  count() {
    const counts = new WindowCounts();
    const ended = transform<Bid>(
      (bid, push) => {
        for (const row of counts.add(bid)) push(row);
      },
      () => counts.end(),
    );
    return [bids(), ended];
  },
};

export async function nodeStreams(
  query: string,
  events: readonly NexmarkEvent[],
  sink: Sink,
): Promise<void> {
  const writable = new Writable({
    objectMode: true,
    highWaterMark: HIGH_WATER_MARK,
    write(row: Row, _, done) {
      sink(row);
      done();
    },
  });
  const readable = Readable.from(events, { highWaterMark: HIGH_WATER_MARK });
  await pipeline([readable, ...STEPS[query]!(), writable]);
}
