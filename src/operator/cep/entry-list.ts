/**
 * Entries of records that wait, each a few numbers side by side: its time, the slot of its key, whether a match may begin with it,
 * its place among all that came, and where the record is. A snapshot wants the entries of a slot: only then they become lists.
 * Numbers in `heads` and `nexts` are one higher; zero is none.
 */
import { grownSlots } from '../../state/slot-list.ts';

/** Records in the batch that brought them, or one by one. */
export type Home = {
  read: (row: number) => unknown;
  /** Entries that it had at first, and those that are left. */
  readonly size: number;
  left: number;
};

const NOWHERE: Home = { read: () => undefined, size: 0, left: 0 };

/** Homes by number, which several lists share: a number costs an entry less than a reference. */
export class Homes {
  readonly #homes: Home[] = [];
  readonly #free: number[] = [];

  add(home: Home): number {
    const number = this.#free.pop() ?? this.#homes.length;
    this.#homes[number] = home;
    return number;
  }

  /** Of a record by itself. */
  addSingle(row: unknown): number {
    return this.add({ read: () => row, size: 0, left: 1 });
  }

  of(number: number): Home {
    return this.#homes[number]!;
  }

  /** So many entries of it are gone; the last takes the records with it. */
  leave(number: number, count: number): void {
    const home = this.#homes[number]!;
    home.left -= count;
    if (home.left > 0) return;
    this.#homes[number] = NOWHERE;
    this.#free.push(number);
  }
}

/** Rows of a batch that come. */
export type NewRows = {
  readonly times: Float64Array;
  readonly slots: Int32Array;
  readonly mayStart: Uint8Array;
  readonly count: number;
  /** Number of the home of all. */
  readonly home: number;
  /** Of the first, among all that have come. */
  readonly order: number;
};

const ENTRIES_MIN = 1024;

export class EntryList {
  count = 0;
  times = new Float64Array(ENTRIES_MIN);
  slots = new Int32Array(ENTRIES_MIN);
  mayStart = new Uint8Array(ENTRIES_MIN);
  orders = new Float64Array(ENTRIES_MIN);
  /** Of the record in its home. */
  places = new Int32Array(ENTRIES_MIN);
  /** Numbers of their homes. */
  homes = new Int32Array(ENTRIES_MIN);
  readonly #homes: Homes;
  #nexts = new Int32Array(ENTRIES_MIN);
  #heads = new Int32Array(0);
  /** Entries that are in lists. */
  #linked = 0;

  constructor(homes: Homes) {
    this.#homes = homes;
  }

  push(
    time: number,
    order: number,
    slot: number,
    mayStart: number,
    home: number,
    place: number,
  ): void {
    const entry = this.count++;
    if (entry === this.times.length) this.#grow();
    this.times[entry] = time;
    this.orders[entry] = order;
    this.slots[entry] = slot;
    this.mayStart[entry] = mayStart;
    this.places[entry] = place;
    this.homes[entry] = home;
  }

  /** Those rows that are later than `after`, and not than `to`. */
  pushRows(rows: NewRows, after: number, to: number): void {
    const { times, slots, mayStart, home, order } = rows;
    while (this.count + rows.count > this.times.length) this.#grow();
    const { times: ownTimes, slots: ownSlots, mayStart: ownMayStart } = this;
    const { orders, places, homes } = this;
    let entry = this.count;
    for (let row = 0; row < rows.count; row++) {
      const time = times[row]!;
      if (time <= after || time > to) continue;
      ownTimes[entry] = time;
      ownSlots[entry] = slots[row]!;
      ownMayStart[entry] = mayStart[row]!;
      orders[entry] = order + row;
      homes[entry] = home;
      places[entry++] = row;
    }
    this.count = entry;
  }

  /** Puts an entry of a list behind those that are here. */
  pushFrom(from: EntryList, entry: number): void {
    const { times, orders, slots, mayStart, homes, places } = from;
    const [home, place] = [homes[entry]!, places[entry]!];
    this.push(times[entry]!, orders[entry]!, slots[entry]!, mayStart[entry]!, home, place);
  }

  /** The same, for a filter of that list, which does not keep it. */
  take(from: EntryList, entry: number): false {
    this.pushFrom(from, entry);
    return false;
  }

  /** Takes records out of homes of which no more than a part is left: 1 / 2^shift. */
  leaveHomes(shift: number): void {
    const { count, homes, places } = this;
    for (let entry = 0; entry < count; entry++) {
      const number = homes[entry]!;
      const home = this.#homes.of(number);
      if (home.left > home.size >> shift) continue;
      homes[entry] = this.#homes.addSingle(this.row(entry));
      places[entry] = 0;
      this.#homes.leave(number, 1);
    }
  }

  row(entry: number): unknown {
    return this.#homes.of(this.homes[entry]!).read(this.places[entry]!);
  }

  /** Keeps the entries of which `keeps` says so. */
  filter(keeps: (entry: number) => boolean): void {
    this.unlink();
    const { count } = this;
    this.count = 0;
    for (let entry = 0; entry < count; entry++) if (keeps(entry)) this.pushFrom(this, entry);
  }

  /** Forgets the entries up to a time. */
  dropTo(time: number): void {
    this.unlink();
    const { count, times, homes } = this;
    this.count = 0;
    // Entries of a home lie side by side, mostly.
    let home = -1;
    let gone = 0;
    for (let entry = 0; entry < count; entry++) {
      if (times[entry]! > time) {
        if (entry !== this.count) this.pushFrom(this, entry);
        else this.count++;
        continue;
      }
      if (homes[entry]! !== home) {
        if (gone > 0) this.#homes.leave(home, gone);
        home = homes[entry]!;
        gone = 0;
      }
      gone++;
    }
    if (gone > 0) this.#homes.leave(home, gone);
  }

  hasSlot(slot: number): boolean {
    this.#link();
    return this.#heads[slot] !== 0;
  }

  /** The entries of a slot, in no order. */
  *ofSlot(slot: number): Iterable<number> {
    this.#link();
    for (let next = this.#heads[slot]!; next !== 0; next = this.#nexts[next - 1]!) yield next - 1;
  }

  #link(): void {
    for (; this.#linked < this.count; this.#linked++) {
      const slot = this.slots[this.#linked]!;
      this.#nexts[this.#linked] = this.#heads[slot]!;
      this.#heads[slot] = this.#linked + 1;
    }
  }

  /** Entries are about to be others. */
  unlink(): void {
    for (let entry = 0; entry < this.#linked; entry++) this.#heads[this.slots[entry]!] = 0;
    this.#linked = 0;
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.#heads.length) return;
    this.#heads = copied(this.#heads, new Int32Array(grownSlots(slotCount)));
  }

  #grow(): void {
    const length = this.times.length * 2;
    this.times = copied(this.times, new Float64Array(length));
    this.slots = copied(this.slots, new Int32Array(length));
    this.mayStart = copied(this.mayStart, new Uint8Array(length));
    this.orders = copied(this.orders, new Float64Array(length));
    this.places = copied(this.places, new Int32Array(length));
    this.homes = copied(this.homes, new Int32Array(length));
    this.#nexts = copied(this.#nexts, new Int32Array(length));
  }
}

function copied<T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
