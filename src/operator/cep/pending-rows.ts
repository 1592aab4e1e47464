/**
 * Records that wait for the watermark, to be taken in the order of their event times, and those of equal times in the
 * order in which they came.
 *
 *   add*   begin(watermark) → the entries that are due, in order   ...   end
 *
 * Records stay in the batches in which they came, as columns, until the last of a batch is taken; a few that are left over are
 * taken out of it as objects. Where very many wait, a watermark looks only at those up to a horizon, about as many as the root of
 * all times those that it takes: so often are all of them divided anew that both cost the same.
 */
import type { Batch } from '../../data/batch.ts';
import type { DynamicColumn, FixedColumn } from '../../data/column.ts';
import { ownedCopy } from '../../data/copy.ts';
import type { RowReaders } from '../../data/row-reader.ts';
import type { Schema } from '../../data/schema.ts';
import { incompatible } from '../../state/incompatible.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import type { SlotRows } from '../../state/slot-rows.ts';
import { type LoadRow, StateTable } from '../../state/state-table.ts';
import { EntryList, type Home, Homes } from './entry-list.ts';

export type Ties = ((a: unknown, b: unknown) => number) | null;

const FIELDS = [
  { name: '#time', kind: 'timestamp', nullable: false },
  { name: '#order', kind: 'float64', nullable: false },
  { name: '#mayStart', kind: 'boolean', nullable: false },
  { name: '#row', kind: 'dynamic', nullable: false },
] as const;

/** So many are looked at by each watermark, wherever they lie. */
const FEW = 8192;
/** How many times are looked at to find the horizon. */
const SAMPLES = 1024;

/** A batch of which no more than this part is left is not kept. */
const LEFT_SHIFT = 3;

export class PendingRows extends StateTable {
  /** Entries that are due, in their order; as many as `begin` has told. */
  due = new Int32Array(0);
  readonly #homes = new Homes();
  /** Up to the horizon, and beyond it. */
  readonly #near = new EntryList(this.#homes);
  readonly #far = new EntryList(this.#homes);
  #horizon = Infinity;
  /** Whether those of one time lie as they came, as they do however they are divided: not when they were restored. */
  #areInOrder = true;
  /** With more of them near, all are divided anew. */
  #nearMost = FEW;
  /** Since then: watermarks, and entries that they have taken. */
  #watermarks = 0;
  #taken = 0;
  #nextOrder = 0;
  #watermark = -Infinity;
  readonly #readers: RowReaders;
  readonly #ties: Ties;

  constructor(readers: RowReaders, ties: Ties, scope: KeyScope) {
    super('pending', 'list', FIELDS, scope, null);
    this.#readers = readers;
    this.#ties = ties;
  }

  /** Of an entry that is due. */
  get times(): Float64Array {
    return this.#near.times;
  }

  get slots(): Int32Array {
    return this.#near.slots;
  }

  /** Whether a match may begin with the record. */
  get mayStart(): Uint8Array {
    return this.#near.mayStart;
  }

  row(entry: number): unknown {
    return this.#near.row(entry);
  }

  /** Those that each watermark looks at. */
  get nearCount(): number {
    return this.#near.count;
  }

  /** Adds the records of a batch that come after the watermark; their number. */
  add(batch: Batch, slots: Int32Array, mayStart: Uint8Array, watermark: number): number {
    const times = batch.timestamps!;
    const { rowCount } = batch;
    let added = 0;
    for (let i = 0; i < rowCount; i++) if (times[i]! > watermark) added++;
    if (added === 0) return 0;
    const home = this.#homes.add(this.#home(ownedCopy(batch), added));
    const rows = { times, slots, mayStart, count: rowCount, home, order: this.#nextOrder };
    this.#nextOrder += rowCount;
    const horizon = this.#horizon;
    this.#near.pushRows(rows, watermark, horizon);
    if (horizon < Infinity) this.#far.pushRows(rows, horizon, Infinity);
    return added;
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
    };
    return home;
  }

