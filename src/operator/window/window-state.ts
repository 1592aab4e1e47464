/**
 * The state of a windowed aggregation in a snapshot: its panes, as rows of partial results (partials.ts), and up to which
 * end windows have fired, by range of key groups.
 */
import type { KeyGroupRange } from '../../data/key-group.ts';
import { KeyedRows, type KeyedRowsOptions } from '../../state/keyed-rows.ts';
import type { Lineage } from '../../state/lineage.ts';
import { SlotCapture, STEP_SLOTS, writtenAtOnce } from '../../state/slot-capture.ts';
import type { CaptureStep, RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { AccumulatorRows } from './accumulator-rows.ts';
import type { Accumulators } from './aggregate-codegen.ts';
import type { Pane } from './pane.ts';
import { type SavedCells, SavedPane } from './saved-cells.ts';

export const PANES = 'panes';
const FIRED = 'fired';

type Fired = KeyGroupRange & { readonly end: number };

/**
 * Begins to write panes as they are now, or what has changed of them; the step writes what is left. Panes are by rising start,
 * and go in that order.
 */
export function capturePanes(
  panes: readonly Pane[],
  lineage: Lineage,
  options: Omit<KeyedRowsOptions, 'state'>,
  accumulators: AccumulatorRows,
  saved: SavedCells,
  writer: SnapshotWriter,
): CaptureStep {
  const keyCount = options.keyFields.length;
  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  const changed = sum(panes.map(({ changes }) => changes?.count ?? 0));
  const all = sum(panes.map(({ slotCount }) => slotCount));
  const isDelta = lineage.isDelta(writer, changed, all);
  const rows = new KeyedRows({ ...options, state: PANES }, writer, isDelta ? changed : all);
  const stepSlots = accumulators.hasObjects ? STEP_SLOTS : rows.batchRows;
  saved.begin(sum(panes.map(({ slotCount, cellCount }) => slotCount * cellCount)));
  if (isDelta) writer.delta(PANES, { keyFields: keyCount, before: panes[0]?.start ?? null });
  const captures = panes.map((pane) => {
    const marks = pane.changes?.take() ?? null;
    const { keys, slotCount, cellCount } = pane;
    const write = (from: number, to: number, of: Accumulators, at: number): void =>
      rows.append(keys, from, to, (builder, first, end) => {
        accumulators.append(builder, keyCount, of, at + first - from, at + end - from);
        const row = builder.rowCount;
        builder.timestamps().fill(pane.start, row, row + end - first);
      });
    const areNumbers = accumulators.areInCells(pane.accumulators);
    const table = areNumbers
      ? new SavedPane(pane.accumulators, slotCount, cellCount, saved, write)
      : writtenAtOnce(
          (slots) =>
            rows.appendSlots(keys, slots, (builder, some) => {
              accumulators.appendSlots(builder, keyCount, pane.accumulators, some);
              const row = builder.rowCount;
              builder.timestamps().fill(pane.start, row, row + some.length);
            }),
          () => rows.flush(),
        );
    pane.capture = new SlotCapture(slotCount, table, isDelta ? marks : null, stepSlots);
    return pane.capture;
  });
  let next = 0;
  return () => {
    if (next < captures.length && captures[next]!.step()) next++;
    if (next < captures.length) return false;
    rows.flush();
    return true;
  };
}

/**
 * Windows of these key groups have fired up to this end; or up to later ones where they had before the job was restored, and
 * time has not come there again.
 */
export function writeFired(
  writer: SnapshotWriter,
  end: number,
  groups: KeyGroupRange,
  before: RestoredFired | null,
): void {
  const fired = before?.from(end, groups) ?? [{ ...groups, end } satisfies Fired];
  writer.items(FIRED, 'union', fired);
}

/** Up to which end the windows of each key group have fired. */
export class RestoredFired {
  readonly #fired: readonly Fired[];

  constructor(restored: RestoredState, groups: KeyGroupRange) {
    this.#fired = (restored.items(FIRED) as readonly Fired[]).filter(
      ({ first, last }) => first <= groups.last && last >= groups.first,
    );
  }

  /** The ranges within these key groups, and their ends, at least this one. */
  from(end: number, groups: KeyGroupRange): readonly Fired[] {
    return this.#fired.map((fired) => ({
      first: Math.max(fired.first, groups.first),
      last: Math.min(fired.last, groups.last),
      end: Math.max(fired.end, end),
    }));
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
