/**
 * The states and timers of the keys of an operator on their way into a snapshot: rows of each, written slot by slot, of all
 * slots or of those that have changed.
 *
 * In a delta a key that was there before and has no row in a state now is told as removed: of a state that has had rows since
 * the base, and of a key that has not come since.
 */
import type { Field } from '../../data/schema.ts';
import { CHANGED, ChangedSlots } from '../../state/changed-slots.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import { Lineage } from '../../state/lineage.ts';
import type { LiveKeys } from '../../state/live-keys.ts';
import { RemovedKeys } from '../../state/removed-keys.ts';
import { SlotCapture, writtenAtOnce } from '../../state/slot-capture.ts';
import { SlotRows, type StateKeyFields } from '../../state/slot-rows.ts';
import type { SnapshotWriter } from '../../state/snapshot.ts';

/** Rows that one step of a snapshot writes, and slots that are looked at for them: a slot may have many rows. */
const STEP_ROWS = 2048;
const STEP_SLOTS = 256;
/** Slots in a row without a mark are passed by fast, but there may be many. */
const STEP_CAPTURES = 16;

/** What goes into a snapshot as one state. */
export type CapturedState = {
  /** In the snapshot. */
  readonly stored: string;
  /** In messages. */
  readonly name: string;
  readonly fields: readonly Field[];
  holds(slot: number): boolean;
  append(slot: number, rows: SlotRows): void;
};

/** A state in one snapshot. */
type Part = { readonly state: CapturedState; readonly rows: SlotRows; readonly hadRows: boolean };

export class StatesCapture {
  readonly #states: readonly CapturedState[];
  readonly #key: StateKeyFields;
  readonly #keys: LiveKeys;
  readonly #scope: KeyScope;
  readonly #removed: RemovedKeys;
  #lineage = new Lineage(0);
  /** Of the last snapshot. */
  #parts: readonly Part[] = [];

  constructor(
    states: readonly CapturedState[],
    key: StateKeyFields,
    keys: LiveKeys,
    scope: KeyScope,
  ) {
    this.#states = states;
    this.#key = key;
    this.#keys = keys;
    this.#scope = scope;
    this.#removed = new RemovedKeys(key);
  }

  /** Marks what changes from here on. `place`: of the subtask, see lineage.ts. */
  markChanges(place: number): void {
    this.#lineage = new Lineage(place);
    this.#scope.changes = new ChangedSlots();
  }

  /** The slot is about to lose its key. */
  beforeRemove(slot: number): void {
    if (this.#scope.changes?.unmark(slot) === CHANGED) this.#removed.add(slot, this.#keys);
  }

  /** Begins to write everything as it is now, or what has changed. */
  begin(writer: SnapshotWriter): void {
    const scope = this.#scope;
    const { changes } = scope;
    const changed = (changes?.count ?? 0) + this.#removed.count;
    const isDelta = changes !== null && this.#lineage.isDelta(writer, changed, this.#keys.keyCount);
    const taken = changes?.take() ?? null;
    const removed = this.#removed.take();
    const marks = isDelta ? taken : null;
    const parts = this.#states.map((state, n) =>
      this.#part(state, writer, this.#parts[n], isDelta),
    );
    this.#parts = parts;
    for (const { state, hadRows } of isDelta ? parts : []) {
      writer.delta(state.stored, { keyFields: this.#key.fields.length, before: null });
      if (hadRows) for (const batch of removed) writer.removed(state.stored, batch);
    }
    const capture = new SlotCapture(
      this.#keys.slotCount,
      writtenAtOnce(
        (slots) => {
          for (const part of parts) appendSlots(part, slots, marks);
        },
        () => {
          for (const { rows } of parts) rows.endOfSlots();
        },
      ),
      marks,
      STEP_SLOTS,
    );
    scope.capture = capture;
    writer.later(() => this.#step(capture, parts));
  }

  #part(
    state: CapturedState,
    writer: SnapshotWriter,
    last: Part | undefined,
    isDelta: boolean,
  ): Part {
    const { stored, name, fields } = state;
    const target = { state: stored, name };
    const rows = new SlotRows(target, this.#key, fields, this.#keys, writer);
    const hadRows = isDelta && last !== undefined && (last.hadRows || last.rows.count > 0);
    return { state, rows, hadRows };
  }

  #step(capture: SlotCapture, parts: readonly Part[]): boolean {
    const written = (): number => parts.reduce((sum, { rows }) => sum + rows.count, 0);
    const end = written() + STEP_ROWS;
    for (let n = 0; n < STEP_CAPTURES && !capture.step() && written() < end; n++);
    if (!capture.isComplete) return false;
    if (this.#scope.capture === capture) this.#scope.capture = null;
    for (const { rows } of parts) rows.flush();
    return true;
  }
}

/** `marks`: of a delta. */
function appendSlots(
  { state, rows, hadRows }: Part,
  slots: Int32Array,
  marks: Uint8Array | null,
): void {
  for (const slot of slots) {
    const before = rows.count;
    if (state.holds(slot)) state.append(slot, rows);
    if (hadRows && rows.count === before && marks![slot] === CHANGED) rows.remove(slot);
  }
}