  /** Puts the entries up to the watermark into `due`; their number. */
  begin(watermark: number): number {
    const near = this.#near;
    this.#watermark = watermark;
    if (watermark >= this.#horizon || near.count > this.#nearMost) this.#divide();
    if (this.due.length < near.count) this.due = new Int32Array(near.times.length);
    const { due } = this;
    const { times, orders } = near;
    let count = 0;
    const inOrder = this.#areInOrder;
    let isSorted = this.#ties === null;
    let last = -Infinity;
    let lastOrder = -1;
    for (let entry = 0; entry < near.count; entry++) {
      const time = times[entry]!;
      if (time > watermark) continue;
      if (time < last) isSorted = false;
      if (!inOrder) {
        if (time === last && orders[entry]! < lastOrder) isSorted = false;
        lastOrder = orders[entry]!;
      }
      last = time;
      due[count++] = entry;
    }
    this.#watermarks++;
    this.#taken += count;
    if (!isSorted) due.subarray(0, count).sort((a, b) => this.#compare(a, b));
    return count;
  }

  #compare(a: number, b: number): number {
    const { times, slots, orders } = this.#near;
    const byTime = times[a]! - times[b]!;
    if (byTime !== 0) return byTime;
    if (this.#ties !== null) {
      const bySlot = slots[a]! - slots[b]!;
      if (bySlot !== 0) return bySlot;
      const byUser = this.#ties(this.row(a), this.row(b));
      if (byUser !== 0) return byUser;
    }
    return orders[a]! - orders[b]!;
  }

  /** Finds another horizon, behind the watermark. */
  #divide(): void {
    const near = this.#near;
    const far = this.#far;
    const all = near.count + far.count;
    const each = Math.max(1, this.#taken / Math.max(1, this.#watermarks));
    const wanted = Math.sqrt(all * each);
    const horizon = wanted * 2 < all && all > FEW ? this.#timeAfter(wanted / all) : Infinity;
    if (horizon < Infinity || far.count > 0) this.#divideAt(horizon);
    this.#nearMost = Math.max(FEW, wanted * 4, near.count * 2);
    this.#watermarks = 0;
    this.#taken = 0;
  }

  #divideAt(horizon: number): void {
    const near = this.#near;
    const far = this.#far;
    this.#horizon = horizon;
    far.leaveHomes(LEFT_SHIFT);
    far.filter((entry) => far.times[entry]! > horizon || near.take(far, entry));
    near.filter((entry) => near.times[entry]! <= horizon || far.take(near, entry));
  }

  /** About so great a part of the entries that are not due is up to this time. */
  #timeAfter(part: number): number {
    const times: number[] = [];
    for (const list of [this.#near, this.#far]) {
      const step = Math.max(1, Math.floor(list.count / SAMPLES));
      for (let entry = 0; entry < list.count; entry += step) {
        if (list.times[entry]! > this.#watermark) times.push(list.times[entry]!);
      }
    }
    times.sort((a, b) => a - b);
    return times[Math.ceil(times.length * part)] ?? Infinity;
  }

  /** Forgets the entries that were due. */
  end(): void {
    const near = this.#near;
    near.dropTo(this.#watermark);
    near.leaveHomes(LEFT_SHIFT);
    if (near.count === 0) this.#areInOrder = true;
  }

  reserve(slotCount: number): void {
    this.#near.reserve(slotCount);
    this.#far.reserve(slotCount);
  }

  get keyCount(): null {
    return null;
  }

  holds(slot: number): boolean {
    return this.#near.hasSlot(slot) || this.#far.hasSlot(slot);
  }

  append(slot: number, rows: SlotRows): void {
    const { builder, firstColumn } = rows;
    for (const list of [this.#near, this.#far]) {
      for (const entry of list.ofSlot(slot)) {
        const at = rows.begin(slot);
        builder.float64(firstColumn)[at] = list.times[entry]!;
        builder.float64(firstColumn + 1)[at] = list.orders[entry]!;
        builder.fixed(firstColumn + 2).values[at] = list.mayStart[entry]!;
        builder.dynamic(firstColumn + 3).values[at] = list.row(entry);
        rows.end();
      }
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
      const home = this.#homes.addSingle((batch.columns[row] as DynamicColumn).values[at]);
      this.#areInOrder = false;
      this.#near.push(number(time), number(order), slot, number(mayStart), home, 0);
      this.#nextOrder = Math.max(this.#nextOrder, number(order) + 1);
    };
  }

  protected hasExpired(): boolean {
    return false;
  }

  protected dropExpired(): void {}
}
