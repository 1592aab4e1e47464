/**
 * Free-form rows to columns, adaptively: the columns are the fields met so far, each of the narrowest kind that held
 * every value so far.
 *
 *   int32 → float64 → dynamic        boolean, string, int64, date → dynamic
 *
 * A generated loop writes all rows of a batch under the assumption that nothing is new. Where it meets a new
 * field or a value that does not fit, the rest of the batch is looked at value by value, the columns are widened,
 * and the batch is written again; kinds never narrow, so this soon stops. The schema object stays the same as long
 * as nothing is widened. Batches with a row that is no record (a number, an array, a Map), or with more than
 * INFERRED_COLUMNS_MAX fields, become one dynamic column of whole rows.
 */
import { BATCH_ROWS, INFERRED_COLUMNS_MAX } from '../base/limits.ts';
import { Batch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { DynamicColumn, MISSING, NULL, PRESENT, UNDEFINED } from './column.ts';
import { type FreeFormSchema, freeFormSchema, VALUES_SCHEMA } from './free-form.ts';
import type { FieldKind } from './schema.ts';

/** Kind by field name; null while only null and undefined were met. */
type InferredKinds = Map<string, FieldKind | null>;

/** Writes rows into the builder's columns; the number of rows written, less than all when one does not fit. */
type WriteLoop = (rows: readonly unknown[], rowCount: number, builder: BatchBuilder) => number;

export class RowEncoder {
  readonly #kinds: InferredKinds = new Map();
  #schema: FreeFormSchema | null = null;
  #loop: WriteLoop | null = null;
  #builder: BatchBuilder | null = null;

  /** The rows as columns: a transient batch, valid until the next call. */
  encode(
    rows: readonly unknown[],
    rowCount: number,
    timestamps: Float64Array | null,
    keyHashes: Int32Array | null,
  ): Batch {
    const columns = this.#write(rows, rowCount);
    const isWhole = columns === null;
    return new Batch({
      rowCount,
      schema: isWhole ? VALUES_SCHEMA : this.#schema,
      columns: isWhole ? [new DynamicColumn(rows as unknown[])] : columns.columns,
      timestamps,
      keyHashes,
      isTransient: true,
    });
  }

  #write(rows: readonly unknown[], rowCount: number): Batch | null {
    for (;;) {
      const written = this.#tryWrite(rows, rowCount);
      if (written === rowCount) {
        this.#builder!.advance(rowCount);
        return this.#builder!.seal();
      }
      const isWider = this.#widen(rows, written, rowCount);
      if (!isWider) return null;
    }
  }

  #tryWrite(rows: readonly unknown[], rowCount: number): number {
    if (this.#loop === null) return 0;
    if (this.#builder!.capacity < rowCount)
      this.#builder = new BatchBuilder(this.#schema, rowCount);
    this.#builder!.reset();
    return this.#loop(rows, rowCount, this.#builder!);
  }

  /** Takes in all fields and kinds of rows from to to - 1; false when columns cannot hold them. */
  #widen(rows: readonly unknown[], from: number, to: number): boolean {
    let hasChanged = this.#loop === null;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      if (!isRecord(row)) return false;
      for (const name of Object.keys(row)) {
        const known = this.#kinds.get(name);
        const kind = widened(known ?? null, (row as Readonly<Record<string, unknown>>)[name]);
        if (known === kind) continue;
        this.#kinds.set(name, kind);
        hasChanged = true;
      }
    }
    if (!hasChanged || this.#kinds.size > INFERRED_COLUMNS_MAX) return false;
    if (this.#kinds.has('__proto__')) return false;
    const fields = [...this.#kinds].map(([name, kind]) => ({
      name,
      kind: kind ?? 'dynamic',
      nullable: true,
    }));
    this.#schema = freeFormSchema(fields, 'fields');
    this.#builder = new BatchBuilder(this.#schema, BATCH_ROWS);
    this.#loop = generate(this.#kinds);
    return true;
  }
}

/** Plain objects and instances of the user's classes; not arrays, and nothing with a type of its own. */
function isRecord(row: unknown): row is object {
  if (typeof row !== 'object' || row === null) return false;
  if (Object.getPrototypeOf(row) === Object.prototype) return true;
  return Object.prototype.toString.call(row) === '[object Object]';
}

