/** The rows of a window by key: those of all its panes, of both inputs. */
import type { KeyReader } from '../../data/key.ts';
import { KeySlots } from '../../state/key-slots.ts';
import type { JoinPane } from './join-pane.ts';

export class WindowGroups {
  readonly keys: KeySlots;
  readonly #panes: readonly JoinPane[];
  /** By pane, its slot for each of `keys`, -1 for none; null for a single pane, whose keys they are. */
  readonly #slots: readonly Int32Array[] | null;

  constructor(panes: readonly JoinPane[], keys: KeyReader) {
    this.#panes = panes;
    if (panes.length === 1) {
      this.keys = panes[0]!.keys;
      this.#slots = null;
      return;
    }
    this.keys = new KeySlots(keys.isInt);
    const joined = panes.map((pane) => {
      const { count } = pane.keys;
      const slots = new Int32Array(count);
      this.keys.slotsOfOther(pane.keys, keys, 0, count, slots);
      return slots;
    });
    this.#slots = joined.map((slots) => {
      const ofPane = new Int32Array(this.keys.count).fill(-1);
      slots.forEach((slot, n) => {
        ofPane[slot] = n;
      });
      return ofPane;
    });
  }

  /** Rows of a key on one input. */
  count(key: number, input: number): number {
    let count = 0;
    for (let p = 0; p < this.#panes.length; p++) {
      count += this.#panes[p]!.sides[input]!.lists.count(this.#slotOf(p, key));
    }
    return count;
  }

  /** The rows of a key on one input: pane by pane, in each in the order in which they came. */
  rows(key: number, input: number): unknown[] {
    const rows: unknown[] = [];
    for (let p = 0; p < this.#panes.length; p++) {
      const { lists, store } = this.#panes[p]!.sides[input]!;
      const slot = this.#slotOf(p, key);
      const count = lists.count(slot);
      if (count === 0) continue;
      const start = lists.start(slot);
      for (let at = start; at < start + count; at++) rows.push(store.row(lists.ids[at]!));
    }
    return rows;
  }

  #slotOf(pane: number, key: number): number {
    return this.#slots === null ? key : this.#slots[pane]![key]!;
  }
}
