/**
 * The partial matches of all keys of an operator, by slot, and the end of their time, by timers.
 *
 * A key has a timer where its first run is over. It may be earlier than needed, never later: it then sets the next one.
 * Slots of keys that have nothing are swept when they have become many, not one by one: most come again.
 */
import { grownSlots } from '../../state/slot-list.ts';
import type { Timers } from '../../state/timers.ts';
import type { KeyedStates } from '../process/keyed-states.ts';
import type { Matcher } from './matcher.ts';
import { type KeyRuns, noRuns } from './runs.ts';
import type { RunsTable } from './runs-table.ts';

/** Slots that are not looked at for what has nothing left. */
const SWEPT_SLOTS_MIN = 16_384;

export class KeyMatches {
  /** By slot; null for a key without runs. */
  readonly runs: readonly (KeyRuns | null)[];
  readonly #states: KeyedStates;
  readonly #table: RunsTable;
  readonly #matcher: Matcher;
  /** Time of the first timer of a slot that has runs. */
  #armed = new Float64Array(0);
  #sweptSlots = SWEPT_SLOTS_MIN;

  constructor(states: KeyedStates, table: RunsTable, matcher: Matcher) {
    this.#states = states;
    this.#table = table;
    this.runs = table.runs;
    this.#matcher = matcher;
  }

  /** The next record of a key. */
  take(slot: number, row: unknown, time: number, mayStart: boolean, timers: Timers): void {
    this.#states.scope.touch(slot);
    const key = this.runs[slot] ?? noRuns();
    this.#matcher.expire(key, time);
    this.#matcher.take(key, row, time, mayStart);
    this.#table.put(slot, key.runs.length === 0 ? null : key);
    if (key.runs.length > 0) this.#arm(slot, key, timers);
  }

  /** Has the runs of a slot looked at when their time is over. */
  #arm(slot: number, key: KeyRuns, timers: Timers): void {
    const time = this.#matcher.dueTime(key);
    if (slot >= this.#armed.length) {
      const armed = new Float64Array(grownSlots(slot + 1)).fill(Infinity);
      armed.set(this.#armed);
      this.#armed = armed;
    }
    if (time >= this.#armed[slot]!) return;
    this.#armed[slot] = time;
    timers.add(slot, time);
  }

  /** The first of the timers is due; what is over at a time goes. */
  fire(timers: Timers, to: number): void {
    const slot = timers.firstSlot;
    this.#states.scope.touch(slot);
    timers.removeFirst();
    if (slot < this.#armed.length) this.#armed[slot] = Infinity;
    const key = this.runs[slot] ?? null;
    if (key === null) return;
    this.#matcher.expire(key, to);
    if (key.runs.length === 0) this.#table.put(slot, null);
    else this.#arm(slot, key, timers);
  }

  /** Gives back slots of keys that have nothing, when there may be as many of them as of others. */
  sweep(): void {
    const { scope } = this.#states;
    const { emptied } = scope;
    if (this.#states.keyCount <= this.#sweptSlots) return;
    emptied.clear();
    for (let slot = 0; slot < scope.slotCount; slot++) emptied.push(slot);
    this.#states.release();
    this.#sweptSlots = Math.max(SWEPT_SLOTS_MIN, this.#states.keyCount * 2);
  }
}