function widened(known: FieldKind | null, value: unknown): FieldKind | null {
  if (value === null || value === undefined) return known;
  const kind = kindOf(value);
  if (known === null || known === kind) return kind;
  const areNumbers =
    (known === 'int32' && kind === 'float64') || (known === 'float64' && kind === 'int32');
  return areNumbers ? 'float64' : 'dynamic';
}

function kindOf(value: unknown): FieldKind {
  switch (typeof value) {
    case 'number':
      return Object.is(value | 0, value) ? 'int32' : 'float64';
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'int64' : 'dynamic';
    default:
      return isDate(value) ? 'date' : 'dynamic';
  }
}

/** A Date with nothing added to it. */
function isDate(value: unknown): boolean {
  return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype;
}

/**
 * The loop for a set of fields. A row fits when every field does and it has no others: as many keys as fields
 * that are not missing.
 */
function generate(kinds: InferredKinds): WriteLoop {
  const fields = [...kinds];
  const heads = fields.map(([, kind], c) => headSource(kind, c)).join('');
  const bodies = fields.map(([name, kind], c) => fieldSource(name, kind, c)).join('');
  const source = `'use strict';
return function (rows, rowCount, builder) {
${heads}let prototype = Object.prototype;
for (let i = 0; i < rowCount; i++) {
const row = rows[i];
if (typeof row !== 'object' || row === null) return i;
const own = Object.getPrototypeOf(row);
if (own !== prototype) { if (!isRecord(row)) return i; prototype = own; }
let keys = 0, a = 0;
for (const key in row) keys++;
${bodies}if (keys !== ${fields.length}) return i;
}
return rowCount;
};
//# sourceURL=millrace-generated:row-encoder`;
  const make = new Function('isRecord', 'absence', 'isDate', source);
  return make(isRecord, absence, isDate) as WriteLoop;
}

function headSource(kind: FieldKind | null, c: number): string {
  if (kind === 'string') return `const v${c} = builder.strings(${c});\n`;
  if (kind === null || kind === 'dynamic') return `const v${c} = builder.dynamic(${c}).values;\n`;
  return `const v${c} = builder.fixed(${c}).values;\n`;
}

const STORES: Readonly<Record<FieldKind, (x: string, v: string) => string>> = {
  int32: (x, v) =>
    `if (typeof ${x} === 'number' && (${x} | 0) === ${x} && (${x} !== 0 || 1 / ${x} > 0)) ${v}[i] = ${x};\n`,
  float64: (x, v) => `if (typeof ${x} === 'number') ${v}[i] = ${x};\n`,
  timestamp: (x, v) => `if (typeof ${x} === 'number') ${v}[i] = ${x};\n`,
  boolean: (x, v) => `if (typeof ${x} === 'boolean') ${v}[i] = ${x} ? 1 : 0;\n`,
  string: (x, v) => `if (typeof ${x} === 'string') ${v}.append(${x});\n`,
  int64: (x, v) =>
    `if (typeof ${x} === 'bigint' && BigInt.asIntN(64, ${x}) === ${x}) ${v}[i] = ${x};\n`,
  date: (x, v) => `if (isDate(${x})) ${v}[i] = ${x}.getTime();\n`,
  dynamic: (x, v) => `if (${x} !== null && ${x} !== undefined) ${v}[i] = ${x};\n`,
};

function fieldSource(name: string, kind: FieldKind | null, c: number): string {
  const key = JSON.stringify(name);
  // What every object inherits is not a field of the row.
  const value =
    name in Object.prototype
      ? `Object.hasOwn(row, ${key}) ? row[${key}] : undefined`
      : `row[${key}]`;
  const store = kind === null ? 'if (false);\n' : STORES[kind](`x${c}`, `v${c}`);
  return `const x${c} = ${value};
${store}else {
a = absence(row, ${key}, x${c});
if (a === ${PRESENT}) return i;
if (a === ${MISSING}) keys++;
builder.setAbsent(${c}, i, a);
${kind === 'string' ? `v${c}.appendEmpty();\n` : ''}}
`;
}

/** Why there is no value, or PRESENT when there is one, of another kind. */
function absence(row: object, name: string, value: unknown): number {
  if (value === null) return NULL;
  if (value !== undefined) return PRESENT;
  return Object.hasOwn(row, name) ? UNDEFINED : MISSING;
}
