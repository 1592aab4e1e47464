/**
 * Records that wait for the watermark, to be taken in the order of their event times, and those of equal times in the
 * order in which they came.
 *
 *   add*   begin(watermark) → the entries that are due, in order   ...   end
 *
 * An entry is a few numbers: the time, the slot, and where the record is. Records stay in the batches in which they came,
 * as columns, until the last of a batch is taken; a few that are left over are taken out of it as objects. A snapshot wants the
 * entries of a slot: only then they become lists. Numbers in `heads` and `nexts` are one higher; zero is none.
 */
import type { Batch } from '../../data/batch.ts';
import type { DynamicColumn, FixedColumn } from '../../data/column.ts';
import { ownedCopy } from '../../data/copy.ts';
import type { ReadRow, RowReaders } from '../../data/row-reader.ts';
import type { Schema } from '../../data/schema.ts';
import { incompatible } from '../../state/incompatible.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import { grownSlots } from '../../state/slot-list.ts';
import type { SlotRows } from '../../state/slot-rows.ts';
import { type LoadRow, StateTable } from '../../state/state-table.ts';

/** Records in the batch that brought them, or one by one. */
type Home = { read: ReadRow; readonly size: number; left: number; number: number };

export type Ties = ((a: unknown, b: unknown) => number) | null;

const FIELDS = [
  { name: '#time', kind: 'timestamp', nullable: false },
  { name: '#order', kind: 'float64', nullable: false },
  { name: '#mayStart', kind: 'boolean', nullable: false },
  { name: '#row', kind: 'dynamic', nullable: false },
] as const;

const ENTRIES_MIN = 1024;

/** A batch of which no more than this part is left is not kept. */
const LEFT_SHIFT = 3;

export class PendingRows extends StateTable {
  count = 0;
  /** Entries that are due, in their order; as many as `begin` has told. */
  due = new Int32Array(0);
  times = new Float64Array(ENTRIES_MIN);
  slots = new Int32Array(ENTRIES_MIN);
  /** Whether a match may begin with the record. */
  mayStart = new Uint8Array(ENTRIES_MIN);
  #orders = new Float64Array(ENTRIES_MIN);
  #places = new Int32Array(ENTRIES_MIN);
  #homeNumbers = new Int32Array(ENTRIES_MIN);
  #homes: Home[] = [];
  #nexts = new Int32Array(ENTRIES_MIN);
  #heads = new Int32Array(0);
  /** Entries that are in lists. */
  #linked = 0;
  #nextOrder = 0;
  #watermark = -Infinity;
  readonly #readers: RowReaders;
  readonly #ties: Ties;

  constructor(readers: RowReaders, ties: Ties, scope: KeyScope) {
    super('pending', 'list', FIELDS, scope, null);
    this.#readers = readers;
    this.#ties = ties;
  }

  /** Adds the records of a batch that come after the watermark; their number. */
  add(batch: Batch, slots: Int32Array, mayStart: Uint8Array, watermark: number): number {
    const times = batch.timestamps!;
    const { rowCount } = batch;
    let added = 0;
    for (let i = 0; i < rowCount; i++) if (times[i]! > watermark) added++;
    if (added === 0) return 0;
    const home = this.#numbered(this.#home(ownedCopy(batch), added));
    while (this.count + added > this.times.length) this.#grow();
    const { times: ownTimes, slots: ownSlots, mayStart: ownMayStart } = this;
    const orders = this.#orders;
    const places = this.#places;
    const homeNumbers = this.#homeNumbers;
    let entry = this.count;
    let order = this.#nextOrder;
    for (let i = 0; i < rowCount; i++) {
      const time = times[i]!;
      if (time <= watermark) continue;
      ownTimes[entry] = time;
      ownSlots[entry] = slots[i]!;
      ownMayStart[entry] = mayStart[i]!;
      orders[entry] = order++;
      places[entry] = i;
      homeNumbers[entry++] = home;
    }
    this.count = entry;
    this.#nextOrder = order;
    return added;
  }

