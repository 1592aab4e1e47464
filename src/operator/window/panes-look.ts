/** The panes of a windowed aggregation as those see it who watch the job: the accumulators of a key, as a snapshot has them. */
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { KeyReader } from '../../data/key.ts';
import type { KeyedRowsOptions } from '../../state/keyed-rows.ts';
import type { StateLook, StateSize, WindowOfKey } from '../state-look.ts';
import type { AccumulatorRows } from './accumulator-rows.ts';
import { countKeys } from './count-keys.ts';
import type { LivePanes } from './live-panes.ts';
import { namedValues } from './named-values.ts';
import type { Pane } from './pane.ts';
import type { PaneCuts } from './window.ts';

export type PanesLookOptions = KeyedRowsOptions & {
  readonly panes: LivePanes<Pane>;
  readonly cuts: PaneCuts;
  readonly rows: AccumulatorRows;
  /** Cells that panes have: rows may have one more, which is 0. */
  readonly cellCount: number;
  /** The reader of the records. */
  readonly keys: KeyReader;
  readonly readKey: (given: unknown) => KeyReader;
};

export class PanesLook implements StateLook {
  readonly #options: PanesLookOptions;

  constructor(options: PanesLookOptions) {
    this.#options = options;
  }

  get keyCount(): number | null {
    const { panes, keys } = this.#options;
    return countKeys(
      panes.all.map((pane) => pane.keys),
      keys,
    );
  }

  sizes(): readonly StateSize[] {
    const windows = this.#options.panes.all.reduce((sum, { slotCount }) => sum + slotCount, 0);
    return [{ name: this.#options.state, kind: 'panes', keys: this.keyCount, windows }];
  }

  valueOf(state: string, key: unknown): readonly WindowOfKey[] | undefined {
    if (state !== this.#options.state) return undefined;
    const { panes, cuts, readKey } = this.#options;
    const found = readKey(key);
    const windows = panes.all.flatMap((pane): WindowOfKey[] => {
      const slot = pane.keys.find(found);
      if (slot < 0) return [];
      const { start } = pane;
      return [{ start, end: cuts.endOf(start), values: this.#values(pane, slot) }];
    });
    return windows.length === 0 ? undefined : windows;
  }

  #values({ keys, accumulators }: Pane, slot: number): unknown {
    const { schema, keyFields, isTypedKey, rows, cellCount } = this.#options;
    const builder = new BatchBuilder(schema, 1);
    keys.appendKeys(slot, slot + 1, builder, keyFields, isTypedKey);
    rows.append(builder, keyFields.length, accumulators, slot, slot + 1);
    builder.advance(1);
    return namedValues(builder, keyFields.length, cellCount);
  }
}
