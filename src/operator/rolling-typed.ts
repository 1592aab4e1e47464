/**
 * A reduce over rows of numbers, booleans and dates: values are columns by slot. The generated loop makes the value and the
 * record as literals, which V8 takes apart where it inlines the function, and stores the fields of the result.
 *
 *   const result = join({ "key": s0[slot], "n": s1[slot] }, { "key": v0[i], "n": v1[i] });
 *   if (!(typeof x1 === 'number' && ...)) break;                   it has other fields than the records
 *   s1[slot] = x1; o1[at] = x1;
 *
 * What the function only hands on of the value, as its source tells, is not stored again; where that is the key, it is not stored
 * at all, and results have the column of their records.
 */
import { compiled } from '../base/generated-code.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import { NULL, PRESENT } from '../data/column.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { handedOnOfFirst, madeNames } from '../data/made-fields.ts';
import { FITS } from '../data/row-appender.ts';
import type { Field, Schema } from '../data/schema.ts';
import {
  isKey,
  type SlotColumn,
  type SlotColumns,
  slotValueSource,
} from '../state/slot-columns.ts';
import type { ColumnReduce, Misfit, ReduceFunction, RollingTarget } from './rolling.ts';
import { emitJoined } from './rolling-columns.ts';
import { inParts, slotRowSource } from './rolling-slot-row.ts';

/** Where a loop is: the next row, and the first slot that has no value yet. `value`: a result that does not fit. */
type TypedPlace = { row: number; known: number; ahead: number; value: unknown };

/** Joins rows from `place.row` to `to` - 1; false when the result of `place.row` does not fit. */
type TypedLoop = (
  batch: Batch,
  slots: Int32Array,
  to: number,
  states: readonly SlotColumn[],
  out: BatchBuilder,
  place: TypedPlace,
) => boolean;

/** Whether rows can be kept in columns whatever the function does: a text would have to be made for each call. */
export function hasTypedValues({ fields }: Schema): boolean {
  if (fields.length === 0) return false;
  return fields.every(
    ({ name, kind }) =>
      kind !== 'string' && kind !== 'dynamic' && name !== 'constructor' && name !== '__proto__',
  );
}

export class TypedReduce implements ColumnReduce {
  readonly #columns: SlotColumns;
  /** By field: whether results have the column of their records. */
  readonly #passes: readonly boolean[];
  readonly #target: RollingTarget;
  readonly #emitsEach: boolean;
  readonly #loops: BatchLoops<TypedLoop>;
  readonly #results: BatchBuilder;
  readonly #place: TypedPlace = { row: 0, known: 0, ahead: 0, value: null };

  constructor(
    join: ReduceFunction,
    schema: Schema,
    columns: SlotColumns,
    target: RollingTarget,
    emitsEach: boolean,
  ) {
    this.#columns = columns;
    this.#passes = columns.columns.map(isKey);
    this.#target = target;
    this.#emitsEach = emitsEach;
    this.#results = new BatchBuilder(schema);
    this.#loops = new BatchLoops(
      schema,
      (row) => loopSource(row, columns.columns, emitsEach, join),
      (source) => compiled(source, { join }, [join]) as TypedLoop,
    );
  }

  join(batch: Batch, slots: Int32Array, known: number, slotCount: number): Misfit | null {
    this.#columns.reserve(slotCount);
    const loop = this.#loops.for(batch);
    const place = this.#place;
    place.row = 0;
    place.known = known;
    while (place.row < batch.rowCount) {
      const from = place.row;
      const fits = this.#joinFrom(loop, batch, slots);
      if (this.#emitsEach) this.#emitJoined(batch, from, place.row);
      if (fits) continue;
      const { value } = place;
      place.value = null;
      return { row: place.row, value, known: place.known };
    }
    return null;
  }

  #joinFrom(loop: TypedLoop, batch: Batch, slots: Int32Array): boolean {
    const place = this.#place;
    const results = this.#results;
    const to = Math.min(batch.rowCount, place.row + results.capacity);
    try {
      return loop(batch, slots, to, this.#columns.columns, results, place);
    } catch (error) {
      throw this.#target.errorAt(error, place.row);
    }
  }

  #emitJoined(batch: Batch, from: number, to: number): void {
    if (from === to) return;
    const results = this.#results;
    emitJoined(results, batch, from, to, this.#passes, this.#target);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [{ title: 'each record joined to what its key has', source: this.#loops.plainSource }];
  }
}

