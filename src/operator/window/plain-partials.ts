/**
 * Records as partial results of their own (partials.ts), where they are that already, but for the names of their columns: counts
 * are 1, sums and extremes are the fields. Columns are handed on, and event times are those of the records, which are in the
 * same panes. A tumbling sum of a million keys takes a sixth less for it.
 */
import { Batch } from '../../data/batch.ts';
import { type Column, FixedColumn } from '../../data/column.ts';
import type { KeySpec } from '../../data/key.ts';
import { type FieldKind, fieldIndex, type Schema } from '../../data/schema.ts';
import { ALL_ROWS, type Cell } from './aggregate-plan.ts';
import type { PartialPlan } from './partials.ts';

/** In place of a column: a count of one each. */
const ONES = -1;
/** Numbers that a cell takes as they are. */
const NUMBERS: readonly FieldKind[] = ['float64', 'timestamp', 'int32'];

export class PlainPartials {
  readonly #sent: Schema;
  /** By column of the partial results, the column of the records, or ONES. */
  readonly #sources: readonly number[];
  /** By column of the records, ints as the floats that cells are. */
  readonly #floats = new Map<number, Float64Array>();
  #ones = new Float64Array(0);

  private constructor(sent: Schema, sources: readonly number[]) {
    this.#sent = sent;
    this.#sources = sources;
  }

  /** Null where records have to be added up one by one. */
  static of(plan: PartialPlan, key: KeySpec, schema: Schema | null): PlainPartials | null {
    if (schema === null || key.kind !== 'fields') return null;
    if (plan.objects.length > 0 || plan.numberCount > 0) return null;
    const keys = key.fields.map((name) => fieldIndex(schema, name, 'keyBy'));
    const isPlainKey = (column: number): boolean => {
      const { kind, nullable } = schema.fields[column]!;
      return kind !== 'dynamic' && !nullable;
    };
    const cells = plan.cells.map((cell) => sourceOf(cell, plan, schema));
    if (!keys.every(isPlainKey) || cells.includes(null)) return null;
    return new PlainPartials(plan.sent, [...keys, ...(cells as readonly number[])]);
  }

  /** Of all rows of a batch, until the next call. */
  batchOf(batch: Batch): Batch {
    const { rowCount, timestamps } = batch;
    if (this.#ones.length < rowCount) this.#ones = new Float64Array(rowCount).fill(1);
    const { fields } = this.#sent;
    const columns = this.#sources.map((source, c): Column => {
      if (source === ONES) return new FixedColumn('float64', this.#ones);
      const column = batch.columns[source]!;
      if (column.kind === fields[c]!.kind) return column;
      return new FixedColumn('float64', this.#floatsOf(source, column as FixedColumn, rowCount));
    });
    return new Batch({ rowCount, schema: this.#sent, columns, timestamps, isTransient: true });
  }

  #floatsOf(source: number, { values }: FixedColumn, rowCount: number): Float64Array {
    if (values instanceof Float64Array) return values;
    let floats = this.#floats.get(source);
    if (floats === undefined || floats.length < rowCount) {
      floats = new Float64Array(rowCount);
      this.#floats.set(source, floats);
    }
    const ints = values as Int32Array;
    for (let i = 0; i < rowCount; i++) floats[i] = ints[i]!;
    return floats;
  }
}

/** The column that a cell is of a single record; null where there is none. */
function sourceOf({ kind, input }: Cell, { inputs }: PartialPlan, schema: Schema): number | null {
  if (input === ALL_ROWS) return ONES;
  const { column } = inputs[input]!;
  if (kind === 'count' || column === null) return null;
  const field = schema.fields[column]!;
  return NUMBERS.includes(field.kind) && !field.nullable ? column : null;
}
