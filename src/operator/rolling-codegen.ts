/**
 * The loop of a rolling aggregation over columns: each record is joined to what its key has by slot, and in a stream the
 * result is written behind the rows of a builder.
 *
 *   const slot = slots[i];
 *   if (slot === known) { known++; v2s[slot] = v2[i]; v1s[slot] = v1[i]; }     the first record of its key
 *   else { v1s[slot] += v1[i]; }                                               sum of field 1
 *   v1o[at] = v1s[slot]; v2o[at] = v2s[slot];
 */
import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { SAMPLE_ROWS } from '../data/batch-weight.ts';
import { NULL, PRESENT } from '../data/column.ts';
import type { Field } from '../data/schema.ts';
import { type SlotColumn, slotValueSource } from '../state/slot-columns.ts';
import type { FieldRolling } from './rolling.ts';
import { inParts } from './rolling-slot-row.ts';
import { isNoAddend } from './window/aggregate-errors.ts';

/** Where a loop is: the next row, and the first slot that has no record yet. */
export type RollingPlace = { row: number; known: number; ahead: number };

/**
 * Joins rows from `place.row` to `to` - 1, which have these slots, until `out` is full. `nothing` has a PRESENT for each row.
 * Does not count the rows of `out`; what it throws is about the row at `place.row`.
 */
export type RollingLoop = (
  batch: Batch,
  slots: Int32Array,
  to: number,
  states: readonly SlotColumn[],
  nothing: Uint8Array,
  out: BatchBuilder,
  place: RollingPlace,
) => void;

export type RollingLoopOptions = {
  readonly rolling: FieldRolling;
  /** Fields of the records. */
  readonly fields: readonly Field[];
  /** By field, the number of its column by slot; -1 where results have the column of their records. */
  readonly columnOf: readonly number[];
  /** The columns by slot. */
  readonly columns: readonly SlotColumn[];
  /** Whether each record has its result. */
  readonly emitsEach: boolean;
};

type FieldSource = {
  /** What the loop reads and writes, once a batch. */
  readonly prelude: string;
  /** The field of row i becomes that of its slot. */
  readonly keep: string;
  /** The field of the slot becomes that of result `at`. */
  readonly write: string;
};

/** Source of a function that makes the loop, of errors: for a sum that its field does not take, and for values that make none. */
export function rollingLoopSource(options: RollingLoopOptions): string {
  const { rolling, fields, columnOf, columns, emitsEach } = options;
  const kept = fields.flatMap((field, f) =>
    columnOf[f]! < 0 ? [] : [fieldSource(columns, field, f, columnOf[f]!, emitsEach)],
  );
  const f = fields.findIndex(({ name }) => name === rolling.field);
  const ahead = fields.flatMap((_, f) =>
    columnOf[f]! < 0 ? [] : [{ column: columns[columnOf[f]!]!, values: `v${f}s` }],
  );
  const old = slotValueSource(columns[columnOf[f]!]!, `v${f}s`);
  const keepRow = [...kept.map(({ keep }) => keep), ...storeTexts(columns)].join(' ');
  const write = emitsEach ? kept.map(({ write }) => `${write}\n`).join('') : '';
  const isHeavy = emitsEach && fields.some(({ kind }, g) => columnOf[g]! >= 0 && isObject(kind));
  return `'use strict';
return (batch, slots, to, states, nothing, out, place) => {
const { columns } = batch;
${kept.map(({ prelude }) => prelude).join('')}${textPrelude(fields[f]!, f)}const from = place.row;
let { known } = place;
let i = from;
try {
rows: ${inParts(
    ahead,
    `for (; i < end; i++) {
const slot = slots[i];
if (slot === known) {
known++;
${keepRow}
} else {
${joinSource(rolling.kind, fields[f]!, f, old, keepRow)}
}
${emitsEach ? `const at = i - from;\n${write}` : ''}${isHeavy ? 'if (out.weight.isHeavy) { i++; break rows; }\n' : ''}}
`,
  )}} finally { place.row = i; place.known = known; }
};
//# sourceURL=millrace-generated:rolling-columns`;
}

function isObject(kind: Field['kind']): boolean {
  return kind === 'string' || kind === 'dynamic';
}

/** `v1` are the values of the batch, `v1s` those by slot, `v1o` those of the results; `n1` the same for absence. */
function fieldSource(
  columns: readonly SlotColumn[],
  field: Field,
  f: number,
  state: number,
  emitsEach: boolean,
): FieldSource {
  const { kind, nullable } = field;
  const v = `v${f}`;
  const n = `n${f}`;
  const input = `columns[${f}]`;
  const absent = `const ${n} = ${input}.absent ?? nothing;\n`;
  if (kind === 'string') return textSource(field, f, columns[state]!, state, emitsEach);
  const values = `const ${v}s = states[${state}].values;\nconst ${v} = ${input}.values;\n`;
  if (kind === 'dynamic') {
    const sample = `if (at % ${SAMPLE_ROWS} === ${SAMPLE_ROWS - 1}) out.weight.addSample(${v}s[slot]);`;
    const setNull = nullable ? `if (${v}s[slot] === null) out.setNull(${f}, at);\n` : '';
    return {
      prelude: `${values}${absent}${emitsEach ? `const ${v}o = out.dynamic(${f}).values;\n` : ''}`,
      keep: `${v}s[slot] = ${dynamicValue(f)};`,
      write: `${setNull}${v}o[at] = ${v}s[slot]; ${sample}`,
    };
  }
  const value = slotValueSource(columns[state]!, `${v}s`);
  return {
    prelude: `${values}${nullable ? `${absent}const ${n}s = states[${state}].absent;\n` : ''}${
      emitsEach ? `const ${v}o = out.fixed(${f}).values;\n` : ''
    }`,
    keep: `${value} = ${v}[i];${nullable ? ` ${n}s[slot] = ${n}[i];` : ''}`,
    write: `${v}o[at] = ${value};${nullable ? ` if (${n}s[slot] !== ${PRESENT}) out.setNull(${f}, at);` : ''}`,
  };
}

