/** A keyed stream cut into windows, and what can be computed over each. */
import type { Schema } from '../data/schema.ts';
import { schemaOf } from '../data/schema.ts';
import type { WindowSpec } from '../operator/window/window.ts';
import { windowAggregateFields } from '../operator/window/window-aggregate.ts';
import {
  type Aggregate,
  type Aggregates,
  type ResultsOf,
  specsOf,
  vocabulary,
} from './aggregates.ts';
import type { KeyedParts } from './keyed-stream.ts';
import { Stream } from './stream.ts';

/** A row of results: the key fields, the bounds of the window (ms, end exclusive), the aggregates. */
export type WindowRow<Key, Results> = {
  [K in keyof (Key & WindowBounds & Results)]: (Key & WindowBounds & Results)[K];
};

type WindowBounds = { windowStart: number; windowEnd: number };

export class WindowedStream<Row, Key> {
  readonly #parts: KeyedParts;
  readonly #window: WindowSpec;

  constructor(parts: KeyedParts, window: WindowSpec) {
    this.#parts = parts;
    this.#window = window;
  }

  /**
   * One row for each key and window, when the watermark passes its end. Fields and functions both serve as input:
   * `.aggregate(({ count, avg }) => ({ bids: count(), mean: avg('price'), high: avg((b) => b.price > 9 ? 1 : 0) }))`.
   */
  aggregate<Results extends Readonly<Record<string, Aggregate<unknown>>>>(
    define: (aggregates: Aggregates<Row>) => Results,
  ): Stream<WindowRow<Key, ResultsOf<Results>>> {
    const { builder, input, schema, key, functions } = this.#parts;
    const { aggregates, all } = specsOf(define(vocabulary<Row>()), functions);
    const out = schemaOf(windowAggregateFields(key, aggregates, schema)) as Schema<
      WindowRow<Key, ResultsOf<Results>>
    >;
    const node = builder.add({
      name: 'window',
      operator: { type: 'windowAggregate', key, window: this.#window, aggregates },
      inputs: [{ from: input, partitioning: { kind: 'hash', key } }],
      schema: out,
      functions: all,
    });
    return new Stream(builder, node, out);
  }
}
