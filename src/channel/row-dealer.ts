/**
 * Deals rows to channels by the key groups of their keys: the loops behind KeyDealer. Rows of one channel keep their
 * order. Benchmark: figure keyed-tumbling.
 */
import { subtaskOf } from '../data/key-group.ts';
import { murmur } from '../data/key-hash.ts';

/** Rows by channel: those of channel c are order[starts[c]] to order[ends[c] - 1]. */
export class RowOrder {
  order: Int32Array = new Int32Array(0);
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  #channelOf: Uint16Array = new Uint16Array(0);

  constructor(channels: number) {
    this.starts = new Int32Array(channels);
    this.ends = new Int32Array(channels);
  }

  /** Where the channel of each row is written before `sort`. */
  channelOf(rowCount: number): Uint16Array {
    if (this.#channelOf.length < rowCount) this.#channelOf = new Uint16Array(rowCount);
    return this.#channelOf;
  }

  reserve(rowCount: number): void {
    if (this.order.length < rowCount) this.order = new Int32Array(rowCount);
  }

  /** The same for two channels; where rows of the second are to be written, those of the first from 0 on. */
  reserveTwo(rowCount: number): number {
    this.reserve(rowCount * 2);
    return this.order.length >> 1;
  }

  /** Behind that: so many of the rows are in the second. */
  setTwo(rowCount: number, inSecond: number): void {
    const { starts, ends } = this;
    const second = this.order.length >> 1;
    ends[0] = rowCount - inSecond;
    starts[1] = second;
    ends[1] = second + inSecond;
  }

  /** Sorts rows 0 to rowCount - 1 by their channels. */
  sort(rowCount: number): void {
    if (this.starts.length === 2) this.#sortTwo(rowCount);
    else this.#sortMany(rowCount);
  }

  /** Without a branch, and without a counter in memory: each row is written to both, and one of the two advances. */
  #sortTwo(rowCount: number): void {
    const second = this.reserveTwo(rowCount);
    const { order } = this;
    const channelOf = this.#channelOf;
    let inSecond = 0;
    for (let i = 0; i < rowCount; i++) {
      order[i - inSecond] = i;
      order[second + inSecond] = i;
      inSecond += channelOf[i]!;
    }
    this.setTwo(rowCount, inSecond);
  }

  /** A counting sort. */
  #sortMany(rowCount: number): void {
    this.reserve(rowCount);
    const { order, starts, ends } = this;
    const channelOf = this.#channelOf;
    const channels = starts.length;
    ends.fill(0);
    for (let i = 0; i < rowCount; i++) ends[channelOf[i]!]!++;
    for (let c = 1; c < channels; c++) starts[c] = starts[c - 1]! + ends[c - 1]!;
    ends.set(starts);
    for (let i = 0; i < rowCount; i++) order[ends[channelOf[i]!]!++] = i;
  }
}

/** Int keys are ids as a rule, and many begin near 0: below this, channels are looked up by key. They stay in the cache. */
const KNOWN_KEYS = 64 * 1024;
const NONE = new Uint8Array(0);

/** Of this thread, by channels and key groups. */
const tables = new Map<string, Uint8Array | Uint16Array>();

/** The channels of keys 0 to KNOWN_KEYS - 1. */
function channelsOfKeys(channels: number, channelOfGroup: Uint16Array): Uint8Array | Uint16Array {
  const groups = channelOfGroup.length;
  const name = `${channels} of ${groups}`;
  const found = tables.get(name);
  if (found !== undefined) return found;
  const made = channels > 256 ? new Uint16Array(KNOWN_KEYS) : new Uint8Array(KNOWN_KEYS);
  for (let key = 0; key < KNOWN_KEYS; key++) made[key] = channelOfGroup[murmur(key) % groups]!;
  tables.set(name, made);
  return made;
}

export class RowDealer {
  readonly rows: RowOrder;
  readonly #channels: number;
  readonly #channelOfGroup: Uint16Array;
  /** Groups - 1 when they are a power of two, as they are by default; else 0. */
  readonly #groupMask: number;
  /** Channels by key, from when as many rows have been dealt: before, to make it would cost more. */
  #channelOfKey: Uint8Array | Uint16Array = NONE;
  #intsDealt = 0;

