/**
 * Panes by rising start. New ones mostly come last, and the first go first, many in a row: they are left where they are until
 * they are as many as those behind them, or others are looked for, since a long array takes as long to lose its first as to be
 * copied. A pane that has gone may be used again with another start meanwhile, so nobody looks among these.
 */
import { panesUpTo } from './window.ts';

/** Panes that are gone before the others move up. */
const GONE_PANES = 64;

export class LivePanes<P extends { readonly start: number }> {
  readonly #panes: P[] = [];
  #gone = 0;

  get all(): readonly P[] {
    this.#moveUp();
    return this.#panes;
  }

  get first(): P | undefined {
    return this.#panes[this.#gone];
  }

  /** The pane with this start. */
  find(start: number): P | undefined {
    const { all } = this;
    const found = all[panesUpTo(all, start) - 1];
    return found?.start === start ? found : undefined;
  }

  /** Adds a pane with another start than all others. */
  add(pane: P): void {
    this.#moveUp();
    this.#panes.splice(panesUpTo(this.#panes, pane.start), 0, pane);
  }

  /** The panes from the first on that start before a time. */
  before(time: number): readonly P[] {
    let to = this.#gone;
    while (to < this.#panes.length && this.#panes[to]!.start < time) to++;
    return this.#panes.slice(this.#gone, to);
  }

  takeFirst(): P {
    const pane = this.#panes[this.#gone++]!;
    if (this.#gone >= GONE_PANES && this.#gone * 2 >= this.#panes.length) this.#moveUp();
    return pane;
  }

  takeAll(): readonly P[] {
    this.#moveUp();
    return this.#panes.splice(0);
  }

  #moveUp(): void {
    if (this.#gone > 0) this.#panes.splice(0, this.#gone);
    this.#gone = 0;
  }
}
