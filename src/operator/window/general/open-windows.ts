/**
 * The life of windows: they open with their first record, may grow and merge, and close behind their end. Everything that
 * is kept for a window lies here by its slot: bounds, contents, timers, the state of the trigger.
 *
 * While a snapshot is being written, a window is written before it changes.
 */
import { type Batch, MIN_WATERMARK, type Watermark } from '../../../data/batch.ts';
import type { ChangedSlots } from '../../../state/changed-slots.ts';
import type { SlotCapture } from '../../../state/slot-capture.ts';
import type { WindowContents } from './contents.ts';
import { type Stagger, staggerOf } from './stagger.ts';
import type { TriggerHost, WindowTrigger } from './trigger.ts';
import type { WindowFunction } from './window-function.ts';
import { Lines, NONE } from './window-lines.ts';
import { type GeneralWindowSpec, isByEventTime } from './window-spec.ts';
import { WindowTable } from './window-table.ts';
import { WindowTimers } from './window-timers.ts';

/** Windows from which it is worth looking for those that nothing is left of. */
const WINDOWS_MIN = 4096;

/** Windows that a snapshot takes with one that ends. */
const NEAR_WINDOWS = 64;

/** What is kept for each window, beside its bounds and timers. */
export type WindowParts = {
  readonly trigger: WindowTrigger;
  readonly contents: WindowContents;
  readonly code: WindowFunction | null;
};

export class OpenWindows implements TriggerHost {
  readonly windows = new WindowTable();
  readonly eventTimers: WindowTimers;
  readonly clockTimers: WindowTimers;
  readonly isByClock: boolean;
  readonly stagger: Stagger | null;
  watermark: Watermark = MIN_WATERMARK;
  nowMs = 0;
  /** Which input the batch is from. */
  input = 0;
  /** Of the snapshot that is being written, or was last. */
  capture: SlotCapture | null = null;
  /** Keys whose windows have changed since the last snapshot, by key slot; null where nobody asks. */
  changes: ChangedSlots | null = null;
  readonly #latenessMs: number;
  #touched = new Int32Array(1);
  /** With so many windows those are looked for that nothing is left of. */
  #lookedForAt = WINDOWS_MIN;
  #batch: Batch | null = null;
  #parts: WindowParts | null = null;

  constructor(spec: GeneralWindowSpec) {
    this.isByClock = !isByEventTime(spec.assigner);
    this.stagger = staggerOf(spec.assigner);
    this.#latenessMs = spec.latenessMs;
    const { lines } = this.windows;
    const others = new Lines();
    this.windows.keep(others);
    this.eventTimers = new WindowTimers(this.isByClock ? others : lines);
    this.clockTimers = new WindowTimers(this.isByClock ? lines : others);
  }

  /** Before all else: they need the windows, and the windows need them. */
  attach(parts: WindowParts): void {
    this.#parts = parts;
    this.windows.keep(parts.trigger);
    this.windows.keep(parts.contents);
    if (parts.code !== null) this.windows.keep(parts.code);
  }

  get trigger(): WindowTrigger {
    return this.#parts!.trigger;
  }

  get contents(): WindowContents {
    return this.#parts!.contents;
  }

  /** The function of windows; null where there is none. */
  get code(): WindowFunction | null {
    return this.#parts!.code;
  }

  /** The batch whose rows triggers are called for. */
  set batch(batch: Batch | null) {
    this.#batch = batch;
  }

  rowAt(row: number): unknown {
    return this.#batch!.rowObjects()[row];
  }

  timeAt(row: number): number {
    return this.isByClock ? this.nowMs : (this.#batch!.timestamps?.[row] ?? Number.NaN);
  }

  /** Whether a window with this end is over, and nothing of it is kept. */
  isLate(end: number): boolean {
    return !this.isByClock && this.#keptUntil(end) <= this.watermark;
  }

  /** Whether a record of this time is late, whatever its windows are. */
  isPast(time: number): boolean {
    return !this.isByClock && time + this.#latenessMs <= this.watermark;
  }

  #keptUntil(end: number): number {
    return end - 1 + this.#latenessMs;
  }

  open(key: number, start: number, end: number): number {
    this.touch(this.windows.nextSlot);
    const slot = this.windows.open(key, start, end);
    this.contents.begin(slot);
    this.trigger.begin(slot);
    this.code?.begin(slot);
    this.setEnd(slot);
    return slot;
  }

  /** A window with a record in it that is still to fire at its end, by event time. */
  openFilled(key: number, start: number, end: number): number {
    const slot = this.open(key, start, end);
    this.windows.setFilled(slot, true);
    this.eventTimers.add(slot, end - 1);
    return slot;
  }