/** Of a text, which is bytes by slot, or a string where it is compared. */
function textSource(
  { nullable }: Field,
  f: number,
  column: SlotColumn,
  state: number,
  emitsEach: boolean,
): FieldSource {
  const of = `v${f}s`;
  const out = `v${f}o`;
  const { values, isNull, append, keep, keepNull } =
    column.kind === 'texts'
      ? {
          values: 'texts',
          isNull: `${of}.isNull(${column.index}, slot)`,
          append: `${of}.appendTo(${column.index}, ${out}, slot);`,
          keep: `${of}.take(${column.index}, e${f}, ${codeOf(f)});`,
          keepNull: `${of}.takeNull(${column.index});`,
        }
      : {
          values: 'values',
          isNull: `${of}[slot] === null`,
          append: `${out}.append(${of}[slot]);`,
          keep: `${of}[slot] = e${f}.one(${codeOf(f)});`,
          keepNull: `${of}[slot] = null;`,
        };
  return {
    prelude: `const ${of} = states[${state}].${values};
const e${f} = columns[${f}].entries, k${f} = columns[${f}].codes;
${nullable ? `const n${f} = columns[${f}].absent ?? nothing;\n` : ''}${emitsEach ? `const ${out} = out.strings(${f});\n` : ''}`,
    keep: nullable ? `if (n${f}[i] !== ${PRESENT}) ${keepNull} else ${keep}` : keep,
    write: nullable
      ? `if (${isNull}) { out.setNull(${f}, at); ${out}.appendEmpty(); } else ${append}`
      : append,
  };
}

/** Behind all texts of a row. */
function storeTexts(columns: readonly SlotColumn[]): readonly string[] {
  const first = columns.findIndex(({ kind }) => kind === 'texts');
  return first < 0 ? [] : [`states[${first}].texts.store(slot);`];
}

/** The entry of a string. */
function codeOf(f: number): string {
  return `k${f} === null ? i : k${f}[i]`;
}

function dynamicValue(f: number): string {
  return `n${f}[i] === ${PRESENT} ? v${f}[i] : n${f}[i] === ${NULL} ? null : undefined`;
}

/** Texts that are compared are decoded all at once. */
function textPrelude({ kind }: Field, f: number): string {
  return kind === 'string' ? `const t${f} = e${f}.all();\n` : '';
}

/** What a record does to a key that has one already. */
function joinSource(
  kind: FieldRolling['kind'],
  field: Field,
  f: number,
  old: string,
  keepRow: string,
): string {
  const keepsRow = kind === 'minBy' || kind === 'maxBy';
  const isBetter = isBetterSource(kind, field.kind);
  if (isObject(field.kind)) {
    const next = field.kind === 'string' ? comparedText(field, f) : dynamicValue(f);
    const put = keepsRow
      ? keepRow
      : `${old} = ${field.kind === 'string' ? `e${f}.one(${codeOf(f)})` : 'next'};`;
    return `const next = ${next};
if (next !== null && next !== undefined) {
const old = ${old};
if (old === null || old === undefined${kind === 'sum' ? '' : ` || ${isBetter}`}) { ${put} }
${kind === 'sum' ? `else { if (${isNoAddend('old', 'next')}) throw mixed(old, next); ${old} = old + next; }\n` : ''}}`;
  }
  const put = keepsRow ? keepRow : `${old} = next;`;
  const join = `const next = v${f}[i], old = ${old};
${kind === 'sum' ? addSource(field.kind, old) : `if (${isBetter}) { ${put} }`}`;
  if (!field.nullable) return join;
  return `if (n${f}[i] === ${PRESENT}) {
if (n${f}s[slot] !== ${PRESENT}) { ${keepsRow ? keepRow : `${old} = v${f}[i]; n${f}s[slot] = ${PRESENT};`} }
else { ${join} }
}`;
}

/** Whether `next` takes the place of `old`: also where `old` alone is NaN, or a date that is none. */
export function isBetterSource(kind: FieldRolling['kind'], type: Field['kind'] | null): string {
  const isBetter = `next ${kind === 'min' || kind === 'minBy' ? '<' : '>'} old`;
  if (type === null || type === 'dynamic') return `${isBetter} || !(old >= old) && next >= next`;
  const isNumber = type === 'float64' || type === 'timestamp' || type === 'date';
  return isNumber ? `${isBetter} || old !== old && next === next` : isBetter;
}

function comparedText({ nullable }: Field, f: number): string {
  return `${nullable ? `n${f}[i] !== ${PRESENT} ? null : ` : ''}t${f}[${codeOf(f)}]`;
}

function addSource(kind: Field['kind'], old: string): string {
  if (kind !== 'int64') return `${old} = old + next;`;
  return `const sum = old + next;
if (BigInt.asIntN(64, sum) !== sum) throw misfit(sum);
${old} = sum;`;
}
