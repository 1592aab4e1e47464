/**
 * Fires when a record is farther than a threshold from the one that fired last, at first from the first: `delta(old, new)`
 * is a function of the user. Windows that merge cannot have it.
 */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { CONTINUE, FIRE, NeverTrigger, type TriggerHost, type TriggerResult } from './trigger.ts';

/** How far a row is from an earlier one. */
export type DeltaFunction = (before: unknown, row: unknown) => number;

/** No row yet: those of the user may be anything. */
const NO_ROW = Symbol('no row');

export class DeltaTrigger extends NeverTrigger {
  override readonly fields: readonly Field[] = [
    { name: '#trigger row', kind: 'dynamic', nullable: false },
  ];
  readonly #threshold: number;
  readonly #delta: DeltaFunction;
  readonly #last: unknown[] = [];

  constructor(host: TriggerHost, threshold: number, delta: DeltaFunction) {
    super(host);
    this.#threshold = threshold;
    this.#delta = delta;
  }

  override reserve(capacity: number): void {
    while (this.#last.length < capacity) this.#last.push(NO_ROW);
  }

  override begin(slot: number): void {
    this.#last[slot] = NO_ROW;
  }

  override onRecord(slot: number, row: number): TriggerResult {
    const value = this.host.rowAt(row);
    const last = this.#last[slot];
    if (last !== NO_ROW && !(this.#delta(last, value) > this.#threshold)) return CONTINUE;
    this.#last[slot] = value;
    return last === NO_ROW ? CONTINUE : FIRE;
  }

  override clear(slot: number): void {
    this.#last[slot] = NO_ROW;
  }

  override save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    const { values } = builder.dynamic(firstColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) {
      const last = this.#last[slots[i]!];
      values[at + i] = last === NO_ROW ? [] : [last];
    }
  }

  override load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    const saved = (batch.columns[firstColumn] as DynamicColumn).values[row] as readonly unknown[];
    this.#last[slot] = saved.length === 0 ? NO_ROW : saved[0];
  }
}
