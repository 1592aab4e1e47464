/**
 * The state of a windowed aggregation in a snapshot: its panes, as rows of partial results (partials.ts), and up to which
 * end windows have fired, by range of key groups.
 */
import type { KeyGroupRange } from '../../data/key-group.ts';
import { KeyedRows, type KeyedRowsOptions } from '../../state/keyed-rows.ts';
import { SlotCapture } from '../../state/slot-capture.ts';
import type { CaptureStep, RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { AccumulatorRows } from './accumulator-rows.ts';
import type { Pane } from './pane.ts';

export const PANES = 'panes';
const FIRED = 'fired';

type Fired = KeyGroupRange & { readonly end: number };

/** Begins to write panes as they are now; the step writes what is left. */
export function capturePanes(
  panes: readonly Pane[],
  options: Omit<KeyedRowsOptions, 'state' | 'hasObjects'>,
  accumulators: AccumulatorRows,
  writer: SnapshotWriter,
): CaptureStep {
  const { hasObjects } = accumulators;
  const rows = new KeyedRows({ ...options, state: PANES, hasObjects }, writer);
  const keyCount = options.keyFields.length;
  const captures = panes.map((pane) => {
    const { start } = pane;
    const capture = new SlotCapture(pane.slotCount, (from, to) =>
      rows.append(pane.keys, from, to, (builder, first, end) => {
        accumulators.append(builder, keyCount, pane.accumulators, first, end);
        const at = builder.rowCount;
        builder.timestamps().fill(start, at, at + end - first);
      }),
    );
    pane.capture = capture;
    return capture;
  });
  let next = 0;
  return () => {
    if (next < captures.length && captures[next]!.step()) next++;
    if (next < captures.length) return false;
    rows.flush();
    return true;
  };
}

export function writeFired(writer: SnapshotWriter, end: number, groups: KeyGroupRange): void {
  writer.items(FIRED, 'union', [{ ...groups, end } satisfies Fired]);
}

/** Up to which end the windows of each key group have fired. */
export class RestoredFired {
  readonly #fired: readonly Fired[];

  constructor(restored: RestoredState, groups: KeyGroupRange) {
    this.#fired = (restored.items(FIRED) as readonly Fired[]).filter(
      ({ first, last }) => first <= groups.last && last >= groups.first,
    );
  }

  /** Windows up to here have fired for all keys. */
  get least(): number {
    return this.#fired.reduce((least, { end }) => Math.min(least, end), Infinity);
  }

  /** Nothing is restored. */
  get isEmpty(): boolean {
    return this.#fired.length === 0;
  }

  /** No window beyond has fired for any key. */
  get greatest(): number {
    return this.#fired.reduce((greatest, { end }) => Math.max(greatest, end), -Infinity);
  }

  hasFired(end: number, group: number): boolean {
    const of = this.#fired.find(({ first, last }) => first <= group && group <= last);
    return of !== undefined && end <= of.end;
  }
}
