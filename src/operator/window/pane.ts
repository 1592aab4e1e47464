/**
 * A pane: the accumulators of all keys that have a record in one slice of event time. Slots are dense in the
 * order of the keys' first record. Dropping a pane costs nothing: it is cleared and used for a later slice.
 */
import type { Batch } from '../../data/batch.ts';
import type { KeyReader } from '../../data/key.ts';
import { ByteKeyTable } from '../../state/byte-key-table.ts';
import { IntKeyTable } from '../../state/int-key-table.ts';
import type { Accumulators, AddLoop, AggregateLoops } from './aggregate-codegen.ts';

const SLOTS_MIN = 32;

export type PaneShape = { readonly cells: number; readonly objects: number };

export class Pane {
  start = 0;
  readonly accumulators: Accumulators;
  ints: IntKeyTable | null;
  bytes: ByteKeyTable | null;
  readonly #shape: PaneShape;
  #capacity = SLOTS_MIN;

  constructor(shape: PaneShape, isInt: boolean) {
    this.#shape = shape;
    this.ints = isInt ? new IntKeyTable() : null;
    this.bytes = isInt ? null : new ByteKeyTable();
    this.accumulators = {
      cells: new Float64Array(SLOTS_MIN * shape.cells),
      objects: new Array(SLOTS_MIN * shape.objects).fill(null),
    };
  }

  get slotCount(): number {
    return (this.ints ?? this.bytes!).count;
  }

  /** Adds rows from to to - 1 of a batch, whose keys have been read by `keys`. */
  add(
    batch: Batch,
    from: number,
    to: number,
    keys: KeyReader,
    slots: Int32Array,
    loops: AggregateLoops,
    addLoop: AddLoop,
    place: { i: number },
  ): void {
    if (this.ints !== null && !keys.isInt) this.#becomeBytes(keys);
    const known = this.slotCount;
    if (this.ints !== null) this.ints.slotsOf(keys.ints, from, to, slots);
    else this.bytes!.slotsOf(keys.keyBytes, from, to, slots);
    this.#initFrom(known, loops);
    addLoop(batch, from, to, slots, this.accumulators, place);
  }

  /** Joins all keys of another pane into this one. */
  mergeFrom(other: Pane, keys: KeyReader, slots: Int32Array, loops: AggregateLoops): void {
    if (other.ints !== null && !keys.isInt) other.#becomeBytes(keys);
    if (this.ints !== null && other.ints === null) this.#becomeBytes(keys);
    const count = other.slotCount;
    for (let from = 0; from < count; from += slots.length) {
      const to = Math.min(count, from + slots.length);
      const known = this.slotCount;
      // Slots are looked up in pieces of the scratch array; `mergeSlots` is shifted to start at `from`.
      const mergeSlots = this.#slotsOfOther(other, from, to, slots);
      this.#initFrom(known, loops);
      loops.merge(
        this.accumulators,
        mergeSlots,
        shifted(other.accumulators, this.#shape, from),
        0,
        to - from,
      );
    }
  }

  #slotsOfOther(other: Pane, from: number, to: number, slots: Int32Array): Int32Array {
    if (this.ints !== null) {
      this.ints.slotsOf(other.ints!.keys.subarray(from, to), 0, to - from, slots);
    } else {
      const { bytes, starts, sizes, hashes } = other.bytes!.keys;
      const piece = {
        bytes,
        starts: starts.subarray(from, to),
        sizes: sizes.subarray(from, to),
        hashes: hashes.subarray(from, to),
      };
      this.bytes!.slotsOf(piece, 0, to - from, slots);
    }
    return slots;
  }

  clear(): void {
    const { accumulators } = this;
    const used = this.slotCount;
    (this.ints ?? this.bytes!).clear();
    accumulators.objects.fill(null, 0, used * this.#shape.objects);
    if (used * 8 < this.#capacity) this.#resize(Math.max(SLOTS_MIN, used));
  }

  #initFrom(known: number, loops: AggregateLoops): void {
    const count = this.slotCount;
    if (count === known) return;
    if (count > this.#capacity) this.#resize(Math.max(count, this.#capacity * 2));
    loops.init(this.accumulators, known, count);
  }

  #resize(capacity: number): void {
    const { accumulators } = this;
    const cells = new Float64Array(capacity * this.#shape.cells);
    cells.set(accumulators.cells.subarray(0, cells.length));
    accumulators.cells = cells;
    accumulators.objects.length = capacity * this.#shape.objects;
    if (capacity > this.#capacity) {
      accumulators.objects.fill(null, this.#capacity * this.#shape.objects);
    }
    this.#capacity = capacity;
  }

  /** A key came that is no int: all keys of the pane become bytes, in the same slots. */
  #becomeBytes(keys: KeyReader): void {
    const count = this.slotCount;
    const table = new ByteKeyTable();
    table.slotsOf(keys.intsAsBytes(this.ints!.keys, count), 0, count, new Int32Array(count));
    this.ints = null;
    this.bytes = table;
  }
}

/** The accumulators from a slot on, without copying cells. */
function shifted(of: Accumulators, shape: PaneShape, slot: number): Accumulators {
  if (slot === 0) return of;
  return {
    cells: of.cells.subarray(slot * shape.cells),
    objects: of.objects.slice(slot * shape.objects),
  };
}
