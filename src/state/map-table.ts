/** A map a key, of entries that expire each on its own. In a snapshot an entry is a row. */
import type { Schema } from '../data/schema.ts';
import type { MapState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import { type MapAccess, mapAccess } from './map-access.ts';
import { MapEntries } from './map-entries.ts';
import { MapKeys } from './map-keys.ts';
import type { StateRows } from './slot-rows.ts';
import { slotValues } from './slot-values.ts';
import { type LoadRow, StateTable } from './state-table.ts';
import { TouchBounds } from './touch-bounds.ts';
import type { TtlSpec } from './ttl.ts';
import { type TypeSpec, ValueType } from './value-type.ts';

export class MapTable extends StateTable implements MapState<unknown, unknown> {
  readonly get: MapAccess['get'];
  readonly has: MapAccess['has'];
  readonly set: MapAccess['set'];
  readonly entries: MapAccess['entries'];
  readonly #keys: MapKeys;
  readonly #type: ValueType;
  readonly #entries: MapEntries;
  readonly #bounds = new TouchBounds();

  constructor(
    name: string,
    keyType: TypeSpec,
    type: TypeSpec,
    ttl: TtlSpec | null,
    scope: KeyScope,
  ) {
    const keys = new MapKeys(keyType, name);
    const value = new ValueType(type, '#value', name);
    super(name, 'map', [...keys.type.fields, ...value.fields], scope, ttl);
    this.#keys = keys;
    this.#type = value;
    this.#entries = new MapEntries(keys, slotValues(type), ttl !== null);
    const access =
      ttl === null
        ? mapAccess(type, {
            entries: this.#entries,
            scope,
            what: this.what,
            own: (value) => this.#own(value),
          })
        : this.#expiringAccess();
    this.get = access.get;
    this.has = access.has;
    this.set = access.set;
    this.entries = access.entries;
  }

  reserve(slotCount: number): void {
    this.#entries.reserve(slotCount);
    if (this.ttl !== null) this.#bounds.reserve(slotCount);
  }

  override readAhead(slots: Int32Array, count: number): void {
    this.#entries.readAhead(slots, count);
  }

  get keyCount(): number {
    return this.#entries.mapCount;
  }

  holds(slot: number): boolean {
    return this.#entries.size(slot) > 0;
  }

  append(slot: number, rows: StateRows): void {
    const { builder, firstColumn } = rows;
    const { values, touched } = this.#entries;
    const keyType = this.#keys.type;
    const valueColumn = firstColumn + keyType.fields.length;
    for (const entry of this.#entries.of(slot)) {
      if (touched !== null && this.isLeftOut(touched[entry]!)) continue;
      const at = rows.begin(slot);
      keyType.put(builder, firstColumn, at, this.#keys.given(entry));
      this.#type.put(builder, valueColumn, at, values.get(entry));
      if (touched !== null) {
        builder.float64(valueColumn + this.#type.fields.length)[at] = touched[entry]!;
      }
      rows.end();
    }
  }

  loader(found: Schema): LoadRow {
    this.checkKind(found);
    const readKey = this.#keys.type.reader(found, undefined);
    const readValue = this.#type.reader(found, undefined);
    const touchedOf = this.touchedReader(found);
    return (batch, row, slot) => {
      this.#put(slot, readKey(batch, row), readValue(batch, row), touchedOf(batch, row));
    };
  }

  protected hasExpired(slot: number): boolean {
    if (!this.isOld(this.#bounds.of(slot))) return false;
    const { touched } = this.#entries;
    let leastMs = Infinity;
    for (const entry of this.#entries.of(slot)) leastMs = Math.min(leastMs, touched![entry]!);
    this.#bounds.set(slot, leastMs);
    return this.isOld(leastMs);
  }

  protected dropExpired(slot: number): void {
    const entries = this.#entries;
    const { touched } = entries;
    const old = entries.of(slot).filter((entry) => this.isOld(touched![entry]!));
    // Entries move when others are removed.
    const identities = old.map((entry) => this.#keys.cells[entry]);
    for (const identity of identities) this.#remove(slot, entries.find(slot, identity));
  }

  /** A value of the user's as it is kept; FIELD_TYPE for one of another type. */
  #own(value: unknown): unknown {
    if (this.#entries.values.source === null) return this.#type.keep(value);
    // Columns take what is theirs.
    this.#type.check(value);
    return value;
  }

  #put(slot: number, key: unknown, value: unknown, touchedMs: number): void {
    const entries = this.#entries;
    const identity = this.#keys.identityOf(key);
    const own = this.#own(value);
    const known = entries.find(slot, identity);
    const entry = known < 0 ? entries.add(slot, identity) : known;
    entries.values.set(entry, own);
    if (entries.touched !== null) this.#touch(slot, entry, touchedMs);
  }

  #touch(slot: number, entry: number, touchedMs: number): void {
    this.#entries.touched![entry] = touchedMs;
    this.#bounds.lower(slot, touchedMs);
  }

  /** A map without entries is none. */
  #remove(slot: number, entry: number): void {
    this.#entries.remove(slot, entry);
    if (!this.holds(slot)) this.scope.emptied.push(slot);
  }

  #expiringAccess(): MapAccess {
    return {
      get: (key) => this.#read(key)?.value,
      has: (key) => this.#read(key) !== null,
      set: (key, value) => this.#put(this.enter(), key, value, this.scope.nowMs),
      entries: () => this.#readAll(),
    };
  }

  /** What a read of an entry that expires finds; null when there is none. */
  #read(key: unknown): { readonly value: unknown } | null {
    const slot = this.enter();
    const ttl = this.ttl!;
    const { find, values, touched } = this.#entries;
    const entry = find(slot, this.#keys.identityOf(key));
    if (entry < 0) return null;
    const value = values.get(entry);
    if (this.isOld(touched![entry]!)) {
      this.#remove(slot, entry);
      return ttl.showsExpired ? { value } : null;
    }
    if (ttl.isRefreshedByReads) this.#touch(slot, entry, this.scope.nowMs);
    return { value };
  }

  /** All entries that expire, as a read of them finds them. */
  #readAll(): [unknown, unknown][] {
    const slot = this.enter();
    const ttl = this.ttl!;
    const entries = this.#entries;
    const hasExpired = this.hasExpired(slot);
    if (hasExpired && !ttl.showsExpired) this.dropExpired(slot);
    const seen = entries
      .of(slot)
      .map((entry): [unknown, unknown] => [this.#keys.given(entry), entries.values.get(entry)]);
    if (hasExpired && ttl.showsExpired) this.dropExpired(slot);
    if (ttl.isRefreshedByReads) {
      for (const entry of entries.of(slot)) this.#touch(slot, entry, this.scope.nowMs);
    }
    return seen;
  }

  delete(key: unknown): boolean {
    const slot = this.enter();
    const { ttl } = this;
    const { find, touched } = this.#entries;
    const entry = find(slot, this.#keys.identityOf(key));
    if (entry < 0) return false;
    const wasSeen = ttl === null || ttl.showsExpired || !this.isOld(touched![entry]!);
    this.#remove(slot, entry);
    return wasSeen;
  }

  keys(): unknown[] {
    return this.entries().map(([key]) => key);
  }

  values(): unknown[] {
    return this.entries().map(([, value]) => value);
  }

  get size(): number {
    return this.ttl === null ? this.#entries.size(this.enter()) : this.#readAll().length;
  }

  isEmpty(): boolean {
    return this.size === 0;
  }

  clear(): void {
    const slot = this.enter();
    this.#entries.clear(slot);
    this.scope.emptied.push(slot);
  }
}
