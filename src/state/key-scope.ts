/** What the states of one operator share: the key that is being processed, the time, and the snapshot being written. */
import { EngineError } from '../base/errors.ts';
import type { ChangedSlots } from './changed-slots.ts';
import type { SlotCapture } from './slot-capture.ts';
import { SlotList } from './slot-list.ts';

const NO_SLOT = -1;

export class KeyScope {
  /** Of the key that is being processed; NO_SLOT between records. */
  slot = NO_SLOT;
  /** Event time of what is being processed; NaN when it has none. */
  time = Number.NaN;
  /** Processing time. */
  nowMs = 0;
  /** The row that was emitted last, and those before it for the same key, in this batch: a state may come to hold them. */
  #emitted: unknown = undefined;
  readonly #emittedBefore = new Set<unknown>();
  #emittedSlot = NO_SLOT;
  /** Slots that were ever used. */
  slotCount = 0;
  /** Slots that may have nothing left: they are looked at when no record is being processed. */
  readonly emptied = new SlotList();
  capture: SlotCapture | null = null;
  /** What has changed since the last snapshot; null where nobody asks. */
  changes: ChangedSlots | null = null;
  readonly #touched = new Int32Array(1);

  leave(): void {
    this.slot = NO_SLOT;
    this.#emitted = undefined;
    this.#forget();
  }

  /** A row goes out as the object that it is. */
  onEmitted(row: unknown): void {
    if (this.#emittedSlot !== this.slot) this.#forget();
    else if (this.#emitted !== undefined) this.#emittedBefore.add(this.#emitted);
    this.#emittedSlot = this.slot;
    this.#emitted = row;
  }

  /** To clear a set makes another. */
  #forget(): void {
    if (this.#emittedBefore.size > 0) this.#emittedBefore.clear();
  }

  wasEmitted(value: unknown): boolean {
    return value === this.#emitted || this.#emittedBefore.has(value);
  }

  /** The current slot; JOB_DEFINITION when there is none. `what` was used. */
  require(what: string): number {
    return this.slot === NO_SLOT ? refuse(what) : this.slot;
  }

  /** The same for the first slots of a list. */
  beforeWrite(slots: Int32Array, count: number): void {
    this.capture?.beforeWrite(slots, 0, count);
    this.changes?.mark(slots, 0, count, this.slotCount);
  }

  /** What belongs to a slot is about to change: it goes into the snapshot that is being written as it is. */
  touch(slot: number): void {
    if (this.capture === null && this.changes === null) return;
    this.#touched[0] = slot;
    this.beforeWrite(this.#touched, 1);
  }
}

function refuse(what: string): never {
  throw new EngineError(
    'JOB_DEFINITION',
    `${what} was used outside of the function that is called for a record or timer: state and context belong to what is ` +
      'being processed, and are of no use later, as in a promise, or in open',
  );
}
