/**
 * Source of the loops of an aggregate plan. Each is a plain loop over columns; a row object is made only when a function of the
 * user wants one.
 */
import { rowLoop } from '../../base/generated-code.ts';
import type { RowSource } from '../../data/batch-loops.ts';
import { PRESENT } from '../../data/column.ts';
import type { Field } from '../../data/schema.ts';
import { isNoAddend } from './aggregate-errors.ts';
import {
  type AggregatePlan,
  ALL_ROWS,
  type Cell,
  numbersOf,
  type ObjectSlot,
  type PlannedInput,
  strideOf,
} from './aggregate-plan.ts';
import {
  madeOf,
  numbersUpdate,
  numbersValue,
  type Replacement,
  type SlotNames,
} from './number-codegen.ts';

/** The names that most loops have for the slot they are at. */
const OWN: SlotNames = { cells: 'cells', cell: 'o', objects: 'objects', object: 'p' };

/** Characters of a short loop. */
const SHORT_MAX = 600;

/** Body of the loop that adds rows to their slots. */
export function addSource(plan: AggregatePlan, { prelude, row, fields }: RowSource): string {
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
    if (wantsRow(slot)) body += objectUpdate(plan, k, OWN, 'row');
  });
  const block = `{
const slot = slots[i];
const o = slot * ${strideOf(plan)};
const p = slot * ${plan.objects.length};
${needsRow ? `const row = ${row};\n` : ''}${body}}`;
  const isShort = !needsRow && plan.objects.length === 0 && body.length <= SHORT_MAX;
  return `${prelude}const { cells, objects } = into;
let i = from;
try {
${rowLoop(block, 'to', isShort)}} finally { place.i = i; }
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
  const what = JSON.stringify(
    source.kind === 'function'
      ? `what the function of '${input.label}' returns`
      : `field '${source.field}'`,
  );
  plan.objects.forEach((slot, k) => {
    if (slot.kind !== 'user' && slot.input === x) {
      const read = input.isBigint ? `Number(x${x})` : `x${x}`;
      const sum = objectAt(k, OWN);
      if (slot.kind === 'sum' && input.isDynamic)
        updates += `if (${isNoAddend(sum, read)}) throw mixedSumError(${what}, ${sum}, ${read});\n`;
      updates += objectUpdate(plan, k, OWN, read);
    }
  });
  const isChecked = input.isNumeric && (input.column === null || input.isDynamic);
  const check = isChecked
    ? `if (typeof x${x} !== 'number') throw valueTypeError(${what}, x${x});\n`
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
      return bestUpdate('>=', target, value);
    case 'max':
      return bestUpdate('<=', target, value);
  }
}

/**
 * Least and greatest begin with NaN, which any number takes the place of and which takes that of none. A value that is no better is
 * compared once, as the most are.
 */
function bestUpdate(isNoBetter: '>=' | '<=', target: string, value: string): string {
  return `if (!(${value} ${isNoBetter} ${target}) && ${value} === ${value}) ${target} = ${value};\n`;
}

/** Whether an accumulator takes whole rows. */
export function wantsRow(slot: ObjectSlot): boolean {
  return slot.kind === 'user' || (slot.kind === 'value' && slot.input === null);
}

/** The object that knows how an accumulator is made, added to, merged and read; null for plain values. */
function aggregateOf(slot: ObjectSlot): string | null {
  if (slot.kind === 'user') return `f${slot.user}`;
  return slot.kind === 'value' ? `g${slot.value}` : null;
}

function objectUpdate(plan: AggregatePlan, k: number, names: SlotNames, value: string): string {
  const slot = plan.objects[k]!;
  const aggregate = aggregateOf(slot);
  const target = objectAt(k, names);
  if (aggregate === null) return plainUpdate(slot.kind as 'sum' | 'min' | 'max', target, value);
  return replaced(plan, k, names, {
    by: 'add',
    next: (own) => `${aggregate}.add(${own}, ${value})`,
  });
}

/** Gives object k another accumulator, made of the one that it has. */
function replaced(plan: AggregatePlan, k: number, names: SlotNames, by: Replacement): string {
  if (numbersOf(plan.objects[k]!) !== null) return numbersUpdate(plan, k, names, by);
  const target = objectAt(k, names);
  return `${target} = ${by.next(target)};\n`;
}

function objectAt(k: number, { objects, object }: SlotNames): string {
  return `${objects}[${object} + ${k}]`;
}

/** The accumulator of object k. */
function objectValue(plan: AggregatePlan, k: number, names: SlotNames): string {
  return numbersOf(plan.objects[k]!) === null ? objectAt(k, names) : numbersValue(plan, k, names);
}

function plainUpdate(kind: 'sum' | 'min' | 'max', target: string, value: string): string {
  const isBetter = kind === 'min' ? `${value} < ${target}` : `${value} > ${target}`;
  // Which only NaN is not, and a date that is none.
  const isNext = `${isBetter} || !(${target} >= ${target})`;
  const next = kind === 'sum' ? `${target} + ${value}` : `${isNext} ? ${value} : ${target}`;
  return `${target} = ${target} === null ? ${value} : ${next};\n`;
}

export function initSource(plan: AggregatePlan): string {
  const initial = { count: '0', sum: '0', min: 'NaN', max: 'NaN' };
  const cells = plan.cells.map((cell, c) => `cells[o + ${c}] = ${initial[cell.kind]};\n`).join('');
  const objects = plan.objects.map((_, k) => objectInit(plan, k)).join('');
  return `const { cells, objects } = into;
