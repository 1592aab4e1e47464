/**
 * The state of a windowed aggregation in a snapshot: its panes, as rows of partial results (partials.ts), and up to which
 * end windows have fired, by range of key groups.
 */
import type { KeyGroupRange } from '../../data/key-group.ts';
import { KeyedRows, type KeyedRowsOptions } from '../../state/keyed-rows.ts';
import type { Lineage } from '../../state/lineage.ts';
import {
  type CapturedTable,
  NUMBERS_SHIFT,
  SlotCapture,
  STEP_SLOTS,
  writtenAtOnce,
} from '../../state/slot-capture.ts';
import type { CaptureStep, RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { AccumulatorRows } from './accumulator-rows.ts';
import type { Accumulators } from './aggregate-codegen.ts';
import type { Pane } from './pane.ts';

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
  const cells = saved.room(sum(panes.map(({ slotCount, cellCount }) => slotCount * cellCount)));
  let cellsBefore = 0;
  if (isDelta) writer.delta(PANES, { keyFields: keyCount, before: panes[0]?.start ?? null });
  const captures = panes.map((pane) => {
    const marks = pane.changes?.take() ?? null;
    const append = (of: Accumulators, from: number, to: number): void =>
      rows.append(pane.keys, from, to, (builder, first, end) => {
        accumulators.append(builder, keyCount, of, first, end);
        const at = builder.rowCount;
        builder.timestamps().fill(pane.start, at, at + end - first);
      });
    const cellsAt = cellsBefore;
    cellsBefore += pane.slotCount * pane.cellCount;
    const areNumbers = accumulators.areInCells(pane.accumulators);
    const table = areNumbers
      ? numberTable(pane, cells.subarray(cellsAt, cellsBefore), append)
      : writtenAtOnce(
          (from, to) => append(pane.accumulators, from, to),
          () => rows.flush(),
          isDelta,
        );
    pane.capture = new SlotCapture(pane.slotCount, table, isDelta ? marks : null, stepSlots);
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

type Append = (of: Accumulators, from: number, to: number) => void;

/**
 * Where cells are kept that change before they are written: the same memory for one snapshot after the other, since memory that
 * is new each time has V8 collect garbage each time. Benchmark: figure checkpoint-overhead.
 */
export class SavedCells {
  #cells = new Float64Array(0);

  /** Room for so many, with whatever is in it. What is never touched takes no memory. */
  room(count: number): Float64Array {
    const { length } = this.#cells;
    if (length < count || length > SAVED_CELLS_MIN + 4 * count)
      this.#cells = new Float64Array(Math.ceil(count * 1.25));
    return this.#cells;
  }
}

const SAVED_CELLS_MIN = 4096;

/** Numbers are copied to the same places of an array of their own. */
function numberTable(pane: Pane, savedCells: Float64Array, append: Append): CapturedTable {
  const { cellCount } = pane;
  const saved = { cells: savedCells, objects: [] };
  return {
    chunkShift: NUMBERS_SHIFT,
    save(from, to) {
      const { cells } = pane.accumulators;
      const end = to * cellCount;
      for (let at = from * cellCount; at < end; at++) saved.cells[at] = cells[at]!;
    },
    write: (from, to, areSaved) => append(areSaved ? saved : pane.accumulators, from, to),
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
