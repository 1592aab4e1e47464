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
  writer: SnapshotWriter,
): CaptureStep {
  const keyCount = options.keyFields.length;
  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  const changed = sum(panes.map(({ changes }) => changes?.count ?? 0));
  const all = sum(panes.map(({ slotCount }) => slotCount));
  const isDelta = lineage.isDelta(writer, changed, all);
  const rows = new KeyedRows({ ...options, state: PANES }, writer, isDelta ? changed : all);
  const stepSlots = accumulators.hasObjects ? STEP_SLOTS : rows.batchRows;
  if (isDelta) writer.delta(PANES, { keyFields: keyCount, before: panes[0]?.start ?? null });
  const captures = panes.map((pane) => {
    const marks = pane.changes?.take() ?? null;
    const append = (of: Accumulators, from: number, to: number): void =>
      rows.append(pane.keys, from, to, (builder, first, end) => {
        accumulators.append(builder, keyCount, of, first, end);
        const at = builder.rowCount;
        builder.timestamps().fill(pane.start, at, at + end - first);
      });
    const areNumbers = accumulators.areInCells(pane.accumulators);
    const table = areNumbers
      ? numberTable(pane, append)
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

/** Numbers are copied to the same places of an array of their own. */
function numberTable(pane: Pane, append: Append): CapturedTable {
  const { cellCount, slotCount } = pane;
  const saved = { cells: new Float64Array(0), objects: [] };
  return {
    chunkShift: NUMBERS_SHIFT,
    save(from, to) {
      const { cells } = pane.accumulators;
      if (saved.cells.length === 0) saved.cells = new Float64Array(slotCount * cellCount);
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
