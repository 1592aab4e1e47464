/**
 * Free-form rows to columns, adaptively: the columns are the fields met so far, each of the narrowest kind that held
 * every value so far.
 *
 *   int32 → float64 → dynamic        boolean, string, int64, date → dynamic
 *
 * A generated loop appends rows under the assumption that nothing is new. It stops at a row with a new field or a value
 * that does not fit; then `adapt` looks at the rows that are left, value by value, and widens the columns. Kinds never
 * narrow, so this soon stops, and the schema object stays the same as long as nothing is widened. Rows that are arrays of one
 * length have a column for each element. From the first row on that is neither, or not what the others are (a number, a Map,
 * an array of another length), or that brings more fields together than INFERRED_COLUMNS_MAX, or than SPARSE_COLUMNS_MAX
 * where a row has few of them, all rows are values of one dynamic column. Benchmarks: figures codec, keyed-tumbling-functions. The job `key-by-array` has arrays.
 */
import { makerOf } from '../base/generated-code.ts';
import { BATCH_ROWS, INFERRED_COLUMNS_MAX, SPARSE_COLUMNS_MAX } from '../base/limits.ts';
import type { Batch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { isSample, SAMPLE_ROWS } from './batch-weight.ts';
import { MISSING, NULL, PRESENT, UNDEFINED } from './column.ts';
import { type FreeForm, type FreeFormSchema, freeFormSchema, VALUES_SCHEMA } from './free-form.ts';
import { columnSource, isDate, storeTyped, widened } from './inferred-kind.ts';
import { isElements } from './plain-array.ts';
import type { FieldKind } from './schema.ts';

/** Columns for each field of a row, from which most of them are empty. */
const FIELDS_SHARE = 4;

/** Kind by field name; null while only null and undefined were met. */
type InferredKinds = Map<string, FieldKind | null>;

/**
 * Appends rows selection[from] to selection[to - 1] to the builder's columns from row `at` on; the number of rows
 * written, less than all when one does not fit or the builder has become heavy.
 */
type AppendLoop = (
  rows: readonly unknown[],
  selection: Int32Array,
  from: number,
  to: number,
  builder: BatchBuilder,
  at: number,
) => number;

export class RowEncoder {
  readonly #kinds: InferredKinds = new Map();
  /** Fields of the row that has most. */
  #fieldsMax = 0;
  /** Of the rows, if they have columns; the first row tells. */
  #form: FreeForm = 'fields';
  #schema: FreeFormSchema = freeFormSchema([], 'fields');
  #append: AppendLoop | null = null;
  #builder: BatchBuilder | null = null;
  /** Row numbers, made when they are needed. */
  #all: Int32Array = new Int32Array(0);

  /** Of the columns that hold all rows seen so far. */
  get schema(): FreeFormSchema {
    return this.#schema;
  }

  /**
   * Appends rows selection[from] to selection[to - 1] of a free-form batch, with their event times and key hashes, to a
   * builder of `schema` that has room for them. Returns the number of rows appended. Where it is less than all and the
   * builder is not full, `adapt` to the others and go on with a builder of the new schema.
   */
  append(
    batch: Batch,
    selection: Int32Array,
    from: number,
    to: number,
    builder: BatchBuilder,
  ): number {
    if (this.#append === null) return 0;
    const at = builder.rowCount;
    const count = this.#append(batch.rowObjects(), selection, from, to, builder, at);
    if (count < to - from) builder.abandonRow(at + count);
    builder.appendTimes(batch, selection, from, from + count);
    builder.advance(count);
    return count;
  }

  /** Widens the schema so that rows selection[from] to selection[to - 1] fit. */
  adapt(rows: readonly unknown[], selection: Int32Array, from: number, to: number): void {
    if (this.#widen(rows, selection, from, to)) {
      const fields = [...this.#kinds].map(([name, kind]) => ({
        name,
        kind: kind ?? 'dynamic',
        nullable: true,
      }));
      this.#schema = freeFormSchema(fields, this.#form);
      this.#append = generate(this.#form, this.#kinds);
    } else {
      this.#schema = VALUES_SCHEMA;
      this.#append = appendWhole;
    }
  }

  /** Takes note of all fields and kinds of the rows; false when that does not help, as columns cannot hold them. */
  #widen(rows: readonly unknown[], selection: Int32Array, from: number, to: number): boolean {
    let isWider = this.#append === null;
    if (isWider && isElements(rows[selection[from]!])) this.#form = 'elements';
    for (let n = from; n < to; n++) {
      const row = rows[selection[n]!];
      if (this.#form === 'elements' ? !this.#hasLength(row) : !isRecord(row)) return false;
      const names = Object.keys(row as object);
      this.#fieldsMax = Math.max(this.#fieldsMax, names.length);
      for (const name of names) {
        const known = this.#kinds.get(name);
        const kind = widened(known ?? null, (row as Readonly<Record<string, unknown>>)[name]);
        if (known === kind) continue;
        this.#kinds.set(name, kind);
        isWider = true;
      }
    }
    return isWider && this.#kinds.size <= this.#columnsMax && !this.#kinds.has('__proto__');
  }

  /** Every row is written to all columns, also to those that it has no field for. */
  get #columnsMax(): number {
    const most = Math.max(SPARSE_COLUMNS_MAX, FIELDS_SHARE * this.#fieldsMax);
    return Math.min(INFERRED_COLUMNS_MAX, most);
  }

  /** Whether a row is an array with nothing but as many elements as the rows before; any number, of the first. */
  #hasLength(row: unknown): boolean {
    if (!isElements(row)) return false;
    return this.#kinds.size === 0 ? row.length > 0 : row.length === this.#kinds.size;
  }

  /** Rows of a free-form batch from `from` on, as many as make a batch of columns: transient, valid until the next call. */
  encode(batch: Batch, from: number): Batch {
    const { rowCount } = batch;
    if (this.#all.length < rowCount) this.#all = countUp(Math.max(rowCount, BATCH_ROWS));
    for (;;) {
      const builder = this.#emptyBuilder(rowCount);
      const to = from + this.append(batch, this.#all, from, rowCount, builder);
      if (to === rowCount || builder.isFull) return builder.seal();
      this.adapt(batch.rowObjects(), this.#all, to, rowCount);
    }
  }

  #emptyBuilder(rowCount: number): BatchBuilder {
    const builder = this.#builder;
    if (builder !== null && builder.schema === this.#schema && builder.capacity >= rowCount) {
      builder.reset();
      return builder;
    }
    this.#builder = new BatchBuilder(this.#schema, Math.max(rowCount, BATCH_ROWS));
    return this.#builder;
  }
}

function countUp(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** The loop of VALUES_SCHEMA. */
function appendWhole(
  rows: readonly unknown[],
  selection: Int32Array,
  from: number,
  to: number,
  builder: BatchBuilder,
  at: number,
): number {
  const { values } = builder.dynamic(0);
  const { weight } = builder;
  for (let n = from, i = at; n < to; n++, i++) {
    if (i > 0 && weight.isHeavy) return n - from;
    const row = rows[selection[n]!];
    values[i] = row;
    if (isSample(i)) weight.addSample(row);
  }
  return to - from;
}

/** Plain objects and instances of the user's classes; not arrays, and nothing with a type of its own. */
function isRecord(row: unknown): row is object {
  if (typeof row !== 'object' || row === null) return false;
  if (Object.getPrototypeOf(row) === Object.prototype) return true;
  return Object.prototype.toString.call(row) === '[object Object]';
}

/**
 * The loop for a set of fields. A row fits when every field does and it has no others: as many keys as fields
 * that are not missing. Fields are read first: what V8 learns about the row's shape makes the checks behind cheap.
 */
function generate(form: FreeForm, kinds: InferredKinds): AppendLoop {
  const fields = [...kinds];
  const heads = fields.map(([, kind], c) => columnSource(kind, c)).join('');
  const reads =
    form === 'elements'
      ? elementsSource(fields.length)
      : fieldsSource(fields.map(([name]) => name));
  const stores = fields.map(([name, kind], c) => storeSource(name, kind, c)).join('');
  const isWeighed = fields.some(([, kind]) => kind === 'string' || kind === 'dynamic');
  const heavyCheck = isWeighed ? 'if (i > 0 && weight.isHeavy) return n - from;\n' : '';
  const source = `'use strict';
return function (rows, selection, from, to, builder, at) {
${heads}const { weight } = builder;
let prototype = Object.prototype;
for (let n = from, i = at; n < to; n++, i++) {
${heavyCheck}const row = rows[selection[n]];
let keys = 0, a = 0;
${reads}${stores}if (keys !== ${fields.length}) return n - from;
}
return to - from;
};
//# sourceURL=millrace-generated:row-encoder`;
  const make = makerOf(['isRecord', 'isElements', 'absence', 'isDate'], source);
  return make(isRecord, isElements, absence, isDate) as AppendLoop;
}

function storeDynamic(x: string, v: string): string {
  return `if (${x} !== null && ${x} !== undefined) { ${v}[i] = ${x}; if (i % ${SAMPLE_ROWS} === ${SAMPLE_ROWS - 1}) weight.addSample(${x}); }\n`;
}

/** Reads the fields of an object, and how many it has. */
function fieldsSource(names: readonly string[]): string {
  const reads = names.map((name, c) => `const x${c} = ${readSource(name)};\n`).join('');
  return `if (typeof row !== 'object' || row === null) return n - from;
${reads}const own = Object.getPrototypeOf(row);
if (own !== prototype) { if (!isRecord(row)) return n - from; prototype = own; }
for (const key in row) keys++;
`;
}

/** Reads the elements of an array, all of which are there. */
function elementsSource(length: number): string {
  const reads = Array.from({ length }, (_, c) => `const x${c} = row[${c}];\n`).join('');
  return `if (!Array.isArray(row) || row.length !== ${length}) return n - from;
${reads}if (!isElements(row)) return n - from;
keys = ${length};
`;
}

/** What every object inherits is not a field of the row. */
function readSource(name: string): string {
  const key = JSON.stringify(name);
  return name in Object.prototype
    ? `Object.hasOwn(row, ${key}) ? row[${key}] : undefined`
    : `row[${key}]`;
}

function storeSource(name: string, kind: FieldKind | null, c: number): string {
  const x = `x${c}`;
  const v = `v${c}`;
  const store = kind === 'dynamic' ? storeDynamic(x, v) : storeTyped(kind, x, v);
  return `${store}else {
a = absence(row, ${JSON.stringify(name)}, x${c});
if (a === ${PRESENT}) return n - from;
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
