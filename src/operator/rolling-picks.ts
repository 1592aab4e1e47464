/**
 * A reduce whose function picks one of its two rows (data/picked-row.ts): no row is made of more than the fields that it
 * reads to decide, and results are columns of the batch wherever the record is the one that was picked.
 *
 * Within a batch a slot has the number of its picked row; only the last one is copied to what is kept, behind the results.
 */
import { compiled } from '../base/generated-code.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import type { FieldsRead } from '../data/fields-read.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Schema } from '../data/schema.ts';
import { grownInPlace } from '../state/grown-arrays.ts';
import type { SlotColumn, SlotColumns } from '../state/slot-columns.ts';
import { grownSlots } from '../state/slot-list.ts';
import { appendPicked, KEPT } from '../state/slot-picks.ts';
import type { ColumnReduce, ReduceFunction, RollingTarget } from './rolling.ts';
import { slotRowSource } from './rolling-slot-row.ts';

/** Rows that are written at a time, before the builder is asked whether it is too heavy. */
const STEP_ROWS = 32;

/**
 * picked[i] becomes the row of the batch that is picked for row i, or KEPT; rowOf[slot] the last of its slot. Returns how many
 * rows another is picked for. `place.row` is the row it is at.
 */
type PickLoop = (
  batch: Batch,
  slots: Int32Array,
  known: number,
  states: readonly SlotColumn[],
  rowOf: Int32Array,
  picked: Int32Array,
  place: { row: number },
) => number;

export class PickingReduce implements ColumnReduce {
  readonly #columns: SlotColumns;
  readonly #target: RollingTarget;
  readonly #emitsEach: boolean;
  readonly #loops: BatchLoops<PickLoop>;
  readonly #results: BatchBuilder;
  readonly #place = { row: 0 };
  /** By slot, the row of the batch that was picked last, else KEPT. */
  #rowOf = new Int32Array(0);
  #picked = new Int32Array(0);
  /** Rows that are kept from now on, and their slots. */
  #rows = new Int32Array(0);
  #slots = new Int32Array(0);

  /** `reads`: the fields that the function reads. */
  constructor(
    join: ReduceFunction,
    reads: FieldsRead,
    schema: Schema,
    columns: SlotColumns,
    target: RollingTarget,
    emitsEach: boolean,
  ) {
    this.#columns = columns;
    this.#target = target;
    this.#emitsEach = emitsEach;
    this.#results = new BatchBuilder(schema);
    this.#loops = new BatchLoops(
      schema,
      (row) => loopSource(row, columns.columns, reads),
      (source) => compiled(source, { join }, [join]) as PickLoop,
      reads,
    );
  }

  join(batch: Batch, slots: Int32Array, known: number, slotCount: number): null {
    this.#reserve(batch.rowCount, slotCount);
    const others = this.#pick(batch, slots, known);
    if (this.#emitsEach) {
      if (others === 0) this.#target.emit(batch.withoutKeyHashes());
      else this.#emitPicked(batch, slots);
    }
    this.#keep(batch, slots);
    return null;
  }

  #pick(batch: Batch, slots: Int32Array, known: number): number {
    const { columns } = this.#columns;
    const loop = this.#loops.for(batch);
    try {
      return loop(batch, slots, known, columns, this.#rowOf, this.#picked, this.#place);
    } catch (error) {
      throw this.#target.errorAt(error, this.#place.row);
    }
  }

  #reserve(rowCount: number, slotCount: number): void {
    this.#columns.reserve(slotCount);
    if (this.#rowOf.length < slotCount) {
      const known = this.#rowOf.length;
      this.#rowOf = grownInPlace(this.#rowOf, grownSlots(slotCount)).fill(KEPT, known);
    }
    if (this.#picked.length >= rowCount) return;
    this.#picked = new Int32Array(rowCount);
    this.#rows = new Int32Array(rowCount);
    this.#slots = new Int32Array(rowCount);
  }

  #emitPicked(batch: Batch, slots: Int32Array): void {
    const { rowCount, timestamps } = batch;
    const results = this.#results;
    for (let at = 0; at < rowCount; ) {
      const from = at;
      while (at < rowCount && !results.isFull) {
        const room = Math.min(STEP_ROWS, results.capacity - results.rowCount);
        const to = Math.min(rowCount, at + room);
        appendPicked(this.#columns, results, batch, this.#picked, slots, at, to);
        results.advance(to - at);
        at = to;
      }
      if (timestamps !== null) results.timestamps().set(timestamps.subarray(from, at));
      this.#target.emit(results.seal());
      results.reset();
    }
  }

  /** The row that was picked last for a slot is kept. */
  #keep(batch: Batch, slots: Int32Array): void {
    const rowOf = this.#rowOf;
    const rows = this.#rows;
    const of = this.#slots;
    let count = 0;
    for (let i = 0; i < batch.rowCount; i++) {
      const slot = slots[i]!;
      if (rowOf[slot] !== i) continue;
      rowOf[slot] = KEPT;
      rows[count] = i;
      of[count++] = slot;
    }
    this.#columns.put(batch, 0, rows, of, count);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [{ title: 'one of two rows picked', source: this.#loops.plainSource }];
  }
}

function loopSource(
  { prelude, row }: RowSource,
  columns: readonly SlotColumn[],
  reads: FieldsRead,
): string {
  const kept = slotRowSource(columns, reads);
  return `'use strict';
return (batch, slots, known, states, rowOf, picked, place) => {
${prelude}${kept.prelude}const rowAt = (i) => (${row});
const keptAt = (slot) => (${kept.row});
const { rowCount } = batch;
let others = 0;
let i = 0;
try {
for (; i < rowCount; i++) {
const slot = slots[i];
const last = rowOf[slot];
if (last === ${KEPT} && slot >= known) { picked[i] = rowOf[slot] = i; continue; }
const row = rowAt(i);
if (join(last === ${KEPT} ? keptAt(slot) : rowAt(last), row) === row) { picked[i] = rowOf[slot] = i; }
else { picked[i] = last; others++; }
}
} finally { place.row = i; }
return others;
};
//# sourceURL=millrace-generated:rolling-pick`;
}
