/**
 * A run of steps whose last map makes rows that its source tells the fields of, or the elements (data/made-fields.ts): as columns,
 * without an object a row. Fields that are handed on keep the columns of the input, texts above all, which nobody decodes; the others are
 * stored by the generated loop, into columns of the kind that their values have had so far:
 *
 *   const r1 = f0({ "price": v1[i] });
 *   const x0 = r1["price"];
 *   if (typeof x0 === 'number') w0[count] = x0; else { state.misfit = r1; break; }
 *   origins[count++] = i;
 *
 * A row that does not fit goes out as an object, and widens the columns; from the first on that has a text, or anything else
 * that fits no typed array, all rows are objects again. Nexmark q1 and the job `chain` of native-bench/versus measure it.
 */
import { compiled, rowLoop } from '../base/generated-code.ts';
import { BATCH_ROWS } from '../base/limits.ts';
import { answeredNow } from '../base/thenable.ts';
import { Batch } from '../data/batch.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import {
  type Column,
  type FixedArray,
  FixedColumn,
  type FixedKind,
  fixedArray,
  valueAt,
} from '../data/column.ts';
import { allRead, type FieldsRead, fieldsRead } from '../data/fields-read.ts';
import { type FreeFormSchema, freeFormSchema } from '../data/free-form.ts';
import { isDate, storeTyped, widened } from '../data/inferred-kind.ts';
import { type MadeFields, madeFields } from '../data/made-fields.ts';
import { RowSelector } from '../data/row-selector.ts';
import { type Field, fieldIndex, type Schema, schemaOf } from '../data/schema.ts';
import type { LoopPlace } from './fused-codegen.ts';
import {
  areShort,
  type FusedStep,
  fieldsReadBy,
  type LateTexts,
  lateTexts,
  schemaAfter,
  stepsSource,
} from './fused-steps.ts';

/** Where the loop is, shared with the generated code. */
export type MadeState = LoopPlace & {
  /** Rows that came out. */
  count: number;
  /** Whether the last row, made of row i - 1, did not fit. */
  isMisfit: boolean;
  misfit: unknown;
};

type MadeLoop = (
  batch: Batch,
  state: MadeState,
  origins: Int32Array,
  stores: readonly FixedArray[],
) => void;

/** Kinds that a typed array holds; null for what has had no value yet. */
type ComputedKind = FixedKind | null;

export class MadeColumns {
  readonly state: MadeState = { i: 0, step: 0, count: 0, isMisfit: false, misfit: undefined };
  readonly #steps: readonly FusedStep[];
  readonly #schema: Schema | null;
  readonly #made: MadeFields;
  /** The fields that are not handed on. */
  readonly #computed: readonly string[];
  readonly #reads: FieldsRead;
  readonly #late: LateTexts | null;
  readonly #kinds: ComputedKind[];
  readonly #selector = new RowSelector();
  #loops: BatchLoops<MadeLoop>;
  /** Whether the loop looks for promises: of filters, and of maps before the last. */
  #looks = true;
  #stores: readonly FixedArray[];
  #origins = new Int32Array(BATCH_ROWS);
  #output: FreeFormSchema;
  readonly #handedOn: Schema | null;
  /** Of the columns of a batch, those that are handed on. */
  readonly #handedOnFrom: readonly number[];

  /** Null when it cannot be told what comes out. */
  static of(steps: readonly FusedStep[], schema: Schema | null): MadeColumns | null {
    const last = steps.findLastIndex(({ spec }) => spec.type !== 'filter');
    const { spec, code } = steps[last] ?? {};
    if (spec?.type !== 'map' || steps.some((step) => step.spec.type === 'flatMap')) return null;
    const before = steps.slice(0, last);
    const isFirst = before.every((step) => step.spec.type !== 'map');
    const ofMap = before.reduce((known, step) => schemaAfter(step.spec, known), schema);
    const made = madeFields(code, ofMap);
    return made && new MadeColumns(steps, schema, made, isFirst ? last : -1);
  }

