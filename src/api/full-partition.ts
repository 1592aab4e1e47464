/** All rows of a subtask, or of a key, until the input ends: what can be made of them then. */
import { aPlainFunction, aPlainOrGenerator, oneOf, someText, wrong } from '../base/options.ts';
import { fieldIndex, type Schema } from '../data/schema.ts';
import type { PartitionWork, SortOrder } from '../operator/partition/partition.ts';
import { schemaBehindWork } from '../operator/partition/partition-operator.ts';
import { sorterBy } from '../operator/partition/row-contents.ts';
import { emitEach, iteratorOf } from '../operator/returned-rows.ts';
import { type Aggregate, type Aggregates, type ResultsOf, specsOf } from './aggregates.ts';
import { type Emits, type as typeOf } from './emits.ts';
import type { OrderedField } from './field-names.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';
import { Stream } from './stream.ts';
import type { WindowedStream, WindowRow } from './windowed-stream.ts';

type Results = Readonly<Record<string, Aggregate<unknown>>>;

export type PartitionParts = {
  readonly builder: GraphBuilder;
  readonly edges: readonly InputEdge[];
  readonly schema: Schema | null;
  /** As many subtasks as the step before has. */
  readonly staysWithInput: boolean;
};

/** The rows of each subtask. Results have no event time. */
export class FullPartition<out Row> {
  readonly #parts: PartitionParts;

  constructor(parts: PartitionParts) {
    this.#parts = parts;
  }

  /** Any rows from all rows: `.map(function* (rows) { yield { rows: rows.length }; })`. Results are taken as there is room. */
  map<Out>(fn: (rows: readonly Row[]) => Iterable<Out>): Stream<Out> {
    aPlainOrGenerator('map', fn);
    return this.#add<Out>({ kind: 'map' }, [fn]);
  }

  /**
   * The rows by a field, null last, NaN above all numbers; equals keep their order: `.sort('price', 'descending')`.
   */
  sort<K extends OrderedField<Row>>(field: K, order: SortOrder = 'ascending'): Stream<Row> {
    checkSort(field, order, this.#parts.schema);
    return this.#add<Row>({ kind: 'sort', field, order }, []);
  }

  /** The rows joined to one: `.reduce((best, bid) => (bid.price > best.price ? bid : best))`. It changes neither argument. */
  reduce(fn: (value: Row, row: Row) => Row): Stream<Row> {
    aPlainFunction('reduce', fn);
    return this.#add<Row>({ kind: 'reduce' }, [fn]);
  }

  /** One row: `.aggregate(({ count, max }) => ({ rows: count(), best: max('price') }))`; none of a subtask without rows. */
  aggregate<R extends Results, Of = Row>(
    define: (aggregates: Aggregates<NoInfer<Of>>) => R,
  ): Stream<WindowRow<unknown, ResultsOf<R>>> {
    const { aggregates, all } = specsOf<Of>(define, []);
    return this.#add({ kind: 'aggregate', aggregates }, all);
  }

  #add<Out>(work: PartitionWork, functions: readonly object[]): Stream<Out> {
    const { builder, edges, schema, staysWithInput } = this.#parts;
    const out = schemaBehindWork(work, schema) as Schema<Out> | null;
    const node = builder.add({
      name: work.kind,
      operator: { type: 'partition', work },
      inputs: edges,
      schema: out,
      functions,
      staysWithInput,
    });
    return new Stream<Out>(builder, node, out);
  }
}

/** The rows of each key. Results have no event time. */
export class KeyedPartition<out Row, out Key> {
  readonly #window: WindowedStream<Row, Key, unknown>;
  readonly #schema: Schema<Row> | null;

  /** `window`: of all records of a key, which fires at the end of the stream. */
  constructor(window: WindowedStream<Row, Key, unknown>, schema: Schema | null) {
    this.#window = window;
    this.#schema = schema as Schema<Row> | null;
  }

  /** Any rows from all rows of a key: `.map((rows, { user }) => [{ user, visits: rows.length }])`. */
  map<Out>(fn: (rows: readonly Row[], key: Key) => Iterable<Out>): Stream<Out> {
    aPlainOrGenerator('map', fn);
    return this.#process(typeOf<Out>(), fn).name('map');
  }

  /** The rows of each key by a field, ordered as those of a subtask are: `.sort('price', 'descending')`. */
  sort<K extends OrderedField<Row>>(field: K, order: SortOrder = 'ascending'): Stream<Row> {
    checkSort(field, order, this.#schema);
    const sort = sorterBy(field, order) as (rows: readonly Row[]) => Iterable<Row>;
    return this.#process(this.#schema ?? typeOf<Row>(), sort).name('sort');
  }

  /** The rows of a key joined to one: `.reduce((best, bid) => (bid.price > best.price ? bid : best))`. */
  reduce(fn: (value: Row, row: Row) => Row): Stream<Row> {
    return this.#window.reduce(fn).name('reduce');
  }

  /** One row a key, with its fields: `.aggregate(({ count, max }) => ({ rows: count(), best: max('price') }))`. */
  aggregate<R extends Results, Of = Row>(
    define: (aggregates: Aggregates<NoInfer<Of>>) => R,
  ): Stream<WindowRow<Key, ResultsOf<R>>> {
    return this.#window.aggregate<R, Of>(define).name('aggregate') as Stream<
      WindowRow<Key, ResultsOf<R>>
    >;
  }

  #process<Out>(
    emits: Emits<Out>,
    fn: (rows: readonly Row[], key: Key) => Iterable<Out>,
  ): Stream<Out> {
    return this.#window.process<Out>({
      emits,
      onWindow(context, rows) {
        emitEach(iteratorOf(fn(rows, context.key)), context.emit);
      },
    });
  }
}

function checkSort(field: string, order: SortOrder, schema: Schema | null): void {
  someText('sort: the field', field);
  oneOf('sort: the order', order, ['ascending', 'descending']);
  if (schema === null) return;
  const { kind } = schema.fields[fieldIndex(schema, field, 'sort')]!;
  if (kind === 'boolean')
    throw wrong('sort: the field', 'has an order, as numbers and texts have', field);
}
