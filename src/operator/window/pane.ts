/**
 * A pane: the accumulators of all keys that have a record in one slice of event time. Slots are dense in the
 * order of the keys' first record. Dropping a pane costs nothing: it is cleared and used for a later slice.
 */
import type { Batch } from '../../data/batch.ts';
import type { KeyReader } from '../../data/key.ts';
import { loadedCapacity, UNCACHED_CELLS } from '../../state/cells.ts';
import { ChangedSlots } from '../../state/changed-slots.ts';
import { loadedFloats } from '../../state/grown-arrays.ts';
import { KeySlots } from '../../state/key-slots.ts';
import { readObjectsAhead, readSlotsAhead } from '../../state/read-ahead.ts';
import type { SlotCapture } from '../../state/slot-capture.ts';
import type { Accumulators, AddLoop, AggregateLoops, LoadLoop } from './aggregate-codegen.ts';
import { type AggregatePlan, areAllNumbers, strideOf } from './aggregate-plan.ts';

const SLOTS_MIN = 32;
const MUCH_SLOTS = 64 * 1024;

export type PaneShape = {
  /** Cells of a slot. */
  readonly cells: number;
  readonly objects: number;
  /** Whether the objects are in cells, but for those that do not fit. */
  readonly areNumbers: boolean;
};

export function paneShapeOf(plan: AggregatePlan): PaneShape {
  return { cells: strideOf(plan), objects: plan.objects.length, areNumbers: areAllNumbers(plan) };
}

/**
 * Rows whose cells and objects are read ahead: more of them would not stay in the nearest cache. A tumbling sum of a
 * million keys takes a twentieth less for it.
 */
const AHEAD_ROWS = 256;

export class Pane {
  start = 0;
  /** Set while a snapshot is being written of it. */
  capture: SlotCapture | null = null;
  /** What has changed since the last snapshot; null where nobody asks. */
  readonly changes: ChangedSlots | null;
  readonly accumulators: Accumulators;
  readonly keys: KeySlots;
  readonly #shape: PaneShape;
  #capacity = SLOTS_MIN;
  /**
   * See state/read-ahead.ts: about a seventh of the time of count and sum with a million keys (benchmark: figure
   * keyed-tumbling), and half of that of an object for each of a million keys that come at random (checkpoint-pause-objects).
   */
  ahead = 0;

  constructor(shape: PaneShape, isInt: boolean, marksChanges: boolean) {
    this.#shape = shape;
    this.changes = marksChanges ? new ChangedSlots() : null;
    this.keys = new KeySlots(isInt);
    this.accumulators = {
      cells: new Float64Array(SLOTS_MIN * shape.cells),
      objects: shape.areNumbers ? [] : new Array(SLOTS_MIN * shape.objects).fill(null),
    };
  }

  get cellCount(): number {
    return this.#shape.cells;
  }

  get slotCount(): number {
    return this.keys.count;
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
    const known = this.slotCount;
    this.keys.slotsOf(keys, from, to, slots);
    this.#initFrom(known, loops);
    this.capture?.beforeWrite(slots, from, to);
    this.changes?.mark(slots, from, to, this.slotCount);
    const { cells, objects } = this.accumulators;
    if (cells.length <= UNCACHED_CELLS && objects.length <= UNCACHED_CELLS) {
      addLoop(batch, from, to, slots, this.accumulators, place);
      return;
    }
    for (let at = from; at < to; at += AHEAD_ROWS) {
      const end = Math.min(to, at + AHEAD_ROWS);
      this.#readAhead(slots, at, end);
      addLoop(batch, at, end, slots, this.accumulators, place);
    }
  }

  #readAhead(slots: Int32Array, from: number, to: number): void {
    const { cells, objects } = this.accumulators;
    const { cells: cellStride, objects: objectStride } = this.#shape;
    if (cells.length > UNCACHED_CELLS)
      this.ahead = readSlotsAhead(cells, cellStride, slots, from, to);
    if (objects.length <= UNCACHED_CELLS) return;
    for (let k = 0; k < objectStride; k++) {
      this.ahead += readObjectsAhead(objects, objectStride, k, slots, from, to);
    }
  }

  /**
   * Rows from to to - 1 of a snapshot, whose keys are not there yet; `endLoad` has to follow. False when a key is seen to come
   * twice. `expected`: about how many may come from here on.
   */
  load(
    batch: Batch,
    from: number,
    to: number,
    keys: KeyReader,
    loadLoop: LoadLoop,
    expected: number,
  ): boolean {
    const known = this.slotCount;
    if (!this.keys.append(keys, from, to, expected)) return false;
    const count = this.slotCount;
    if (count > this.#capacity) {
      const capacity = loadedCapacity(this.#capacity, count, known + expected);
      this.#resize(capacity, loadedFloats);
    }
    loadLoop(batch, from, to, known, this.accumulators);
    return true;
  }

  /** False when a key has come twice. */
  endLoad(): boolean {
    return this.keys.index();
  }

  /** Joins all keys of another pane into this one. */
  mergeFrom(other: Pane, keys: KeyReader, slots: Int32Array, loops: AggregateLoops): void {
    const count = other.slotCount;
    for (let from = 0; from < count; from += slots.length) {
      const to = Math.min(count, from + slots.length);
      const known = this.slotCount;
      this.keys.slotsOfOther(other.keys, keys, from, to, slots);
      this.#initFrom(known, loops);
      loops.merge(
        this.accumulators,
        slots,
        shifted(other.accumulators, this.#shape, from),
        0,
        to - from,
      );
    }
  }

  clear(): void {
    const { accumulators } = this;
    const used = this.slotCount;
    this.keys.clear();
    this.changes?.clear();
    if (this.#shape.areNumbers) accumulators.objects.length = 0;
    else accumulators.objects.fill(null, 0, used * this.#shape.objects);
    if (used * 8 < this.#capacity) this.#resize(Math.max(SLOTS_MIN, used));
  }

  #initFrom(known: number, loops: AggregateLoops): void {
    const count = this.slotCount;
    if (count === known) return;
    if (count > this.#capacity) this.#resize(Math.max(count, grownCapacity(this.#capacity)));
    loops.init(this.accumulators, known, count);
  }

  #resize(capacity: number, resized = resizedFloats): void {
    const { accumulators } = this;
    accumulators.cells = resized(accumulators.cells, capacity * this.#shape.cells);
    this.#resizeObjects(accumulators.objects, capacity * this.#shape.objects);
    this.#capacity = capacity;
  }

  #resizeObjects(objects: unknown[], length: number): void {
    const before = objects.length;
    if (before === 0) return;
    objects.length = length;
    if (length > before) objects.fill(null, before);
  }
}

function resizedFloats(of: Float64Array, length: number): Float64Array {
  const floats = new Float64Array(length);
  floats.set(of.subarray(0, length));
  return floats;
}

/** Twice as much; of much, a quarter more, for that is what memory costs. */
function grownCapacity(capacity: number): number {
  return capacity < MUCH_SLOTS ? capacity * 2 : Math.ceil(capacity * 1.25);
}

/** The accumulators from a slot on, without copying cells. */
function shifted(of: Accumulators, shape: PaneShape, slot: number): Accumulators {
  if (slot === 0) return of;
  return {
    cells: of.cells.subarray(slot * shape.cells),
    objects: of.objects.slice(slot * shape.objects),
  };
}
