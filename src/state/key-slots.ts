/**
 * Dense slots for the keys of one stream: slot n is the n-th different key since the last clear. In a table of ints as
 * long as all keys are ints, in one of bytes from the first that is not; slots stay the same.
 */
import { assert } from '../base/assert.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import type { KeyBytes, KeyReader } from '../data/key.ts';
import { appendByteKeys, appendIntKeys } from '../data/key-decoder.ts';
import { murmur } from '../data/key-hash.ts';
import type { Field } from '../data/schema.ts';
import type { SharedKeys } from '../data/shared-keys.ts';
import { ByteKeyTable } from './byte-key-table.ts';
import { IntKeyTable } from './int-key-table.ts';

/** Shared keys to a row of a run, up to which it pays to note what slots they have. */
const KNOWN_KEYS_MAX = 4;

export class KeySlots {
  #ints: IntKeyTable | null;
  #bytes: ByteKeyTable | null;
  /** By number of a shared key: its slot, or -1 while nobody has asked for it. */
  #known = new Int32Array(0);
  #knownOf: SharedKeys | null = null;

  constructor(isInt: boolean) {
    this.#ints = isInt ? new IntKeyTable() : null;
    this.#bytes = isInt ? null : new ByteKeyTable();
  }

  get isInt(): boolean {
    return this.#ints !== null;
  }

  /** Keys by slot, of which there may be room for more; where all are ints. */
  get ints(): Int32Array {
    return this.#ints!.keys;
  }