  /** `map`: the number of the step that makes the rows, where it is the first that does, else -1. */
  private constructor(
    steps: readonly FusedStep[],
    schema: Schema | null,
    made: MadeFields,
    map: number,
  ) {
    this.#steps = steps;
    this.#schema = schema;
    this.#made = made;
    this.#computed = made.names.filter((name) => !made.handedOn.has(name));
    this.#kinds = this.#computed.map(() => null);
    this.#reads = map < 0 ? fieldsReadBy(steps, schema) : readsAround(steps, map, schema, made);
    this.#late = lateTexts(steps, schema, this.#reads);
    const handedOn = [...made.handedOn].map(([name, field]) => ({
      ...schema!.fields[fieldIndex(schema!, field, 'map')]!,
      name,
      nullable: true,
    }));
    this.#handedOnFrom = [...made.handedOn.values()].map((field) =>
      fieldIndex(schema!, field, 'map'),
    );
    this.#handedOn = handedOn.length === 0 ? null : schemaOf(handedOn);
    this.#stores = this.#newStores();
    this.#output = this.#outputSchema();
    this.#loops = this.#newLoops(this.#kinds);
  }

  /** The loop once it knows the kinds; before, as if all were numbers. */
  get source(): string {
    const kinds = this.#kinds.map((kind) => kind ?? 'float64');
    return this.#newLoops(kinds, false).plainSource;
  }

  /** Makes rows from `state.i` on, until the batch ends or a row does not fit; they come by `take`. */
  run(batch: Batch): void {
    const { rowCount } = batch;
    if (this.#origins.length < rowCount) this.#origins = new Int32Array(rowCount);
    if (this.#stores.some(({ length }) => length < rowCount)) this.#stores = this.#newStores();
    this.state.count = 0;
    this.state.isMisfit = false;
    this.state.misfit = undefined;
    this.#loops.for(batch)(batch, this.state, this.#origins, this.#stores);
    if (!this.#looks || this.state.count === 0) return;
    this.#looks = false;
    this.#loops = this.#newLoops(this.#kinds);
  }

  /** What has been made of the batch: transient. */
  take(batch: Batch): Batch {
    const { count } = this.state;
    const input = this.#input(batch);
    const passed =
      count === batch.rowCount ? input : this.#selector.select(input, this.#origins, count);
    const columns = new Map<string, Column>();
    this.#handedOn?.fields.forEach(({ name }, c) => {
      columns.set(name, passed.columns[c]!);
    });
    this.#computed.forEach((name, c) => {
      columns.set(name, new FixedColumn(this.#kinds[c] ?? 'float64', this.#stores[c]!));
    });
    return new Batch({
      rowCount: count,
      schema: this.#output,
      columns: this.#made.names.map((name) => columns.get(name)!),
      timestamps: passed.unreadTimestamps,
      isTransient: true,
    });
  }

  /** The row that did not fit, whole. Widens the columns; false when no columns hold such rows. */
  takeMisfit(batch: Batch): { readonly row: unknown; readonly areColumns: boolean } {
    const { misfit, i } = this.state;
    if (typeof misfit !== 'object' || misfit === null) return { row: misfit, areColumns: false };
    const made = misfit as Readonly<Record<string, unknown>>;
    const row = (this.#made.form === 'elements' ? [] : {}) as Record<string, unknown>;
    for (const name of this.#made.names) {
      const field = this.#made.handedOn.get(name);
      row[name] = field === undefined ? made[name] : this.#valueOf(batch, field, i - 1);
    }
    return { row, areColumns: this.#widen(made) };
  }

  #valueOf(batch: Batch, field: string, row: number): unknown {
    return valueAt(batch.columns[fieldIndex(this.#schema!, field, 'map')]!, row);
  }

  #widen(row: Readonly<Record<string, unknown>>): boolean {
    for (const [c, name] of this.#computed.entries()) {
      const value = row[name];
      const kind = widened(this.#kinds[c]!, value);
      if (value === null || value === undefined || kind === null) return false;
      if (kind === 'string' || kind === 'dynamic') return false;
      this.#kinds[c] = kind;
    }
    this.#stores = this.#newStores();
    this.#output = this.#outputSchema();
    this.#loops = this.#newLoops(this.#kinds);
    return true;
  }

  /** The columns that are handed on, under their names in the output. */
  #input(batch: Batch): Batch {
    const { rowCount, isTransient } = batch;
    const timestamps = batch.unreadTimestamps;
    const columns = this.#handedOnFrom.map((c) => batch.columns[c]!);
    const schema = this.#handedOn ?? NO_FIELDS;
    return new Batch({ rowCount, schema, columns, timestamps, isTransient });
  }

  #newStores(): readonly FixedArray[] {
    return this.#kinds.map((kind) => fixedArray(kind ?? 'float64', this.#origins.length));
  }

  #outputSchema(): FreeFormSchema {
    const fields = this.#made.names.map((name): Field => {
      const handedOn = this.#handedOn?.fields.find((field) => field.name === name);
      const kind = this.#kinds[this.#computed.indexOf(name)] ?? 'float64';
      return handedOn ?? { name, kind, nullable: true };
    });
    return freeFormSchema(fields, this.#made.form);
  }

  #newLoops(kinds: readonly ComputedKind[], looks = this.#looks): BatchLoops<MadeLoop> {
    return new BatchLoops(
      this.#schema,
      (row) => this.#sourceFor(row, kinds, looks),
      (source) => {
        const steps = this.#steps.map((step) => step.code);
        return compiled(source, { steps, isDate, answeredNow }, steps) as MadeLoop;
      },
      this.#reads,
      this.#late,
    );
  }

  /** As source. */
  #keyOf(name: string): string {
    return this.#made.form === 'elements' ? name : JSON.stringify(name);
  }

  #sourceFor(
    { prelude, row, lateRow }: RowSource,
    kinds: readonly ComputedKind[],
    looks: boolean,
  ): string {
    const made = `r${this.#steps.length}`;
    const names = this.#steps.map((step, s) => (step.code === null ? `unused${s}` : `f${s}`));
    const values = this.#computed.map(
      (name, c) => `const x${c} = ${made}[${this.#keyOf(name)}];\n`,
    );
    const stores = kinds.map((kind, c) =>
      storeTyped(kind, `x${c}`, `w${c}`).replace('[i]', '[count]'),
    );
    const misfit = '{ state.isMisfit = true; state.misfit = row; i++; break rows; }\n';
    const block = `row: {
const r0 = ${row};
${stepsSource(this.#steps, this.#schema, looks, this.#late, lateRow)}const row = ${made};
if (typeof row !== 'object' || row === null) ${misfit}${values.join('')}${stores
      .map((store) => `${store}else ${misfit}`)
      .join('')}origins[count++] = i;
}`;
    return `'use strict';
const [${names.join(', ')}] = steps;
return function (batch, state, origins, stores) {
${prelude}const rowCount = batch.rowCount;
const [${kinds.map((_, c) => `w${c}`).join(', ')}] = stores;
let i = state.i, count = 0, step = 0;
try {
rows: {
${rowLoop(block, 'rowCount', areShort(this.#steps, 'making'))}}
} finally { state.i = i; state.step = step; state.count = count; }
};
//# sourceURL=millrace-generated:made-columns`;
  }
}

const NO_FIELDS = schemaOf([]);

/** What the map reads, and the filters before and behind it. */
function readsAround(
  steps: readonly FusedStep[],
  map: number,
  schema: Schema | null,
  made: MadeFields,
): FieldsRead {
  if (schema === null) return null;
  let reads: FieldsRead = made.reads;
  for (const { spec, code } of steps.slice(0, map)) {
    if (spec.type === 'filter') reads = allRead(reads, fieldsRead(code, schema));
  }
  const output = schemaOf(made.names.map((name) => ({ name, kind: 'dynamic', nullable: true })));
  for (const { code } of steps.slice(map + 1)) {
    const read = fieldsRead(code, output) ?? made.names;
    const fields = [...read].flatMap((name) => made.handedOn.get(name) ?? []);
    reads = allRead(reads, new Set(fields));
  }
  return reads;
}
