/**
 * Sessions: the window of a record is [time, time + gap), joined to the windows of its key that it overlaps or touches.
 * Windows of a key neither overlap nor touch, so what is joined is what the record's own window reaches. A window that
 * several join keeps the slot of the first of them in time, and what is kept by it.
 */
import type { OpenWindows } from './open-windows.ts';
import { NONE } from './window-table.ts';

export class Sessions {
  readonly #open: OpenWindows;
  readonly #beforeMerge: () => void;
  /** Windows that a record joins. */
  readonly #joined: number[] = [];

  /** `beforeMerge`: adds the records that wait for it, as windows are about to go. */
  constructor(open: OpenWindows, beforeMerge: () => void) {
    this.#open = open;
    this.#beforeMerge = beforeMerge;
  }

  /** The window of a record of a key; NONE when it is late. */
  windowOf(key: number, start: number, end: number): number {
    const open = this.#open;
    const { windows } = open;
    let found = NONE;
    for (let slot = windows.heads[key]!; slot !== NONE; slot = windows.nextOf(slot)) {
      if (windows.startOf(slot) > end || windows.endOf(slot) < start) continue;
      if (found !== NONE) return this.#merged(key, start, end);
      found = slot;
    }
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

  #merged(key: number, start: number, end: number): number {
    this.#beforeMerge();
    const open = this.#open;
    const { windows } = open;
    const joined = this.#joined;
    joined.length = 0;
    for (let slot = windows.heads[key]!; slot !== NONE; slot = windows.nextOf(slot)) {
      if (windows.startOf(slot) <= end && windows.endOf(slot) >= start) joined.push(slot);
    }
    joined.sort((a, b) => windows.startOf(a) - windows.startOf(b));
    const [first] = joined as [number];
    const from = Math.min(start, windows.startOf(first));
    const to = Math.max(end, windows.endOf(joined.at(-1)!));
    open.touch(first);
    for (let i = 1; i < joined.length; i++) open.merge(first, joined[i]!);
    open.resize(first, from, to);
    return first;
  }
}
