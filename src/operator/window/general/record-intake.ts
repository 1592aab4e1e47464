/**
 * Records on their way into windows: each gets the slot of its window, or one in each lane. They are added to the contents
 * of their windows a run at a time: up to where a window fires or merges, else a whole batch at once.
 */
import type { Batch } from '../../../data/batch.ts';
import type { GeneratedLoop } from '../../../data/generated-loop.ts';
import type { KeyReader } from '../../../data/key.ts';
import { RowFunctionLoop } from '../../../data/row-function.ts';
import { isEventTime, unusableTime } from '../../../time/event-time.ts';
import { AlignedWindows, type WindowLanes } from './aligned-windows.ts';
import { extendSessions, fillTumbling } from './common-runs.ts';
import { type AssignWindows, CustomWindows } from './custom-windows.ts';
import { MANY_WINDOWS } from './key-windows.ts';
import type { OpenWindows } from './open-windows.ts';
import { Sessions } from './sessions.ts';
import type { TriggerResult } from './trigger.ts';
import type { WindowInput } from './window-input.ts';
import type { WindowKeys } from './window-keys.ts';
import { NONE } from './window-lines.ts';
import { firesAtEnd, type GeneralWindowSpec, merges, needsEventTime } from './window-spec.ts';

/** Rows whose windows are read ahead: more of them would not stay in the nearest cache. Benchmark: figure sessions. */
const AHEAD_ROWS = 64;

/** Windows of a key, beside those that a record falls into, that a snapshot takes before a batch. */
const MORE_WINDOWS = 3;

/** What records set off. */
export interface IntakeListener {
  /** The trigger of a window says something at a record, which has been added; `time` is its event time. */
  onTrigger(slot: number, result: TriggerResult, time: number): void;
  /** Rows from to to - 1 of the batch are late for all their windows. */
  onLate(from: number, to: number): void;
}

export class RecordIntake {
  /** The row that is being processed. */
  row = 0;
  readonly #open: OpenWindows;
  readonly #keys: WindowKeys;
  readonly #reader: KeyReader;
  readonly #listener: IntakeListener;
  readonly #needsTime: boolean;
  readonly #window: GeneralWindowSpec;
  readonly #isCommon: boolean;
  /** Null for sessions. */
  readonly #assigned: WindowLanes | null;
  readonly #custom: CustomWindows | null;
  readonly #merges: boolean;
  readonly #sessions: Sessions;
  readonly #gapMs: number;
  readonly #gapLoop: RowFunctionLoop<unknown, number> | null;
  #gaps = new Float64Array(0);
  #batch: Batch | null = null;
  /** The windows of rows, by lane; NONE where a row has none. */
  readonly #lanes: Int32Array[];
  #keySlots = new Int32Array(0);
  /** Whether what a snapshot has to write of the windows of all keys of the batch is written. */
  #areTouched = false;
  /** Rows before it have been added. */
  #added = 0;
  /** Rows from here to the current one are late; -1 when the last was not. */
  #lateFrom = -1;

