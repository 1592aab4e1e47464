/**
 * Some fields of a row by slot, a column each: fixed kinds in a typed array, texts as bytes, values of any type as they are, and
 * texts too where they are compared. Loops that are made for the fields read and write the columns themselves.
 *
 * Numbers and times share one array, side by side by slot: of many slots each access is a cache miss, and so it is one for a row.
 * A field that is the key of its slot is not kept twice.
 */

import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { isSample } from '../data/batch-weight.ts';
import {
  type Column,
  type FixedArray,
  type FixedColumn,
  fixedArray,
  PRESENT,
  type StringColumn,
  valueAt,
} from '../data/column.ts';
import { fieldTypeError, fitsField } from '../data/field-check.ts';
import { ownText } from '../data/own-text.ts';
import type { Field } from '../data/schema.ts';
import { grownInPlace } from './grown-arrays.ts';
import { grownSlots } from './slot-list.ts';
import { SlotTexts } from './slot-texts.ts';

/** So many that a copy at once takes less time than one by one. */
const COPIED_SLOTS_MIN = 32;

export type FixedSlotColumn = {
  readonly kind: 'fixed';
  readonly field: Field;
  /** That of the slot is values[slot * stride + offset]. Replaced when there are more slots. */
  values: FixedArray;
  readonly stride: number;
  readonly offset: number;
  /** PRESENT or NULL by slot; null for a field that is never null. */
  absent: Uint8Array | null;
  /** Its values are the keys of the slots: nothing is written here, and they are read by `append` alone. */
  readonly isKey: boolean;
};

/** Where the keys of slots are. */
export type IntKeys = { readonly ints: Int32Array };

/** The number of a field whose values are the keys of their slots. */
export type KeyField = { readonly field: number; readonly keys: IntKeys };

/** Null and undefined are values here. */
export type ObjectSlotColumn = {
  readonly kind: 'objects';
  readonly field: Field;
  readonly values: unknown[];
};

export type TextSlotColumn = {
  readonly kind: 'texts';
  readonly field: Field;
  /** Those of all columns of texts, of which this is one. */
  readonly texts: SlotTexts;
  readonly index: number;
};

export type SlotColumn = FixedSlotColumn | ObjectSlotColumn | TextSlotColumn;

export class SlotColumns {
  readonly columns: readonly SlotColumn[];
  readonly #texts: SlotTexts;
  /** By text of a slot, the number of its column. */
  readonly #textColumns: readonly number[];
  #capacity = 0;
  /** Values of the columns that lie side by side, of which there are none or several. */
  #cells = new Float64Array(0);
  /** Null where all fields are kept here. */
  readonly key: KeyField | null;

