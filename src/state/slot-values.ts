/**
 * One value by slot, or none: numbers, bigints, booleans and dates in a typed array, records of texts and of what a float64 holds
 * field by field (record-values.ts), others as they are.
 */
import { type FixedArray, type FixedKind, fixedArray } from '../data/column.ts';
import { readExpression } from '../data/materialize.ts';
import { storeExpression } from '../data/row-appender.ts';
import { grownInPlace } from './grown-arrays.ts';
import { arePacked, RecordValues } from './record-values.ts';
import { type SlotSource, type SlotValues, UNCACHED_SLOTS } from './slot-access.ts';
import { grownSlots } from './slot-list.ts';
import type { TypeSpec } from './value-type.ts';

export function slotValues(type: TypeSpec): SlotValues {
  switch (type.kind) {
    case 'record':
      return arePacked(type.fields) ? new RecordValues(type.fields) : new ObjectValues();
    case 'string':
    case 'dynamic':
      return new ObjectValues();
    case 'boolean':
      return new BooleanValues('boolean');
    case 'date':
      return new DateValues('date');
    default:
      return new NumberValues(type.kind);
  }
}

const NONE = 0;
const THERE = 1;
const IS_NULL = 2;

class NumberValues implements SlotValues {
  readonly source: SlotSource;
  /** The three of them are named by the source; flags and numbers are those of each slot. */
  count = 0;
  flags = new Uint8Array(0);
  numbers: FixedArray;
  readonly #kind: FixedKind;
  /** Means nothing: what is read ahead must go somewhere, or it would not be read. */
  ahead = 0;

  constructor(kind: FixedKind) {
    this.#kind = kind;
    this.numbers = fixedArray(kind, 0);
    this.source = {
      read: `const flag = store.flags[slot];
if (flag === ${THERE}) return ${readExpression(kind, 'store.numbers[slot]')};
if (flag === ${IS_NULL}) return null;
`,
      write: `if (store.flags[slot] === ${NONE}) store.count++;
store.flags[slot] = ${THERE};
store.numbers[slot] = ${storeExpression(kind, 'value')};
`,
    };
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.flags.length) return;
    const capacity = grownSlots(slotCount);
    this.flags = grownInPlace(this.flags, capacity);
    this.numbers = grownInPlace(this.numbers, capacity);
  }

  /** Reads that wait for nothing overlap, those of a user's function wait for each other. Benchmark: figure process-function. */
  readAhead(slots: Int32Array, count: number): void {
    const { flags } = this;
    // Values of int64 are bigints, which would be made for nothing.
    if (flags.length <= UNCACHED_SLOTS || this.#kind === 'int64') return;
    const values = this.numbers as Float64Array;
    let ahead = 0;
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const a = slots[i]!;
      const b = slots[i + 1]!;
      const c = slots[i + 2]!;
      const d = slots[i + 3]!;
      ahead += flags[a]! + flags[b]! + flags[c]! + flags[d]!;
      ahead += values[a]! + values[b]! + values[c]! + values[d]!;
    }
    for (; i < count; i++) ahead += flags[slots[i]!]! + values[slots[i]!]!;
    this.ahead = ahead;
  }

  has(slot: number): boolean {
    return (this.flags[slot] ?? NONE) !== NONE;
  }

  get(slot: number): unknown {
    const flag = this.flags[slot];
    if (flag === THERE) return this.numbers[slot];
    return flag === IS_NULL ? null : undefined;
  }

  set(slot: number, value: unknown): void {
    if (this.flags[slot] === NONE) this.count++;
    if (value === null) {
      this.flags[slot] = IS_NULL;
    } else {
      this.flags[slot] = THERE;
      this.numbers[slot] = value as number;
    }
  }

  clear(slot: number): void {
    if (this.has(slot)) this.count--;
    this.flags[slot] = NONE;
  }
}

class BooleanValues extends NumberValues {
  override get(slot: number): unknown {
    const value = super.get(slot);
    return typeof value === 'number' ? value === 1 : value;
  }

  override set(slot: number, value: unknown): void {
    super.set(slot, value === null ? null : Number(value));
  }
}

class DateValues extends NumberValues {
  override get(slot: number): unknown {
    const value = super.get(slot);
    return typeof value === 'number' ? new Date(value) : value;
  }

  override set(slot: number, value: unknown): void {
    super.set(slot, value === null ? null : (value as Date).getTime());
  }
}

class ObjectValues implements SlotValues {
  readonly source = null;
  count = 0;
  readonly #values: unknown[] = [];

  /** Objects lie elsewhere. */
  readAhead(): void {}

  reserve(slotCount: number): void {
    while (this.#values.length < slotCount) this.#values.push(undefined);
  }

  has(slot: number): boolean {
    return this.#values[slot] !== undefined;
  }

  get(slot: number): unknown {
    return this.#values[slot];
  }

  set(slot: number, value: unknown): void {
    if (this.#values[slot] === undefined) this.count++;
    this.#values[slot] = value;
  }

  clear(slot: number): void {
    if (this.has(slot)) this.count--;
    this.#values[slot] = undefined;
  }
}
