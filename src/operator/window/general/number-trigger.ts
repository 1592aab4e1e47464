/** A trigger whose state is one number for each window; NaN where it has none. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { FixedColumn } from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { grownFloats } from '../../../state/grown-arrays.ts';
import { NeverTrigger, type TriggerHost } from './trigger.ts';

export abstract class NumberTrigger extends NeverTrigger {
  override readonly fields: readonly Field[];
  protected numbers = new Float64Array(0);

  /** `what` the number is, as a column of a snapshot; `more` columns stand behind it. */
  constructor(host: TriggerHost, what: string, more: readonly Field[] = []) {
    super(host);
    this.fields = [{ name: `#trigger ${what}`, kind: 'float64', nullable: false }, ...more];
  }

  override reserve(capacity: number): void {
    this.numbers = grownFloats(this.numbers, capacity);
  }

  override begin(slot: number): void {
    this.numbers[slot] = Number.NaN;
  }

  override save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    const values = builder.float64(firstColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) values[at + i] = this.numbers[slots[i]!]!;
  }

  override load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    const { values } = batch.columns[firstColumn] as FixedColumn;
    this.numbers[slot] = values[row] as number;
  }

  /** Of two windows that become one: the less of their numbers, or the one that there is. */
  protected keepLess(slot: number, other: number): void {
    const theirs = this.numbers[other]!;
    if (!(this.numbers[slot]! <= theirs) && !Number.isNaN(theirs)) this.numbers[slot] = theirs;
  }
}
