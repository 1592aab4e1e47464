/** One value by slot, or none: numbers, bigints, booleans and dates in a typed array, others as they are. */
import { FixedColumn, fixedArray } from '../data/column.ts';
import { grownSlots } from './slot-list.ts';
import type { TypeSpec } from './value-type.ts';

export interface SlotValues {
  /** Slots that have a value. */
  readonly count: number;
  reserve(slotCount: number): void;
  /** Brings what the first slots of a list have into the cache, as far as it is worth it. */
  readAhead(slots: Int32Array, count: number): void;
  has(slot: number): boolean;
  /** Undefined when there is none. */
  get(slot: number): unknown;
  set(slot: number, value: unknown): void;
  clear(slot: number): void;
}

export function slotValues(type: TypeSpec): SlotValues {
  switch (type.kind) {
    case 'string':
    case 'record':
    case 'dynamic':
      return new ObjectValues();
    case 'boolean':
      return new BooleanValues(new FixedColumn('boolean', fixedArray('boolean', 0)));
    case 'date':
      return new DateValues(new FixedColumn('date', fixedArray('date', 0)));
    default:
      return new NumberValues(new FixedColumn(type.kind, fixedArray(type.kind, 0)));
  }
}

/** Slots whose values do not stay in the cache. */
const UNCACHED_SLOTS = 32 * 1024;

const NONE = 0;
const THERE = 1;
const IS_NULL = 2;

class NumberValues implements SlotValues {
  count = 0;
  readonly #column: FixedColumn;
  #flags = new Uint8Array(0);
  /** Means nothing: what is read ahead must go somewhere, or it would not be read. */
  ahead = 0;

  constructor(column: FixedColumn) {
    this.#column = column;
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.#flags.length) return;
    const capacity = grownSlots(slotCount);
    const flags = new Uint8Array(capacity);
    flags.set(this.#flags);
    this.#flags = flags;
    const values = fixedArray(this.#column.kind, capacity);
    (values as Float64Array).set(this.#column.values as Float64Array);
    this.#column.values = values;
  }

  /** Reads that wait for nothing overlap, those of a user's function wait for each other. Benchmark: figure process-function. */
  readAhead(slots: Int32Array, count: number): void {
    const flags = this.#flags;
    // Values of int64 are bigints, which would be made for nothing.
    if (flags.length <= UNCACHED_SLOTS || this.#column.kind === 'int64') return;
    const values = this.#column.values as Float64Array;
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
    return (this.#flags[slot] ?? NONE) !== NONE;
  }

  get(slot: number): unknown {
    const flag = this.#flags[slot];
    if (flag === THERE) return this.#column.values[slot];
    return flag === IS_NULL ? null : undefined;
  }

  set(slot: number, value: unknown): void {
    if (this.#flags[slot] === NONE) this.count++;
    if (value === null) {
      this.#flags[slot] = IS_NULL;
    } else {
      this.#flags[slot] = THERE;
      this.#column.values[slot] = value as number;
    }
  }

  clear(slot: number): void {
    if (this.has(slot)) this.count--;
    this.#flags[slot] = NONE;
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
