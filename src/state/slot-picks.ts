/** Rows of a batch and rows by slot, in turn, as the rows of one builder. */
import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { isSample } from '../data/batch-weight.ts';
import {
  type Column,
  type FixedColumn,
  PRESENT,
  type StringColumn,
  valueAt,
} from '../data/column.ts';
import type {
  FixedSlotColumn,
  ObjectSlotColumn,
  SlotColumns,
  TextSlotColumn,
} from './slot-columns.ts';

/** In place of a row of the batch: what is kept of the slot. */
export const KEPT = -1;

/** Where rows come from: those from `from` to `to` - 1 of `picked`, each a row of the batch or KEPT of its slot. */
type Picks = {
  readonly picked: Int32Array;
  readonly slots: Int32Array;
  readonly from: number;
  readonly to: number;
};

/** Appends rows from to to - 1 of `picked`; `advance` is the caller's. The fields kept are those of the batch. */
export function appendPicked(
  { columns }: SlotColumns,
  builder: BatchBuilder,
  batch: Batch,
  picked: Int32Array,
  slots: Int32Array,
  from: number,
  to: number,
): void {
  const picks = { picked, slots, from, to };
  for (let c = 0; c < columns.length; c++) {
    const kept = columns[c]!;
    const column = batch.columns[c]!;
    if (kept.kind === 'fixed') appendFixed(kept, column as FixedColumn, builder, c, picks);
    else if (kept.kind === 'texts') appendTexts(kept, column as StringColumn, builder, c, picks);
    else appendObjects(kept, column, builder, c, picks);
  }
}

function appendFixed(
  kept: FixedSlotColumn,
  column: FixedColumn,
  builder: BatchBuilder,
  c: number,
  { picked, slots, from, to }: Picks,
): void {
  const shift = builder.rowCount - from;
  const target = builder.fixed(c).values as Float64Array;
  const values = column.values as Float64Array;
  const keptValues = kept.values as Float64Array;
  const { stride, offset } = kept;
  for (let i = from; i < to; i++) {
    const row = picked[i]!;
    target[i + shift] = row === KEPT ? keptValues[slots[i]! * stride + offset]! : values[row]!;
  }
  const { absent } = column;
  if (kept.absent === null) return;
  for (let i = from; i < to; i++) {
    const row = picked[i]!;
    const absence = row === KEPT ? kept.absent[slots[i]!]! : (absent?.[row] ?? PRESENT);
    if (absence !== PRESENT) builder.setNull(c, i + shift);
  }
}

function appendTexts(
  { texts, index }: TextSlotColumn,
  column: StringColumn,
  builder: BatchBuilder,
  c: number,
  picks: Picks,
): void {
  const { picked, slots, from, to } = picks;
  const { entries, codes, absent } = column;
  const areApart = (codes === null || column.isSelection) && absent === null;
  const target = builder.strings(c);
  for (let i = from; i < to; i++) {
    const row = picked[i]!;
    const slot = slots[i]!;
    if (row === KEPT ? texts.isNull(index, slot) : absent !== null && absent[row] !== PRESENT) {
      builder.setNull(c, builder.rowCount + i - from);
      target.appendEmpty();
    } else if (row === KEPT) {
      texts.appendTo(index, target, slot);
    } else if (areApart) {
      // Rows that follow each other are copied at once.
      const end = endOfRows(picks, i);
      target.appendSelected(column, picked, i, end);
      i = end - 1;
    } else {
      target.appendEntry(entries, codes === null ? row : codes[row]!);
    }
  }
}

/** Where the rows of the batch that are picked from i on end. */
function endOfRows({ picked, to }: Picks, i: number): number {
  let end = i + 1;
  while (end < to && picked[end] !== KEPT) end++;
  return end;
}

function appendObjects(
  { values }: ObjectSlotColumn,
  column: Column,
  builder: BatchBuilder,
  c: number,
  { picked, slots, from, to }: Picks,
): void {
  const target = builder.dynamic(c).values;
  const { nullable } = builder.schema!.fields[c]!;
  for (let i = from; i < to; i++) {
    const at = builder.rowCount + i - from;
    const value = picked[i] === KEPT ? values[slots[i]!] : valueAt(column, picked[i]!);
    target[at] = value;
    if (value === null && nullable) builder.setNull(c, at);
    if (isSample(at)) builder.weight.addSample(value);
  }
}
