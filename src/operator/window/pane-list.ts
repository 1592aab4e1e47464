/** The live panes of one operator by rising start, and empty ones to be used again. */
import type { KeyReader } from '../../data/key.ts';
import { LivePanes } from './live-panes.ts';
import { Pane, type PaneShape } from './pane.ts';

export class PaneList {
  readonly live = new LivePanes<Pane>();
  /** Whether panes mark what changes; set before the first is made. */
  marksChanges = false;
  readonly #spare: Pane[] = [];
  readonly #shape: PaneShape;
  readonly #keys: KeyReader;

  constructor(shape: PaneShape, keys: KeyReader) {
    this.#shape = shape;
    this.#keys = keys;
  }

  /** The live pane with this start, made when it is new. */
  at(start: number): Pane {
    const found = this.live.find(start);
    if (found !== undefined) return found;
    const pane = this.make();
    pane.start = start;
    this.live.add(pane);
    return pane;
  }

  /** An empty pane that is not live. */
  make(): Pane {
    const { isInt } = this.#keys;
    const spare = this.#spare.pop();
    return spare !== undefined && spare.keys.isInt === isInt
      ? spare
      : new Pane(this.#shape, isInt, this.marksChanges);
  }

  /** Takes back a pane that is not live any more. One that a snapshot still has to be written of stays as it is. */
  recycle(pane: Pane): void {
    if (pane.capture !== null && !pane.capture.isComplete) return;
    pane.capture = null;
    pane.clear();
    this.#spare.push(pane);
  }
}
