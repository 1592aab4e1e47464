/** Rolling aggregations whose results have no schema: a row object for each key, joined by a function. */
import { compiled, makerOf } from '../base/generated-code.ts';
import { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import type { DynamicColumn } from '../data/column.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Field } from '../data/schema.ts';
import type {
  FieldRolling,
  ReduceFunction,
  RollingOptions,
  RollingTarget,
  RollingValues,
} from './rolling.ts';
import { isBetterSource } from './rolling-codegen.ts';
import { isNoAddend, mixedSumError } from './window/aggregate-errors.ts';

/** values[slots[i]] becomes the joined value of row i, and results[i] too where there are results; `place.i` is the row it is at. */
type JoinLoop = (
  batch: Batch,
  slots: Int32Array,
  values: unknown[],
  results: unknown[] | null,
  place: { i: number },
) => void;

/** No value yet: the user's may be undefined. */
const NONE = Symbol('no value');

export class RowValues implements RollingValues {
  readonly kept: readonly Field[];
  readonly #target: RollingTarget;
  readonly #emitsEach: boolean;
  readonly #fieldSource: string | null;
  readonly #loops: BatchLoops<JoinLoop>;
  readonly #place = { i: 0 };
  /** By slot. */
  readonly #values: unknown[] = [];

  constructor(
    { key, rolling, inputSchema, functions }: RollingOptions,
    target: RollingTarget,
    emitsEach: boolean,
  ) {
    this.#target = target;
    this.#emitsEach = emitsEach;
    const isReduce = rolling.kind === 'reduce';
    this.#fieldSource = isReduce ? null : fieldSource(rolling, emitsEach);
    const join =
      this.#fieldSource === null
        ? (functions[key.kind === 'function' ? 1 : 0] as ReduceFunction)
        : fieldJoin(this.#fieldSource, rolling as FieldRolling);
    const name = isReduce ? '#reduce' : `#${rolling.kind} ${rolling.field}`;
    this.kept = [{ name, kind: 'dynamic', nullable: false }];
    // What is changed later is a copy: free-form rows may be somebody else's too.
    const copiesFirst = !emitsEach && ['sum', 'min', 'max'].includes(rolling.kind);
    this.#loops = new BatchLoops(
      inputSchema,
      (row) => loopSource(row, emitsEach, copiesFirst),
      (source) => compiled(source, { join, NONE }, [join]) as JoinLoop,
    );
  }

  join(batch: Batch, slots: Int32Array, _known: number, slotCount: number): void {
    const { rowCount, timestamps } = batch;
    this.#reserve(slotCount);
    const rows = this.#emitsEach ? new Array<unknown>(rowCount) : null;
    try {
      this.#loops.for(batch)(batch, slots, this.#values, rows, this.#place);
    } catch (error) {
      throw this.#target.errorAt(error, this.#place.i);
    }
    if (rows !== null) this.#emitRows(rows, timestamps?.slice(0, rowCount) ?? null);
  }

  emit(from: number, to: number, times: Float64Array | null): void {
    this.#emitRows(this.#values.slice(from, to), times);
  }

  #emitRows(rows: unknown[], timestamps: Float64Array | null): void {
    this.#target.emit(new Batch({ rowCount: rows.length, schema: null, rows, timestamps }));
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    const { values } = builder.dynamic(firstColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) values[at + i] = this.#values[slots[i]!];
  }

  load(batch: Batch, firstColumn: number, slots: Int32Array, slotCount: number): void {
    this.#reserve(slotCount);
    const { values } = batch.columns[firstColumn] as DynamicColumn;
    for (let i = 0; i < batch.rowCount; i++) this.#values[slots[i]!] = values[i];
  }

  /** These are the values of slots from here on. */
  put(from: number, values: readonly unknown[]): void {
    this.#reserve(from + values.length);
    for (let i = 0; i < values.length; i++) this.#values[from + i] = values[i];
  }

  #reserve(slotCount: number): void {
    while (this.#values.length < slotCount) this.#values.push(NONE);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const source = this.#fieldSource;
    return [
      { title: 'each record joined to what its key has', source: this.#loops.plainSource },
      ...(source === null ? [] : [{ title: 'a record joined to a value', source }]),
    ];
  }
}

function loopSource({ prelude, row }: RowSource, emitsEach: boolean, copiesFirst: boolean): string {
  return `'use strict';
return function (batch, slots, values, results, place) {
${prelude}const { rowCount } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
const slot = slots[i];
const value = values[slot];
${emitsEach ? 'results[i] = ' : ''}values[slot] = value === NONE ? ${copiesFirst ? `{ ...${row} }` : row} : join(value, ${row});
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:rolling`;
}

/** Source of the function of sum, min, max, minBy or maxBy over a field. */
function fieldSource({ kind, field }: FieldRolling, emitsEach: boolean): string {
  const name = JSON.stringify(field);
  const isBetter = isBetterSource(kind, null);
  const keepsRow = kind === 'minBy' || kind === 'maxBy';
  const put = (next: string): string => {
    if (keepsRow) return 'row';
    return emitsEach ? `{ ...value, [${name}]: ${next} }` : `(value[${name}] = ${next}, value)`;
  };
  return `'use strict';
return (value, row) => {
const old = value[${name}], next = row[${name}];
if (next === null || next === undefined) return value;
if (old === null || old === undefined) return ${put('next')};
${kind === 'sum' ? `if (${isNoAddend('old', 'next')}) throw mixed(old, next);\n` : ''}return ${kind === 'sum' ? put('old + next') : `${isBetter} ? ${put('next')} : value`};
};
//# sourceURL=millrace-generated:rolling-field`;
}

/** sum, min, max, minBy or maxBy of a field, as a function of two rows that changes neither. */
export function joinRowsBy(rolling: FieldRolling): ReduceFunction {
  return fieldJoin(fieldSource(rolling, true), rolling);
}

function fieldJoin(source: string, { field }: FieldRolling): ReduceFunction {
  const mixed = (sum: unknown, value: unknown): Error =>
    mixedSumError(`field '${field}'`, sum, value);
  return makerOf(['mixed'], source)(mixed) as ReduceFunction;
}