  constructor(
    window: GeneralWindowSpec,
    { schema, keys: reader }: WindowInput,
    functions: readonly object[],
    open: OpenWindows,
    keys: WindowKeys,
    listener: IntakeListener,
  ) {
    const { assigner } = window;
    this.#open = open;
    this.#keys = keys;
    this.#reader = reader;
    this.#listener = listener;
    this.#needsTime = needsEventTime(window);
    this.#window = window;
    this.#isCommon = isCommon(window);
    const code = window.assignBy === null ? null : functions[window.assignBy]!;
    this.#custom =
      assigner.kind === 'custom'
        ? new CustomWindows(code as AssignWindows<unknown>, (row) => open.rowAt(row))
        : null;
    this.#assigned =
      assigner.kind === 'session' || assigner.kind === 'custom'
        ? this.#custom
        : new AlignedWindows(assigner, open.stagger);
    this.#merges = merges(assigner);
    this.#lanes = Array.from({ length: this.#assigned?.lanes ?? 1 }, () => new Int32Array(0));
    this.#sessions = new Sessions(open, () => this.#addUpTo(this.row));
    this.#gapMs = assigner.kind === 'session' ? (assigner.gapMs ?? 0) : 0;
    this.#gapLoop =
      code === null || assigner.kind !== 'session'
        ? null
        : new RowFunctionLoop(schema, code as (row: unknown) => number, checkedGap);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const gap = this.#gapLoop === null ? [] : [this.#gapLoop.generatedLoop('gaps of sessions')];
    return [...gap, ...this.#reader.generatedLoops('reading')];
  }

  /** Takes the records of a batch. When it throws, `row` is where. */
  take(batch: Batch): void {
    const rows = batch.rowCount;
    this.#batch = batch;
    this.row = 0;
    this.#added = 0;
    this.#lateFrom = -1;
    this.#reserve(rows);
    this.#readKeys(batch);
    if (this.#gapLoop !== null) this.#readGaps(batch);
    this.#areTouched = this.#open.touchKeys(
      this.#keySlots,
      rows,
      this.#lanes.length + MORE_WINDOWS,
    );
    for (let from = 0; from < rows; from += AHEAD_ROWS) {
      const to = Math.min(rows, from + AHEAD_ROWS);
      this.#open.windows.warm(this.#keySlots, from, to);
      if (this.#assigned === null || this.#merges) this.#takeIntoSessions(from, to);
      else this.#takeAssigned(from, to, this.#assigned);
    }
    this.#addUpTo(rows);
    this.#sendLate(rows);
    this.#batch = null;
  }

  #reserve(rows: number): void {
    if (this.#keySlots.length >= rows) return;
    this.#keySlots = new Int32Array(rows);
    for (let lane = 0; lane < this.#lanes.length; lane++) this.#lanes[lane] = new Int32Array(rows);
  }

  #readKeys(batch: Batch): void {
    const reader = this.#reader;
    try {
      this.#keys.slotsOf(batch, reader, this.#open.windows, this.#keySlots);
    } catch (error) {
      this.row = reader.failedRow;
      throw error;
    }
    const { count } = this.#keys.slots;
    this.#open.changes?.mark(this.#keySlots, 0, batch.rowCount, count);
  }

  #readGaps(batch: Batch): void {
    const loop = this.#gapLoop!;
    if (this.#gaps.length < batch.rowCount) this.#gaps = new Float64Array(batch.rowCount);
    try {
      loop.run(batch, this.#gaps);
    } catch (error) {
      this.row = loop.row;
      throw error;
    }
  }

  /** The rows from here on that are the common case have their windows behind it; the first that is not. */
  #takeCommon(from: number, to: number): number {
    const open = this.#open;
    const isCommon = this.#isCommon && this.#lateFrom < 0 && this.#areTouched;
    if (!isCommon) return from;
    const run = {
      open,
      keySlots: this.#keySlots,
      times: this.#batch!.timestamps!,
      slots: this.#lanes[0]!,
    };
    const { assigner, latenessMs } = this.#window;
    return assigner.kind === 'tumbling'
      ? fillTumbling(run, assigner.sizeMs, assigner.offsetMs, from, to)
      : extendSessions(run, this.#gapMs, latenessMs, from, to);
  }

  #takeIntoSessions(from: number, to: number): void {
    const open = this.#open;
    const { trigger } = open;
    const sessions = this.#sessions;
    const keySlots = this.#keySlots;
    const slots = this.#lanes[0]!;
    const times = open.isByClock ? null : this.#batch!.timestamps!;
    const gaps = this.#gapLoop === null ? null : this.#gaps;
    const { nowMs } = open;
    const gapMs = this.#gapMs;
    for (let row = this.#takeCommon(from, to); row < to; row = this.#takeCommon(row + 1, to)) {
      this.row = row;
      const time = times === null ? nowMs : times[row]!;
      if (!isEventTime(time)) throw unusableTime(time);
      const gap = gaps === null ? gapMs : gaps[row]!;
      const slot =
        this.#custom === null
          ? sessions.windowOf(keySlots[row]!, time, time + gap)
          : this.#ownWindow(this.#custom, keySlots[row]!, time, row);
      slots[row] = slot;
      this.#noteLate(row, slot === NONE && open.isPast(time));
      if (slot === NONE) continue;
      open.windows.setFilled(slot, true);
      const result = trigger.onRecord(slot, row);
      if (result !== 0) this.#obey(slot, row, result);
    }
  }

  /** The window that a function tells, joined to others; NONE when the record is late. */
  #ownWindow(custom: CustomWindows, key: number, time: number, row: number): number {
    custom.assign(time, row);
    const { starts, ends, lanes } = custom;
    if (Number.isNaN(ends[0]!) || lanes > 1) {
      throw new TypeError('assign gives one window a record, where windows merge');
    }
    return this.#sessions.windowOf(key, starts[0]!, ends[0]!);
  }

  #takeAssigned(from: number, to: number, assigned: WindowLanes): void {
    const open = this.#open;
    const { trigger } = open;
    const lanes = this.#lanes;
    for (let row = this.#takeCommon(from, to); row < to; row = this.#takeCommon(row + 1, to)) {
      this.row = row;
      const time = open.timeAt(row);
      if (this.#needsTime && !isEventTime(time)) throw unusableTime(time);
      assigned.assign(time, row);
      while (lanes.length < assigned.lanes) lanes.push(new Int32Array(this.#keySlots.length));
      // As in Flink: its time has to be over too, or nothing but that where it belongs to no window.
      const isIn = this.#findWindows(row, assigned);
      this.#noteLate(row, !isIn && open.isPast(time));
      for (let lane = 0; lane < lanes.length; lane++) {
        const slot = lanes[lane]![row]!;
        if (slot === NONE) continue;
        open.windows.setFilled(slot, true);
        const result = trigger.onRecord(slot, row);
        if (result !== 0) this.#obey(slot, row, result);
      }
      // The same window may be in another lane for the next row, which comes behind this one.
      if (this.#custom !== null) this.#addUpTo(row + 1);
    }
  }

  #noteLate(row: number, isLate: boolean): void {
    if (isLate && this.#lateFrom < 0) this.#lateFrom = row;
    if (!isLate && this.#lateFrom >= 0) this.#sendLate(row);
  }

  /** The windows of a row, in all lanes; false when it belongs to none that is not over. */
  #findWindows(row: number, assigned: WindowLanes): boolean {
    const open = this.#open;
    const { windows } = open;
    const lanes = this.#lanes;
    const { starts, ends } = assigned;
    const key = this.#keySlots[row]!;
    const many = windows.manyOf(key);
    if (many === null) this.#findAmongFew(row, assigned);
    else {
      for (let lane = 0; lane < lanes.length; lane++) {
        const slot = Number.isNaN(ends[lane]!) ? NONE : many.find(starts[lane]!, ends[lane]!);
        lanes[lane]![row] = slot;
        if (slot !== NONE) open.touch(slot);
      }
    }
    let isIn = false;
    for (let lane = 0; lane < lanes.length; lane++) {
      const end = ends[lane]!;
      if (Number.isNaN(end)) continue;
      if (lanes[lane]![row] === NONE && open.isLate(end)) continue;
      isIn = true;
      if (lanes[lane]![row] === NONE) lanes[lane]![row] = open.open(key, starts[lane]!, end);
    }
    return isIn;
  }

  /** Looks at all windows that the key of a row has. */
  #findAmongFew(row: number, assigned: WindowLanes): void {
    const open = this.#open;
    const { windows } = open;
    const lanes = this.#lanes;
    const { starts, ends } = assigned;
    const key = this.#keySlots[row]!;
    let seen = 0;
    for (let lane = 0; lane < lanes.length; lane++) lanes[lane]![row] = NONE;
    for (let slot = windows.heads[key]!; slot !== NONE; slot = windows.nextOf(slot)) {
      seen++;
      const start = windows.startOf(slot);
      const end = windows.endOf(slot);
      const lane = assigned.laneOf(start, end);
      if (ends[lane] === end && starts[lane] === start) {
        lanes[lane]![row] = slot;
        open.touch(slot);
      }
    }
    if (seen > MANY_WINDOWS * lanes.length) windows.order(key);
  }

  /** Adds the rows before `to` to their windows. */
  #addUpTo(to: number): void {
    const from = this.#added;
    if (from === to) return;
    this.#added = to;
    const { contents } = this.#open;
    for (const slots of this.#lanes) {
      for (let first = from; first < to; first++) {
        if (slots[first] === NONE) continue;
        let end = first + 1;
        while (end < to && slots[end] !== NONE) end++;
        try {
          contents.add(this.#batch!, first, end, slots);
        } catch (error) {
          this.row = contents.place.i;
          throw error;
        }
        first = end;
      }
    }
  }

  #sendLate(to: number): void {
    if (this.#lateFrom >= 0) this.#listener.onLate(this.#lateFrom, to);
    this.#lateFrom = -1;
  }

  /** Does what the trigger says at a row. */
  #obey(slot: number, row: number, result: TriggerResult): void {
    this.#addUpTo(row + 1);
    this.row = row;
    this.#listener.onTrigger(slot, result, this.#batch!.timestamps?.[row] ?? Number.NaN);
  }
}

/** Whether the loops of the common case may be used. */
function isCommon(window: GeneralWindowSpec): boolean {
  const { assigner, assignBy } = window;
  const isKind = assigner.kind === 'tumbling' || (assigner.kind === 'session' && assignBy === null);
  return isKind && firesAtEnd(window);
}

/** A gap that a function told. */
function checkedGap(gap: unknown): number {
  if (typeof gap === 'number' && gap > 0 && Number.isFinite(gap)) return gap;
  throw new TypeError(`the gap of a session is milliseconds above 0, got ${String(gap)}`);
}
