/** What a join makes, gathered into batches: as columns of a schema, or as row objects. */
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import { answeredNow } from '../../base/thenable.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { type Field, schemaOf } from '../../data/schema.ts';

export class JoinResults {
  readonly #builder: BatchBuilder | null;
  readonly #emit: (batch: Batch) => void;
  #rows: unknown[] = [];
  /** Of these; there are none before the first row. */
  #times = new Float64Array(0);

  /** `fields`: those of the rows; null for free-form rows. */
  constructor(fields: readonly Field[] | null, emit: (batch: Batch) => void) {
    this.#builder = fields === null ? null : new BatchBuilder(schemaOf(fields), FIRE_SLICE_ROWS);
    this.#emit = emit;
  }

  /**
   * Full batches are emitted at once. EngineError FIELD_TYPE for a row that does not fit the schema; TypeError for a promise as
   * the first row of a batch: others are not looked at.
   */
  add(row: unknown, time: number): void {
    const builder = this.#builder;
    if (builder === null) {
      const rows = this.#rows;
      const rowCount = rows.push(row);
      if (rowCount === 1) this.#begin(row);
      this.#times[rowCount - 1] = time;
      if (rowCount === FIRE_SLICE_ROWS) this.send();
      return;
    }
    builder.appendRow(row, time);
    if (builder.isFull) this.send();
  }

  #begin(row: unknown): void {
    if (this.#times.length === 0) this.#times = new Float64Array(FIRE_SLICE_ROWS);
    answeredNow(row);
  }

  /** Emits what is there. */
  send(): void {
    const builder = this.#builder;
    if (builder !== null) {
      if (builder.rowCount > 0) this.#emit(builder.seal());
      builder.reset();
      return;
    }
    const rows = this.#rows;
    const rowCount = rows.length;
    if (rowCount === 0) return;
    const timestamps = this.#times.slice(0, rowCount);
    this.#rows = [];
    this.#emit(new Batch({ rowCount, schema: null, rows, timestamps }));
  }
}
