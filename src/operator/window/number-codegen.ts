/** Source that reads and writes accumulators whose numbers lie in cells: see number-shape.ts. */
import { assert } from '../../base/assert.ts';
import { makerOf } from '../../base/generated-code.ts';
import type { Accumulators } from './aggregate-codegen.ts';
import { type AggregatePlan, numbersOf, strideOf } from './aggregate-plan.ts';
import { IN_CELLS, type NumberShape } from './number-shape.ts';

/** Where the accumulators of a slot are: names of the arrays, and of the offsets of the slot in them. */
export type SlotNames = {
  readonly cells: string;
  readonly cell: string;
  readonly objects: string;
  readonly object: string;
};

/** What generated code refers to by the names of the parameters below. */
export type NumberHelpers = readonly [
  inCells: typeof IN_CELLS,
  fits: readonly (((value: unknown) => boolean) | null)[],
  keep: (of: Accumulators, at: number, value: unknown) => void,
];

export const NUMBER_HELPERS = ['IN_CELLS', 'fits', 'keep'] as const;

export function numberHelpers(plan: AggregatePlan): NumberHelpers {
  const stride = strideOf(plan);
  const objectCount = plan.objects.length;
  return [
    IN_CELLS,
    plan.objects.map((slot) => {
      const numbers = numbersOf(slot);
      return numbers === null ? null : fitOf(numbers.shape);
    }),
    ({ cells, objects }, at, value) => {
      const length = (cells.length / stride) * objectCount;
      while (objects.length < length) objects.push(IN_CELLS);
      objects[at] = value;
    },
  ];
}

/** Whether a value has this shape, so that it can be made again of its numbers. */
function fitOf({ names }: NumberShape): (value: unknown) => boolean {
  if (names === null) return (value) => typeof value === 'number';
  const areNumbers = names.map((name) => `typeof ${fieldOf('value', name)} === 'number'`);
  // Fields are read first: what V8 learns about the shape of the object makes the look at its keys cheap.
  const source = `'use strict';
const { prototype } = Object;
return function (value) {
if (typeof value !== 'object' || value === null) return false;
if (!(${areNumbers.join(' && ')})) return false;
if (Object.getPrototypeOf(value) !== prototype) return false;
let n = 0;
for (const name in value) if (name !== names[n++]) return false;
return n === ${names.length};
};
//# sourceURL=millrace-generated:accumulator-fits`;
  return makerOf(['names'], source)(names) as (value: unknown) => boolean;
}

/** The accumulator as it is made of numbers; `number(n)` is the source of the nth. */
export function madeOf({ names }: NumberShape, number: (n: number) => string): string {
  if (names === null) return number(0);
  return `{ ${names.map((name, n) => `${JSON.stringify(name)}: ${number(n)}`).join(', ')} }`;
}

function fieldOf(object: string, name: string): string {
  return `${object}[${JSON.stringify(name)}]`;
}

/** The accumulator of object k of a slot, wherever it is. */
export function numbersValue(plan: AggregatePlan, k: number, names: SlotNames): string {
  const { objects, object } = names;
  const at = `${objects}[${object} + ${k}]`;
  return `(${objects}.length === 0 || ${at} === IN_CELLS ? ${inCells(plan, k, names)} : ${at})`;
}

function inCells(plan: AggregatePlan, k: number, names: SlotNames): string {
  const { shape } = numbersAt(plan, k);
  return madeOf(shape, (n) => cellOf(plan, k, n, names));
}

function cellOf(plan: AggregatePlan, k: number, n: number, { cells, cell }: SlotNames): string {
  return `${cells}[${cell} + ${plan.cells.length + numbersAt(plan, k).first + n}]`;
}

function numbersAt(plan: AggregatePlan, k: number) {
  const numbers = numbersOf(plan.objects[k]!);
  assert(numbers !== null, 'the accumulator has no numbers');
  return numbers;
}

/** What an accumulator is replaced by: the source of it, by that of the one that is there. */
export type Replacement = {
  readonly by: 'create' | 'add' | 'merge';
  readonly next: (own: string) => string;
};

/**
 * Gives object k of a slot of `into` another accumulator. While all are in cells there is one way through; and where the source
 * of the function tells the fields, nobody looks at them, so that V8 need not make the object.
 */
export function numbersUpdate(
  plan: AggregatePlan,
  k: number,
  names: SlotNames,
  { by, next }: Replacement,
): string {
  const { shape } = numbersAt(plan, k);
  const { objects, object } = names;
  const at = `${object} + ${k}`;
  const numbers = shape.names?.map((name) => fieldOf('next', name)) ?? ['next'];
  const areNumbers = numbers.map((value) => `typeof ${value} === 'number'`).join(' && ');
  const isKept = by === 'create' ? areNumbers : `next === own && ${areNumbers}`;
  const fits = `fits[${k}](next)`;
  const store = numbers.map((value, n) => `${cellOf(plan, k, n, names)} = ${value};\n`).join('');
  return `if (${objects}.length === 0) {
${by === 'create' ? '' : `const own = ${inCells(plan, k, names)};\n`}const next = ${next('own')};
if (${shape.keptBy.includes(by) ? `${isKept} || ${fits}` : fits}) {
${store}} else keep(into, ${at}, next);
} else {
const next = ${next(numbersValue(plan, k, names))};
if (${fits}) {
${store}${objects}[${at}] = IN_CELLS;
} else ${objects}[${at}] = next;
}
`;
}

/** The accumulator of a slot, wherever it is. */
export type ReadAccumulator = (of: Accumulators, slot: number) => unknown;

/** Reads object k. */
export function accumulatorReader(plan: AggregatePlan, k: number): ReadAccumulator {
  const names = {
    cells: 'of.cells',
    cell: `slot * ${strideOf(plan)}`,
    objects: 'of.objects',
    object: `slot * ${plan.objects.length}`,
  };
  const source = `'use strict';
return function (of, slot) {
return ${numbersValue(plan, k, names)};
};
//# sourceURL=millrace-generated:accumulator`;
  return makerOf(['IN_CELLS'], source)(IN_CELLS) as ReadAccumulator;
}
