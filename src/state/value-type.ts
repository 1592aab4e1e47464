/**
 * The type of what a state holds: one field type, or a record of several. In a snapshot a value is one column, or one a
 * field of the record:
 *
 *   t.float64                          #value
 *   record({ amount: ..., at: ... })   #value.amount, #value.at
 *
 * Fields of a record may come and go between a snapshot and its restore: one that is new gets its default, or null; one
 * that is gone is dropped. All else has to be as it was.
 */
import { EngineError } from '../base/errors.ts';
import { makerOf } from '../base/generated-code.ts';
import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { isSample } from '../data/batch-weight.ts';
import { type DynamicColumn, valueAt } from '../data/column.ts';
import { describe, fieldTypeError, fitsField, hint, typeText } from '../data/field-check.ts';
import { objectLiteral } from '../data/materialize.ts';
import { ownText } from '../data/own-text.ts';
import { FITS } from '../data/row-appender.ts';
import type { Field, FieldKind, Schema } from '../data/schema.ts';
import { incompatible } from './incompatible.ts';

/** A type as plain data. */
export type TypeSpec =
  | { readonly kind: FieldKind; readonly nullable: boolean }
  | { readonly kind: 'record'; readonly fields: readonly Field[] };

/** Source of whether `value` is of a type, as an expression. */
export function fitsSource(spec: TypeSpec): string {
  if (spec.kind !== 'record') return fitsFieldSource(spec, 'value');
  const parts = spec.fields.map((field) =>
    fitsFieldSource(field, `value[${JSON.stringify(field.name)}]`),
  );
  return ["typeof value === 'object' && value !== null", ...parts].join(' &&\n');
}

function fitsFieldSource({ kind, nullable }: Pick<Field, 'kind' | 'nullable'>, x: string): string {
  return nullable ? `(${x} === null || ${FITS[kind](x)})` : FITS[kind](x);
}

/** Source of a value that fits as a state keeps it: texts and dates are its own, and -0 is no int32 behind a restart. */
function keptSource(spec: TypeSpec): string {
  if (spec.kind !== 'record') return keptFieldSource(spec, 'value');
  const parts = spec.fields.map((field) => {
    const { name } = field;
    return { name, expression: keptFieldSource(field, `value[${JSON.stringify(name)}]`) };
  });
  return objectLiteral(parts);
}

function keptFieldSource({ kind, nullable }: Pick<Field, 'kind' | 'nullable'>, x: string): string {
  const kept = KEPT[kind]?.(x);
  if (kept === undefined) return x;
  return nullable ? `${x} === null ? null : ${kept}` : kept;
}

const KEPT: Partial<Readonly<Record<FieldKind, (x: string) => string>>> = {
  int32: (x) => `${x} | 0`,
  string: (x) => `ownText(${x})`,
  date: (x) => `new Date(${x}.getTime())`,
};

/** Whether a value is of a type. */
export function fitsType(spec: TypeSpec, value: unknown): boolean {
  if (spec.kind !== 'record') return fitsField(spec, value);
  if (typeof value !== 'object' || value === null) return false;
  return spec.fields.every((field) =>
    fitsField(field, (value as Readonly<Record<string, unknown>>)[field.name]),
  );
}

export type ReadValue = (batch: Batch, row: number) => unknown;

type FoundField = { readonly field: Field; readonly column: number; readonly fallback: unknown };

export class ValueType {
  /** Of the columns. */
  readonly fields: readonly Field[];
  readonly #state: string;
  readonly #label: string;
  readonly #fits: (value: unknown) => boolean;
  readonly #kept: (value: unknown) => unknown;
  /** Fields of the record; null for a single value. */
  readonly #record: readonly Field[] | null;

