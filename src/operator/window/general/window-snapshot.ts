/**
 * Windows in a snapshot: a row for each that is open, or in a delta for each of a key that has changed.
 *
 *   key fields | #start | #end | #filled | first timer of each kind of time, Infinity for none | other timers, where the
 *   trigger may have some | contents | state of the trigger | value that the function of windows keeps
 */
import { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn, FixedColumn } from '../../../data/column.ts';
import type { KeyReader, KeySpec } from '../../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../../data/schema.ts';
import { ChangedSlots } from '../../../state/changed-slots.ts';
import { Lineage } from '../../../state/lineage.ts';
import { SlotCapture, writtenAtOnce } from '../../../state/slot-capture.ts';
import type { RestoredState, SnapshotWriter } from '../../../state/snapshot.ts';
import { KeyedState } from '../../keyed-state.ts';
import { namedValues } from '../named-values.ts';
import type { OpenWindows } from './open-windows.ts';
import type { WindowKeys } from './window-keys.ts';
import { NONE } from './window-lines.ts';
import type { TriggerSpec } from './window-spec.ts';

export const STATE = 'windows';

/** Windows that one step writes: with their rows they are more than a row of a table. */
const STEP_WINDOWS = 1024;

/** Timers beyond the first of each kind. */
type MoreTimers = { readonly event: readonly number[]; readonly clock: readonly number[] };

export class WindowSnapshot {
  readonly #state: KeyedState;
  readonly #open: OpenWindows;
  readonly #keys: WindowKeys;
  readonly #hasMoreTimers: boolean;
  readonly #contentsColumn: number;
  readonly #triggerColumn: number;
  readonly #codeColumn: number;
  readonly #keySlot = new Int32Array(1);
  #lineage = new Lineage(0);

  constructor(
    key: KeySpec,
    inputSchema: Schema | null,
    trigger: TriggerSpec,
    open: OpenWindows,
    keys: WindowKeys,
  ) {
    this.#open = open;
    this.#keys = keys;
    this.#hasMoreTimers = mayHaveMoreTimers(trigger);
    const own: readonly Field[] = [
      { name: '#start', kind: 'float64', nullable: false },
      { name: '#end', kind: 'float64', nullable: false },
      { name: '#filled', kind: 'float64', nullable: false },
      { name: '#event timer', kind: 'float64', nullable: false },
      { name: '#clock timer', kind: 'float64', nullable: false },
      ...(this.#hasMoreTimers
        ? [{ name: '#more timers', kind: 'dynamic', nullable: false } as const]
        : []),
    ];
    const { contents, trigger: state, code } = open;
    const kept = [...own, ...contents.fields, ...state.fields, ...(code?.fields ?? [])];
    this.#state = new KeyedState(STATE, key, inputSchema, kept, 'any');
    this.#contentsColumn = this.#state.keyCount + own.length;
    this.#triggerColumn = this.#contentsColumn + contents.fields.length;
    this.#codeColumn = this.#triggerColumn + state.fields.length;
  }

  /** Marks what changes from here on. `place`: of the subtask, see lineage.ts. */
  markChanges(place: number): void {
    this.#lineage = new Lineage(place);
    this.#open.changes = new ChangedSlots();
  }