  #numbered(home: Home): number {
    if (home.number < 0) home.number = this.#homes.push(home) - 1;
    return home.number;
  }

  /** The batch is read when its first record is. */
  #home(batch: Batch, left: number): Home {
    const home: Home = {
      read: (row) => {
        home.read = this.#readers.of(batch);
        return home.read(row);
      },
      size: batch.rowCount,
      left,
      number: -1,
    };
    return home;
  }

  #push(
    time: number,
    order: number,
    slot: number,
    mayStart: number,
    home: Home,
    place: number,
  ): void {
    const entry = this.count++;
    if (entry === this.times.length) this.#grow();
    this.times[entry] = time;
    this.slots[entry] = slot;
    this.mayStart[entry] = mayStart;
    this.#orders[entry] = order;
    this.#places[entry] = place;
    this.#homeNumbers[entry] = this.#numbered(home);
  }

  #link(): void {
    for (; this.#linked < this.count; this.#linked++) {
      const slot = this.slots[this.#linked]!;
      this.#nexts[this.#linked] = this.#heads[slot]!;
      this.#heads[slot] = this.#linked + 1;
    }
  }

  #grow(): void {
    const length = this.times.length * 2;
    this.times = copied(this.times, new Float64Array(length));
    this.slots = copied(this.slots, new Int32Array(length));
    this.mayStart = copied(this.mayStart, new Uint8Array(length));
    this.#orders = copied(this.#orders, new Float64Array(length));
    this.#places = copied(this.#places, new Int32Array(length));
    this.#homeNumbers = copied(this.#homeNumbers, new Int32Array(length));
    this.#nexts = copied(this.#nexts, new Int32Array(length));
  }

  row(entry: number): unknown {
    return this.#homes[this.#homeNumbers[entry]!]!.read(this.#places[entry]!);
  }

  /** Puts the entries up to the watermark into `due`; their number. */
  begin(watermark: number): number {
    const { times } = this;
    const orders = this.#orders;
    this.#watermark = watermark;
    if (this.due.length < this.count) this.due = new Int32Array(this.times.length);
    const { due } = this;
    let count = 0;
    let isSorted = this.#ties === null;
    let last = -Infinity;
    let lastOrder = -1;
    for (let entry = 0; entry < this.count; entry++) {
      const time = times[entry]!;
      if (time > watermark) continue;
      // Restored entries come in any order.
      const order = orders[entry]!;
      if (time < last || (time === last && order < lastOrder)) isSorted = false;
      last = time;
      lastOrder = order;
      due[count++] = entry;
    }
    if (!isSorted) due.subarray(0, count).sort((a, b) => this.#compare(a, b));
    return count;
  }

  #compare(a: number, b: number): number {
    const byTime = this.times[a]! - this.times[b]!;
    if (byTime !== 0) return byTime;
    if (this.#ties !== null) {
      const bySlot = this.slots[a]! - this.slots[b]!;
      if (bySlot !== 0) return bySlot;
      const byUser = this.#ties(this.row(a), this.row(b));
      if (byUser !== 0) return byUser;
    }
    return this.#orders[a]! - this.#orders[b]!;
  }

  /** Forgets the entries that were due. */
  end(): void {
    const { count, times, slots } = this;
    const homes = this.#homes;
    const homeNumbers = this.#homeNumbers;
    for (let entry = 0; entry < this.#linked; entry++) this.#heads[slots[entry]!] = 0;
    this.#linked = 0;
    for (let entry = 0; entry < count; entry++) {
      if (times[entry]! <= this.#watermark) homes[homeNumbers[entry]!]!.left--;
    }
    this.#homes = [];
    for (const home of homes) home.number = -1;
    this.count = 0;
    for (let entry = 0; entry < count; entry++) {
      if (times[entry]! <= this.#watermark) continue;
      const home = homes[homeNumbers[entry]!]!;
      const [order, slot, start] = [this.#orders[entry]!, slots[entry]!, this.mayStart[entry]!];
      const place = this.#places[entry]!;
      if (home.left > home.size >> LEFT_SHIFT) {
        this.#push(times[entry]!, order, slot, start, home, place);
      } else {
        this.#push(times[entry]!, order, slot, start, single(home.read(place)), 0);
      }
    }
  }

  reserve(slotCount: number): void {
    if (slotCount <= this.#heads.length) return;
    this.#heads = copied(this.#heads, new Int32Array(grownSlots(slotCount)));
  }

  get keyCount(): null {
    return null;
  }

  holds(slot: number): boolean {
    this.#link();
    return this.#heads[slot] !== 0;
  }

  append(slot: number, rows: SlotRows): void {
    const { builder, firstColumn } = rows;
    this.#link();
    for (let next = this.#heads[slot]!; next !== 0; next = this.#nexts[next - 1]!) {
      const at = rows.begin(slot);
      builder.float64(firstColumn)[at] = this.times[next - 1]!;
      builder.float64(firstColumn + 1)[at] = this.#orders[next - 1]!;
      builder.fixed(firstColumn + 2).values[at] = this.mayStart[next - 1]!;
      builder.dynamic(firstColumn + 3).values[at] = this.row(next - 1);
      rows.end();
    }
  }

  loader(found: Schema): LoadRow {
    const [time, order, mayStart, row] = FIELDS.map(({ name }) => {
      const column = found.fields.findIndex((field) => field.name === name);
      if (column < 0) throw incompatible(this.name, null, `no ${name}`, 'one');
      return column;
    }) as [number, number, number, number];
    return (batch, at, slot) => {
      const number = (column: number): number =>
        (batch.columns[column] as FixedColumn).values[at] as number;
      const home = single((batch.columns[row] as DynamicColumn).values[at]);
      this.#push(number(time), number(order), slot, number(mayStart), home, 0);
      this.#nextOrder = Math.max(this.#nextOrder, number(order) + 1);
    };
  }

  protected hasExpired(): boolean {
    return false;
  }

  protected dropExpired(): void {}
}

/** A record by itself. */
function single(row: unknown): Home {
  return { read: () => row, size: 0, left: 1, number: -1 };
}

function copied<T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
