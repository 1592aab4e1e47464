/** A trigger by functions of the user. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import { describe } from '../../../data/field-check.ts';
import type { Field } from '../../../data/schema.ts';
import {
  CONTINUE,
  FIRE,
  FIRE_AND_PURGE,
  NeverTrigger,
  PURGE,
  type TriggerHost,
  type TriggerResult,
} from './trigger.ts';

/** What a trigger answers: whether a result is made, and whether the contents of the window go. */
export type TriggerAnswer = 'continue' | 'fire' | 'purge' | 'fireAndPurge';

/** What the functions of a trigger work with: one window, and what is kept for it. */
export interface TriggerContext<State> {
  /** -Infinity for a window without bounds. */
  readonly windowStart: number;
  /** Exclusive; Infinity for a window without bounds. */
  readonly windowEnd: number;
  /** Of the record, by the kind of time of the windows; NaN where there is none. */
  readonly timestamp: number;
  readonly watermark: number;
  readonly processingTime: number;
  /** What `state` made for this window: plain data, to be changed or replaced. */
  state: State;
  /** Of this window; they call `onEventTime` and `onProcessingTime`. */
  readonly timers: TriggerTimers;
}

export interface TriggerTimers {
  eventTime(time: number): void;
  processingTime(time: number): void;
  deleteEventTime(time: number): void;
  deleteProcessingTime(time: number): void;
}

/**
 * A trigger of the user. Timers that are due call their function; without one nothing happens. `onMerge`, without which
 * there can be no sessions: other windows, given by their states, have joined this one, or it grew: its timers are gone
 * and are to be set again. `clear`: the window is over; its timers and state go by themselves.
 */
export interface CustomTrigger<Row, State> {
  state?(): State;
  onRecord(row: Row, context: TriggerContext<State>): TriggerAnswer;
  onEventTime?(time: number, context: TriggerContext<State>): TriggerAnswer;
  onProcessingTime?(time: number, context: TriggerContext<State>): TriggerAnswer;
  onMerge?(context: TriggerContext<State>, others: readonly State[]): void;
  clear?(context: TriggerContext<State>): void;
}

const RESULTS: Readonly<Record<TriggerAnswer, TriggerResult>> = {
  continue: CONTINUE,
  fire: FIRE,
  purge: PURGE,
  fireAndPurge: FIRE_AND_PURGE,
};

export class CustomTriggerRunner extends NeverTrigger {
  override readonly fields: readonly Field[] = [
    { name: '#trigger state', kind: 'dynamic', nullable: false },
  ];
  readonly #code: CustomTrigger<unknown, unknown>;
  readonly #states: unknown[] = [];
  readonly #context: WindowContext;
  /** States of windows that are joining. */
  #others: unknown[] = [];

  constructor(host: TriggerHost, code: CustomTrigger<unknown, unknown>) {
    super(host);
    this.#code = code;
    this.#context = new WindowContext(host, this.#states);
  }

  override reserve(capacity: number): void {
    while (this.#states.length < capacity) this.#states.push(undefined);
  }

  override begin(slot: number): void {
    this.#states[slot] = this.#code.state?.();
  }

  override onRecord(slot: number, row: number): TriggerResult {
    const context = this.#at(slot);
    context.timestamp = this.host.timeAt(row);
    return resultOf(this.#code.onRecord(this.host.rowAt(row), context));
  }

  override onEventTime(slot: number, time: number): TriggerResult {
    if (this.#code.onEventTime === undefined) return CONTINUE;
    return resultOf(this.#code.onEventTime(time, this.#at(slot)));
  }

  override onClock(slot: number, time: number): TriggerResult {
    if (this.#code.onProcessingTime === undefined) return CONTINUE;
    return resultOf(this.#code.onProcessingTime(time, this.#at(slot)));
  }

  override mergeFrom(_slot: number, other: number): void {
    this.#others.push(this.#states[other]);
  }

  override onMerged(slot: number): void {
    const others = this.#others;
    this.#others = [];
    this.#code.onMerge?.(this.#at(slot), others);
  }

  override clear(slot: number): void {
    this.#code.clear?.(this.#at(slot));
    this.#states[slot] = undefined;
  }

  override save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    const { values } = builder.dynamic(firstColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) values[at + i] = this.#states[slots[i]!];
  }

  override load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    this.#states[slot] = (batch.columns[firstColumn] as DynamicColumn).values[row];
  }

  #at(slot: number): WindowContext {
    this.#context.slot = slot;
    this.#context.timestamp = Number.NaN;
    return this.#context;
  }
}

function resultOf(answer: TriggerAnswer): TriggerResult {
  if (Object.hasOwn(RESULTS, answer)) return RESULTS[answer];
  const answers = Object.keys(RESULTS).join(', ');
  throw new TypeError(`a trigger answers one of ${answers}, got ${describe(answer)}`);
}

function checked(time: number): number {
  if (typeof time === 'number' && !Number.isNaN(time)) return time;
  throw new TypeError(`the time of a timer is a number, got ${describe(time)}`);
}

class WindowContext implements TriggerContext<unknown> {
  slot = 0;
  timestamp = Number.NaN;
  readonly timers: TriggerTimers;
  readonly #host: TriggerHost;
  readonly #states: unknown[];

  constructor(host: TriggerHost, states: unknown[]) {
    this.#host = host;
    this.#states = states;
    const { eventTimers, clockTimers } = host;
    this.timers = {
      eventTime: (time) => eventTimers.add(this.slot, checked(time)),
      processingTime: (time) => clockTimers.add(this.slot, checked(time)),
      deleteEventTime: (time) => eventTimers.delete(this.slot, time),
      deleteProcessingTime: (time) => clockTimers.delete(this.slot, time),
    };
  }

  get windowStart(): number {
    return this.#host.windows.startOf(this.slot);
  }

  get windowEnd(): number {
    return this.#host.windows.endOf(this.slot);
  }

  get watermark(): number {
    return this.#host.watermark;
  }

  get processingTime(): number {
    return this.#host.nowMs;
  }

  get state(): unknown {
    return this.#states[this.slot];
  }

  set state(state: unknown) {
    this.#states[this.slot] = state;
  }
}