  /** Forgets keys without windows, when they are most of all: then the others have new slots, and all are written next. */
  forgetUnusedKeys(): void {
    const { windows, changes } = this.#open;
    if (!this.#keys.forgetUnused(windows)) return;
    changes?.clear();
    this.#lineage.end();
  }

  /** Begins to write the windows as they are now; the rest is written by and by. */
  capture(writer: SnapshotWriter): void {
    const open = this.#open;
    const marks = this.#beginDelta(writer);
    const builder = new BatchBuilder(this.#state.schema);
    const emit = (): void => {
      if (builder.rowCount === 0) return;
      writer.keyed(STATE, builder.seal());
      builder.reset();
    };
    const capture = new SlotCapture(
      open.windows.used,
      writtenAtOnce((slots) => this.#writeOpen(slots, builder, emit), emit),
      marks,
      STEP_WINDOWS,
    );
    open.capture = capture;
    writer.later(() => {
      if (!capture.step()) return false;
      emit();
      return true;
    });
  }

  /** Of a delta, marks for the windows of keys that have changed; keys without any are told. Null where all are written. */
  #beginDelta(writer: SnapshotWriter): Uint8Array | null {
    const { changes, windows } = this.#open;
    if (changes === null) return null;
    const isDelta = this.#lineage.isDelta(writer, changes.count, windows.keyCount);
    const changed = changes.take();
    if (!isDelta) return null;
    writer.delta(STATE, { keyFields: this.#state.keyCount, before: null });
    const marks = new Uint8Array(windows.used);
    const removed = new BatchBuilder(schemaOf(this.#keys.fields));
    for (let key = 0; key < changed.length; key++) {
      if (changed[key] === 0) continue;
      const first = windows.heads[key]!;
      if (first === NONE) this.#appendRemoved(key, removed, writer);
      for (let slot = first; slot !== NONE; slot = windows.nextOf(slot)) marks[slot] = 1;
    }
    if (removed.rowCount > 0) writer.removed(STATE, removed.seal());
    return marks;
  }

  #appendRemoved(key: number, removed: BatchBuilder, writer: SnapshotWriter): void {
    this.#appendKey(key, removed);
    removed.advance(1);
    if (!removed.isFull) return;
    writer.removed(STATE, removed.seal());
    removed.reset();
  }

  #appendKey(key: number, builder: BatchBuilder): void {
    this.#keySlot[0] = key;
    this.#appendKeys(this.#keySlot, builder);
  }

  #appendKeys(keys: Int32Array, builder: BatchBuilder): void {
    this.#keys.append(keys, keys.length, builder);
    this.#keys.slots.appendHashesOf(keys, builder);
  }

  /** Those of these windows that are open, which are fewer than a batch. What is looked at of them is read ahead. */
  #writeOpen(slots: Int32Array, builder: BatchBuilder, emit: () => void): void {
    const { windows, contents } = this.#open;
    windows.lines.warm(slots, slots.length);
    const found = new Int32Array(slots.length);
    let count = 0;
    for (const slot of slots) if (windows.keyOf(slot) !== NONE) found[count++] = slot;
    windows.warmKeys(found, count);
    contents.readAhead(found, count);
    if (builder.rowCount + count > builder.capacity) emit();
    this.#write(found.subarray(0, count), builder);
  }

  /** All of them are open, and the builder has room for them. */
  #write(slots: Int32Array, builder: BatchBuilder): void {
    const { windows, contents, trigger } = this.#open;
    const column = this.#state.keyCount;
    const at = builder.rowCount;
    const keys = new Int32Array(slots.length);
    for (let i = 0; i < slots.length; i++) keys[i] = windows.keyOf(slots[i]!);
    this.#appendKeys(keys, builder);
    const starts = builder.float64(column);
    const ends = builder.float64(column + 1);
    const filled = builder.float64(column + 2);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      starts[at + i] = windows.startOf(slot);
      ends[at + i] = windows.endOf(slot);
      filled[at + i] = Number(windows.isFilled(slot));
    }
    this.#writeTimers(slots, builder, column + 3);
    contents.save(builder, this.#contentsColumn, slots);
    trigger.save(builder, this.#triggerColumn, slots);
    this.#open.code?.save(builder, this.#codeColumn, slots);
    builder.advance(slots.length);
  }

  #writeTimers(slots: Int32Array, builder: BatchBuilder, column: number): void {
    const { eventTimers, clockTimers } = this.#open;
    const at = builder.rowCount;
    const events = builder.float64(column);
    const clocks = builder.float64(column + 1);
    for (let i = 0; i < slots.length; i++) {
      events[at + i] = eventTimers.firstOf(slots[i]!);
      clocks[at + i] = clockTimers.firstOf(slots[i]!);
    }
    if (!this.#hasMoreTimers) return;
    const { values } = builder.dynamic(column + 2);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const more: MoreTimers = {
        event: eventTimers.moreOf(slot),
        clock: clockTimers.moreOf(slot),
      };
      values[at + i] = more;
    }
  }

  /** A key of it, from JSON. */
  readKey(given: unknown): KeyReader {
    return this.#state.readKey(given);
  }

  /** What is in an open window, and what its trigger and its function keep, by name. */
  valuesOf(slot: number): unknown {
    const builder = new BatchBuilder(this.#state.schema, 1);
    this.#write(Int32Array.of(slot), builder);
    return namedValues(builder, this.#contentsColumn);
  }

  restore(restored: RestoredState): void {
    const open = this.#open;
    const { windows, eventTimers, clockTimers, contents, trigger } = open;
    this.#state.restore(restored, this.#keys.reader, this.#keys.slots, (batch, keys) => {
      windows.reserveKeys(this.#keys.slots.count);
      const numbers = (column: number): Float64Array =>
        (batch.columns[this.#state.keyCount + column] as FixedColumn).values as Float64Array;
      const [starts, ends, filled, events, clocks] = [0, 1, 2, 3, 4].map(numbers) as Numbers;
      for (let row = 0; row < batch.rowCount; row++) {
        const slot = windows.open(keys[row]!, starts[row]!, ends[row]!);
        windows.setFilled(slot, filled[row] === 1);
        contents.load(batch, this.#contentsColumn, row, slot);
        trigger.load(batch, this.#triggerColumn, row, slot);
        open.code?.load(batch, this.#codeColumn, row, slot);
        eventTimers.add(slot, events[row]!);
        clockTimers.add(slot, clocks[row]!);
        if (this.#hasMoreTimers) {
          const { values } = batch.columns[this.#state.keyCount + 5] as DynamicColumn;
          const { event, clock } = values[row] as MoreTimers;
          for (const time of event) eventTimers.add(slot, time);
          for (const time of clock) clockTimers.add(slot, time);
        }
        open.setEnd(slot);
      }
    });
  }
}

type Numbers = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

/** Whether a window may have two timers of one kind. */
function mayHaveMoreTimers(trigger: TriggerSpec): boolean {
  switch (trigger.kind) {
    case 'purging':
      return mayHaveMoreTimers(trigger.of);
    case 'timeout':
    case 'continuousEventTime':
    case 'continuousProcessingTime':
    case 'custom':
      return true;
    default:
      return false;
  }
}