function loopSource(
  { prelude, row, fields: ofRow }: RowSource,
  columns: readonly SlotColumn[],
  emitsEach: boolean,
  join: ReduceFunction,
): string {
  const fields = columns.map(({ field }) => field);
  const isMade = makesFields(join, fields);
  const staysSame = handedOn(join, fields);
  const kept = slotRowSource(columns, null, ofRow);
  const each = (source: (field: Field, c: number) => string): string =>
    fields.map(source).join('\n');
  const resultOf = ({ name, kind }: Field, c: number): string => {
    if (isKey(columns[c]!)) return '';
    if (!staysSame[c]) return `x${c} = result[${JSON.stringify(name)}];`;
    return `x${c} = ${slotValueSource(columns[c]!, `s${c}`)}${kind === 'int32' ? ' | 0' : ''};`;
  };
  const result = fields.map(resultOf).join(' ');
  const fits = fields.map((field, c) => (staysSame[c] ? 'true' : fitSource(field, `x${c}`)));
  const first = ofRow.map(({ expression }, c) => `x${c} = ${expression};`).join(' ');
  const storeFirst = columns.map((column, c) =>
    staysSame[c] && !isKey(column) ? storeSource(column, c, false) : '',
  );
  const store = columns.map((column, c) => {
    if (isKey(column)) return '';
    if (!staysSame[c]) return storeSource(column, c, emitsEach);
    return emitsEach ? `o${c}[i - from] = x${c};` : '';
  });
  return `'use strict';
return (batch, slots, to, states, out, place) => {
${prelude}${kept.prelude}${emitsEach ? `${each((_, c) => `const o${c} = out.fixed(${c}).values;`)}\n` : ''}const from = place.row;
let { known } = place;
let i = from;
try {
${inParts(
  columns.map((column, c) => ({ column, values: `s${c}` })),
  `for (; i < end; i++) {
const slot = slots[i];
let ${fields.map((_, c) => `x${c}`).join(', ')};
if (slot >= known) { known = slot + 1; ${first} ${storeFirst.join('')} }
else {
const result = join(${kept.row}, ${row});
${isMade ? result : lookSource(result, fields.length)}
if (!(${fits.join(' && ')})) { place.value = result; return false; }
}
${store.join('\n')}
}
`,
)}} finally { place.row = i; place.known = known; }
return true;
};
//# sourceURL=millrace-generated:rolling-typed`;
}

/** Kinds of fields whose columns have the values of the row. */
const IS_STORED_AS_IT_IS: ReadonlySet<Field['kind']> = new Set(['int32', 'float64', 'timestamp']);

/** By field of the rows, whether the source of the function tells that it hands the field of the value on. */
function handedOn(join: ReduceFunction, fields: readonly Field[]): readonly boolean[] {
  const names = makesFields(join, fields) ? handedOnOfFirst(join) : new Set();
  return fields.map(
    ({ name, kind, nullable }) => names.has(name) && IS_STORED_AS_IT_IS.has(kind) && !nullable,
  );
}

/** Whether values have the int key of their records in this field: the first has it, and the function hands it on. */
export function handsOnKey(join: ReduceFunction, { fields }: Schema, key: number): boolean {
  return key >= 0 && fields[key]!.kind === 'int32' && handedOn(join, fields)[key]!;
}

/** Whether the source of the function tells that its results have these fields: then nobody has to look, and V8 makes no object. */
function makesFields(join: ReduceFunction, fields: readonly Field[]): boolean {
  const names = madeNames(join) ?? [];
  return names.length === fields.length && fields.every(({ name }) => names.includes(name));
}

/** Takes the fields of a plain object that has so many. */
function lookSource(take: string, count: number): string {
  return `let names = 0;
if (typeof result === 'object' && result !== null && result.constructor === Object) {
for (const name in result) names++;
if (names === ${count}) { ${take} }
}`;
}

function fitSource({ kind, nullable }: Field, x: string): string {
  return nullable ? `(${x} === null || ${FITS[kind](x)})` : FITS[kind](x);
}

/** `x` becomes the field of the slot, and of the result. */
function storeSource(column: SlotColumn, c: number, emitsEach: boolean): string {
  const { kind, nullable } = column.field;
  const x = `x${c}`;
  const value = kind === 'boolean' ? `${x} ? 1 : 0` : kind === 'date' ? `${x}.getTime()` : x;
  const store = `${emitsEach ? `o${c}[i - from] = ` : ''}${slotValueSource(column, `s${c}`)} = ${value};`;
  if (!nullable) return store;
  const setNull = emitsEach ? ` out.setNull(${c}, i - from);` : '';
  return `if (${x} === null) { a${c}[slot] = ${NULL};${setNull} } else { a${c}[slot] = ${PRESENT}; ${store} }`;
}
