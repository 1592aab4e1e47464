/**
 * Generates the loops of an aggregate plan: add rows to slots, join the slots of two panes, write results. Each
 * is a plain loop over columns; a row object is made only when a function of the user wants one.
 */
import type { Batch } from '../../data/batch.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import { allRead, type FieldsRead, fieldsRead } from '../../data/fields-read.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { Field, Schema } from '../../data/schema.ts';
import { valueTypeError } from './aggregate-errors.ts';
import {
  type AggregatePlan,
  ALL_ROWS,
  type Cell,
  type ObjectSlot,
  type PlannedInput,
} from './aggregate-plan.ts';

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

const JOIN_PARAMETERS = 'batch, from, to, slots, into, place';

const LOOP_NAME = '//# sourceURL=millrace-generated:aggregate';

/** Loops of an aggregation. */
export type AggregateLoop = 'init' | 'add' | 'join' | 'merge' | 'results';

const TITLES: Readonly<Record<AggregateLoop, string>> = {
  init: 'accumulators of no row',
  add: 'rows into the accumulators of their keys',
  join: 'partial results into the accumulators of their keys',
  merge: 'panes joined',
  results: 'results from accumulators',
};

export class AggregateLoops {
  readonly init: InitLoop;
  readonly merge: MergeLoop;
  readonly results: ResultLoop;
  readonly #plan: AggregatePlan;
  readonly #functions: readonly object[];
  readonly #adds: BatchLoops<AddLoop>;
  #join: AddLoop | null = null;

