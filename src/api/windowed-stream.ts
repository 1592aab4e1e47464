/** A keyed stream cut into windows, and what can be computed over each. */

import { EngineError } from '../base/errors.ts';
import type { KeySpec } from '../data/key.ts';
import type { Schema } from '../data/schema.ts';
import { schemaOf } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import { stateKey } from '../operator/keyed-state.ts';
import type { AggregateSpec } from '../operator/window/aggregate.ts';
import { type CountWindowSpec, countWindowFields } from '../operator/window/count-window.ts';
import { canTravel, planPartials } from '../operator/window/partials.ts';
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
import type { SideOutput } from './side-output.ts';
import { Stream } from './stream.ts';

/** A row of results: the key fields, the bounds of a window of time (ms, end exclusive), the aggregates. */
export type WindowRow<Head, Results> = {
  [K in keyof (Head & Results)]: (Head & Results)[K];
};

/** Bounds of a window of time, in ms; the end is exclusive. */
export type WindowBounds = { windowStart: number; windowEnd: number };

/** `Row` is the type of the rows, `Head` the fields that results get before the aggregates. */
export class WindowedStream<Row, Head> {
  readonly #parts: KeyedParts;
  readonly #window: WindowSpec | CountWindowSpec;
  readonly #lateTo: string | null;

  constructor(
    parts: KeyedParts,
    window: WindowSpec | CountWindowSpec,
    lateTo: string | null = null,
  ) {
    this.#parts = parts;
    this.#window = window;
    this.#lateTo = lateTo;
  }

  /**
   * Sends records that are late for every window they belong to into a side output, where they are counted and dropped
   * otherwise: `.lateTo(late).aggregate(...)`, and `.sideOutput(late)` on what follows. EngineError JOB_DEFINITION for
   * windows that know no late records.
   */
  lateTo(side: SideOutput<Row>): WindowedStream<Row, Head> {
    const window = this.#window;
    if (window.kind === 'count' || window.time === 'processing') {
      throw new EngineError(
        'JOB_DEFINITION',
        'lateTo: only for windows of event time can a record be late',
      );
    }
    return new WindowedStream<Row, Head>(this.#parts, window, side.name);
  }

  /**
   * One row for each key and window, when the window is over: the watermark has passed its end, or the last of its
   * records has come. Fields and functions both serve as input:
   * `.aggregate(({ count, avg }) => ({ bids: count(), mean: avg('price'), high: avg((b) => b.price > 9 ? 1 : 0) }))`.
   */
  aggregate<Results extends Readonly<Record<string, Aggregate<unknown>>>>(
    define: (aggregates: Aggregates<Row>) => Results,
  ): Stream<WindowRow<Head, ResultsOf<Results>>> {
    const { builder, key, functions } = this.#parts;
    const { aggregates, all } = specsOf(define(vocabulary<Row>()), functions);
    const window = this.#window;
    const lateTo = this.#lateTo;
    // What was added up before the exchange is not there any more to be sent to a side output.
    const canHalve = window.kind !== 'count' && window.time === 'event' && lateTo === null;
    if (canHalve && canTravel(aggregates, all)) return this.#inHalves(window, aggregates, all);
    const { inputs, schema } = lateTo === null ? this.#onlyNeeded(aggregates) : this.#parts;
    const isByCount = window.kind === 'count';
    const fields = isByCount
      ? countWindowFields(key, aggregates, schema)
      : windowAggregateFields(key, aggregates, schema);
    const out = schemaOf<WindowRow<Head, ResultsOf<Results>>>(fields);
    const node = builder.add({
      name: 'window',
      operator: isByCount
        ? { type: 'countWindow', key, window, aggregates }
        : { type: 'windowAggregate', key, window, aggregates, partialsOf: null, lateTo },
      inputs: inputs.map((from) => ({ from, partitioning: { kind: 'hash', key } })),
      schema: out,
      functions: all,
    });
    return new Stream(builder, node, out);
  }

  /** Records are added up before the exchange already, and what crosses are partial results. */
  #inHalves<Out>(
    window: WindowSpec,
    aggregates: readonly AggregateSpec[],
    functions: readonly object[],
  ): Stream<Out> {
    const { builder, inputs, schema, key } = this.#parts;
    const fields = schema?.fields ?? null;
    const partials = planPartials(key, aggregates, schema).schema;
    const halves = inputs.map((from) =>
      builder.add({
        name: 'window',
        operator: { type: 'preAggregate', key, window, aggregates, fields },
        inputs: [{ from, partitioning: { kind: 'forward' } }],
        schema: partials,
        functions,
        staysWithInput: true,
      }),
    );
    const out = schemaOf<Out>(windowAggregateFields(key, aggregates, schema));
    const partitioning = { kind: 'hash', key: stateKey(key) } as const;
    const partialsOf = { fields };
    const node = builder.add({
      name: 'window',
      operator: {
        type: 'windowAggregate',
        key,
        window,
        aggregates,
        partialsOf,
        lateTo: null,
      },
      inputs: halves.map((from) => ({ from, partitioning })),
      schema: out,
      functions,
    });
    for (const half of halves) builder.nameAfter(half, node);
    return new Stream<Out>(builder, node, out);
  }

  /** Columns that neither the key nor an aggregate reads need not go through the exchange. */
  #onlyNeeded(aggregates: readonly AggregateSpec[]): {
    inputs: readonly NodeId[];
    schema: Schema | null;
  } {
    const { builder, inputs, schema, key } = this.#parts;
    const needed = neededFields(key, aggregates);
    if (schema === null || needed === null) return { inputs, schema };
    const fields = schema.fields.filter((field) => needed.has(field.name));
    // Where a field is missing, the error is to list all there are.
    const isWhole = fields.length === schema.fields.length;
    if (isWhole || fields.length < needed.size) return { inputs, schema };
    const projected = schemaOf(fields);
    const project = (from: NodeId): NodeId =>
      builder.add({
        name: 'project',
        operator: { type: 'project', fields: fields.map((field) => field.name) },
        inputs: [{ from, partitioning: { kind: 'forward' } }],
        schema: projected,
        staysWithInput: true,
      });
    return { inputs: inputs.map(project), schema: projected };
  }
}

/** Names of the fields that are read; null when functions may read any. */
function neededFields(key: KeySpec, aggregates: readonly AggregateSpec[]): Set<string> | null {
  if (key.kind === 'function') return null;
  const needed = new Set(key.fields);
  for (const { kind, input, user } of aggregates) {
    if (input.kind === 'function' || user !== null) return null;
    if (kind === 'collect' && input.kind === 'none') return null;
    if (input.kind === 'field') needed.add(input.field);
  }
  return needed;
}
