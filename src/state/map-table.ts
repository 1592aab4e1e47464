/** A map a key, of entries that expire each on its own. In a snapshot an entry is a row. */
import { EngineError } from '../base/errors.ts';
import { describe } from '../data/field-check.ts';
import type { Schema } from '../data/schema.ts';
import type { MapState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import type { StateRows } from './slot-rows.ts';
import { type LoadRow, StateTable } from './state-table.ts';
import type { TtlSpec } from './ttl.ts';
import { type TypeSpec, ValueType } from './value-type.ts';

type Entry = { readonly key: unknown; value: unknown; touched: number };
/** By the key, or for Dates by their time. */
type Entries = Map<unknown, Entry>;

export class MapTable extends StateTable implements MapState<unknown, unknown> {
  readonly #keyType: ValueType;
  readonly #type: ValueType;
  readonly #areDates: boolean;
  readonly #maps: (Entries | null)[] = [];
  #keyCount = 0;

  constructor(
    name: string,
    keyType: TypeSpec,
    type: TypeSpec,
    ttl: TtlSpec | null,
    scope: KeyScope,
  ) {
    const key = new ValueType(keyType, '#key', name);
    const value = new ValueType(type, '#value', name);
    super(name, 'map', [...key.fields, ...value.fields], scope, ttl);
    this.#keyType = key;
    this.#type = value;
    this.#areDates = keyType.kind === 'date';
  }

  reserve(slotCount: number): void {
    while (this.#maps.length < slotCount) this.#maps.push(null);
  }

  get keyCount(): number {
    return this.#keyCount;
  }

  holds(slot: number): boolean {
    return (this.#maps[slot] ?? null) !== null;
  }

  append(slot: number, rows: StateRows): void {
    const { builder, firstColumn } = rows;
    const valueColumn = firstColumn + this.#keyType.fields.length;
    for (const { key, value, touched } of this.#maps[slot]!.values()) {
      if (this.ttl !== null && this.isLeftOut(touched)) continue;
      const at = rows.begin(slot);
      this.#keyType.put(builder, firstColumn, at, key);
      this.#type.put(builder, valueColumn, at, value);
      if (this.ttl !== null) builder.float64(valueColumn + this.#type.fields.length)[at] = touched;
      rows.end();
    }
  }

  loader(found: Schema): LoadRow {
    this.checkKind(found);
    const readKey = this.#keyType.reader(found, undefined);
    const readValue = this.#type.reader(found, undefined);
    const touchedOf = this.touchedReader(found);
    return (batch, row, slot) => {
      const key = readKey(batch, row);
      const entry = { key, value: readValue(batch, row), touched: touchedOf(batch, row) };
      this.#mapOf(slot).set(this.#identity(key), entry);
    };
  }

  protected hasExpired(slot: number): boolean {
    for (const { touched } of this.#maps[slot]?.values() ?? []) {
      if (this.isOld(touched)) return true;
    }
    return false;
  }

  protected dropExpired(slot: number): void {
    const map = this.#maps[slot]!;
    for (const [identity, { touched }] of map) if (this.isOld(touched)) map.delete(identity);
    this.#dropEmpty(slot, map);
  }

  #mapOf(slot: number): Entries {
    const known = this.#maps[slot] ?? null;
    if (known !== null) return known;
    const map: Entries = new Map();
    this.#maps[slot] = map;
    this.#keyCount++;
    return map;
  }

  /** A map without entries is none. */
  #dropEmpty(slot: number, map: Entries): void {
    if (map.size === 0) this.#drop(slot);
  }

  #drop(slot: number): void {
    if (this.holds(slot)) this.#keyCount--;
    this.#maps[slot] = null;
    this.scope.emptied.push(slot);
  }

  /** What a Map compares; KEY_INVALID for keys that it would compare by what they are, not by what they hold. */
  #identity(key: unknown): unknown {
    if (this.#areDates && key !== null) return (key as Date).getTime();
    if ((typeof key !== 'object' || key === null) && typeof key !== 'function') return key;
    throw new EngineError(
      'KEY_INVALID',
      `state '${this.name}': a key of a map cannot be ${describe(key)}; it must be a number, bigint, string or boolean, ` +
        'or a Date where its type is t.date',
    );
  }

  /** The entry of a key, as a read of it finds it; null when there is none. */
  #read(slot: number, key: unknown): Entry | null {
    const { ttl } = this;
    const map = this.#maps[slot] ?? null;
    this.#keyType.check(key);
    const identity = this.#identity(key);
    const entry = map?.get(identity) ?? null;
    if (entry === null || ttl === null) return entry;
    if (this.isOld(entry.touched)) {
      map!.delete(identity);
      this.#dropEmpty(slot, map!);
      return ttl.showsExpired ? entry : null;
    }
    if (ttl.isRefreshedByReads) entry.touched = this.scope.nowMs;
    return entry;
  }

  /** All entries, as a read of them finds them. */
  #readAll(): Entry[] {
    const slot = this.enter();
    const { ttl } = this;
    const map = this.#maps[slot] ?? null;
    if (map === null) return [];
    const all = [...map.values()];
    if (ttl === null) return all;
    const seen = ttl.showsExpired ? all : all.filter(({ touched }) => !this.isOld(touched));
    this.dropExpired(slot);
    if (ttl.isRefreshedByReads) for (const entry of map.values()) entry.touched = this.scope.nowMs;
    return seen;
  }

  get(key: unknown): unknown {
    return this.#read(this.enter(), key)?.value;
  }

  has(key: unknown): boolean {
    return this.#read(this.enter(), key) !== null;
  }

  set(key: unknown, value: unknown): void {
    const slot = this.enter();
    const ownKey = this.#keyType.keep(key);
    const own = this.#type.keep(value);
    const identity = this.#identity(key);
    const touched = this.scope.nowMs;
    const map = this.#mapOf(slot);
    const entry = map.get(identity);
    if (entry === undefined) {
      map.set(identity, { key: ownKey, value: own, touched });
    } else {
      entry.value = own;
      entry.touched = touched;
    }
  }

  delete(key: unknown): boolean {
    const slot = this.enter();
    const map = this.#maps[slot] ?? null;
    const identity = this.#identity(key);
    const entry = map?.get(identity);
    if (entry === undefined) return false;
    map!.delete(identity);
    this.#dropEmpty(slot, map!);
    return this.ttl === null || this.ttl.showsExpired || !this.isOld(entry.touched);
  }

  entries(): [unknown, unknown][] {
    return this.#readAll().map(({ key, value }) => [this.#given(key), value]);
  }

  keys(): unknown[] {
    return this.#readAll().map(({ key }) => this.#given(key));
  }

  values(): unknown[] {
    return this.#readAll().map(({ value }) => value);
  }

  get size(): number {
    return this.ttl === null ? (this.#maps[this.enter()]?.size ?? 0) : this.#readAll().length;
  }

  isEmpty(): boolean {
    return this.size === 0;
  }

  clear(): void {
    this.#drop(this.enter());
  }

  /** A key as a user gets it: a Date of its own. */
  #given(key: unknown): unknown {
    return this.#areDates && key !== null ? new Date((key as Date).getTime()) : key;
  }
}