for (let slot = from; slot < to; slot++) {
const o = slot * ${strideOf(plan)};
const p = slot * ${plan.objects.length};
${cells}${objects}}
`;
}

function objectInit(plan: AggregatePlan, k: number): string {
  const aggregate = aggregateOf(plan.objects[k]!);
  return replaced(plan, k, OWN, {
    by: 'create',
    next: () => (aggregate === null ? 'null' : `${aggregate}.create()`),
  });
}

/** Source that joins a cell, or an object, of others. */
function cellJoin(cell: Cell, target: string, value: string): string {
  return cellUpdate(cell.kind === 'count' ? { ...cell, kind: 'sum' } : cell, target, value);
}

function objectJoin(plan: AggregatePlan, k: number, names: SlotNames, value: string): string {
  const aggregate = aggregateOf(plan.objects[k]!);
  return aggregate === null
    ? `if (${value} !== null) ${objectUpdate(plan, k, names, value)}`
    : replaced(plan, k, names, {
        by: 'merge',
        next: (own) => `${aggregate}.merge(${own}, ${value})`,
      });
}

/** Whether accumulators of a slot were packed. */
function isPacked(slot: ObjectSlot, plan: AggregatePlan, functions: readonly object[]): boolean {
  if (slot.kind === 'user') return 'unpack' in functions[slot.user]!;
  return slot.kind === 'value' && plan.values[slot.value]!.unpack !== undefined;
}

/** The columns of partial results: c0, c1, ... of cells, d0, d1, ... of objects. */
function partialColumns(plan: AggregatePlan, firstCell: number, firstObject: number): string[] {
  return [
    ...plan.cells.map((_, c) => `const c${c} = batch.columns[${firstCell + c}].values;\n`),
    ...plan.objects.map((_, k) => `const d${k} = batch.columns[${firstObject + k}].values;\n`),
  ];
}

/** Object k of the row that a loop over partial results is at. */
function partialObject(plan: AggregatePlan, functions: readonly object[], k: number): string {
  const slot = plan.objects[k]!;
  return isPacked(slot, plan, functions) ? `${aggregateOf(slot)}.unpack(d${k}[i])` : `d${k}[i]`;
}

/** Those of a snapshot, whose objects are whole, even where their numbers lie in cells. */
export function loadSource(
  plan: AggregatePlan,
  functions: readonly object[],
  firstCell: number,
  cellColumns: number,
): string {
  const heads = partialColumns(plan, firstCell, firstCell + cellColumns);
  const cells = plan.cells.map((_, c) => `cells[o + ${c}] = c${c}[i];\n`);
  const objects = plan.objects.map(
    (_, k) => objectInit(plan, k) + objectJoin(plan, k, OWN, partialObject(plan, functions, k)),
  );
  return `${heads.join('')}const { cells, objects } = into;
