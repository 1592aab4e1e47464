/** The rows of a join as those see it who watch the job: those of a key by pane, a state for each input. */
import { SHOWN_ROWS_MAX } from '../../base/limits.ts';
import type { StateLook, StateSize, WindowOfKey } from '../state-look.ts';
import { countKeys } from '../window/count-keys.ts';
import type { LivePanes } from '../window/live-panes.ts';
import type { PaneCuts } from '../window/window.ts';
import type { JoinInput } from './join-input.ts';
import type { JoinPane, PaneSide } from './join-pane.ts';

export class JoinLook implements StateLook {
  readonly #inputs: readonly JoinInput[];
  readonly #panes: LivePanes<JoinPane>;
  readonly #cuts: PaneCuts;

  constructor(inputs: readonly JoinInput[], panes: LivePanes<JoinPane>, cuts: PaneCuts) {
    this.#inputs = inputs;
    this.#panes = panes;
    this.#cuts = cuts;
  }

  /** Of both inputs together, since a pane has one table for both. */
  get keyCount(): number | null {
    return countKeys(
      this.#panes.all.map(({ keys }) => keys),
      this.#inputs[0]!.keys,
    );
  }

  sizes(): readonly StateSize[] {
    const keys = this.keyCount;
    return this.#inputs.map(({ rows }, input) => {
      const windows = this.#panes.all.reduce(
        (sum, { sides }) => sum + sides[input]!.lists.filledCount,
        0,
      );
      return { name: rows.name, kind: 'rows', keys, windows };
    });
  }

  valueOf(state: string, key: unknown): readonly WindowOfKey[] | undefined {
    const input = this.#inputs.findIndex(({ rows }) => rows.name === state);
    if (input < 0) return undefined;
    const found = this.#inputs[input]!.rows.readKey(key);
    const windows = this.#panes.all.flatMap(({ start, keys, sides }): WindowOfKey[] => {
      const values = rowsOf(sides[input]!, keys.find(found));
      return values.length === 0 ? [] : [{ start, end: this.#cuts.endOf(start), values }];
    });
    return windows.length === 0 ? undefined : windows;
  }
}

/** The first rows of a slot that are not over; none of a slot that is -1. */
function rowsOf(side: PaneSide, slot: number): readonly unknown[] {
  const rows: unknown[] = [];
  if (slot < 0) return rows;
  const { lists, store } = side;
  const start = lists.start(slot);
  for (let at = start; at < start + lists.count(slot) && rows.length < SHOWN_ROWS_MAX; at++) {
    const id = lists.ids[at]!;
    if (!side.isDead(lists.times[at]!, id)) rows.push(store.row(id));
  }
  return rows;
}
