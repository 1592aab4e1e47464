/** Source about what is kept of slots. */
import { PRESENT } from '../data/column.ts';
import type { FieldsRead } from '../data/fields-read.ts';
import { objectLiteral, readExpression } from '../data/materialize.ts';
import type { Field } from '../data/schema.ts';

/** Slots whose columns do not stay in the cache. */
const UNCACHED_SLOTS = 32 * 1024;

/**
 * Brings what is kept of the slots of rows from `from` to `to` - 1 into the cache, as state/read-ahead.ts does: up to a quarter
 * of the time of a reduce with half a million keys. `place.ahead` means nothing.
 */
export function readAheadSource(fields: readonly (Field & { readonly values: string })[]): string {
  const reads = fields
    .filter(({ kind }) => kind !== 'string' && kind !== 'dynamic' && kind !== 'int64')
    .map(({ values }) => values);
  if (reads.length === 0) return '';
  const ofSlot = (slot: string): string => reads.map((values) => `${values}[${slot}]`).join(' + ');
  return `if (known > ${UNCACHED_SLOTS}) {
let ahead = 0;
let i = from;
for (; i + 4 <= to; i += 4) { const a = slots[i], b = slots[i + 1], c = slots[i + 2], d = slots[i + 3]; ahead += ${['a', 'b', 'c', 'd'].map(ofSlot).join(' + ')}; }
for (; i < to; i++) { ahead += ${ofSlot('slots[i]')}; }
place.ahead = ahead;
}
`;
}

/** A row object of what is kept: statements to run once a batch, and the row of `slot`. */
export function slotRowSource(
  fields: readonly Field[],
  reads: FieldsRead = null,
): { prelude: string; row: string } {
  let prelude = '';
  const read = fields.flatMap((field, c) => {
    if (reads !== null && !reads.has(field.name)) return [];
    const { name, kind, nullable } = field;
    const values = `s${c}`;
    prelude += `const ${values} = states[${c}].${kind === 'string' ? 'texts' : 'values'};\n`;
    if (kind === 'dynamic') return [{ name, expression: `${values}[slot]` }];
    const value = kind === 'string' ? `${values}.get(slot)` : `${values}[slot]`;
    const expression = readExpression(kind, value);
    if (!nullable) return [{ name, expression }];
    if (kind === 'string') {
      return [{ name, expression: `(${values}.isNull(slot) ? null : ${expression})` }];
    }
    prelude += `const a${c} = states[${c}].absent;\n`;
    return [{ name, expression: `(a${c}[slot] === ${PRESENT} ? ${expression} : null)` }];
  });
  return { prelude, row: objectLiteral(read) };
}
