/**
 * Some fields of a row by slot, a column each: fixed kinds in a typed array, strings and values of any type as they are. Loops
 * that are made for the fields read and write the columns themselves.
 */

import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { isSample } from '../data/batch-weight.ts';
import {
  type Column,
  type FixedArray,
  type FixedColumn,
  type FixedKind,
  fixedArray,
  PRESENT,
  valueAt,
} from '../data/column.ts';
import { fieldTypeError, fitsField } from '../data/field-check.ts';
import { ownText } from '../data/own-text.ts';
import type { Field } from '../data/schema.ts';
import { grownSlots } from './slot-list.ts';

export type FixedSlotColumn = {
  readonly kind: 'fixed';
  readonly field: Field;
  /** Replaced when there are more slots. */
  values: FixedArray;
  /** PRESENT or NULL by slot; null for a field that is never null. */
  absent: Uint8Array | null;
};

/** Null and undefined are values here. */
export type ObjectSlotColumn = {
  readonly kind: 'objects';
  readonly field: Field;
  readonly values: unknown[];
};

export type SlotColumn = FixedSlotColumn | ObjectSlotColumn;

export class SlotColumns {
  readonly columns: readonly SlotColumn[];
  #capacity = 0;

  constructor(fields: readonly Field[]) {
    this.columns = fields.map((field): SlotColumn => {
      if (field.kind === 'string' || field.kind === 'dynamic') {
        return { kind: 'objects', field, values: [] };
      }
      const absent = field.nullable ? new Uint8Array(0) : null;
      return { kind: 'fixed', field, values: fixedArray(field.kind, 0), absent };
    });
  }

  /** Whether a row may weigh more than its numbers. */
  get hasObjects(): boolean {
    return this.columns.some(({ kind }) => kind === 'objects');
  }

  /** Room for slots below `slotCount`. */
  reserve(slotCount: number): void {
    if (slotCount <= this.#capacity) return;
    this.#capacity = grownSlots(slotCount);
    for (const column of this.columns) grow(column, slotCount, this.#capacity);
  }

  /** Writes slots from to to - 1 behind the rows of a builder, from this column on; `advance` is the caller's. */
  append(builder: BatchBuilder, firstColumn: number, from: number, to: number): void {
    for (const [c, column] of this.columns.entries()) {
      if (column.kind === 'fixed') appendFixed(column, builder, firstColumn + c, from, to);
      else appendObjects(column, builder, firstColumn + c, from, to);
    }
  }

  /** The slot of row i becomes what the row has, from this column on. */
  load(batch: Batch, firstColumn: number, slots: Int32Array): void {
    for (const [c, column] of this.columns.entries()) {
      loadColumn(column, batch.columns[firstColumn + c]!, slots, batch.rowCount);
    }
  }
}

function grow(column: SlotColumn, slotCount: number, capacity: number): void {
  if (column.kind === 'objects') {
    while (column.values.length < slotCount) column.values.push(null);
    return;
  }
  const values = fixedArray(column.field.kind as FixedKind, capacity);
  (values as Float64Array).set(column.values as Float64Array);
  column.values = values;
  if (column.absent === null) return;
  const absent = new Uint8Array(capacity);
  absent.set(column.absent);
  column.absent = absent;
}

function appendFixed(
  { values, absent }: FixedSlotColumn,
  builder: BatchBuilder,
  c: number,
  from: number,
  to: number,
): void {
  const at = builder.rowCount;
  const target = builder.fixed(c).values as Float64Array;
  target.set((values as Float64Array).subarray(from, to), at);
  if (absent === null) return;
  for (let slot = from; slot < to; slot++) {
    if (absent[slot] !== PRESENT) builder.setNull(c, at + slot - from);
  }
}

/** Values of any type may be on their way to a field of one type. */
function appendObjects(
  { values }: ObjectSlotColumn,
  builder: BatchBuilder,
  c: number,
  from: number,
  to: number,
): void {
  const field = builder.schema!.fields[c]!;
  let row = builder.rowCount;
  for (let slot = from; slot < to; slot++, row++) {
    const value = values[slot];
    if (!fitsField(field, value)) throw fieldTypeError(field, value);
    const isNull = value === null && field.nullable;
    if (isNull) builder.setNull(c, row);
    if (field.kind === 'dynamic') {
      builder.dynamic(c).values[row] = value;
      if (isSample(row)) builder.weight.addSample(value);
    } else if (field.kind !== 'string') {
      if (!isNull) builder.fixed(c).values[row] = value as number;
    } else if (isNull) {
      builder.strings(c).appendEmpty();
    } else {
      builder.strings(c).append(value as string);
    }
  }
}

function loadColumn(to: SlotColumn, from: Column, slots: Int32Array, rowCount: number): void {
  if (to.kind === 'objects') {
    for (let i = 0; i < rowCount; i++) {
      const value = valueAt(from, i);
      to.values[slots[i]!] = typeof value === 'string' ? ownText(value) : value;
    }
    return;
  }
  const { values, absent } = to;
  const found = (from as FixedColumn).values;
  for (let i = 0; i < rowCount; i++) values[slots[i]!] = found[i]!;
  if (absent === null || from.absent === null) return;
  for (let i = 0; i < rowCount; i++) absent[slots[i]!] = from.absent[i]!;
}
