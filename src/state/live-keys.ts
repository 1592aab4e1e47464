/**
 * Slots for the keys of one stream, as in key-slots.ts, but of keys that come and go: the slot of a removed key serves
 * another one. In a table of ints as long as all keys are ints, in one of bytes from the first that is not; slots stay
 * the same.
 */
import type { BatchBuilder } from '../data/batch-builder.ts';
import type { KeyReader } from '../data/key.ts';
import { appendByteKeys, appendIntKeys, readByteKey } from '../data/key-decoder.ts';
import { murmur } from '../data/key-hash.ts';
import type { Field } from '../data/schema.ts';
import { LiveByteKeys } from './live-byte-keys.ts';
import { LiveIntKeys } from './live-int-keys.ts';
import { SlotList } from './slot-list.ts';

export class LiveKeys {
  readonly #free = new SlotList();
  #ints: LiveIntKeys | null;
  #bytes: LiveByteKeys | null;

  constructor(isInt: boolean) {
    this.#ints = isInt ? new LiveIntKeys(this.#free) : null;
    this.#bytes = isInt ? null : new LiveByteKeys(this.#free);
  }

  /** Slots that were ever used, with those that are free. */
  get slotCount(): number {
    return (this.#ints ?? this.#bytes!).slotCount;
  }

  /** Keys that have a slot. */
  get keyCount(): number {
    return this.slotCount - this.#free.count;
  }

  /** slots[i] = slot of row i, for rows from to to - 1 of the batch that `keys` has read; slots of new keys into `fresh`. */
  slotsOf(keys: KeyReader, from: number, to: number, slots: Int32Array, fresh: SlotList): void {
    if (this.#ints !== null && !keys.isInt) this.#becomeBytes(keys);
    if (this.#ints !== null) this.#ints.slotsOf(keys.ints, from, to, slots, fresh);
    else this.#bytes!.slotsOf(keys.keyBytes, from, to, slots, fresh);
  }

  /** The slot of the first key that `keys` has read; -1 where it has none. Changes nothing. */
  find(keys: KeyReader): number {
    if (this.#ints !== null) return keys.isInt ? this.#ints.find(keys.ints[0]!) : -1;
    return this.#bytes!.find(keys.isInt ? keys.intsAsBytes(keys.ints, 1) : keys.keyBytes);
  }

  /** Forgets the key of a slot, which the next new key gets; false when the slot was free already. */
  remove(slot: number): boolean {
    return (this.#ints ?? this.#bytes!).remove(slot);
  }

  /** The values of a key, one a field. */
  valuesOf(slot: number, fields: readonly Field[], isTyped: boolean): readonly unknown[] {
    if (this.#ints !== null) return fields.length === 0 ? [] : [this.#ints.keys[slot]!];
    return readByteKey(this.#bytes!.keys, slot, fields, isTyped);
  }

  /** Appends the key of a slot, and its hash, to the first columns of a builder; `advance` is the caller's. */
  append(slot: number, builder: BatchBuilder, fields: readonly Field[], isTyped: boolean): void {
    const hashes = builder.keyHashes();
    if (this.#ints !== null) {
      // The one key of all records has no field.
      const [field] = fields;
      if (field !== undefined) appendIntKeys(this.#ints.keys, slot, slot + 1, builder, field);
      hashes[builder.rowCount] = murmur(this.#ints.keys[slot]!);
    } else {
      appendByteKeys(this.#bytes!.keys, slot, slot + 1, builder, fields, isTyped);
      hashes[builder.rowCount] = this.#bytes!.hashOf(slot);
    }
  }

  #becomeBytes(keys: KeyReader): void {
    const { slotCount } = this;
    const table = new LiveByteKeys(this.#free);
    table.adopt(keys.intsAsBytes(this.#ints!.keys, slotCount), slotCount);
    this.#ints = null;
    this.#bytes = table;
  }
}
