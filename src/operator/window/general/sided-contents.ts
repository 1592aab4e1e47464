/** All rows of a window of two inputs, in the order in which they came, and which input each came from. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { RowContents } from './row-contents.ts';

/** Tells of the batch that is being added. */
export interface SidedHost {
  readonly input: number;
  timeAt(row: number): number;
}

export class SidedContents extends RowContents {
  override readonly fields: readonly Field[] = [
    { name: '#rows', kind: 'dynamic', nullable: false },
    { name: '#times', kind: 'dynamic', nullable: false },
    { name: '#sides', kind: 'dynamic', nullable: false },
  ];
  readonly #host: SidedHost;

  constructor(host: SidedHost) {
    super((row) => host.timeAt(row));
    this.#host = host;
  }

  override begin(slot: number): void {
    this.put(slot, { rows: [], times: [], sides: [] });
  }

  override add(batch: Batch, from: number, to: number, slots: Int32Array): void {
    super.add(batch, from, to, slots);
    const { input } = this.#host;
    for (let i = from; i < to; i++) this.of(slots[i]!).sides!.push(input);
  }

  override mergeFrom(slot: number, other: number): void {
    super.mergeFrom(slot, other);
    const into = this.of(slot).sides!;
    for (const side of this.of(other).sides!) into.push(side);
  }

  override save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    super.save(builder, firstColumn, slots);
    const { values: sides } = builder.dynamic(firstColumn + 2);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) sides[at + i] = this.of(slots[i]!).sides;
  }

  override load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    super.load(batch, firstColumn, row, slot);
    const { values } = batch.columns[firstColumn + 2] as DynamicColumn;
    this.put(slot, { ...this.of(slot), sides: [...(values[row] as readonly number[])] });
  }
}