  constructor(channels: number, maxParallelism: number) {
    this.rows = new RowOrder(channels);
    this.#channels = channels;
    this.#channelOfGroup = Uint16Array.from({ length: maxParallelism }, (_, group) =>
      subtaskOf(group, channels, maxParallelism),
    );
    const isPower = (maxParallelism & (maxParallelism - 1)) === 0;
    this.#groupMask = isPower ? maxParallelism - 1 : 0;
  }

  /** Deals rows 0 to rowCount - 1 by the hashes of their keys. */
  deal(hashes: Int32Array, rowCount: number): void {
    if (this.#isToTwo) {
      this.rows.setTwo(rowCount, this.#dealToTwo(hashes, rowCount));
    } else {
      this.#dealToMany(hashes, rowCount);
    }
  }

  /** Deals rows 0 to rowCount - 1 by their keys. Between two channels, hashing and dealing are one loop. */
  dealInts(keys: Int32Array, rowCount: number): void {
    this.#intsDealt += rowCount;
    if (this.#channelOfKey === NONE && this.#intsDealt > KNOWN_KEYS) {
      this.#channelOfKey = channelsOfKeys(this.#channels, this.#channelOfGroup);
    }
    if (this.#isToTwo) {
      this.rows.setTwo(rowCount, this.#dealIntsToTwo(keys, rowCount));
    } else {
      this.#dealIntsToMany(keys, rowCount);
    }
  }

  get #isToTwo(): boolean {
    return this.#channels === 2 && this.#groupMask !== 0;
  }

  /**
   * As RowOrder sorts by two channels; by four, as gather.ts copies. Apart from `#dealToTwo`: to write hashes first takes a
   * nanosecond a row.
   */
  #dealIntsToTwo(keys: Int32Array, rowCount: number): number {
    const channelOfGroup = this.#channelOfGroup;
    const channelOfKey = this.#channelOfKey;
    const known = channelOfKey.length;
    const mask = this.#groupMask;
    const second = this.rows.reserveTwo(rowCount);
    const { order } = this.rows;
    let inSecond = 0;
    let i = 0;
    for (const last = rowCount - 4; i <= last; i += 4) {
      const keyA = keys[i]! >>> 0;
      const keyB = keys[i + 1]! >>> 0;
      const keyC = keys[i + 2]! >>> 0;
      const keyD = keys[i + 3]! >>> 0;
      let a: number;
      let b: number;
      let c: number;
      let d: number;
      if (keyA < known && keyB < known && keyC < known && keyD < known) {
        a = channelOfKey[keyA]!;
        b = channelOfKey[keyB]!;
        c = channelOfKey[keyC]!;
        d = channelOfKey[keyD]!;
      } else {
        a = channelOfGroup[murmur(keyA) & mask]!;
        b = channelOfGroup[murmur(keyB) & mask]!;
        c = channelOfGroup[murmur(keyC) & mask]!;
        d = channelOfGroup[murmur(keyD) & mask]!;
      }
      order[i - inSecond] = i;
      order[second + inSecond] = i;
      inSecond += a;
      order[i + 1 - inSecond] = i + 1;
      order[second + inSecond] = i + 1;
      inSecond += b;
      order[i + 2 - inSecond] = i + 2;
      order[second + inSecond] = i + 2;
      inSecond += c;
      order[i + 3 - inSecond] = i + 3;
      order[second + inSecond] = i + 3;
      inSecond += d;
    }
    for (; i < rowCount; i++) {
      order[i - inSecond] = i;
      order[second + inSecond] = i;
      inSecond += channelOfGroup[murmur(keys[i]!) & mask]!;
    }
    return inSecond;
  }

  #dealToTwo(hashes: Int32Array, rowCount: number): number {
    const channelOfGroup = this.#channelOfGroup;
    const mask = this.#groupMask;
    const second = this.rows.reserveTwo(rowCount);
    const { order } = this.rows;
    let inSecond = 0;
    let i = 0;
    for (const last = rowCount - 4; i <= last; i += 4) {
      const a = channelOfGroup[hashes[i]! & mask]!;
      const b = channelOfGroup[hashes[i + 1]! & mask]!;
      const c = channelOfGroup[hashes[i + 2]! & mask]!;
      const d = channelOfGroup[hashes[i + 3]! & mask]!;
      order[i - inSecond] = i;
      order[second + inSecond] = i;
      inSecond += a;
      order[i + 1 - inSecond] = i + 1;
      order[second + inSecond] = i + 1;
      inSecond += b;
      order[i + 2 - inSecond] = i + 2;
      order[second + inSecond] = i + 2;
      inSecond += c;
      order[i + 3 - inSecond] = i + 3;
      order[second + inSecond] = i + 3;
      inSecond += d;
    }
    for (; i < rowCount; i++) {
      order[i - inSecond] = i;
      order[second + inSecond] = i;
      inSecond += channelOfGroup[hashes[i]! & mask]!;
    }
    return inSecond;
  }

  #dealIntsToMany(keys: Int32Array, rowCount: number): void {
    const channelOfGroup = this.#channelOfGroup;
    const groups = channelOfGroup.length;
    const mask = this.#groupMask;
    const channelOfKey = this.#channelOfKey;
    const known = channelOfKey.length;
    const channelOf = this.rows.channelOf(rowCount);
    for (let i = 0; i < rowCount; i++) {
      const key = keys[i]! >>> 0;
      if (key < known) {
        channelOf[i] = channelOfKey[key]!;
      } else {
        const hash = murmur(key);
        channelOf[i] = channelOfGroup[mask === 0 ? hash % groups : hash & mask]!;
      }
    }
    this.rows.sort(rowCount);
  }

  #dealToMany(hashes: Int32Array, rowCount: number): void {
    const channelOfGroup = this.#channelOfGroup;
    const groups = channelOfGroup.length;
    const mask = this.#groupMask;
    const channelOf = this.rows.channelOf(rowCount);
    if (mask !== 0) {
      for (let i = 0; i < rowCount; i++) channelOf[i] = channelOfGroup[hashes[i]! & mask]!;
    } else {
      for (let i = 0; i < rowCount; i++) channelOf[i] = channelOfGroup[hashes[i]! % groups]!;
    }
    this.rows.sort(rowCount);
  }
}
