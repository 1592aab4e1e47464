/**
 * Rows of two streams that have the same key and lie in the same window. When the watermark passes the end of a window, a
 * function of the user gets
 *
 *   pairs    each pair of a left and a right row of a key that has both
 *   groups   all left and all right rows of a key that has any
 *
 * and what it gives has the event time end - 1. Rows stay in panes (window/window.ts) until the last window that holds them
 * has fired; one that comes after that is late.
 *
 * Windows of processing time work the same, with the clock in place of event times and of watermarks, which pass by.
 */
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import type { Batch, Watermark } from '../../data/batch.ts';
import { type KeyGroupRange, keyGroupOf, keyGroupRange } from '../../data/key-group.ts';
import type { SnapshotWriter } from '../../state/snapshot.ts';
import type { OperatorContext, Output, SideOutputs } from '../operator.ts';
import { operatorError } from '../user-function.ts';
import {
  firstWindowEnd,
  lastEndAt,
  lastWindowEnd,
  PaneCuts,
  type WindowSpec,
} from '../window/window.ts';
import { RestoredFired, writeFired } from '../window/window-state.ts';
import { type ApplyGroups, type ApplyPair, Groups, type GroupWork, Pairs } from './group-output.ts';
import { type JoinOptions, type JoinSpec, joinInputs } from './join-input.ts';
import { JoinOperator } from './join-operator.ts';
import { JoinResults } from './join-results.ts';
import { WindowGroups } from './window-groups.ts';

export type WindowJoinSpec = JoinSpec & {
  readonly window: WindowSpec;
  readonly takes: 'pairs' | 'groups';
};

/** A window that is being worked off: its keys up to `nextKey` are, or are at work. */
type Firing = {
  readonly end: number;
  readonly groups: WindowGroups;
  nextKey: number;
  work: GroupWork | null;
};

export class WindowJoinOperator extends JoinOperator {
  readonly #window: WindowSpec;
  readonly #isByClock: boolean;
  readonly #cuts: PaneCuts;
  readonly #takes: WindowJoinSpec['takes'];
  readonly #apply: object;
  readonly #results: JoinResults;
  /** Windows up to this end have fired. */
  #firedEnd = -Infinity;
  #firing: Firing | null = null;
  /** Where subtasks that this one has the keys of had fired to. */
  #fired: RestoredFired | null = null;

