/**
 * The panes of a window that fires, joined in one: its total. Cumulating windows of one start hold all that those before them
 * held: where accumulators are cells, so that results share nothing with them, the total goes on from window to window, and
 * only what has come since is joined.
 */
import type { Pane } from './pane.ts';
import type { PaneList } from './pane-list.ts';
import { lastWindowEnd, type PaneWindow, windowStart } from './window.ts';

export class WindowTotals {
  readonly #window: PaneWindow;
  readonly #panes: PaneList;
  readonly #merge: (total: Pane, pane: Pane) => void;
  readonly #goesOn: boolean;
  /** The total that goes on, of a window with this start, has the panes that start before `end`. */
  #growing: { readonly total: Pane; readonly start: number; end: number } | null = null;

  /** `areCells`: the accumulators hold no objects. */
  constructor(
    window: PaneWindow,
    panes: PaneList,
    areCells: boolean,
    merge: (total: Pane, pane: Pane) => void,
  ) {
    this.#window = window;
    this.#panes = panes;
    this.#goesOn = window.kind === 'cumulating' && areCells;
    this.#merge = merge;
  }

  /** Of the window with this end, which has to be released; a pane that is in no other one is a total itself. */
  of(end: number): Pane {
    const start = windowStart(this.#window, end);
    const panes = this.#panes.live.before(end);
    const first = panes[0]!;
    if (panes.length === 1 && lastWindowEnd(this.#window, first.start) <= end) return first;
    const { total, from } = this.#begun(start);
    for (const pane of panes) if (pane.start >= from) this.#merge(total, pane);
    if (this.#goesOn) this.#growing = { total, start, end };
    return total;
  }

  /** A total, and where the panes begin that it does not have. */
  #begun(start: number): { readonly total: Pane; readonly from: number } {
    const growing = this.#growing;
    if (growing?.start === start) return { total: growing.total, from: growing.end };
    this.#forget();
    return { total: this.#panes.make(), from: start };
  }

  /** A pane with this start gets records. */
  changes(start: number): void {
    if (this.#growing !== null && start < this.#growing.end) this.#forget();
  }

  /** Its window has been emitted. One that goes on stays until the first of another start. */
  release(total: Pane): void {
    if (total !== this.#growing?.total) this.#panes.recycle(total);
  }

  #forget(): void {
    if (this.#growing !== null) this.#panes.recycle(this.#growing.total);
    this.#growing = null;
  }
}
