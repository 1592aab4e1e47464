/**
 * Entries of maps, a map a slot. Those of a map lie side by side, in the order in which their keys came, in a block with room for a
 * power of two: a look at a small map is one or two lines of the cache.
 *
 *   slot    start, room, used   its block, and how much of it; entries start to start + used - 1
 *   entry   key, value, when it was last touched
 *
 * In a small map a key is found by a look at each entry. A larger one has an index, from keys to entries counted from the start; an
 * entry that is removed leaves a gap there, which nobody meets, until there are more gaps than entries.
 * The jobs state-map and state-map-entries of native-bench measure it.
 */
import { grownInPlace } from './grown-arrays.ts';
import { type FindEntry, findEntry } from './map-access.ts';
import type { MapKeys } from './map-keys.ts';
import { type SlotValues, UNCACHED_SLOTS } from './slot-access.ts';
import { grownSlots, SlotList } from './slot-list.ts';

/** Of the smallest block. */
const ROOM_MIN = 1;

export class MapEntries {
  /** By slot. */
  starts = new Int32Array(0);
  used = new Int32Array(0);
  /** By slot, as a power of two. */
  #rooms = new Uint8Array(0);
  /** By slot, where more entries are used than are looked at one after the other. */
  readonly indexes: (Map<unknown, number> | null)[] = [];
  readonly keys: MapKeys;
  readonly values: SlotValues;
  /** The entry of a key, by its slot and what it is compared by; -1 where there is none. */
  readonly find: FindEntry;
  /** By entry; null where nobody asks. */
  touched: Float64Array | null;
  /** Slots that have entries. */
  mapCount = 0;
  /** Means nothing, as in slot-values.ts. */
  ahead = 0;
  #first = new Int32Array(0);
  #entryCount = 0;
  /** Blocks that nobody uses, by their room. */
  readonly #free: SlotList[] = [];

  constructor(keys: MapKeys, values: SlotValues, areTouched: boolean) {
    this.keys = keys;
    this.values = values;
    this.find = findEntry(this);
    this.touched = areTouched ? new Float64Array(0) : null;
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.starts.length) return;
    const capacity = grownSlots(slotCount);
    this.starts = grownInPlace(this.starts, capacity);
    this.used = grownInPlace(this.used, capacity);
    this.#rooms = grownInPlace(this.#rooms, capacity);
    while (this.indexes.length < capacity) this.indexes.push(null);
  }

  /** As of values by slot (slot-access.ts): the first entries of each. */
  readAhead(slots: Int32Array, count: number): void {
    const { starts } = this;
    const { cells } = this.keys;
    if (Array.isArray(cells) || cells.length <= UNCACHED_SLOTS) return;
    if (this.#first.length < count) this.#first = new Int32Array(count);
    const first = this.#first;
    let ahead = 0;
    for (let i = 0; i < count; i++) {
      const start = starts[slots[i]!]!;
      first[i] = start;
      ahead += cells[start]!;
    }
    this.ahead = ahead;
    this.values.readAhead(first, count);
  }

  /** Entries of a slot. */
  size(slot: number): number {
    return this.indexes[slot]?.size ?? this.used[slot] ?? 0;
  }

  /** The entries of a slot, in order. */
  of(slot: number): number[] {
    const start = this.starts[slot] ?? 0;
    const index = this.indexes[slot] ?? null;
    if (index !== null) return Array.from(index.values(), (at) => start + at);
    return Array.from({ length: this.used[slot] ?? 0 }, (_, n) => start + n);
  }

  /** An entry for a key that is not there, without a value yet. */
  add(slot: number, identity: unknown): number {
    const used = this.used[slot]!;
    if (used === 0) this.mapCount++;
    if (used === 0 || used === 2 ** this.#rooms[slot]!) this.#move(slot, this.size(slot) + 1);
    const at = this.used[slot]!;
    const entry = this.starts[slot]! + at;
    const own = this.keys.own(identity);
    this.used[slot] = at + 1;
    this.keys.set(entry, own);
    const index = this.indexes[slot]!;
    if (index !== null) index.set(own, at);
    else if (at === this.keys.scanned) this.#makeIndex(slot);
    return entry;
  }

  remove(slot: number, entry: number): void {
    const left = this.size(slot) - 1;
    if (left === 0) {
      this.clear(slot);
      return;
    }
    const index = this.indexes[slot]!;
    if (index === null) {
      this.#close(entry, this.starts[slot]! + left);
      this.used[slot] = left;
      return;
    }
    index.delete(this.keys.cells[entry]);
    this.#drop(entry);
    if (left < this.used[slot]! / 2) this.#move(slot, left);
  }

  /** All entries of a slot. */
  clear(slot: number): void {
    if (this.size(slot) === 0) return;
    for (const entry of this.of(slot)) this.#drop(entry);
    this.#giveBack(slot);
    this.used[slot] = 0;
    this.indexes[slot] = null;
    this.mapCount--;
  }

  /** Lets the entries behind one, up to `last`, take its place. */
  #close(entry: number, last: number): void {
    for (let to = entry; to < last; to++) this.#copy(to + 1, to);
    this.#drop(last);
  }

  /** Moves the entries of a slot, without gaps, to a block with room for so many. */
  #move(slot: number, count: number): void {
    const entries = this.of(slot);
    const room = roomFor(count);
    const start = this.#take(room);
    entries.forEach((entry, n) => {
      this.#copy(entry, start + n);
      this.#drop(entry);
    });
    if (this.used[slot]! > 0) this.#giveBack(slot);
    this.starts[slot] = start;
    this.#rooms[slot] = room;
    this.used[slot] = entries.length;
    this.indexes[slot] = null;
    if (entries.length > this.keys.scanned) this.#makeIndex(slot);
  }

  #makeIndex(slot: number): void {
    const start = this.starts[slot]!;
    const index = new Map<unknown, number>();
    for (let at = 0; at < this.used[slot]!; at++) index.set(this.keys.cells[start + at], at);
    this.indexes[slot] = index;
  }

  #copy(from: number, to: number): void {
    this.keys.set(to, this.keys.cells[from]);
    this.values.set(to, this.values.get(from));
    if (this.touched !== null) this.touched[to] = this.touched[from]!;
  }

  #drop(entry: number): void {
    this.keys.clear(entry);
    this.values.clear(entry);
  }

  /** The start of a block. */
  #take(room: number): number {
    const free = this.#freeOf(room);
    if (free.count > 0) return free.pop();
    const start = this.#entryCount;
    this.#entryCount += 2 ** room;
    this.keys.reserve(this.#entryCount);
    this.values.reserve(this.#entryCount);
    if (this.touched !== null && this.#entryCount > this.touched.length) {
      this.touched = grownInPlace(this.touched, grownSlots(this.#entryCount));
    }
    return start;
  }

  #giveBack(slot: number): void {
    this.#freeOf(this.#rooms[slot]!).push(this.starts[slot]!);
  }

  #freeOf(room: number): SlotList {
    while (this.#free.length <= room) this.#free.push(new SlotList());
    return this.#free[room]!;
  }
}

/** Room for so many entries, at least one, as a power of two. */
function roomFor(count: number): number {
  return Math.max(ROOM_MIN, 32 - Math.clz32(count - 1));
}
