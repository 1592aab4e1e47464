/**
 * Records by slot: numbers, booleans and dates are cells side by side, which mostly are one look at memory, texts a list each.
 * No record is an object that the garbage collector has to keep. What comes out is a new one each time; where V8 inlines who
 * reads it, none. Nexmark q4 measures it, q3 with texts.
 */
import { makerOf } from '../base/generated-code.ts';
import { objectLiteral, readExpression } from '../data/materialize.ts';
import { TextPool } from '../data/own-text.ts';
import { storeExpression } from '../data/row-appender.ts';
import type { Field } from '../data/schema.ts';
import { grownInPlace } from './grown-arrays.ts';
import { type SlotSource, type SlotValues, UNCACHED_SLOTS } from './slot-access.ts';
import { grownSlots } from './slot-list.ts';

/** Whether each of the fields is a text, or a float64 holds it. */
export function arePacked(fields: readonly Field[]): boolean {
  return fields.length > 0 && fields.every(isPacked);
}

function isPacked({ kind, nullable }: Field): boolean {
  return !nullable && kind !== 'dynamic' && kind !== 'int64';
}

function isText({ kind }: Field): boolean {
  return kind === 'string';
}

type ReadSlot = (store: RecordValues, slot: number) => unknown;
type WriteSlot = (store: RecordValues, slot: number, value: unknown) => void;

export class RecordValues implements SlotValues {
  readonly source: SlotSource;
  /** These are named by the source: a flag is 1 where a slot has a record. */
  count = 0;
  flags = new Uint8Array(0);
  cells = new Float64Array(0);
  /** By field that is a text, and slot; '' where there is no record. */
  readonly texts: readonly string[][];
  readonly pools: readonly TextPool[];
  /** Of a slot. */
  readonly #cellCount: number;
  readonly #read: ReadSlot;
  readonly #write: WriteSlot;
  /** Means nothing, as in slot-values.ts. */
  ahead = 0;

  constructor(fields: readonly Field[]) {
    this.texts = fields.filter(isText).map(() => []);
    this.pools = this.texts.map(() => new TextPool());
    this.#cellCount = fields.length - this.texts.length;
    this.source = { read: readSource(fields), write: writeSource(fields) };
    const { read, write } = this.source;
    this.#read = makerOf(['store', 'slot'], read) as ReadSlot;
    this.#write = makerOf(['store', 'slot', 'value'], write) as WriteSlot;
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.flags.length) return;
    const capacity = grownSlots(slotCount);
    this.flags = grownInPlace(this.flags, capacity);
    this.cells = grownInPlace(this.cells, capacity * this.#cellCount);
    for (const texts of this.texts) while (texts.length < capacity) texts.push('');
  }

  readAhead(slots: Int32Array, count: number): void {
    const { flags, cells } = this;
    if (flags.length <= UNCACHED_SLOTS) return;
    const cellCount = this.#cellCount;
    let ahead = 0;
    if (cellCount === 0) for (let i = 0; i < count; i++) ahead += flags[slots[i]!]!;
    else for (let i = 0; i < count; i++) ahead += flags[slots[i]!]! + cells[slots[i]! * cellCount]!;
    this.ahead = ahead;
  }

  has(slot: number): boolean {
    return this.flags[slot] === 1;
  }

  get(slot: number): unknown {
    return this.#read(this, slot);
  }

  set(slot: number, value: unknown): void {
    this.#write(this, slot, value);
  }

  clear(slot: number): void {
    if (this.flags[slot] === 1) this.count--;
    this.flags[slot] = 0;
    for (const texts of this.texts) texts[slot] = '';
  }
}

/** Where a field of the record lies: in the cell at `at` + index, or in a list of texts. */
type Place = { readonly field: Field; readonly index: number };

function placesOf(fields: readonly Field[]): readonly Place[] {
  let cells = 0;
  let texts = 0;
  return fields.map((field) => ({ field, index: isText(field) ? texts++ : cells++ }));
}

/** Where the cells of a slot begin. */
function atSource(fields: readonly Field[]): string {
  return `slot * ${fields.length - fields.filter(isText).length}`;
}

function readSource(fields: readonly Field[]): string {
  const parts = placesOf(fields).map(({ field, index }) => {
    if (isText(field)) return { name: field.name, expression: `texts[${index}][slot]` };
    const cell = `cells[at + ${index}]`;
    const { name, kind } = field;
    const expression = kind === 'int32' ? `${cell} | 0` : readExpression(kind, cell);
    return { name, expression };
  });
  return `if (store.flags[slot] === 1) {
const { cells, texts } = store;
const at = ${atSource(fields)};
return ${objectLiteral(parts)};
}
`;
}

function writeSource(fields: readonly Field[]): string {
  const stores = placesOf(fields).map(({ field, index }) => {
    const value = `value[${JSON.stringify(field.name)}]`;
    return isText(field)
      ? `texts[${index}][slot] = pools[${index}].own(${value});\n`
      : `cells[at + ${index}] = ${storeExpression(field.kind, value)};\n`;
  });
  return `const { cells, texts, pools } = store;
const at = ${atSource(fields)};
${stores.join('')}if (store.flags[slot] === 0) store.count++;
store.flags[slot] = 1;
`;
}
