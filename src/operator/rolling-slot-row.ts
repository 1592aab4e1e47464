/** Source about what is kept of slots. */
import type { RowSource } from '../data/batch-loops.ts';
import { PRESENT } from '../data/column.ts';
import type { FieldsRead } from '../data/fields-read.ts';
import { objectLiteral, readExpression } from '../data/materialize.ts';
import {
  type FixedSlotColumn,
  isKey,
  isSideBySide,
  type SlotColumn,
  slotValueSource,
} from '../state/slot-columns.ts';

export type NamedColumn = { readonly column: SlotColumn; readonly values: string };

/** Slots whose columns do not stay in the cache. */
const UNCACHED_SLOTS = 32 * 1024;

/** Rows that are read ahead at a time: more of them would push out the addresses of each other's pages. */
const AHEAD_ROWS = 256;

/** Rows i to `to` - 1, in parts: `part` goes from i to `end` - 1, behind what reads ahead for them. */
export function inParts(columns: readonly NamedColumn[], part: string): string {
  return `while (i < to) {
const end = Math.min(to, i + ${AHEAD_ROWS});
${readAheadSource(columns)}${part}}
`;
}

/**
 * Brings what is kept of the slots of rows from i to `end` - 1 into the cache, as state/read-ahead.ts does: up to a quarter of the
 * time of a reduce with half a million keys. `place.ahead` means nothing.
 */
function readAheadSource(columns: readonly NamedColumn[]): string {
  const numbers = columns.filter(({ column }) => {
    return column.kind === 'fixed' && column.field.kind !== 'int64' && !isKey(column);
  });
  const reads = numbers.filter(({ column }) => !isSideBySide(column) || beginsLine(column));
  if (reads.length === 0) return '';
  const ofSlot = (slot: string): string =>
    reads.map(({ column, values }) => slotValueSource(column, values, slot)).join(' + ');
  return `if (known > ${UNCACHED_SLOTS}) {
let ahead = 0;
let n = i;
for (; n + 4 <= end; n += 4) { const a = slots[n], b = slots[n + 1], c = slots[n + 2], d = slots[n + 3]; ahead += ${['a', 'b', 'c', 'd'].map(ofSlot).join(' + ')}; }
for (; n < end; n++) { ahead += ${ofSlot('slots[n]')}; }
place.ahead = ahead;
}
`;
}

/** Values of a line of the cache. */
const LINE_VALUES = 8;

/** Whether the value may be the first of its line: the last of a slot is, where slots do not fill lines. */
function beginsLine({ stride, offset }: FixedSlotColumn): boolean {
  if (offset % LINE_VALUES === 0) return true;
  return offset === stride - 1 && LINE_VALUES % stride !== 0;
}

/**
 * A row object of what is kept: statements to run once a batch, and the row of `slot`. A field that is the key of its slot is
 * what row `i`, which has the same key, has there: `ofRow`, by column.
 */
export function slotRowSource(
  columns: readonly SlotColumn[],
  reads: FieldsRead = null,
  ofRow: RowSource['fields'] = [],
): { prelude: string; row: string } {
  let prelude = '';
  /** The values that lie side by side. */
  let beside: string | null = null;
  const read = columns.flatMap((column, c) => {
    const { name, kind, nullable } = column.field;
    if (reads !== null && !reads.has(name)) return [];
    if (isKey(column)) return [ofRow[c]!];
    const values = `s${c}`;
    // V8 sees that it is one array, and keeps it in fewer registers.
    const known = isSideBySide(column) ? beside : null;
    prelude += `const ${values} = ${known ?? `states[${c}].${kind === 'string' ? 'texts' : 'values'}`};\n`;
    if (isSideBySide(column)) beside ??= values;
    if (kind === 'dynamic') return [{ name, expression: `${values}[slot]` }];
    const number = slotValueSource(column, values);
    const isInt = kind === 'int32' && isSideBySide(column);
    if (column.kind === 'texts') {
      const text = `${values}.get(${column.index}, slot)`;
      const isNull = `${values}.isNull(${column.index}, slot)`;
      return [{ name, expression: nullable ? `(${isNull} ? null : ${text})` : text }];
    }
    const expression = readExpression(kind, isInt ? `(${number} | 0)` : number);
    if (!nullable) return [{ name, expression }];
    prelude += `const a${c} = states[${c}].absent;\n`;
    return [{ name, expression: `(a${c}[slot] === ${PRESENT} ? ${expression} : null)` }];
  });
  return { prelude, row: objectLiteral(read) };
}
