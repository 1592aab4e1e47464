/** A stream partitioned by key: what comes next sees all rows of a key in one place. */
import type { KeySpec } from '../data/key.ts';
import type { Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { WindowSpec } from '../operator/window/window.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { WindowedStream } from './windowed-stream.ts';

export type KeyedParts = {
  readonly builder: GraphBuilder;
  /** Several for a union. */
  readonly inputs: readonly NodeId[];
  readonly schema: Schema | null;
  readonly key: KeySpec;
  /** The key function, if there is one. */
  readonly functions: readonly object[];
};

/** `Row` is the type of the rows, `Key` the fields that results get from the key. */
export class KeyedStream<Row, Key> {
  readonly #parts: KeyedParts;

  constructor(parts: KeyedParts) {
    this.#parts = parts;
  }

  /** Windows of event time: `.window(tumbling('1 h'))`, `.window(sliding('7 d', '1 d'))`. */
  window(window: WindowSpec): WindowedStream<Row, Key> {
    return new WindowedStream<Row, Key>(this.#parts, window);
  }
}
