/**
 * Records of numbers, booleans and dates by slot: their fields are cells side by side, which cost no object, and mostly one
 * look at memory. What comes out is a new object each time; where V8 inlines who reads it, none. Nexmark q4 measures it.
 */
import { objectLiteral, readExpression } from '../data/materialize.ts';
import { storeExpression } from '../data/row-appender.ts';
import type { Field } from '../data/schema.ts';
import { grownInPlace } from './grown-arrays.ts';
import { type SlotSource, type SlotValues, UNCACHED_SLOTS } from './slot-access.ts';
import { grownSlots } from './slot-list.ts';

/** Whether a float64 holds each of the fields. */
export function arePacked(fields: readonly Field[]): boolean {
  return fields.length > 0 && fields.every(isPacked);
}

function isPacked({ kind, nullable }: Field): boolean {
  return !nullable && kind !== 'string' && kind !== 'dynamic' && kind !== 'int64';
}

type ReadSlot = (store: RecordValues, slot: number) => unknown;
type WriteSlot = (store: RecordValues, slot: number, value: unknown) => void;

export class RecordValues implements SlotValues {
  readonly source: SlotSource;
  /** The three of them are named by the source: a flag is 1 where a slot has a record. */
  count = 0;
  flags = new Uint8Array(0);
  cells = new Float64Array(0);
  readonly #fieldCount: number;
  readonly #read: ReadSlot;
  readonly #write: WriteSlot;
  /** Means nothing, as in slot-values.ts. */
  ahead = 0;

  constructor(fields: readonly Field[]) {
    this.#fieldCount = fields.length;
    this.source = { read: readSource(fields), write: writeSource(fields) };
    const { read, write } = this.source;
    this.#read = new Function('store', 'slot', read) as ReadSlot;
    this.#write = new Function('store', 'slot', 'value', write) as WriteSlot;
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.flags.length) return;
    const capacity = grownSlots(slotCount);
    this.flags = grownInPlace(this.flags, capacity);
    this.cells = grownInPlace(this.cells, capacity * this.#fieldCount);
  }

  readAhead(slots: Int32Array, count: number): void {
    const { flags, cells } = this;
    if (flags.length <= UNCACHED_SLOTS) return;
    const fieldCount = this.#fieldCount;
    let ahead = 0;
    for (let i = 0; i < count; i++) ahead += flags[slots[i]!]! + cells[slots[i]! * fieldCount]!;
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
  }
}

function readSource(fields: readonly Field[]): string {
  const cells = fields.map(({ name, kind }, f) => {
    const cell = `cells[at + ${f}]`;
    const expression = kind === 'int32' ? `${cell} | 0` : readExpression(kind, cell);
    return { name, expression };
  });
  return `if (store.flags[slot] === 1) {
const { cells } = store;
const at = slot * ${fields.length};
return ${objectLiteral(cells)};
}
`;
}

function writeSource(fields: readonly Field[]): string {
  const stores = fields.map(
    ({ name, kind }, f) =>
      `cells[at + ${f}] = ${storeExpression(kind, `value[${JSON.stringify(name)}]`)};\n`,
  );
  return `const { cells } = store;
const at = slot * ${fields.length};
${stores.join('')}if (store.flags[slot] === 0) store.count++;
store.flags[slot] = 1;
`;
}
