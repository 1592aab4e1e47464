/**
 * Generates the loops of an aggregate plan: add rows to slots, join the slots of two panes, write results. Each
 * is a plain loop over columns; a row object is made only when a function of the user wants one.
 */
import type { Batch } from '../../data/batch.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import type { Schema } from '../../data/schema.ts';
import { valueTypeError } from './aggregate-errors.ts';
import { type AggregatePlan, ALL_ROWS, type Cell, type PlannedInput } from './aggregate-plan.ts';

/** Accumulators of a pane: slot s has cells[s * plan.cells.length...] and objects[s * plan.objects.length...]. */
export type Accumulators = { cells: Float64Array; objects: unknown[] };

type Place = { i: number };

/** Adds rows from to to - 1 to their slots; `place.i` is the row it is at, for errors. */
export type AddLoop = (
  batch: Batch,
  from: number,
  to: number,
  slots: Int32Array,
  into: Accumulators,
  place: Place,
) => void;
/** Gives slots from to to - 1 the accumulators of no row. */
export type InitLoop = (into: Accumulators, from: number, to: number) => void;
/** Joins slot i of `other` into slot slots[i] of `into`, for from <= i < to. */
export type MergeLoop = (
  into: Accumulators,
  slots: Int32Array,
  other: Accumulators,
  from: number,
  to: number,
) => void;
/** Writes the results of slots from to to - 1 behind the builder's rows; `advance` is the caller's. */
export type ResultLoop = (
  of: Accumulators,
  from: number,
  to: number,
  builder: BatchBuilder,
  firstColumn: number,
) => void;

const LOOP_NAME = '//# sourceURL=millrace-generated:aggregate';

export class AggregateLoops {
  readonly init: InitLoop;
  readonly merge: MergeLoop;
  readonly results: ResultLoop;
  readonly #adds: BatchLoops<AddLoop>;

  constructor(plan: AggregatePlan, schema: Schema | null, functions: readonly object[]) {
    this.#adds = new BatchLoops(schema, (row) => {
      const source = addSource(plan, row);
      return compile('batch, from, to, slots, into, place', source, functions) as AddLoop;
    });
    this.init = compile('into, from, to', initSource(plan), functions) as InitLoop;
    this.merge = compile('into, slots, other, from, to', mergeSource(plan), functions) as MergeLoop;
    this.results = compile(
      'of, from, to, builder, firstColumn',
      resultSource(plan),
      functions,
    ) as ResultLoop;
  }

  /** The loop for batches whose columns look like those of this one. */
  addFor(batch: Batch): AddLoop {
    return this.#adds.for(batch);
  }
}

function compile(parameters: string, body: string, functions: readonly object[]): unknown {
  const source = `'use strict';
const [${functions.map((_, f) => `f${f}`).join(', ')}] = functions;
return function (${parameters}) {
${body}};
${LOOP_NAME}`;
  return new Function('functions', 'valueTypeError', source)(functions, valueTypeError);
}

function addSource(plan: AggregatePlan, { prelude, row, fields }: RowSource): string {
  const needsRow =
    fields.length === 0 ||
    plan.objects.some((slot) => slot.kind === 'user') ||
    plan.inputs.some((input) => input.source.kind === 'function');
  const usedColumns = new Set(plan.inputs.map((input) => input.column));
  let body = '';
  plan.cells.forEach((cell, c) => {
    if (cell.kind === 'count' && cell.input === ALL_ROWS) body += `cells[o + ${c}] += 1;\n`;
  });
  plan.inputs.forEach((input, x) => {
    body += inputSource(plan, input, x, fields[input.column ?? -1]?.expression ?? null);
  });
  plan.objects.forEach((slot, k) => {
    if (slot.kind === 'user') {
      body += `objects[p + ${k}] = f${slot.user}.add(objects[p + ${k}], row);\n`;
    }
  });
  return `${needsRow ? prelude : preludeOf(prelude, usedColumns)}const { cells, objects } = into;
let i = from;
try {
for (; i < to; i++) {
const slot = slots[i];
const o = slot * ${plan.cells.length};
const p = slot * ${plan.objects.length};
${needsRow ? `const row = ${row};\n` : ''}${body}}
} finally { place.i = i; }
`;
}

/** Only the statements that read columns somebody needs. */
function preludeOf(prelude: string, columns: ReadonlySet<number | null>): string {
  return prelude
    .split('\n')
    .filter((line) => {
      const column = /^const [vkn](\d+)/.exec(line)?.[1];
      return column === undefined || columns.has(Number(column));
    })
    .map((line) => `${line}\n`)
    .join('');
}