  /** `compared`: the name of a field that is read more often than it is written. */
  constructor(
    fields: readonly Field[],
    compared: string | null = null,
    key: KeyField | null = null,
  ) {
    this.key = key;
    const stride = fields.filter((field, c) => c !== key?.field && isCell(field)).length;
    let cells = 0;
    const isCompared = (field: Field): boolean => field.name === compared;
    const isText = (field: Field): boolean => field.kind === 'string' && !isCompared(field);
    this.#textColumns = fields.flatMap((field, c) => (isText(field) ? [c] : []));
    const texts = new SlotTexts(this.#textColumns.length);
    this.#texts = texts;
    this.columns = fields.map((field, c): SlotColumn => {
      if (isText(field))
        return { kind: 'texts', field, texts, index: this.#textColumns.indexOf(c) };
      if (field.kind === 'dynamic' || field.kind === 'string') {
        return { kind: 'objects', field, values: [] };
      }
      const absent = field.nullable ? new Uint8Array(0) : null;
      const isOfKey = c === key?.field;
      const isBeside = stride > 1 && isCell(field) && !isOfKey;
      return {
        kind: 'fixed',
        field,
        values: isBeside ? this.#cells : fixedArray(field.kind, 0),
        stride: isBeside ? stride : 1,
        offset: isBeside ? cells++ : 0,
        absent,
        isKey: isOfKey,
      };
    });
  }

  /** Whether a row may weigh more than its numbers. */
  get hasObjects(): boolean {
    return this.columns.some(({ kind }) => kind !== 'fixed');
  }

  /** Room for slots below `slotCount`. */
  reserve(slotCount: number): void {
    if (slotCount <= this.#capacity) return;
    this.#capacity = grownSlots(slotCount);
    for (const column of this.columns) {
      if (isKey(column)) continue;
      if (isSideBySide(column)) this.#growCells(column);
      else grow(column, slotCount, this.#capacity);
    }
  }

  /** All of them grow with the first. */
  #growCells(column: FixedSlotColumn): void {
    const length = this.#capacity * column.stride;
    if (this.#cells.length < length) this.#cells = grownInPlace(this.#cells, length);
    column.values = this.#cells;
    growAbsent(column, this.#capacity);
  }

  /** Writes slots from to to - 1 behind the rows of a builder, from this column on; `advance` is the caller's. */
  append(builder: BatchBuilder, firstColumn: number, from: number, to: number): void {
    for (const [c, column] of this.columns.entries()) {
      if (isKey(column)) column.values = this.key!.keys.ints;
      if (column.kind === 'fixed') appendFixed(column, builder, firstColumn + c, from, to);
      else if (column.kind === 'texts')
        appendTexts(column, builder, firstColumn + c, null, from, to);
      else appendObjects(column, builder, firstColumn + c, null, from, to);
    }
  }

  /** The same of these slots. */
  appendSlots(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    for (const [n, column] of this.columns.entries()) {
      const c = firstColumn + n;
      if (isKey(column)) column.values = this.key!.keys.ints;
      if (column.kind === 'fixed') appendFixedOf(column, builder, c, slots);
      else if (column.kind === 'texts') appendTexts(column, builder, c, slots, 0, slots.length);
      else appendObjects(column, builder, c, slots, 0, slots.length);
    }
  }

  /** The slot of row i becomes what the row has, from this column on. */
  load(batch: Batch, firstColumn: number, slots: Int32Array): void {
    this.put(batch, firstColumn, null, slots, batch.rowCount);
  }

  /** The same for some rows: slots[i] becomes what rows[i] has, for i below `count`; null for the first rows. */
  put(
    batch: Batch,
    firstColumn: number,
    rows: Int32Array | null,
    slots: Int32Array,
    count: number,
  ): void {
    const from = rows ?? firstRows(count);
    for (const [c, column] of this.columns.entries()) {
      if (column.kind === 'texts' || isKey(column)) continue;
      putColumn(column, batch.columns[firstColumn + c]!, from, slots, count);
    }
    this.#putTexts(batch, firstColumn, from, slots, count);
  }

  #putTexts(
    batch: Batch,
    firstColumn: number,
    rows: Int32Array,
    slots: Int32Array,
    count: number,
  ): void {
    const texts = this.#texts;
    const of = this.#textColumns.map((c) => batch.columns[firstColumn + c] as StringColumn);
    if (of.length === 0) return;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      for (let t = 0; t < of.length; t++) {
        const { entries, codes, absent } = of[t]!;
        if (absent !== null && absent[row] !== PRESENT) texts.takeNull(t);
        else texts.take(t, entries, codes === null ? row : codes[row]!);
      }
      texts.store(slots[i]!);
    }
  }
}

/** Whether a float64 holds it, and is not far larger. */
function isCell({ kind }: Field): boolean {
  return kind === 'int32' || kind === 'float64' || kind === 'timestamp' || kind === 'date';
}

export function isSideBySide(column: SlotColumn): column is FixedSlotColumn {
  return column.kind === 'fixed' && column.stride > 1;
}

/** Whether the values of a column are the keys of their slots. */
export function isKey(column: SlotColumn): column is FixedSlotColumn {
  return column.kind === 'fixed' && column.isKey;
}

/** Source of the value of a slot, of a column whose values have a name. */
export function slotValueSource(column: SlotColumn, values: string, slot = 'slot'): string {
  return isSideBySide(column)
    ? `${values}[${slot} * ${column.stride} + ${column.offset}]`
    : `${values}[${slot}]`;
}

/** 0, 1, 2, ... */
let allRows = new Int32Array(0);

function firstRows(count: number): Int32Array {
  if (allRows.length < count) allRows = Int32Array.from({ length: count * 2 }, (_, i) => i);
  return allRows;
}

function grow(column: SlotColumn, slotCount: number, capacity: number): void {
  if (column.kind === 'texts') {
    column.texts.reserve(capacity);
    return;
  }
  if (column.kind === 'objects') {
    while (column.values.length < slotCount) column.values.push(null);
    return;
  }
  column.values = grownInPlace(column.values, capacity);
  growAbsent(column, capacity);
}

function growAbsent(column: FixedSlotColumn, capacity: number): void {
  if (column.absent !== null) column.absent = grownInPlace(column.absent, capacity);
}

function appendFixed(
  { values, stride, offset, absent }: FixedSlotColumn,
  builder: BatchBuilder,
  c: number,
  from: number,
  to: number,
): void {
  const at = builder.rowCount;
  const target = builder.fixed(c).values as Float64Array;
  const found = values as Float64Array;
  if (stride === 1 && to - from >= COPIED_SLOTS_MIN) target.set(found.subarray(from, to), at);
  else for (let i = from; i < to; i++) target[at + i - from] = found[i * stride + offset]!;
  if (absent === null) return;
  for (let slot = from; slot < to; slot++) {
    if (absent[slot] !== PRESENT) builder.setNull(c, at + slot - from);
  }
}

function appendFixedOf(
  { values, stride, offset, absent }: FixedSlotColumn,
  builder: BatchBuilder,
  c: number,
  slots: Int32Array,
): void {
  const at = builder.rowCount;
  const target = builder.fixed(c).values as Float64Array;
  const found = values as Float64Array;
  for (let i = 0; i < slots.length; i++) target[at + i] = found[slots[i]! * stride + offset]!;
  if (absent === null) return;
  for (let i = 0; i < slots.length; i++) {
    if (absent[slots[i]!] !== PRESENT) builder.setNull(c, at + i);
  }
}

/** `slots`: null where slots from to to - 1 are meant. */
function appendTexts(
  { texts, index }: TextSlotColumn,
  builder: BatchBuilder,
  c: number,
  slots: Int32Array | null,
  from: number,
  to: number,
): void {
  const target = builder.strings(c);
  for (let i = from; i < to; i++) {
    const slot = slots === null ? i : slots[i]!;
    if (!texts.isNull(index, slot)) texts.appendTo(index, target, slot);
    else {
      builder.setNull(c, builder.rowCount + i - from);
      target.appendEmpty();
    }
  }
}

/** Values of any type may be on their way to a field of one type. */
function appendObjects(
  { values }: ObjectSlotColumn,
  builder: BatchBuilder,
  c: number,
  slots: Int32Array | null,
  from: number,
  to: number,
): void {
  const field = builder.schema!.fields[c]!;
  let row = builder.rowCount;
  for (let i = from; i < to; i++, row++) {
    const value = values[slots === null ? i : slots[i]!];
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

function putColumn(
  to: FixedSlotColumn | ObjectSlotColumn,
  from: Column,
  rows: Int32Array,
  slots: Int32Array,
  count: number,
): void {
  if (to.kind === 'objects') putObjects(to.values, from, rows, slots, count);
  else putFixed(to, from as FixedColumn, rows, slots, count);
}

function putObjects(
  values: unknown[],
  from: Column,
  rows: Int32Array,
  slots: Int32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const value = valueAt(from, rows[i]!);
    values[slots[i]!] = typeof value === 'string' ? ownText(value) : value;
  }
}

function putFixed(
  to: FixedSlotColumn,
  { values, absent }: FixedColumn,
  rows: Int32Array,
  slots: Int32Array,
  count: number,
): void {
  const { stride, offset } = to;
  const target = to.values as Float64Array;
  const found = values as Float64Array;
  for (let i = 0; i < count; i++) target[slots[i]! * stride + offset] = found[rows[i]!]!;
  if (to.absent === null) return;
  if (absent === null) for (let i = 0; i < count; i++) to.absent[slots[i]!] = PRESENT;
  else for (let i = 0; i < count; i++) to.absent[slots[i]!] = absent[rows[i]!]!;
}