for (let i = from; i < to; i++) {
const slot = first + i - from;
const o = slot * ${strideOf(plan)};
const p = slot * ${plan.objects.length};
${cells.join('')}${objects.join('')}}
`;
}

/** Those that were sent have numbers in columns of their own. */
export function joinSource(
  plan: AggregatePlan,
  functions: readonly object[],
  firstCell: number,
  cellColumns: number,
): string {
  const firstNumber = firstCell + cellColumns;
  const firstObject = firstNumber + plan.numberCount;
  const heads = partialColumns(plan, firstCell, firstObject);
  const joinedValue = (slot: ObjectSlot, k: number): string => {
    const numbers = numbersOf(slot);
    if (numbers === null) return partialObject(plan, functions, k);
    const { shape, first } = numbers;
    heads.push(`const absent${k} = batch.columns[${firstObject + k}].absent;\n`);
    const made = madeOf(shape, (n) => {
      heads.push(`const n${first + n} = batch.columns[${firstNumber + first + n}].values;\n`);
      return `n${first + n}[i]`;
    });
    return `(absent${k} === null || absent${k}[i] === ${PRESENT} ? d${k}[i] : ${made})`;
  };
  const joins = [
    ...plan.cells.map((cell, c) => cellJoin(cell, `cells[o + ${c}]`, `c${c}[i]`)),
    ...plan.objects.map((slot, k) => objectJoin(plan, k, OWN, joinedValue(slot, k))),
  ];
  return `${heads.join('')}const { cells, objects } = into;
let i = from;
try {
for (; i < to; i++) {
const o = slots[i] * ${strideOf(plan)};
const p = slots[i] * ${plan.objects.length};
${joins.join('')}}
} finally { place.i = i; }
`;
}

export function mergeSource(plan: AggregatePlan): string {
  const cells = plan.cells.map((cell, c) => cellJoin(cell, `a[o + ${c}]`, `b[q + ${c}]`));
  const into = { cells: 'a', cell: 'o', objects: 'objects', object: 'p' };
  const other = { cells: 'b', cell: 'q', objects: 'others', object: 'r' };
  const objects = plan.objects.map((_, k) =>
    objectJoin(plan, k, into, objectValue(plan, k, other)),
  );
  const stride = strideOf(plan);
  return `const a = into.cells, b = other.cells, objects = into.objects, others = other.objects;
for (let i = from; i < to; i++) {
const o = slots[i] * ${stride}, q = i * ${stride};
const p = slots[i] * ${plan.objects.length}, r = i * ${plan.objects.length};
${cells.join('')}${objects.join('')}}
`;
}

export function resultSource(plan: AggregatePlan): string {
  const columns = plan.results.map((result, r) => {
    const column = `firstColumn + ${r}`;
    if (result.from === 'object') {
      const value = objectValue(plan, result.object, {
        cells: 'cells',
        cell: `slot * ${strideOf(plan)}`,
        objects: 'objects',
        object: `slot * ${plan.objects.length}`,
      });
      const slot = plan.objects[result.object]!;
      const aggregate = aggregateOf(slot);
      const isZeroOfNone = 'ofNone' in slot && slot.ofNone === 0;
      const own = isZeroOfNone ? `${value} ?? 0` : value;
      const final = aggregate === null ? own : `${aggregate}.result(${value})`;
      return objectResult(plan.fields[r]!, column, final);
    }
    const at = (cell: number): string => `cells[slot * ${strideOf(plan)} + ${cell}]`;
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
