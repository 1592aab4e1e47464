/** The accumulators of aggregates, by window slot: numbers in one array. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { Field } from '../../../data/schema.ts';
import { grownFloats } from '../../../state/grown-arrays.ts';
import { readSlotsAhead } from '../../../state/read-ahead.ts';
import { AccumulatorRows } from '../accumulator-rows.ts';
import type { Accumulators, AggregateLoops, LoadLoop } from '../aggregate-codegen.ts';
import type { AggregatePlan } from '../aggregate-plan.ts';
import type { PartialPlan } from '../partials.ts';
import type { WindowContents } from './contents.ts';

export class AccumulatorContents implements WindowContents {
  readonly fields: readonly Field[];
  readonly place = { i: 0 };
  readonly accumulators: Accumulators = { cells: new Float64Array(0), objects: [] };
  readonly loops: AggregateLoops;
  readonly plan: AggregatePlan;
  /** Means nothing: see state/read-ahead.ts. */
  warmed = 0;
  readonly #rows: AccumulatorRows;
  /** Of the rows in a snapshot: there may be one more than the plan has. */
  readonly #cellColumns: number;
  /** By a window's slot: that of the window which it becomes part of. */
  #into = new Int32Array(0);
  #loadRow: LoadLoop | null = null;

  /** `partials`: how accumulators stand in a snapshot. */
  constructor(
    plan: AggregatePlan,
    partials: PartialPlan,
    loops: AggregateLoops,
    functions: readonly object[],
  ) {
    this.plan = plan;
    this.loops = loops;
    this.fields = partials.schema.fields.slice(partials.keyCount);
    this.#cellColumns = partials.cells.length;
    this.#rows = new AccumulatorRows(plan, this.#cellColumns, functions);
  }

  reserve(capacity: number): void {
    const { cells, objects } = this.accumulators;
    this.accumulators.cells = grownFloats(cells, capacity * this.plan.cells.length);
    this.#into = new Int32Array(capacity);
    const wanted = capacity * this.plan.objects.length;
    while (objects.length < wanted) objects.push(null);
  }

  begin(slot: number): void {
    this.loops.init(this.accumulators, slot, slot + 1);
  }

  add(batch: Batch, from: number, to: number, slots: Int32Array): void {
    this.loops.addFor(batch)(batch, from, to, slots, this.accumulators, this.place);
  }

  mergeFrom(slot: number, other: number): void {
    this.#into[other] = slot;
    this.loops.merge(this.accumulators, this.#into, this.accumulators, other, other + 1);
  }

  readAhead(slots: Int32Array, count: number): void {
    const { cells } = this.accumulators;
    this.warmed = readSlotsAhead(cells, this.plan.cells.length, slots, 0, count);
  }

  drop(slot: number): void {
    const count = this.plan.objects.length;
    if (count > 0) this.accumulators.objects.fill(null, slot * count, (slot + 1) * count);
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    this.#rows.appendSlots(builder, firstColumn, this.accumulators, slots);
  }

  load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    this.#loadRow ??= this.loops.loadRows(firstColumn, this.#cellColumns);
    this.#loadRow(batch, row, row + 1, slot, this.accumulators);
  }
}