  constructor(spec: TypeSpec, label: string, state: string) {
    this.#state = state;
    this.#label = label;
    this.#fits = makerOf(['value'], `return ${fitsSource(spec)};`) as (value: unknown) => boolean;
    this.#kept = makerOf(['ownText'], `return (value) => (${keptSource(spec)});`)(ownText) as (
      value: unknown,
    ) => unknown;
    this.#record = spec.kind === 'record' ? spec.fields : null;
    this.fields =
      spec.kind === 'record'
        ? spec.fields.map((field) => ({ ...field, name: `${label}.${field.name}` }))
        : [{ name: label, kind: spec.kind, nullable: spec.nullable }];
  }

  /** FIELD_TYPE for a value of another type. */
  check(value: unknown): void {
    if (!this.#fits(value)) this.#refuse(value);
  }

  #refuse(value: unknown): void {
    if (this.#record === null) {
      const field = this.fields[0]!;
      if (!fitsField(field, value))
        throw this.#misfit(typeText(field), value, hint(field.kind, value));
      return;
    }
    if (typeof value !== 'object' || value === null) throw this.#misfit('a record', value);
    for (const field of this.#record) {
      const part = (value as Readonly<Record<string, unknown>>)[field.name];
      if (fitsField(field, part)) continue;
      throw new EngineError(
        'FIELD_TYPE',
        `state '${this.#state}': ${fieldTypeError(field, part).message}`,
      );
    }
  }

  /**
   * The value as a state keeps it, which is what comes out of a snapshot: a record of its declared fields alone. FIELD_TYPE for
   * one of another type.
   */
  keep(value: unknown): unknown {
    this.check(value);
    return this.#kept(value);
  }

  #misfit(wanted: string, value: unknown, advice = ''): EngineError {
    return new EngineError(
      'FIELD_TYPE',
      `state '${this.#state}' wants ${wanted}, got ${describe(value)}${advice}`,
    );
  }

  /** Writes a value into row `at` of its columns, of which this is the first; `advance` is the caller's. */
  put(builder: BatchBuilder, firstColumn: number, at: number, value: unknown): void {
    // An object may have been changed since it was set.
    this.check(value);
    if (this.#record === null) {
      putField(builder, firstColumn, at, this.fields[0]!.kind, value);
      return;
    }
    const row = value as Readonly<Record<string, unknown>>;
    this.#record.forEach(({ name, kind }, f) => {
      putField(builder, firstColumn + f, at, kind, row[name]);
    });
  }

  /** Reads values of a snapshot; `fallback` is the value whose fields those that are new get. */
  reader(found: Schema, fallback: unknown): ReadValue {
    const record = this.#record;
    if (record === null) {
      const { column } = this.#find(found, this.fields[0]!, this.#label.slice(1), undefined);
      return (batch, row) => readField(batch, column, row);
    }
    const single = found.fields.find(({ name }) => name === this.#label);
    if (single !== undefined) throw incompatible(this.#state, null, typeText(single), 'a record');
    const parts = record.map((field, f) =>
      this.#find(
        found,
        this.fields[f]!,
        field.name,
        (fallback as Readonly<Record<string, unknown>> | undefined)?.[field.name],
      ),
    );
    const make = recordMaker(record);
    const values: unknown[] = parts.map(({ fallback: missing }) => missing);
    return (batch, row) => {
      parts.forEach(({ column }, f) => {
        if (column >= 0) values[f] = readField(batch, column, row);
      });
      return make(values);
    };
  }

  #find(found: Schema, field: Field, name: string, fallback: unknown): FoundField {
    const column = found.fields.findIndex((other) => other.name === field.name);
    if (column < 0) {
      const isAdded =
        this.#record !== null &&
        found.fields.some(({ name: other }) => other.startsWith(`${this.#label}.`));
      if (isAdded && fallback !== undefined) return { field, column, fallback };
      if (isAdded && field.nullable) return { field, column, fallback: null };
      const had = isAdded ? 'no such field' : 'a record';
      const wants = `${typeText(field)}${isAdded ? ' without a default' : ''}`;
      throw incompatible(this.#state, name, had, wants, isAdded ? TO_ADD : undefined);
    }
    const was = found.fields[column]!;
    if (was.kind !== field.kind || (was.nullable && !field.nullable)) {
      throw incompatible(this.#state, name, typeText(was), typeText(field));
    }
    return { field, column, fallback };
  }
}

/** What to do about a field that is new. */
const TO_ADD = 'let the field be nullable, or the default of a value have it';

/** Makes records of the values of their fields. */
function recordMaker(fields: readonly Field[]): (values: readonly unknown[]) => unknown {
  const parts = fields.map(({ name }, f) => ({ name, expression: `values[${f}]` }));
  return makerOf(['values'], `return ${objectLiteral(parts)};`) as ReturnType<typeof recordMaker>;
}

function putField(
  builder: BatchBuilder,
  column: number,
  at: number,
  kind: FieldKind,
  value: unknown,
): void {
  if (value === null && kind !== 'dynamic') {
    builder.setNull(column, at);
    if (kind === 'string') builder.strings(column).appendEmpty();
    return;
  }
  switch (kind) {
    case 'string':
      builder.strings(column).append(value as string);
      return;
    case 'dynamic':
      builder.dynamic(column).values[at] = value;
      if (isSample(at)) builder.weight.addSample(value);
      return;
    case 'boolean':
      builder.fixed(column).values[at] = value === true ? 1 : 0;
      return;
    case 'date':
      builder.fixed(column).values[at] = (value as Date).getTime();
      return;
    default:
      builder.fixed(column).values[at] = value as number;
  }
}

function readField(batch: Batch, column: number, row: number): unknown {
  const from = batch.columns[column]!;
  if (from.kind === 'dynamic') return (from as DynamicColumn).values[row];
  const value = valueAt(from, row);
  return typeof value === 'string' ? ownText(value) : value;
}
