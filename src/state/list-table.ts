/**
 * A list a key, of elements that expire each on its own. In a snapshot an element is a row, with its place in the list:
 * rows may come back in any order.
 */
import type { FixedColumn } from '../data/column.ts';
import type { Field, Schema } from '../data/schema.ts';
import type { ListState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import type { StateRows } from './slot-rows.ts';
import { type LoadRow, StateTable } from './state-table.ts';
import { TouchBounds } from './touch-bounds.ts';
import type { TtlSpec } from './ttl.ts';
import { type TypeSpec, ValueType } from './value-type.ts';

const INDEX: Field = { name: '#index', kind: 'float64', nullable: false };

/** Elements, and where they expire when each was last touched. */
type Elements = { values: unknown[]; touched: number[] | null };

export class ListTable extends StateTable implements ListState<unknown> {
  readonly #type: ValueType;
  readonly #lists: (Elements | null)[] = [];
  readonly #bounds = new TouchBounds();
  #keyCount = 0;

  constructor(name: string, type: TypeSpec, ttl: TtlSpec | null, scope: KeyScope) {
    const element = new ValueType(type, '#element', name);
    super(name, 'list', [INDEX, ...element.fields], scope, ttl);
    this.#type = element;
  }

  reserve(slotCount: number): void {
    while (this.#lists.length < slotCount) this.#lists.push(null);
    if (this.ttl !== null) this.#bounds.reserve(slotCount);
  }

  get keyCount(): number {
    return this.#keyCount;
  }

  holds(slot: number): boolean {
    return (this.#lists[slot] ?? null) !== null;
  }

  append(slot: number, rows: StateRows): void {
    const { values, touched } = this.#lists[slot]!;
    const { builder, firstColumn } = rows;
    let index = 0;
    for (let i = 0; i < values.length; i++) {
      if (touched !== null && this.isLeftOut(touched[i]!)) continue;
      const at = rows.begin(slot);
      builder.float64(firstColumn)[at] = index++;
      this.#type.put(builder, firstColumn + 1, at, values[i]);
      if (touched !== null) {
        builder.float64(firstColumn + 1 + this.#type.fields.length)[at] = touched[i]!;
      }
      rows.end();
    }
  }

  loader(found: Schema): LoadRow {
    this.checkKind(found);
    const read = this.#type.reader(found, undefined);
    const touchedOf = this.touchedReader(found);
    const column = found.fields.findIndex(({ name }) => name === INDEX.name);
    return (batch, row, slot) => {
      const index = (batch.columns[column] as FixedColumn).values[row] as number;
      const list = this.#listOf(slot);
      list.values[index] = read(batch, row);
      if (list.touched === null) return;
      list.touched[index] = touchedOf(batch, row);
      this.#bounds.lower(slot, list.touched[index]);
    };
  }

  #listOf(slot: number): Elements {
    const known = this.#lists[slot] ?? null;
    if (known !== null) return known;
    const list = this.#empty();
    this.#lists[slot] = list;
    this.#keyCount++;
    return list;
  }

  #empty(): Elements {
    return { values: [], touched: this.ttl === null ? null : [] };
  }

  protected hasExpired(slot: number): boolean {
    if (!this.isOld(this.#bounds.of(slot))) return false;
    let leastMs = Infinity;
    for (const touchedMs of this.#lists[slot]?.touched ?? [])
      leastMs = Math.min(leastMs, touchedMs);
    this.#bounds.set(slot, leastMs);
    return this.isOld(leastMs);
  }

  protected dropExpired(slot: number): void {
    const { values, touched } = this.#lists[slot]!;
    const isLeft = touched!.map((time) => !this.isOld(time));
    this.#put(slot, {
      values: values.filter((_, i) => isLeft[i]),
      touched: touched!.filter((_, i) => isLeft[i]),
    });
  }

  /** A list without elements is none. */
  #put(slot: number, list: Elements): void {
    const isEmpty = list.values.length === 0;
    this.#keyCount += (isEmpty ? 0 : 1) - (this.holds(slot) ? 1 : 0);
    this.#lists[slot] = isEmpty ? null : list;
    if (isEmpty) this.scope.emptied.push(slot);
  }

  get(): unknown[] {
    const slot = this.enter();
    const { ttl } = this;
    const list = this.#lists[slot] ?? null;
    if (list === null) return [];
    if (ttl === null) return list.values.slice();
    const seen = ttl.showsExpired ? list.values.slice() : null;
    if (this.hasExpired(slot)) this.dropExpired(slot);
    const left = this.#lists[slot] ?? null;
    if (ttl.isRefreshedByReads) {
      left?.touched?.fill(this.scope.nowMs);
      this.#bounds.lower(slot, this.scope.nowMs);
    }
    return seen ?? left?.values.slice() ?? [];
  }

  add(element: unknown): void {
    this.#add(this.enter(), element);
  }

  #add(slot: number, element: unknown): void {
    const own = this.#type.keep(element);
    const list = this.#listOf(slot);
    list.values.push(own);
    if (list.touched === null) return;
    list.touched.push(this.scope.nowMs);
    this.#bounds.lower(slot, this.scope.nowMs);
  }

  addAll(elements: Iterable<unknown>): void {
    const slot = this.enter();
    // An element of another type leaves the list as it was; so does an iterable that is the list itself.
    const all = this.#checked(elements);
    for (const element of all) this.#add(slot, element);
  }

  set(elements: Iterable<unknown>): void {
    const slot = this.enter();
    const values = this.#checked(elements);
    const touched = this.ttl === null ? null : values.map(() => this.scope.nowMs);
    this.#put(slot, { values, touched });
    if (touched !== null) this.#bounds.lower(slot, this.scope.nowMs);
  }

  #checked(elements: Iterable<unknown>): unknown[] {
    return Array.from(elements, (element) => this.#type.keep(element));
  }

  clear(): void {
    const slot = this.enter();
    this.#put(slot, this.#empty());
  }
}
