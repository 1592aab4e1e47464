/** A sample of the records that cross an exchange from one thread, as long as someone wants it: the first of each batch. */
import { TAPPED_BYTES_MAX } from '../base/limits.ts';
import { type ShownValue, shownValue } from '../base/shown-value.ts';
import type { OutputGate, Tap } from '../channel/output-gate.ts';
import type { Batch } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import type { TappedRecords } from './question.ts';

export class EdgeTap implements Tap {
  readonly #gates: readonly OutputGate[];
  #recordsLeft: number;
  #bytesLeft = TAPPED_BYTES_MAX;
  #records: ShownValue[] = [];
  #passed = 0;

  constructor(gates: readonly OutputGate[], records: number) {
    this.#gates = gates;
    this.#recordsLeft = records;
    for (const gate of gates) gate.tap = this;
  }

  take(batch: Batch): void {
    this.#passed += batch.rowCount;
    const first = sliceBatch(batch, 0, Math.min(batch.rowCount, this.#recordsLeft));
    for (const row of first.rowObjects()) {
      const shown = shownValue(row);
      this.#records.push(shown);
      this.#recordsLeft--;
      this.#bytesLeft -= JSON.stringify(shown).length;
      if (this.#bytesLeft <= 0) break;
    }
    if (this.#recordsLeft <= 0 || this.#bytesLeft <= 0) this.stop();
  }

  /** What has passed since it was asked the last time. */
  read(): TappedRecords {
    const { length } = this.#records;
    const read = { records: this.#records.splice(0, length), passed: this.#passed };
    this.#passed = 0;
    return read;
  }

  stop(): void {
    for (const gate of this.#gates) if (gate.tap === this) gate.tap = null;
  }
}