  /** Has the window close at its time. */
  setEnd(slot: number): void {
    const end = this.windows.endOf(slot);
    if (this.isByClock) this.clockTimers.setEnd(slot, end);
    else this.eventTimers.setEnd(slot, this.#keptUntil(end));
  }

  close(slot: number): void {
    this.trigger.clear(slot);
    this.code?.clear(slot);
    this.drop(slot);
  }

  /** Reads ahead what is kept of windows that are about to close. */
  readAhead(slots: Int32Array, count: number): void {
    this.windows.warmKeys(slots, count);
    this.contents.readAhead(slots, count);
  }

  /** Closes a window, where neither its trigger nor its function has to be told. */
  drop(slot: number): void {
    this.contents.drop(slot);
    this.eventTimers.drop(slot);
    this.clockTimers.drop(slot);
    this.windows.close(slot);
  }

  /**
   * Drops windows without an end that are as they would be if they began now: those of global windows that were purged, which no
   * time would ever close. Only between batches, and when they may be many; true when it has looked.
   */
  dropUnused(): boolean {
    const { windows, trigger } = this;
    if (windows.count < this.#lookedForAt || this.code !== null) return false;
    if (this.capture?.isComplete === false) return false;
    for (let slot = 0; slot < windows.used; slot++) {
      if (!this.isOpen(slot) || !this.#isUnused(slot, trigger)) continue;
      this.markKey(slot);
      this.drop(slot);
    }
    this.#lookedForAt = Math.max(WINDOWS_MIN, windows.count * 2);
    return true;
  }

  #isUnused(slot: number, trigger: WindowTrigger): boolean {
    const { windows, eventTimers, clockTimers } = this;
    return (
      windows.endOf(slot) === Infinity &&
      !windows.isFilled(slot) &&
      eventTimers.firstOf(slot) === Infinity &&
      clockTimers.firstOf(slot) === Infinity &&
      trigger.isAsBegun?.(slot) === true
    );
  }

  /** The other window becomes part of this one; its bounds are for the caller. */
  merge(slot: number, other: number): void {
    this.touch(other);
    this.trigger.mergeFrom(slot, other);
    if (this.windows.isFilled(other)) {
      this.contents.mergeFrom(slot, other);
      this.windows.setFilled(slot, true);
    }
    this.drop(other);
  }

  /** Gives a window new bounds, behind the merges that made them. */
  resize(slot: number, start: number, end: number): void {
    this.eventTimers.clear(slot);
    this.clockTimers.clear(slot);
    this.windows.setBounds(slot, start, end);
    this.setEnd(slot);
    this.trigger.onMerged(slot);
  }

  purge(slot: number): void {
    if (!this.windows.isFilled(slot)) return;
    this.contents.begin(slot);
    this.windows.setFilled(slot, false);
  }

  /** The window is about to change. */
  touch(slot: number): void {
    if (this.capture === null) return;
    this.#touched[0] = slot;
    this.capture.beforeWrite(this.#touched, 0, 1);
  }

  /** The same of the first of these: what a snapshot has to write of them it writes together, for a fraction of what each costs. */
  touchAll(slots: Int32Array, count: number): void {
    this.capture?.beforeWrite(slots, 0, count);
  }

  /** The same of a window and those that lie beside it, which mostly began, and end, when it does. */
  touchNear(slot: number): void {
    if (this.capture?.isComplete !== false) return;
    this.#reserveTouched(NEAR_WINDOWS);
    const first = slot - (slot % NEAR_WINDOWS);
    for (let i = 0; i < NEAR_WINDOWS; i++) this.#touched[i] = first + i;
    this.touchAll(this.#touched, NEAR_WINDOWS);
  }

  /**
   * The same of up to so many windows of each key of a batch, which may change then; true when no key has more. Others are touched
   * when they change.
   */
  touchKeys(keys: Int32Array, count: number, windowsMax: number): boolean {
    if (this.capture?.isComplete !== false) return true;
    const { windows } = this;
    this.#reserveTouched(count * windowsMax);
    const touched = this.#touched;
    let areAll = true;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const end = found + windowsMax;
      let slot = windows.heads[keys[i]!]!;
      for (; slot !== NONE && found < end; slot = windows.nextOf(slot)) touched[found++] = slot;
      areAll &&= slot === NONE;
    }
    this.touchAll(touched, found);
    return areAll;
  }

  #reserveTouched(count: number): void {
    if (this.#touched.length < count) this.#touched = new Int32Array(count);
  }

  /** Windows of the key of this one change, where no record of the key has come. */
  markKey(slot: number): void {
    if (this.changes === null) return;
    this.#touched[0] = this.windows.keyOf(slot);
    this.changes.mark(this.#touched, 0, 1, this.#touched[0] + 1);
  }

  isOpen(slot: number): boolean {
    return this.windows.keyOf(slot) !== NONE;
  }
}
