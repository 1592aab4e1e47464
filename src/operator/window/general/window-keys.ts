/** The keys of windows: their slots, and what they are in results, in snapshots and for functions of the user. */
import type { Batch } from '../../../data/batch.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import { isTypedKey, type KeyReader, type KeySpec, keyFields } from '../../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../../data/schema.ts';
import { KeySlots } from '../../../state/key-slots.ts';
import type { WindowTable } from './window-table.ts';

/** Keys from which it is worth looking for those that have no window any more. */
const KEYS_MIN = 4096;

export class WindowKeys {
  readonly fields: readonly Field[];
  /** Of the first input. */
  readonly reader: KeyReader;
  slots: KeySlots;
  readonly #isTyped: boolean;
  readonly #one: BatchBuilder;
  readonly #slot = new Int32Array(1);

  constructor(key: KeySpec, inputSchema: Schema | null, reader: KeyReader) {
    this.fields = keyFields(key, inputSchema);
    this.#isTyped = isTypedKey(key, inputSchema);
    this.reader = reader;
    this.slots = new KeySlots(reader.isInt);
    this.#one = new BatchBuilder(schemaOf(this.fields), 1);
  }

  /** Appends keys to the first columns of a builder; `advance` is the caller's. */
  append(slots: Int32Array, count: number, builder: BatchBuilder): void {
    this.slots.appendKeysOf(slots, count, builder, this.fields, this.#isTyped);
  }

  /** A key as a batch of one row, until the next call. */
  batchOf(slot: number): Batch {
    const builder = this.#one;
    builder.reset();
    this.#slot[0] = slot;
    this.append(this.#slot, 1, builder);
    builder.advance(1);
    return builder.seal();
  }

  /** Slots of the rows of a batch, whose keys a reader of one of the inputs reads. */
  slotsOf(batch: Batch, reader: KeyReader, windows: WindowTable, slots: Int32Array): void {
    // Another input has had a key that is no int.
    if (!this.slots.isInt) reader.isInt = false;
    reader.read(batch);
    this.slots.slotsOf(reader, 0, batch.rowCount, slots);
    windows.reserveKeys(this.slots.count);
  }

  /** Forgets keys that have no window, when they are most of all: true, and the others have slots in their order. */
  forgetUnused(windows: WindowTable): boolean {
    const { count } = this.slots;
    if (count < KEYS_MIN || windows.keyCount * 4 > count) return false;
    const kept = new KeySlots(this.slots.isInt);
    const moved = new Int32Array(count);
    const { heads } = windows;
    for (let from = 0; from < count; ) {
      let to = from;
      while (to < count && heads[to]! >= 0) to++;
      if (to > from) {
        const slots = moved.subarray(from, to);
        kept.slotsOfOther(this.slots, this.reader, from, to, slots);
      }
      from = to + 1;
    }
    windows.moveKeys(moved, kept.count);
    this.slots = kept;
    return true;
  }
}
