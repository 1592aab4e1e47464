/**
 * The shape that all values of a dynamic column have in common, so that they can be written as columns:
 *
 *   fields     objects, plain ones, with the same fields in the same order   { count: 1, sum: 2.5 }, { count: 7, sum: 0 }, ...
 *   elements   arrays of one length                                          [1, 2.5], [7, 0], ...
 *   values     of one kind                                                   2.5, 7, 0, ...
 *
 * A generated loop appends the values to the columns of a builder. It stops at the first that does not fit: then the kinds of
 * the columns are widened as those of free-form rows are, or there is no common shape. Fields and elements may hold any
 * plain data; such a column of theirs may have a shape again. What packs differently is left to dynamic-codec.ts: few
 * values, objects that lack a field, instances of classes, and all where a part may lead back to the whole.
 * Benchmarks: figures codec-objects, checkpoint-pause-objects.
 */
import { makerOf } from '../base/generated-code.ts';
import type { Batch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { encodeSchema } from './codec-schema.ts';
import { NULL, UNDEFINED } from './column.ts';
import { isPlain } from './dynamic-codec.ts';
import { elementNames, type FreeForm, type FreeFormSchema, freeFormSchema } from './free-form.ts';
import { columnSource, isDate, kindOf, storeTyped, widened } from './inferred-kind.ts';
import { isElements } from './plain-array.ts';
import type { FieldKind } from './schema.ts';

/** Fewer values are packed one by one. */
export const SHAPED_VALUES_MIN = 16;
/** Objects of more fields are packed one by one. */
export const SHAPED_FIELDS_MAX = 64;
/** Shapes that a thread knows; then it begins anew. */
const SHAPES_MAX = 256;
/** Values that are read ahead, and numbers of each, which stay in the nearest cache. Benchmark: figure checkpoint-pause-objects. */
const AHEAD_VALUES = 64;
const AHEAD_FIELDS_MAX = 4;

/** Stores values 0 to count - 1 as rows of the builder; the number of those that fit, up to the first that does not. */
type StoreLoop = (values: readonly unknown[], count: number, builder: BatchBuilder) => number;

const shapes = new Map<string, ValueShape>();

/** Values of one column, batch after batch, as rows. */
export class ShapedValues {
  #builder: BatchBuilder | null = null;
  #schemaBytes: Uint8Array = new Uint8Array(0);

  /** Values 0 to count - 1 as a batch, valid until `release`; null where they have no shape in common. */
  rowsOf(values: readonly unknown[], count: number): Batch | null {
    const shape = count < SHAPED_VALUES_MIN ? null : shapeOf(values, count);
    if (shape === null) return null;
    for (;;) {
      const builder = this.#emptyBuilder(shape.schema, count);
      const stored = shape.store(values, count, builder);
      if (stored === count) {
        builder.advance(count);
        // The shape may be that of another column too, which widens it before this one is written.
        this.#schemaBytes = shape.schemaBytes;
        return builder.seal();
      }
      if (!shape.widen(values, stored, count)) return null;
    }
  }

  /** The schema of the batch, as bytes. */
  get schemaBytes(): Uint8Array {
    return this.#schemaBytes;
  }

  /** Lets go of the values. */
  release(): void {
    this.#builder?.reset();
  }

  #emptyBuilder(schema: FreeFormSchema, count: number): BatchBuilder {
    const known = this.#builder;
    if (known !== null && known.schema === schema && known.capacity >= count) {
      known.reset();
      return known;
    }
    this.#builder = new BatchBuilder(schema, count);
    return this.#builder;
  }
}

/** What the first value looks like, if two others do too: the generation of a loop has to be worth it. */
function shapeOf(values: readonly unknown[], count: number): ValueShape | null {
  const key = shapeKey(values[0]);
  if (key === null || shapeKey(values[count >> 1]) !== key || shapeKey(values[count - 1]) !== key) {
    return null;
  }
  let shape = shapes.get(key);
  if (shape === undefined) {
    if (shapes.size === SHAPES_MAX) shapes.clear();
    shape = new ValueShape(formOf(values[0]), namesOf(values[0]) ?? ['value']);
    shapes.set(key, shape);
  }
  return shape;
}

/** Equal for values of one shape; null for a value that has none. */
function shapeKey(value: unknown): string | null {
  const names = namesOf(value);
  if (names !== null) {
    return names.length === 0 ? null : JSON.stringify([Array.isArray(value), names]);
  }
  if (value === null || value === undefined) return null;
  const kind = kindOf(value);
  return kind === 'dynamic' ? null : kind === 'float64' ? 'int32' : kind;
}

/**
 * The names of the columns of a plain object or of an array; none where there are too many, or one has a meaning of its own.
 * Null for what is neither.
 */
function namesOf(value: unknown): readonly string[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return isElements(value) ? elementNames(value.length) : [];
  if (Object.getPrototypeOf(value) !== Object.prototype) return null;
  const names = Object.keys(value);
  return names.length > SHAPED_FIELDS_MAX || names.includes('__proto__') ? [] : names;
}

function formOf(value: unknown): FreeForm {
  if (namesOf(value) === null) return 'values';
  return Array.isArray(value) ? 'elements' : 'fields';
}

/** The columns for values of one shape. */
class ValueShape {
  readonly #form: FreeForm;
  readonly #names: readonly string[];
  #kinds: readonly (FieldKind | null)[];
  schema: FreeFormSchema;
  schemaBytes: Uint8Array;
  store: StoreLoop;

