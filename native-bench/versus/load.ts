/** What the jobs of a comparison have in common: the records of shape.ts by the parameters of the run, and the sink. */
import type { Flow, Stream } from 'millrace';
import { counting, events } from './measured.ts';

export type Row = { key: number; value: number; time: number };

/** One of so many sources, each of which has its share of the records. */
export function load(flow: Flow, { source = 0, of = 1 } = {}): Stream<Row> {
  const records = flow.param('records', 1_000_000);
  return flow.from(
    events({
      name: `events ${source}`,
      records: Math.floor(records / of),
      warmup: flow.param('warmup', Math.floor(records * 0.3)) / of,
      keys: flow.param('keys', 0),
      perMs: flow.param('per-ms', 1000),
    }),
  );
}

export function end<Out>(flow: Flow, stream: Stream<Out>): void {
  stream.to(counting(flow.param('verify', 0) === 1));
}

export const plusOne = ({ key, value, time }: Row): Row => ({ key, value: value + 1, time });