  constructor(plan: AggregatePlan, schema: Schema | null, functions: readonly object[]) {
    this.#plan = plan;
    this.#functions = functions;
    this.#adds = new BatchLoops(
      schema,
      (row) => this.#wrap(JOIN_PARAMETERS, addSource(plan, row)),
      (source) => this.#compile(source) as AddLoop,
      readBy(plan, schema, functions),
    );
    this.init = this.#compile(this.#source('init')) as InitLoop;
    this.merge = this.#compile(this.#source('merge')) as MergeLoop;
    this.results = this.#compile(this.#source('results')) as ResultLoop;
  }

  /** Those that an operator uses, for people. */
  generatedLoops(used: readonly AggregateLoop[], keyCount = 0): readonly GeneratedLoop[] {
    return used.map((which) => ({ title: TITLES[which], source: this.#source(which, keyCount) }));
  }

  #source(which: AggregateLoop, keyCount = 0): string {
    const plan = this.#plan;
    switch (which) {
      case 'init':
        return this.#wrap('into, from, to', initSource(plan));
      case 'add':
        return this.#adds.plainSource;
      case 'join':
        return this.#wrap(
          JOIN_PARAMETERS,
          joinSource(plan, keyCount, plan.cells.length, this.#functions),
        );
      case 'merge':
        return this.#wrap('into, slots, other, from, to', mergeSource(plan));
      case 'results':
        return this.#wrap('of, from, to, builder, firstColumn', resultSource(plan));
    }
  }

  /** A function with the user's functions as f0, f1, ... and the aggregates over values as g0, g1, ... */
  #wrap(parameters: string, body: string): string {
    return `'use strict';
const [${this.#functions.map((_, f) => `f${f}`).join(', ')}] = functions;
const [${this.#plan.values.map((_, v) => `g${v}`).join(', ')}] = values;
return function (${parameters}) {
${body}};
${LOOP_NAME}`;
  }

  #compile(source: string): unknown {
    const make = new Function('functions', 'values', 'valueTypeError', source);
    return make(this.#functions, this.#plan.values, valueTypeError);
  }

  /** The loop for batches whose columns look like those of this one. */
  addFor(batch: Batch): AddLoop {
    return this.#adds.for(batch);
  }

  /** The loop that joins partial results, whose cells and objects stand behind so many key columns. */
  joinPartials(keyCount: number): AddLoop {
    this.#join ??= this.#compile(this.#source('join', keyCount)) as AddLoop;
    return this.#join;
  }

  /** The same for rows with so many cells, of which the plan has the first. */
  joinRows(keyCount: number, cellColumns: number): AddLoop {
    const body = joinSource(this.#plan, keyCount, cellColumns, this.#functions);
    return this.#compile(this.#wrap(JOIN_PARAMETERS, body)) as AddLoop;
  }
}

/** The fields of a row that the aggregates read. */
function readBy(
  plan: AggregatePlan,
  schema: Schema | null,
  functions: readonly object[],
): FieldsRead {
  if (plan.objects.some(wantsRow)) return null;
  return plan.inputs.reduce<FieldsRead>(
    (read, { source }) =>
      allRead(
        read,
        source.kind === 'function'
          ? fieldsRead(functions[source.index], schema)
          : new Set([source.field]),
      ),
    new Set(),
  );
}

/** Body of the loop that adds rows to their slots. */
function addSource(plan: AggregatePlan, { prelude, row, fields }: RowSource): string {
  const columnOf = ({ source }: PlannedInput): string | null =>
    source.kind === 'function'
      ? null
      : (fields.find(({ name }) => name === source.field)?.expression ?? null);
  const needsRow =
    plan.objects.some(wantsRow) || plan.inputs.some((input) => columnOf(input) === null);
  let body = '';
  plan.cells.forEach((cell, c) => {
    if (cell.kind === 'count' && cell.input === ALL_ROWS) body += `cells[o + ${c}] += 1;\n`;
  });
  plan.inputs.forEach((input, x) => {
    body += inputSource(plan, input, x, columnOf(input));
  });
  plan.objects.forEach((slot, k) => {
    if (wantsRow(slot)) body += `${objectUpdate(slot, `objects[p + ${k}]`, 'row')}`;
  });
  return `${prelude}const { cells, objects } = into;
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
      const read = input.isBigint ? `Number(x${x})` : `x${x}`;
      updates += objectUpdate(slot, `objects[p + ${k}]`, read);
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

/** Whether an accumulator takes whole rows. */
function wantsRow(slot: ObjectSlot): boolean {
  return slot.kind === 'user' || (slot.kind === 'value' && slot.input === null);
}

/** The object that knows how an accumulator is made, added to, merged and read; null for plain values. */
function aggregateOf(slot: ObjectSlot): string | null {
  if (slot.kind === 'user') return `f${slot.user}`;
  return slot.kind === 'value' ? `g${slot.value}` : null;
}

function objectUpdate(slot: ObjectSlot, target: string, value: string): string {
  const aggregate = aggregateOf(slot);
  if (aggregate !== null) return `${target} = ${aggregate}.add(${target}, ${value});\n`;
  return plainUpdate(slot.kind as 'sum' | 'min' | 'max', target, value);
}

function plainUpdate(kind: 'sum' | 'min' | 'max', target: string, value: string): string {
  const isBetter = kind === 'min' ? `${value} < ${target}` : `${value} > ${target}`;
  const next = kind === 'sum' ? `${target} + ${value}` : `${isBetter} ? ${value} : ${target}`;
  return `${target} = ${target} === null ? ${value} : ${next};\n`;
}

function initSource(plan: AggregatePlan): string {
  const initial = { count: '0', sum: '0', min: 'Infinity', max: '-Infinity' };
  const cells = plan.cells.map((cell, c) => `cells[o + ${c}] = ${initial[cell.kind]};\n`).join('');
  const objects = plan.objects
    .map((slot, k) => {
      const aggregate = aggregateOf(slot);
      return `objects[p + ${k}] = ${aggregate === null ? 'null' : `${aggregate}.create()`};\n`;
    })
    .join('');
  return `const { cells, objects } = into;
for (let slot = from; slot < to; slot++) {
const o = slot * ${plan.cells.length};
const p = slot * ${plan.objects.length};
${cells}${objects}}
`;
}

/** Source that joins a cell, or an object, of others. */
function cellJoin(cell: Cell, target: string, value: string): string {
  return cellUpdate(cell.kind === 'count' ? { ...cell, kind: 'sum' } : cell, target, value);
}

function objectJoin(slot: ObjectSlot, target: string, value: string): string {
  const aggregate = aggregateOf(slot);
  return aggregate === null
    ? `if (${value} !== null) ${objectUpdate(slot, target, value)}`
    : `${target} = ${aggregate}.merge(${target}, ${value});\n`;
}

/** Whether accumulators of a slot were packed. */
function isPacked(slot: ObjectSlot, plan: AggregatePlan, functions: readonly object[]): boolean {
  if (slot.kind === 'user') return 'unpack' in functions[slot.user]!;
  return slot.kind === 'value' && plan.values[slot.value]!.unpack !== undefined;
}

function joinSource(
  plan: AggregatePlan,
  keyCount: number,
  cellColumns: number,
  functions: readonly object[],
): string {
  const column = (n: number): string => `batch.columns[${keyCount + n}].values`;
  const cells = plan.cells.map((_, c) => `const c${c} = ${column(c)};\n`);
  const objects = plan.objects.map((_, k) => `const d${k} = ${column(cellColumns + k)};\n`);
  const joins = [
    ...plan.cells.map((cell, c) => cellJoin(cell, `cells[o + ${c}]`, `c${c}[i]`)),
    ...plan.objects.map((slot, k) => {
      const packed = isPacked(slot, plan, functions);
      const value = packed ? `${aggregateOf(slot)}.unpack(d${k}[i])` : `d${k}[i]`;
      return objectJoin(slot, `objects[p + ${k}]`, value);
    }),
  ];
  return `${cells.join('')}${objects.join('')}const { cells, objects } = into;
let i = from;
try {
for (; i < to; i++) {
const o = slots[i] * ${plan.cells.length};
const p = slots[i] * ${plan.objects.length};
${joins.join('')}}
} finally { place.i = i; }
`;
}

function mergeSource(plan: AggregatePlan): string {
  const cells = plan.cells.map((cell, c) => cellJoin(cell, `a[o + ${c}]`, `b[q + ${c}]`));
  const objects = plan.objects.map((slot, k) =>
    objectJoin(slot, `objects[p + ${k}]`, `others[r + ${k}]`),
  );
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
      const aggregate = aggregateOf(plan.objects[result.object]!);
      const final = aggregate === null ? value : `${aggregate}.result(${value})`;
      return objectResult(plan.fields[r]!, column, final);
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

/** Writes a JavaScript value into the column of its field. */
function objectResult(field: Field, column: string, value: string): string {
  const { kind } = field;
  if (kind === 'dynamic') return loop(`builder.dynamic(${column}).values[row] = ${value};`);
  if (kind === 'string') {
    return loop(`const value = ${value};
if (value === null) { builder.setNull(${column}, row); builder.strings(${column}).appendEmpty(); }
else builder.strings(${column}).append(value);`);
  }
  const stored =
    kind === 'boolean' ? 'value ? 1 : 0' : kind === 'date' ? 'value.getTime()' : 'value';
  return loop(`const value = ${value};
if (value === null) builder.setNull(${column}, row);
else builder.fixed(${column}).values[row] = ${stored};`);
}

function loop(body: string): string {
  return `for (let slot = from; slot < to; slot++) {\nconst row = at + slot - from;\n${body}\n}\n`;
}
