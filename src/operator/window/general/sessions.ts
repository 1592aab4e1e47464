/**
 * Sessions: the window of a record is [time, time + gap), joined to the windows of its key that it overlaps or touches.
 * Windows of a key neither overlap nor touch, so what is joined is what the record's own window reaches. A window that
 * several join keeps the slot of the first of them in time, and what is kept by it.
 */

import { MANY_WINDOWS } from './key-windows.ts';
import type { OpenWindows } from './open-windows.ts';
import { NONE } from './window-lines.ts';

export class Sessions {
  readonly #open: OpenWindows;
  readonly #beforeMerge: () => void;
  /** Windows that a record joins, and behind them what is left of earlier ones. */
  readonly #joined: number[] = [];

  /** `beforeMerge`: adds the records that wait for it, as windows are about to go. */
  constructor(open: OpenWindows, beforeMerge: () => void) {
    this.#open = open;
    this.#beforeMerge = beforeMerge;
  }

  /** The window of a record of a key; NONE when it is late. */
  windowOf(key: number, start: number, end: number): number {
    const { windows } = this.#open;
    const many = windows.manyOf(key);
    if (many !== null) {
      const count = many.reaching(start, end, this.#joined);
      if (count > 1) return this.#merged(count, start, end);
      return this.#extended(key, count === 0 ? NONE : this.#joined[0]!, start, end);
    }
    let found = NONE;
    let seen = 0;
    for (let slot = windows.heads[key]!; slot !== NONE; slot = windows.nextOf(slot)) {
      seen++;
      if (windows.startOf(slot) > end || windows.endOf(slot) < start) continue;
      if (found !== NONE) return this.#merged(this.#join(key, start, end), start, end);
      found = slot;
    }
    if (seen > MANY_WINDOWS) windows.order(key);
    return this.#extended(key, found, start, end);
  }

  /** The only window that a record joins, made longer, or a new one. */
  #extended(key: number, found: number, start: number, end: number): number {
    const open = this.#open;
    const { windows } = open;
    if (found === NONE) return open.isLate(end) ? NONE : open.open(key, start, end);
    open.touch(found);
    if (start < windows.startOf(found) || end > windows.endOf(found)) {
      open.resize(
        found,
        Math.min(start, windows.startOf(found)),
        Math.max(end, windows.endOf(found)),
      );
    }
    return found;
  }

  /** So many windows are joined. */
  #merged(count: number, start: number, end: number): number {
    this.#beforeMerge();
    const open = this.#open;
    const { windows } = open;
    const joined = this.#joined;
    const first = joined[0]!;
    const from = Math.min(start, windows.startOf(first));
    const to = Math.max(end, windows.endOf(joined[count - 1]!));
    open.touch(first);
    for (let i = 1; i < count; i++) open.merge(first, joined[i]!);
    open.resize(first, from, to);
    return first;
  }

  /** Finds the windows that are joined, in the order of time; how many they are. */
  #join(key: number, start: number, end: number): number {
    const { windows } = this.#open;
    const joined = this.#joined;
    let count = 0;
    for (let slot = windows.heads[key]!; slot !== NONE; slot = windows.nextOf(slot)) {
      if (windows.startOf(slot) > end || windows.endOf(slot) < start) continue;
      let at = count++;
      for (; at > 0 && windows.startOf(joined[at - 1]!) > windows.startOf(slot); at--) {
        joined[at] = joined[at - 1]!;
      }
      joined[at] = slot;
    }
    return count;
  }
}