  get count(): number {
    return (this.#ints ?? this.#bytes!).count;
  }

  /** slots[i] = slot of row i, for rows from to to - 1 of the batch that `keys` has read; new keys get the next slots. */
  slotsOf(keys: KeyReader, from: number, to: number, slots: Int32Array): void {
    if (this.#ints !== null && !keys.isInt) this.#becomeBytes(keys);
    if (this.#ints !== null) this.#ints.slotsOf(keys.ints, from, to, slots);
    else if (keys.shared !== null) this.#slotsOfShared(keys.shared, from, to, slots);
    else this.#bytes!.slotsOf(keys.keyBytes, from, to, slots);
  }

  /** Each key is looked up once, unless there are many more than rows. */
  #slotsOfShared(shared: SharedKeys, from: number, to: number, slots: Int32Array): void {
    const { keys, codes, count } = shared;
    const table = this.#bytes!;
    if (this.#knownOf !== shared && count > (to - from) * KNOWN_KEYS_MAX) {
      table.slotsOf(keysOf(keys, codes, from, to), 0, to - from, slots.subarray(from, to));
      return;
    }
    const known = this.#knownSlots(shared);
    for (let i = from; i < to; i++) {
      const code = codes[i]!;
      if (known[code] === -1) table.slotsOf(keys, code, code + 1, known);
      slots[i] = known[code]!;
    }
  }

  /**
   * Gives rows from to to - 1 of the batch that `keys` has read the next slots, as their keys are all new: nothing else may be
   * asked for before `index`, which has to follow the last of them. False when a key is seen not to be new. `expected`: about
   * how many may come from here on.
   */
  append(keys: KeyReader, from: number, to: number, expected: number): boolean {
    if (this.#ints !== null && keys.isInt) {
      this.#ints.append(keys.ints, from, to, expected);
      return true;
    }
    const known = this.count;
    this.slotsOf(keys, from, to, new Int32Array(to));
    return this.count === known + to - from;
  }

  /** Behind `append`; false when a key was not new. */
  index(): boolean {
    return this.#ints?.index() ?? true;
  }

  /** slots[i] = slot of row i, for rows from to to - 1 of the batch that `keys` has read; -1 where the key has none. */
  findSlots(keys: KeyReader, from: number, to: number, slots: Int32Array): void {
    if (this.#ints !== null && !keys.isInt) this.#becomeBytes(keys);
    if (this.#ints !== null) this.#ints.findSlots(keys.ints, from, to, slots);
    else this.#bytes!.findSlots(keys.keyBytes, from, to, slots);
  }

  /** The slot of the first key that `keys` has read; -1 where it has none. Changes nothing. */
  find(keys: KeyReader): number {
    const slots = new Int32Array(1);
    if (this.#bytes !== null) {
      const bytes = keys.isInt ? keys.intsAsBytes(keys.ints, 1) : keys.keyBytes;
      this.#bytes.findSlots(bytes, 0, 1, slots);
    } else if (keys.isInt) {
      this.#ints!.findSlots(keys.ints, 0, 1, slots);
    } else {
      slots[0] = -1;
    }
    return slots[0]!;
  }

  /** slots[i] = slot of the key in slot from + i of others, of the same stream, for i below to - from. */
  slotsOfOther(
    other: KeySlots,
    keys: KeyReader,
    from: number,
    to: number,
    slots: Int32Array,
  ): void {
    if (other.#ints !== null && !keys.isInt) other.#becomeBytes(keys);
    if (this.#ints !== null && other.#ints === null) this.#becomeBytes(keys);
    if (this.#ints !== null) {
      this.#ints.slotsOf(other.#ints!.keys.subarray(from, to), 0, to - from, slots);
      return;
    }
    const { bytes, starts, sizes, hashes } = other.#bytes!.keys;
    const piece = {
      bytes,
      starts: starts.subarray(from, to),
      sizes: sizes.subarray(from, to),
      hashes: hashes.subarray(from, to),
      areTexts: keys.keyBytes.areTexts,
    };
    this.#bytes!.slotsOf(piece, 0, to - from, slots);
  }

  /** Appends the keys of slots from to to - 1 to the first columns of a builder; `advance` is the caller's. */
  appendKeys(
    from: number,
    to: number,
    builder: BatchBuilder,
    fields: readonly Field[],
    isTyped: boolean,
  ): void {
    if (fields.length === 0) return;
    if (this.#ints !== null) appendIntKeys(this.#ints.keys, from, to, builder, fields[0]!);
    else appendByteKeys(this.#bytes!.keys, from, to, builder, fields, isTyped);
  }

  /** The same for the keys of `count` slots in any order. */
  appendKeysOf(
    slots: Int32Array,
    count: number,
    builder: BatchBuilder,
    fields: readonly Field[],
    isTyped: boolean,
  ): void {
    if (fields.length === 0) return;
    if (this.#ints !== null) {
      const ints = gathered(this.#ints.keys, slots, count);
      appendIntKeys(ints, 0, count, builder, fields[0]!);
      return;
    }
    const { bytes, starts, sizes, hashes } = this.#bytes!.keys;
    const keys = {
      bytes,
      starts: gathered(starts, slots, count),
      sizes: gathered(sizes, slots, count),
      hashes,
    };
    appendByteKeys(keys, 0, count, builder, fields, isTyped);
  }

  /** Writes the key hashes of slots from to to - 1 behind the rows of a builder; `advance` is the caller's. */
  appendHashes(from: number, to: number, builder: BatchBuilder): void {
    const at = builder.rowCount;
    const hashes = builder.keyHashes();
    if (this.#bytes !== null) {
      hashes.set(this.#bytes.keys.hashes.subarray(from, to), at);
      return;
    }
    const { keys } = this.#ints!;
    for (let i = from; i < to; i++) hashes[at + i - from] = murmur(keys[i]!);
  }

  /** The same for slots in any order. */
  appendHashesOf(slots: Int32Array, builder: BatchBuilder): void {
    const at = builder.rowCount;
    const hashes = builder.keyHashes();
    if (this.#bytes !== null) {
      const { hashes: found } = this.#bytes.keys;
      for (let i = 0; i < slots.length; i++) hashes[at + i] = found[slots[i]!]!;
      return;
    }
    const { keys } = this.#ints!;
    for (let i = 0; i < slots.length; i++) hashes[at + i] = murmur(keys[slots[i]!]!);
  }

  hashOf(slot: number): number {
    return this.#bytes === null ? murmur(this.#ints!.keys[slot]!) : this.#bytes.keys.hashes[slot]!;
  }

  clear(): void {
    (this.#ints ?? this.#bytes!).clear();
    this.#knownOf = null;
  }

  #knownSlots(shared: SharedKeys): Int32Array {
    const { count } = shared;
    const before = this.#knownOf === shared ? this.#known.length : 0;
    if (this.#known.length < count) {
      const known = new Int32Array(Math.ceil(count * 1.25));
      known.set(this.#known.subarray(0, before));
      this.#known = known;
    }
    this.#known.fill(-1, before);
    this.#knownOf = shared;
    return this.#known;
  }

  #becomeBytes(keys: KeyReader): void {
    const { count } = this;
    const table = new ByteKeyTable();
    table.slotsOf(keys.intsAsBytes(this.#ints!.keys, count), 0, count, new Int32Array(count));
    assert(table.count === count, 'keys differ');
    this.#ints = null;
    this.#bytes = table;
  }
}

/** Keys codes[from] to codes[to - 1]. */
function keysOf(keys: KeyBytes, codes: Int32Array, from: number, to: number): KeyBytes {
  const numbers = codes.subarray(from, to);
  return {
    bytes: keys.bytes,
    starts: gathered(keys.starts, numbers, to - from),
    sizes: gathered(keys.sizes, numbers, to - from),
    hashes: gathered(keys.hashes, numbers, to - from),
    areTexts: keys.areTexts,
  };
}

function gathered(from: Int32Array, slots: Int32Array, count: number): Int32Array {
  const values = new Int32Array(count);
  for (let i = 0; i < count; i++) values[i] = from[slots[i]!]!;
  return values;
}
