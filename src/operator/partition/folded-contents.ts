/** What of a partition is one thing: a row that its rows are joined to, or the accumulators of aggregates. */
import { EngineError } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import { type Schema, schemaOf } from '../../data/schema.ts';
import type { RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { ReduceFunction } from '../rolling.ts';
import { AccumulatorRows } from '../window/accumulator-rows.ts';
import type { AggregateSpec } from '../window/aggregate.ts';
import { type Accumulators, AggregateLoops } from '../window/aggregate-codegen.ts';
import { planAggregates } from '../window/aggregate-plan.ts';
import { type PartialPlan, planPartials } from '../window/partials.ts';
import type { PartitionContents } from './partition.ts';

const VALUE = 'value';
const ACCUMULATORS = 'accumulators';
const ALL = { kind: 'all' } as const;

export class ReducedContents implements PartitionContents {
  readonly place = { i: 0 };
  readonly #reduce: ReduceFunction;
  /** One item, or none. */
  readonly #value: unknown[] = [];

  constructor(reduce: ReduceFunction) {
    this.#reduce = reduce;
  }

  add(batch: Batch): void {
    const rows = batch.rowObjects();
    const { place } = this;
    for (place.i = 0; place.i < batch.rowCount; place.i++) this.#take(rows[place.i]);
    place.i = 0;
  }

  #take(row: unknown): void {
    this.#value[0] = this.#value.length === 0 ? row : this.#reduce(this.#value[0], row);
  }

  results(): Iterable<unknown> {
    return this.#value;
  }

  save(writer: SnapshotWriter): void {
    writer.items(VALUE, 'list', this.#value);
  }

  load(restored: RestoredState): void {
    for (const value of restored.items(VALUE)) this.#take(value);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [];
  }
}

/** Schema of the one row of a partition that is aggregated. */
export function partitionSchema(
  aggregates: readonly AggregateSpec[],
  inputSchema: Schema | null,
): Schema {
  return schemaOf(planAggregates(aggregates, inputSchema).fields);
}

export class AggregatedContents implements PartitionContents {
  readonly place = { i: 0 };
  readonly #plan: PartialPlan;
  readonly #loops: AggregateLoops;
  readonly #rows: AccumulatorRows;
  readonly #results: BatchBuilder;
  readonly #accumulators: Accumulators;
  #isEmpty = true;
  /** All rows belong to the first. */
  #slots = new Int32Array(0);

  constructor(
    aggregates: readonly AggregateSpec[],
    inputSchema: Schema | null,
    functions: readonly object[],
  ) {
    this.#plan = planPartials(ALL, aggregates, inputSchema);
    const { cells } = this.#plan;
    this.#loops = new AggregateLoops(this.#plan, inputSchema, functions);
    this.#rows = new AccumulatorRows(this.#plan, cells.length, functions);
    this.#results = new BatchBuilder(partitionSchema(aggregates, inputSchema), 1);
    this.#accumulators = this.#room(1);
  }

  /** For so many slots. */
  #room(slots: number): Accumulators {
    const { cells, objects } = this.#plan;
    return {
      cells: new Float64Array(cells.length * slots),
      objects: new Array(objects.length * slots).fill(null),
    };
  }

  add(batch: Batch): void {
    this.#begin(batch.rowCount);
    const add = this.#loops.addFor(batch);
    add(batch, 0, batch.rowCount, this.#slots, this.#accumulators, this.place);
  }

  #begin(rows: number): void {
    if (this.#slots.length < rows) this.#slots = new Int32Array(rows);
    if (this.#isEmpty) this.#loops.init(this.#accumulators, 0, 1);
    this.#isEmpty = false;
  }

  *results(): Iterable<unknown> {
    if (this.#isEmpty) return;
    const builder = this.#results;
    this.#loops.results(this.#accumulators, 0, 1, builder, 0);
    builder.advance(1);
    yield* builder.seal().rowObjects();
  }

  save(writer: SnapshotWriter): void {
    if (this.#isEmpty) return;
    const builder = new BatchBuilder(this.#plan.schema, 1);
    this.#rows.append(builder, this.#plan.keyCount, this.#accumulators, 0, 1);
    builder.advance(1);
    writer.items(ACCUMULATORS, 'list', builder.seal().rowObjects());
  }

  load(restored: RestoredState): void {
    const rows = restored.items(ACCUMULATORS);
    if (rows.length === 0) return;
    const { schema, keyCount, cells } = this.#plan;
    const builder = new BatchBuilder(schema, rows.length);
    for (const row of rows) {
      checkFields(row as object, schema);
      builder.appendRow(row);
    }
    this.#begin(rows.length);
    const loaded = this.#room(rows.length);
    this.#loops.loadRows(keyCount, cells.length)(builder.seal(), 0, rows.length, 0, loaded);
    this.#loops.merge(this.#accumulators, this.#slots, loaded, 0, rows.length);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#loops.generatedLoops(['init', 'add', 'results']);
  }
}

function checkFields(row: object, schema: Schema): void {
  const found = Object.keys(row).join(', ');
  const wanted = schema.fields.map(({ name }) => name).join(', ');
  if (found === wanted) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `the snapshot has accumulators of other aggregates than the job has now: ${found} in the snapshot, ${wanted} in the ` +
      'job; go back to the old ones, or give the step another uid and allow the old state to be dropped',
  );
}