function inputSource(
  plan: AggregatePlan,
  input: PlannedInput,
  x: number,
  columnExpression: string | null,
): string {
  const { source } = input;
  const value =
    source.kind === 'function'
      ? `f${source.index}(row)`
      : (columnExpression ?? `row[${JSON.stringify(source.field)}]`);
  let updates = '';
  plan.cells.forEach((cell, c) => {
    if (cell.input === x) {
      updates += cellUpdate(cell, `cells[o + ${c}]`, input.isBigint ? `Number(x${x})` : `x${x}`);
    }
  });
  plan.objects.forEach((slot, k) => {
    if (slot.kind !== 'user' && slot.input === x) {
      updates += objectUpdate(slot.kind, `objects[p + ${k}]`, `x${x}`);
    }
  });
  const isChecked = input.column === null && input.isNumeric;
  const what =
    source.kind === 'function' ? 'the function of an aggregate' : `field '${source.field}'`;
  const check = isChecked
    ? `if (typeof x${x} !== 'number') throw valueTypeError(${JSON.stringify(what)}, x${x});\n`
    : '';
  const read = `const x${x} = ${value};\n`;
  if (!input.mayBeAbsent) return read + check + updates;
  return `${read}if (x${x} !== null && x${x} !== undefined) {\n${check}${updates}}\n`;
}

function cellUpdate(cell: Cell, target: string, value: string): string {
  switch (cell.kind) {
    case 'count':
      return `${target} += 1;\n`;
    case 'sum':
      return `${target} += ${value};\n`;
    case 'min':
      return `if (${value} < ${target}) ${target} = ${value};\n`;
    case 'max':
      return `if (${value} > ${target}) ${target} = ${value};\n`;
  }
}

function objectUpdate(kind: 'sum' | 'min' | 'max', target: string, value: string): string {
  const isBetter = kind === 'min' ? `${value} < ${target}` : `${value} > ${target}`;
  const next = kind === 'sum' ? `${target} + ${value}` : `${isBetter} ? ${value} : ${target}`;
  return `${target} = ${target} === null ? ${value} : ${next};\n`;
}

function initSource(plan: AggregatePlan): string {
  const initial = { count: '0', sum: '0', min: 'Infinity', max: '-Infinity' };
  const cells = plan.cells.map((cell, c) => `cells[o + ${c}] = ${initial[cell.kind]};\n`).join('');
  const objects = plan.objects
    .map(
      (slot, k) =>
        `objects[p + ${k}] = ${slot.kind === 'user' ? `f${slot.user}.create()` : 'null'};\n`,
    )
    .join('');
  return `const { cells, objects } = into;
for (let slot = from; slot < to; slot++) {
const o = slot * ${plan.cells.length};
const p = slot * ${plan.objects.length};
${cells}${objects}}
`;
}

function mergeSource(plan: AggregatePlan): string {
  const cells = plan.cells.map((cell, c) => {
    const value = `b[q + ${c}]`;
    const additive: Cell = cell.kind === 'count' ? { ...cell, kind: 'sum' } : cell;
    return cellUpdate(additive, `a[o + ${c}]`, value);
  });
  const objects = plan.objects.map((slot, k) => {
    const mine = `objects[p + ${k}]`;
    const value = `others[r + ${k}]`;
    return slot.kind === 'user'
      ? `${mine} = f${slot.user}.merge(${mine}, ${value});\n`
      : `if (${value} !== null) ${objectUpdate(slot.kind, mine, value)}`;
  });
  return `const a = into.cells, b = other.cells, objects = into.objects, others = other.objects;
for (let i = from; i < to; i++) {
const o = slots[i] * ${plan.cells.length}, q = i * ${plan.cells.length};
const p = slots[i] * ${plan.objects.length}, r = i * ${plan.objects.length};
${cells.join('')}${objects.join('')}}
`;
}

function resultSource(plan: AggregatePlan): string {
  const columns = plan.results.map((result, r) => {
    const column = `firstColumn + ${r}`;
    if (result.from === 'object') {
      const value = `objects[slot * ${plan.objects.length} + ${result.object}]`;
      const final = result.user === null ? value : `f${result.user}.result(${value})`;
      if (plan.fields[r]!.kind === 'dynamic') {
        return loop(`builder.dynamic(${column}).values[row] = ${final};`);
      }
      return loop(`const value = ${final};
if (value === null) { builder.setNull(${column}, row); builder.strings(${column}).appendEmpty(); }
else builder.strings(${column}).append(value);`);
    }
    const at = (cell: number): string => `cells[slot * ${plan.cells.length} + ${cell}]`;
    const value =
      result.from === 'ratio' ? `${at(result.sum)} / ${at(result.valueCount)}` : at(result.cell);
    const canBeEmpty = plan.fields[r]!.nullable && result.valueCount !== null;
    const empty = canBeEmpty
      ? `if (${at(result.valueCount!)} === 0) builder.setNull(${column}, row);\nelse `
      : '';
    return `{ const out = builder.fixed(${column}).values;\n${loop(`${empty}out[row] = ${value};`)}}\n`;
  });
  return `const { cells, objects } = of;\nconst at = builder.rowCount;\n${columns.join('')}`;
}

function loop(body: string): string {
  return `for (let slot = from; slot < to; slot++) {\nconst row = at + slot - from;\n${body}\n}\n`;
}