  constructor(options: JoinOptions<WindowJoinSpec>) {
    const { window, takes } = options;
    const { inputs, code } = joinInputs(options);
    const cuts = PaneCuts.of(window);
    super(inputs, { cuts, isByTime: false });
    this.#window = window;
    this.#isByClock = window.time === 'processing';
    this.#cuts = cuts;
    this.#takes = takes;
    this.#apply = code;
    this.#results = new JoinResults(null, (batch) => {
      this.context.metrics.recordsOut += batch.rowCount;
      this.output.emit(batch);
    });
  }

  override open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    super.open(context, output, sides);
    const fired = new RestoredFired(context.restored, this.#groups);
    if (!fired.isEmpty) this.#firedEnd = fired.least;
    this.#fired = fired.greatest > fired.least ? fired : null;
  }

  get #groups(): KeyGroupRange {
    const { subtask, parallelism, maxParallelism } = this.context;
    return keyGroupRange(subtask, parallelism, maxParallelism);
  }

  protected override writeState(writer: SnapshotWriter): void {
    writeFired(writer, this.#firedEnd, this.#groups, this.#fired);
  }

  override processBatch(batch: Batch, input: number): void {
    if (!this.#isByClock) {
      super.processBatch(batch, input);
      return;
    }
    const times = new Float64Array(batch.rowCount).fill(this.context.clock.now());
    super.processBatch(batch.withTimestamps(times), input);
  }

  /** False between two windows: a slide longer than the size. */
  protected override keeps(paneStart: number): boolean {
    return lastWindowEnd(this.#window, paneStart) > paneStart;
  }

  protected override lateBefore(paneStart: number): number {
    const lastEnd = lastWindowEnd(this.#window, paneStart);
    const isLate = lastEnd - 1 <= this.watermark || lastEnd <= this.#firedEnd;
    return isLate && lastEnd > paneStart ? Infinity : -Infinity;
  }

  processWatermark(watermark: Watermark): void {
    if (this.#isByClock) this.output.watermark(watermark);
    else this.#advanceTo(watermark);
  }

  /** When the first window of processing time ends. */
  override get wakeAtMs(): number {
    const end = this.#isByClock ? this.#nextEnd() : null;
    return end ?? Infinity;
  }

  override advanceTime(nowMs: number): void {
    this.#advanceTo(nowMs - 1);
  }

  /** No record at or before this time follows: fires what is due. */
  #advanceTo(time: number): void {
    if (time <= this.watermark) return;
    this.watermark = time;
    this.hasPendingWork = true;
    this.resume();
  }

  resume(): void {
    while (this.hasPendingWork && this.output.isReady) {
      this.#firing ??= this.#nextFiring();
      if (this.#firing === null) this.#finishAdvance();
      else this.#fireSlice(this.#firing);
    }
  }

  #finishAdvance(): void {
    this.hasPendingWork = false;
    // Windows that had no record are over too: one that comes now is late for them.
    this.#firedEnd = Math.max(this.#firedEnd, lastEndAt(this.#window, this.watermark));
    if (!this.#isByClock) this.output.watermark(this.watermark);
  }

  /** End of the next window that has records; null when no record waits. */
  #nextEnd(): number | null {
    const { first } = this.panes.live;
    if (first === undefined) return null;
    const end = firstWindowEnd(this.#window, this.#cuts.endOf(first.start));
    return Math.max(this.#firedEnd + this.#window.slideMs, end);
  }

  /** The next window that is due; null when none is. */
  #nextFiring(): Firing | null {
    const end = this.#nextEnd();
    if (end === null || end - 1 > this.watermark) return null;
    const start = end - this.#window.sizeMs;
    const panes = this.panes.live.before(end).filter((pane) => pane.start >= start);
    const groups = new WindowGroups(panes, this.inputs[0].keys);
    return { end, groups, nextKey: 0, work: null };
  }

  /** Makes the next rows of a window, about a batch of them. */
  #fireSlice(firing: Firing): void {
    let left = FIRE_SLICE_ROWS;
    try {
      while (left > 0) {
        firing.work ??= this.#nextWork(firing);
        if (firing.work === null) break;
        const made = firing.work.make(left);
        if (made < left) firing.work = null;
        // A key costs its share, even if it makes nothing.
        left -= Math.max(1, made);
      }
      this.#results.send();
    } catch (error) {
      throw operatorError(this.context, error, this.context.metrics.recordsIn);
    }
    if (firing.work === null && firing.nextKey === firing.groups.keys.count) this.#finish(firing);
  }

  #nextWork(firing: Firing): GroupWork | null {
    const { groups, end } = firing;
    const { maxParallelism } = this.context;
    while (firing.nextKey < groups.keys.count) {
      const key = firing.nextKey++;
      const [lefts, rights] = [groups.count(key, 0), groups.count(key, 1)];
      if (this.#takes === 'pairs' ? lefts === 0 || rights === 0 : lefts + rights === 0) continue;
      const hash = groups.keys.hashOf(key);
      if (this.#fired?.hasFired(end, keyGroupOf(hash, maxParallelism))) continue;
      return this.#workOf(groups.rows(key, 0), groups.rows(key, 1), end - 1);
    }
    return null;
  }

  #workOf(lefts: readonly unknown[], rights: readonly unknown[], time: number): GroupWork {
    return this.#takes === 'pairs'
      ? new Pairs(lefts, rights, this.#apply as ApplyPair, this.#results, time)
      : new Groups(lefts, rights, this.#apply as ApplyGroups, this.#results, time);
  }

  #finish({ end }: Firing): void {
    this.#firing = null;
    this.#firedEnd = end;
    if (this.#fired !== null && end >= this.#fired.greatest) this.#fired = null;
    const { live } = this.panes;
    while (live.first !== undefined && lastWindowEnd(this.#window, live.first.start) <= end) {
      this.panes.dropFirst();
    }
  }
}
