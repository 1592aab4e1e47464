/** Rows for formats that want columns of known kinds: those of a batch, or of free-form rows, whose first ones give them. */
import { EngineError } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Column } from '../../data/column.ts';
import { type Field, type FieldKind, type Schema, schemaOf } from '../../data/schema.ts';
import { setField } from './field-text.ts';
import { type FieldRow, rowsWithFields } from './row-fields.ts';

export class RowColumns {
  readonly #format: string;
  readonly #schema: Schema | null;
  /** Of free-form rows, once there were some. */
  #inferred: Schema | null;

  /** `inferred` are the fields that earlier free-form rows of the same file had. */
  constructor(format: string, schema: Schema | null, inferred: readonly Field[] | null = null) {
    this.#format = format;
    this.#schema = schema;
    this.#inferred = inferred === null ? null : schemaOf(inferred);
  }

  /** Null before the first free-form rows. */
  get fields(): readonly Field[] | null {
    return (this.#schema ?? this.#inferred)?.fields ?? null;
  }

  /**
   * A column for each field. EngineErrors for what does not fit the fields of the first rows: FIELD_TYPE for a value, and for
   * a row without fields, OUTPUT_FAILED for another field.
   */
  of(batch: Batch): readonly Column[] {
    if (this.#schema !== null) return batch.columns;
    const rows = rowsWithFields(this.#format, batch);
    const fields = fieldsOf(this.#format, rows, this.fields);
    this.#inferred ??= schemaOf(fields);
    const builder = new BatchBuilder(this.#inferred, Math.max(1, rows.length));
    /** One for all rows: their values are copied out of it. */
    const filled: Record<string, unknown> = {};
    for (const row of rows) {
      for (const { name } of fields) setField(filled, name, row[name] ?? null);
      builder.appendRow(filled);
    }
    return builder.seal().columns;
  }
}

/** Those that the first rows had, or those of these rows, when they are the first. What they have beside them would be lost. */
export function fieldsOf(
  format: string,
  rows: readonly FieldRow[],
  first: readonly Field[] | null,
): readonly Field[] {
  if (first === null) return inferFields(rows);
  const names = new Set(first.map(({ name }) => name));
  for (const row of rows) {
    const unknown = Object.keys(row).find((name) => !names.has(name));
    if (unknown === undefined) continue;
    throw new EngineError(
      'OUTPUT_FAILED',
      `${format}: a row has the field '${unknown}', which the first rows had not (${[...names].join(', ')})`,
    );
  }
  return first;
}

/** Numbers are float64, and what has no kind of its own is dynamic; all may be null. */
function inferFields(rows: readonly FieldRow[]): Field[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...names].map((name) => {
    const kinds = new Set(rows.map((row) => kindOf(row[name])).filter((kind) => kind !== null));
    const [kind] = kinds;
    return { name, kind: kinds.size === 1 ? kind! : 'dynamic', nullable: true };
  });
}

function kindOf(value: unknown): FieldKind | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'bigint') return 'int64';
  return value instanceof Date ? 'date' : 'dynamic';
}
