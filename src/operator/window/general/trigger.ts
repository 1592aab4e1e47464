/**
 * When a window fires: the contract of triggers.
 *
 *   begin → (onRecord | onEventTime | onClock | (mergeFrom* → onMerged))* → clear
 *
 * A trigger answers each call: go on, fire (a result is made, the contents stay), purge (the contents go; the window, its
 * bounds, its timers and the state of the trigger stay), or both. An empty window makes no result.
 *
 *   onRecord      behind each record that came into the window, which is added already, late ones too
 *   onEventTime   a timer that the trigger has set for the window, at or before the watermark
 *   onClock       the same in processing time, at or before the clock; windows of processing time end by it at their end
 *   mergeFrom     the state of another window joins; its records do too, and what is left is one window
 *   onMerged      behind it, and when a session grew: the bounds are the new ones, and all timers are gone. Those that the
 *                 window still needs are set again. `onRecord` for the record that did it follows.
 *   clear         the window is over
 *
 * Timers are unique by window, kind and time. One that is set at or before the present fires when that kind of time
 * advances next. A trigger keeps its state by window slot, in typed arrays where it is numbers.
 */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { Field } from '../../../data/schema.ts';
import type { SlotStore } from './window-lines.ts';
import type { WindowTable } from './window-table.ts';
import type { WindowTimers } from './window-timers.ts';

export const CONTINUE = 0;
export const FIRE = 1;
export const PURGE = 2;
export const FIRE_AND_PURGE = 3;

/** A sum of FIRE and PURGE. */
export type TriggerResult = 0 | 1 | 2 | 3;

/** What a trigger works with. */
export interface TriggerHost {
  readonly windows: WindowTable;
  readonly eventTimers: WindowTimers;
  readonly clockTimers: WindowTimers;
  /** Whether windows end by the clock. */
  readonly isByClock: boolean;
  readonly watermark: number;
  readonly nowMs: number;
  /** A record of the batch that is being processed, as an object. */
  rowAt(row: number): unknown;
  /** Its time, by the kind of the windows. */
  timeAt(row: number): number;
}

/** What is kept for each window, and how it goes into a snapshot. */
export interface WindowState extends SlotStore {
  /** Columns of a snapshot. */
  readonly fields: readonly Field[];
  /** A new window. */
  begin(slot: number): void;
  /** Writes what these windows have behind the rows of the builder, from this column on; `advance` is the caller's. */
  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void;
  load(batch: Batch, firstColumn: number, row: number, slot: number): void;
}

export interface WindowTrigger extends WindowState {
  onRecord(slot: number, row: number): TriggerResult;
  onEventTime(slot: number, time: number): TriggerResult;
  onClock(slot: number, time: number): TriggerResult;
  mergeFrom(slot: number, other: number): void;
  onMerged(slot: number): void;
  clear(slot: number): void;
  /** Whether it keeps of a window what it would of one that has just begun, but for timers; left out where it cannot say. */
  isAsBegun?(slot: number): boolean;
}

/** A trigger without state that never fires. */
export class NeverTrigger implements WindowTrigger {
  readonly fields: readonly Field[] = [];
  protected readonly host: TriggerHost;

  constructor(host: TriggerHost) {
    this.host = host;
  }

  reserve(_capacity: number): void {}

  begin(_slot: number): void {}

  save(_builder: BatchBuilder, _firstColumn: number, _slots: Int32Array): void {}

  load(_batch: Batch, _firstColumn: number, _row: number, _slot: number): void {}

  onRecord(_slot: number, _row: number): TriggerResult {
    return CONTINUE;
  }

  onEventTime(_slot: number, _time: number): TriggerResult {
    return CONTINUE;
  }

  onClock(_slot: number, _time: number): TriggerResult {
    return CONTINUE;
  }

  mergeFrom(_slot: number, _other: number): void {}

  onMerged(_slot: number): void {}

  clear(_slot: number): void {}
}
