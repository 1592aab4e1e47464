/** One value a key: columns by slot where the type has typed arrays. Its parts serve reducing and aggregating state too. */
import { copyOf } from '../data/copy-value.ts';
import type { Schema } from '../data/schema.ts';
import { grownInPlace } from './grown-arrays.ts';
import type { ValueState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import type { SlotValues } from './slot-access.ts';
import { grownSlots } from './slot-list.ts';
import type { StateRows } from './slot-rows.ts';
import { slotValues } from './slot-values.ts';
import { type LoadRow, type StateKind, StateTable } from './state-table.ts';
import type { TtlSpec } from './ttl.ts';
import { type ValueAccess, valueAccess } from './value-access.ts';
import { type TypeSpec, ValueType } from './value-type.ts';

export type SingleOptions = {
  readonly name: string;
  readonly kind: StateKind;
  readonly type: TypeSpec;
  readonly label: string;
  readonly ttl: TtlSpec | null;
  /** What `get` gives where there is no value, and added fields of a record get. */
  readonly fallback: unknown;
};

/** What states of one value a key have in common. */
export abstract class SingleTable extends StateTable {
  protected readonly values: SlotValues;
  protected readonly type: ValueType;
  protected readonly fallback: unknown;
  /** When the value of a slot was last touched. */
  #touched = new Float64Array(0);

  constructor(options: SingleOptions, scope: KeyScope) {
    const type = new ValueType(options.type, options.label, options.name);
    super(options.name, options.kind, type.fields, scope, options.ttl);
    this.type = type;
    this.values = slotValues(options.type);
    this.fallback = options.fallback;
  }

  reserve(slotCount: number): void {
    this.values.reserve(slotCount);
    if (this.ttl === null || slotCount <= this.#touched.length) return;
    this.#touched = grownInPlace(this.#touched, grownSlots(slotCount));
  }

  override readAhead(slots: Int32Array, count: number): void {
    this.values.readAhead(slots, count);
  }

  get keyCount(): number {
    return this.values.count;
  }

  holds(slot: number): boolean {
    return this.values.has(slot);
  }

  override get sharesObjects(): boolean {
    return this.values.source === null;
  }

  override isShared(slot: number, value: unknown): boolean {
    return this.values.get(slot) === value;
  }

  append(slot: number, rows: StateRows): void {
    const { ttl } = this;
    if (ttl !== null && this.isLeftOut(this.#touched[slot]!)) return;
    const at = rows.begin(slot);
    const { builder, firstColumn } = rows;
    this.type.put(builder, firstColumn, at, this.packed(this.values.get(slot)));
    if (ttl !== null) {
      builder.float64(firstColumn + this.type.fields.length)[at] = this.#touched[slot]!;
    }
    rows.end();
  }

  loader(found: Schema): LoadRow {
    this.checkKind(found);
    const read = this.type.reader(found, this.fallback);
    const touchedOf = this.touchedReader(found);
    return (batch, row, slot) => {
      this.write(slot, this.unpacked(read(batch, row)), touchedOf(batch, row));
    };
  }

  /** The value as it goes into a snapshot. */
  protected packed(value: unknown): unknown {
    return value;
  }

  protected unpacked(value: unknown): unknown {
    return value;
  }

  protected hasExpired(slot: number): boolean {
    return this.values.has(slot) && this.isOld(this.#touched[slot]!);
  }

  protected dropExpired(slot: number): void {
    this.values.clear(slot);
  }

  /** The value of a slot as a user reads it; undefined when there is none. */
  protected read(slot: number): unknown {
    const { ttl } = this;
    const value = this.values.get(slot);
    if (ttl === null || value === undefined) return value;
    if (this.isOld(this.#touched[slot]!)) {
      this.erase(slot);
      return ttl.showsExpired ? value : undefined;
    }
    if (ttl.isRefreshedByReads) this.#touched[slot] = this.scope.nowMs;
    return value;
  }

  /** The value of a slot for one that is joined to it. */
  protected peek(slot: number): unknown {
    const { ttl } = this;
    if (ttl !== null && !ttl.showsExpired && this.isOld(this.#touched[slot]!)) return undefined;
    return this.values.get(slot);
  }

  /** A value of the user's as it is kept: not as the object that is a row already. */
  protected own(value: unknown): unknown {
    if (this.values.source !== null) {
      // Columns take what is theirs.
      this.type.check(value);
      return value;
    }
    const kept = this.type.keep(value);
    return this.scope.wasEmitted(kept) ? copyOf(kept) : kept;
  }

  protected write(slot: number, value: unknown, touched: number): void {
    this.values.set(slot, value);
    if (this.ttl !== null) this.#touched[slot] = touched;
  }

  protected erase(slot: number): void {
    this.values.clear(slot);
    this.scope.emptied.push(slot);
  }

  clear(): void {
    this.erase(this.enter());
  }
}

export class ValueTable extends SingleTable implements ValueState<unknown, unknown> {
  readonly get: ValueAccess['get'];
  readonly set: ValueAccess['set'];
  readonly update: ValueAccess['update'];

  constructor(options: SingleOptions, scope: KeyScope) {
    super(options, scope);
    const { source } = this.values;
    const access =
      source === null || this.ttl !== null
        ? this.#plainAccess()
        : valueAccess(source, options.type, {
            store: this.values,
            scope,
            what: this.what,
            fallback: this.fallback,
            setAny: (slot, value) => this.#set(slot, value),
          });
    this.get = access.get;
    this.set = access.set;
    this.update = access.update;
  }

  #plainAccess(): ValueAccess {
    return {
      get: () => this.#get(this.enter()),
      set: (value) => this.#set(this.enter(), value),
      update: (fn) => {
        const slot = this.enter();
        const value = fn(this.#get(slot));
        this.#set(slot, value);
        return value;
      },
    };
  }

  #get(slot: number): unknown {
    const value = this.read(slot);
    return value === undefined ? this.fallback : value;
  }

  #set(slot: number, value: unknown): void {
    if (value === undefined) {
      this.erase(slot);
      return;
    }
    this.write(slot, this.own(value), this.scope.nowMs);
  }
}
