/**
 * How many rows may wait in front of a subtask: what it gets through in so many ms, for a barrier has to wait for all of them. In
 * front of a slow step full channels would be seconds of work; a quick one gets through more than there is room for.
 *
 * The rate is that of the clock, whatever it is that makes the subtask slow: its functions, the room behind it, or others on its
 * thread. It begins with few. Where it finds nothing to do, more may wait, up to what its functions alone would get through in twice
 * the time: it may also be that others hold up those that send to it. (Flink: buffer debloating.)
 */
import type { Clock } from '../base/clock.ts';
import { BACKLOG_ROWS_FIRST } from '../base/limits.ts';

/** From here on there is no bound. */
const ROWS_MAX = 2 ** 24;
/** The clock is looked at behind a batch that is worth it, or that had to be waited for, and behind so many that are not. */
const LOOKED_AT_ROWS = 64;
const LOOKED_AT_BATCHES = 16;
/** A bound that differs by less stays as it is. */
const CHANGE_MIN = 1.5;
/** How often it is measured, as a share of the time that it may last; first sooner, since a quick subtask begins with few. */
const LOOKS_SHARE = 0.4;
const FIRST_LOOK_SHARE = 0.04;

export class Backlog {
  readonly #backlogMs: number;
  #rowsMax: number;
  /** When what is counted began; null before the first rows. */
  #sinceMs: number | null = null;
  #rows = 0;
  #batches = 0;
  #ranDry = false;
  #looksShare = FIRST_LOOK_SHARE;

  /** Of so many ms of work, which come by so many channels. */
  constructor(backlogMs: number, channels: number) {
    this.#backlogMs = backlogMs;
    this.#rowsMax = channels * BACKLOG_ROWS_FIRST;
  }

  /** Most rows that may wait in all channels together. */
  get rowsMax(): number {
    return this.#rowsMax;
  }

  /** There was nothing to do. */
  onDry(): void {
    this.#ranDry = true;
  }

  /** A batch of so many rows has been taken, by functions of this pace; true when `rowsMax` is another. */
  onBatch(rows: number, rowsPerMs: number, clock: Clock): boolean {
    this.#rows += rows;
    this.#batches++;
    const isSmall = rows < LOOKED_AT_ROWS && !this.#ranDry;
    if (isSmall && this.#batches % LOOKED_AT_BATCHES > 0) return false;
    const nowMs = clock.monotonic();
    this.#sinceMs ??= nowMs;
    const ms = nowMs - this.#sinceMs;
    if (ms < this.#backlogMs * this.#looksShare) return false;
    this.#looksShare = LOOKS_SHARE;
    const before = this.#rowsMax;
    this.#rowsMax = this.#bound(ms, rowsPerMs);
    this.#sinceMs = nowMs;
    this.#rows = 0;
    this.#ranDry = false;
    return this.#rowsMax !== before;
  }

  #bound(ms: number, rowsPerMs: number): number {
    const before = this.#rowsMax;
    const taken = (this.#rows * this.#backlogMs) / ms;
    const more = Math.min(before * 2, rowsPerMs * this.#backlogMs * 2);
    const rows = this.#ranDry ? Math.max(taken, more) : taken;
    if (rows > ROWS_MAX) return Infinity;
    const isSame = rows < before * CHANGE_MIN && rows * CHANGE_MIN > before;
    return isSame ? before : rows;
  }
}
