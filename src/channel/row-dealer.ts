/**
 * Deals rows to channels by the key groups of their keys: the loops behind KeyDealer. Rows of one channel keep their
 * order. Benchmark: figure keyed-tumbling.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import { subtaskOf } from '../data/key-group.ts';
import { hashInts, murmur } from '../data/key-hash.ts';

export class RowDealer {
  /** Per channel: the numbers of its rows, and how many they are. */
  readonly rows: Int32Array[];
  readonly counts: Int32Array;
  readonly #channelOfGroup: Uint16Array;
  /** Groups - 1 when they are a power of two, as they are by default; else 0. */
  readonly #groupMask: number;
  #hashes = new Int32Array(0);

  constructor(channels: number, maxParallelism: number) {
    this.rows = Array.from({ length: channels }, () => new Int32Array(BATCH_ROWS));
    this.counts = new Int32Array(channels);
    this.#channelOfGroup = Uint16Array.from({ length: maxParallelism }, (_, group) =>
      subtaskOf(group, channels, maxParallelism),
    );
    const isPower = (maxParallelism & (maxParallelism - 1)) === 0;
    this.#groupMask = isPower ? maxParallelism - 1 : 0;
  }

  /** Deals rows 0 to rowCount - 1 by the hashes of their keys. */
  deal(hashes: Int32Array, rowCount: number): void {
    this.#reserve(rowCount);
    if (this.#groupMask === 0) this.#dealByRemainder(hashes, rowCount);
    else if (this.rows.length === 2) this.#dealToTwo(hashes, rowCount);
    else this.#dealByMask(hashes, rowCount);
  }

  /** Deals rows 0 to rowCount - 1 by their keys. Between two channels, hashing and dealing are one loop. */
  dealInts(keys: Int32Array, rowCount: number): void {
    if (this.rows.length === 2 && this.#groupMask !== 0) {
      this.#reserve(rowCount);
      this.#dealIntsToTwo(keys, rowCount);
      return;
    }
    if (this.#hashes.length < rowCount) this.#hashes = new Int32Array(rowCount);
    hashInts(keys, rowCount, this.#hashes);
    this.deal(this.#hashes, rowCount);
  }

  #reserve(rowCount: number): void {
    for (let c = 0; c < this.rows.length; c++) {
      if (this.rows[c]!.length < rowCount) this.rows[c] = new Int32Array(rowCount);
    }
  }

  /** Without a branch: each row is written to both, and one of the two advances. */
  #dealIntsToTwo(keys: Int32Array, rowCount: number): void {
    const channelOfGroup = this.#channelOfGroup;
    const mask = this.#groupMask;
    const first = this.rows[0]!;
    const second = this.rows[1]!;
    let inSecond = 0;
    for (let i = 0; i < rowCount; i++) {
      first[i - inSecond] = i;
      second[inSecond] = i;
      inSecond += channelOfGroup[murmur(keys[i]!) & mask]!;
    }
    this.counts[0] = rowCount - inSecond;
    this.counts[1] = inSecond;
  }

  #dealToTwo(hashes: Int32Array, rowCount: number): void {
    const channelOfGroup = this.#channelOfGroup;
    const mask = this.#groupMask;
    const first = this.rows[0]!;
    const second = this.rows[1]!;
    let inSecond = 0;
    for (let i = 0; i < rowCount; i++) {
      first[i - inSecond] = i;
      second[inSecond] = i;
      inSecond += channelOfGroup[hashes[i]! & mask]!;
    }
    this.counts[0] = rowCount - inSecond;
    this.counts[1] = inSecond;
  }

  #dealByMask(hashes: Int32Array, rowCount: number): void {
    const { rows, counts } = this;
    const channelOfGroup = this.#channelOfGroup;
    const mask = this.#groupMask;
    counts.fill(0);
    for (let i = 0; i < rowCount; i++) {
      const channel = channelOfGroup[hashes[i]! & mask]!;
      rows[channel]![counts[channel]!++] = i;
    }
  }

  #dealByRemainder(hashes: Int32Array, rowCount: number): void {
    const { rows, counts } = this;
    const channelOfGroup = this.#channelOfGroup;
    const groups = channelOfGroup.length;
    counts.fill(0);
    for (let i = 0; i < rowCount; i++) {
      const channel = channelOfGroup[hashes[i]! % groups]!;
      rows[channel]![counts[channel]!++] = i;
    }
  }
}