  /** With columns of these names. */
  constructor(form: FreeForm, names: readonly string[]) {
    this.#form = form;
    this.#names = names;
    this.#kinds = this.#names.map(() => null);
    this.schema = this.#schemaNow();
    this.schemaBytes = encodeSchema(this.schema);
    this.store = generate(this.#form, this.#names, this.#kinds);
  }

  /** Widens the columns for values from to count - 1; false where that is no help. */
  widen(values: readonly unknown[], from: number, count: number): boolean {
    const kinds = [...this.#kinds];
    for (let i = from; i < count; i++) {
      const value = values[i];
      if (this.#form === 'values') kinds[0] = widened(kinds[0]!, value);
      else if (!this.#widenFields(kinds, value)) return false;
    }
    if (kinds.every((kind, c) => kind === this.#kinds[c])) return false;
    if (this.#form === 'values' && kinds[0] === 'dynamic') return false;
    this.#kinds = kinds;
    this.schema = this.#schemaNow();
    this.schemaBytes = encodeSchema(this.schema);
    this.store = generate(this.#form, this.#names, kinds);
    return true;
  }

  #widenFields(kinds: (FieldKind | null)[], value: unknown): boolean {
    const names = namesOf(value);
    if (names?.length !== this.#names.length || formOf(value) !== this.#form) return false;
    for (let c = 0; c < names.length; c++) {
      const name = names[c]!;
      if (name !== this.#names[c]) return false;
      kinds[c] = widened(kinds[c]!, (value as Readonly<Record<string, unknown>>)[name]);
    }
    return true;
  }

  #schemaNow(): FreeFormSchema {
    const fields = this.#names.map((name, c) => ({
      name,
      kind: this.#kinds[c] ?? ('dynamic' as const),
      nullable: true,
    }));
    return freeFormSchema(fields, this.#form);
  }
}

/** Fields are read first: what V8 learns about the shape of the object makes the look at its keys cheap. */
function generate(
  form: FreeForm,
  names: readonly string[],
  kinds: readonly (FieldKind | null)[],
): StoreLoop {
  const heads = kinds.map(columnSource).join('');
  const stores = kinds.map(storeSource).join('');
  const source = `'use strict';
const { prototype } = Object;
${aheadSource(names, kinds)}return function (values, count, builder) {
${heads}for (let from = 0; from < count; from += ${AHEAD_VALUES}) {
const to = Math.min(count, from + ${AHEAD_VALUES});
readAhead(values, from, to);
for (let i = from; i < to; i++) {
const value = values[i];
${READS[form](names)}${stores}}
}
return count;
};
//# sourceURL=millrace-generated:value-shape`;
  const make = makerOf(['names', 'isDate', 'isPart', 'isElements'], source);
  return make(names, isDate, isPart, isElements) as StoreLoop;
}

/**
 * As in read-ahead.ts, by four: objects, then the numbers that they refer to. Objects of a large state are not in the cache when a
 * checkpoint comes to them.
 */
function aheadSource(names: readonly string[], kinds: readonly (FieldKind | null)[]): string {
  const four = ['a', 'b', 'c', 'd'];
  const values = four.map((name, n) => `${name} = values[i + ${n}]`).join(', ');
  const numbers = names
    .filter((_, c) => kinds[c] === 'float64')
    .slice(0, AHEAD_FIELDS_MAX)
    .map((name, k) => ({ field: JSON.stringify(name), k }));
  const each = (source: (of: string, field: string, k: number) => string): string =>
    four.flatMap((of) => numbers.map(({ field, k }) => source(of, field, k))).join('\n');
  return `let ahead = 0;
function readAhead(values, from, to) {
const last = to - 4;
for (let i = from; i <= last; i += 4) {
const ${values};
if (${four.map((of) => `typeof ${of} !== 'object' || ${of} === null`).join(' || ')}) return;
}
for (let i = from; i <= last; i += 4) {
const ${values};
${each((of, field, k) => `const ${of}${k} = ${of}[${field}];`)}
${each((of, _, k) => `if (typeof ${of}${k} === 'number') ahead += ${of}${k};`)}
}
}
`;
}

const READS: Readonly<Record<FreeForm, (names: readonly string[]) => string>> = {
  fields: fieldsSource,
  elements: elementsSource,
  values: () => 'const x0 = value;\n',
};

function elementsSource({ length }: readonly string[]): string {
  const reads = Array.from({ length }, (_, c) => `const x${c} = value[${c}];\n`).join('');
  return `if (!Array.isArray(value) || value.length !== ${length}) return i;
${reads}if (!isElements(value)) return i;
`;
}

function fieldsSource(names: readonly string[]): string {
  const reads = names.map((name, c) => `const x${c} = value[${JSON.stringify(name)}];\n`).join('');
  return `if (typeof value !== 'object' || value === null) return i;
${reads}if (Object.getPrototypeOf(value) !== prototype) return i;
let keys = 0;
for (const key in value) if (key !== names[keys++]) return i;
if (keys !== ${names.length}) return i;
`;
}

function storeSource(kind: FieldKind | null, c: number): string {
  const x = `x${c}`;
  const v = `v${c}`;
  const empty = kind === 'string' ? ` ${v}.appendEmpty();` : '';
  const store =
    kind === 'dynamic'
      ? `if (${x} !== null && ${x} !== undefined) { if (!isPart(${x})) return i; ${v}[i] = ${x}; }\n`
      : storeTyped(kind, x, v);
  return `${store}else if (${x} === null) { builder.setAbsent(${c}, i, ${NULL});${empty} }
else if (${x} === undefined) { builder.setAbsent(${c}, i, ${UNDEFINED});${empty} }
else return i;
`;
}

/** Whether a part of an object may be packed apart from it: it does not lead back, and is no reason for an error. */
function isPart(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return isPlain(value);
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}
