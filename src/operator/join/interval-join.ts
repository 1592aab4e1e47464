/**
 * Pairs of records of two keyed streams, by key and time: left and right make one when
 *
 *   left + lower <= right <= left + upper          (times; each bound is part of it, unless it is excluded)
 *
 * A record joins at once all partners that are there, and stays for those to come, until the watermark says that there are
 * none: a left one until its time + max(0, upper), a right one until its time + max(0, -lower). A record below the watermark
 * is late; one at it is not. The result has the greater time of both. (Flink: IntervalJoinOperator.)
 *
 * Panes are at least as long as the interval of partners, so that these lie in two panes, mostly.
 */
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import { doneNow } from '../../base/thenable.ts';
import type { Watermark } from '../../data/batch.ts';
import type { Field } from '../../data/schema.ts';
import { AT_END, type SnapshotWriter } from '../../state/snapshot.ts';
import type { OperatorContext, Output, SideOutputs } from '../operator.ts';
import { restoredMetrics, saveCounters } from '../saved-counters.ts';
import { SideRows } from '../side-rows.ts';
import { ThrownBehind } from '../thrown-behind.ts';
import { PaneCuts } from '../window/window.ts';
import { type JoinOptions, type JoinSpec, joinInputs } from './join-input.ts';
import { JoinOperator, type PaneRows } from './join-operator.ts';
import type { JoinPane } from './join-pane.ts';
import { JoinResults } from './join-results.ts';
import { PairContext } from './pair-context.ts';
import { PairTasks, type TaskGroup } from './pair-tasks.ts';

export type IntervalJoinSpec = JoinSpec & {
  readonly lowerMs: number;
  readonly upperMs: number;
  /** Whether partners at the bound itself are none. */
  readonly excludesLower: boolean;
  readonly excludesUpper: boolean;
  /** 'row': the function returns the row of a pair; 'emit': it emits any number of rows. */
  readonly gives: 'row' | 'emit';
  /** Fields of the rows; null for free-form rows. */
  readonly fields: readonly Field[] | null;
};

export type OnPair = (left: unknown, right: unknown, context: PairContext) => unknown;

/** A pane is no shorter than this, so that sparse rows do not make one pane each; */
const PANE_MS_MIN = 1000;
/** nor so short that there are more of them. */
const PANES_MAX = 1024;

export class IntervalJoinOperator extends JoinOperator {
  readonly #spec: IntervalJoinSpec;
  readonly #onPair: OnPair;
  /** How long a left, and a right record stays. */
  readonly #staysMs: readonly [number, number];
  readonly #paneMs: number;
  readonly #results: JoinResults;
  readonly #sides = new SideRows();
  #pairContext!: PairContext;
  readonly #tasks = new PairTasks();
  /** Where the work on the tasks is. */
  #group = 0;
  #task = 0;
  #place = 0;
  #found = new Int32Array(0);

  constructor(options: JoinOptions<IntervalJoinSpec>) {
    const { inputs, code } = joinInputs(options);
    const { lowerMs, upperMs, fields } = options;
    const staysMs = [Math.max(0, upperMs), Math.max(0, -lowerMs)] as const;
    const longest = Math.max(...staysMs);
    const paneMs = Math.max(PANE_MS_MIN, upperMs - lowerMs, Math.ceil(longest / PANES_MAX));
    super(inputs, { cuts: new PaneCuts(paneMs, 0, 0), isByTime: true });
    this.#spec = options;
    this.#onPair = code as OnPair;
    this.#staysMs = staysMs;
    this.#paneMs = paneMs;
    this.#results = new JoinResults(fields, (batch) => {
      this.context.metrics.recordsOut += batch.rowCount;
      this.output.emit(batch);
    });
  }

  override open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    super.open(context, output, sides);
    this.#sides.open(sides);
    this.#pairContext = new PairContext(this.#results, this.#sides, restoredMetrics(context));
  }

  protected override writeState(writer: SnapshotWriter): void {
    saveCounters(this.#pairContext.metrics, writer);
  }

  protected override lateBefore(): number {
    return this.watermark;
  }

  /** Looks for the partners of rows that have come, in all panes where they may be. */
  protected override added(rows: PaneRows): void {
    const { pane, input, keys, times, from, to } = rows;
    const { lowerMs, upperMs } = this.#spec;
    const lower = input === 0 ? lowerMs : -upperMs;
    const upper = input === 0 ? upperMs : -lowerMs;
    let least = Infinity;
    let greatest = -Infinity;
    for (let i = from; i < to; i++) {
      const time = times[i]!;
      if (time < least) least = time;
      if (time > greatest) greatest = time;
    }
    const last = this.paneStart(greatest + upper);
    for (let start = this.paneStart(least + lower); start <= last; start += this.#paneMs) {
      const partners = start === pane.start ? pane : this.panes.find(start);
      if (partners === undefined || partners.sides[1 - input]!.isEmpty) continue;
      let { slots } = this;
      if (partners !== pane) {
        if (this.#found.length < slots.length) this.#found = new Int32Array(slots.length);
        slots = this.#found;
        partners.keys.findSlots(keys, from, to, slots);
      }
      this.#pair(rows, partners, slots, lower, upper);
    }
    this.hasPendingWork = this.#tasks.count > 0;
  }

  #pair(
    { pane, input, times, from, to }: PaneRows,
    partners: JoinPane,
    slots: Int32Array,
    lower: number,
    upper: number,
  ): void {
    const tasks = this.#tasks;
    const { excludesLower, excludesUpper } = this.#spec;
    const isLeft = input === 0;
    const excludesFirst = isLeft ? excludesLower : excludesUpper;
    const excludesLast = isLeft ? excludesUpper : excludesLower;
    const side = partners.sides[1 - input]!;
    const { lists } = side;
    const group = tasks.begin(pane, partners, input);
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      if (lists.count(slot) === 0) continue;
      const time = times[i]!;
      const first = excludesFirst
        ? side.firstAliveBehind(slot, time + lower)
        : side.firstAlive(slot, time + lower);
      const end = excludesLast
        ? lists.firstAt(slot, time + upper)
        : lists.firstBehind(slot, time + upper);
      if (first < end) tasks.add(i, this.ids[i]!, time, first, end);
    }
    tasks.end(group);
  }

  resume(): void {
    while (this.hasPendingWork && this.output.isReady) {
      this.#joinSlice();
      this.#results.send();
      this.#sides.flush();
    }
  }

  /** Joins the next pairs, about a batch of them. */
  #joinSlice(): void {
    const tasks = this.#tasks;
    let left = FIRE_SLICE_ROWS;
    while (left > 0) {
      const group = tasks.groups[this.#group];
      if (group === undefined) {
        this.#finish();
        return;
      }
      const from = Math.max(this.#place, tasks.froms[this.#task]!);
      const to = Math.min(tasks.tos[this.#task]!, from + left);
      this.#joinPlaces(group, this.#task, from, to);
      left -= to - from;
      this.#place = to;
      if (to < tasks.tos[this.#task]!) return;
      this.#place = 0;
      this.#task++;
      if (this.#task === group.endTask) this.#group++;
    }
  }

  #finish(): void {
    this.#tasks.clear();
    this.#group = 0;
    this.#task = 0;
    this.hasPendingWork = false;
  }

  /** Joins the record of a task with its partners in places from to to - 1. */
  #joinPlaces(group: TaskGroup, task: number, from: number, to: number): void {
    const { pane, partners, input } = group;
    const time = this.#tasks.times[task]!;
    const { lists, store } = partners.sides[1 - input]!;
    const { times, ids } = lists;
    const results = this.#results;
    const onPair = this.#onPair;
    const context = this.#pairContext;
    const isLeft = input === 0;
    try {
      const record = pane.sides[input]!.store.row(this.#tasks.ids[task]!);
      for (let at = from; at < to; at++) {
        const partner = store.row(ids[at]!);
        const partnerTime = times[at]!;
        const timestamp = Math.max(time, partnerTime);
        context.timestamp = timestamp;
        context.leftTimestamp = isLeft ? time : partnerTime;
        context.rightTimestamp = isLeft ? partnerTime : time;
        const row = isLeft ? onPair(record, partner, context) : onPair(partner, record, context);
        if (this.#spec.gives === 'row') results.add(row, timestamp);
        else if (row !== undefined) doneNow(row);
      }
    } catch (error) {
      if (error instanceof ThrownBehind) throw error.thrown;
      throw this.errorAt(error, this.recordsBefore + this.#tasks.rows[task]!);
    }
  }

  /** What has no more partners is over: whole panes go, and within one the rows up to a time. */
  processWatermark(watermark: Watermark): void {
    if (watermark > this.watermark) {
      this.watermark = watermark;
      this.#forget(0, watermark - this.#staysMs[0]);
      this.#forget(1, watermark - this.#staysMs[1]);
      const gone = watermark - Math.max(...this.#staysMs);
      const { live } = this.panes;
      while (live.first !== undefined && live.first.start + this.#paneMs <= gone) {
        this.panes.dropFirst();
      }
    }
    this.output.watermark(watermark);
  }

  #forget(input: 0 | 1, time: number): void {
    for (const pane of this.panes.live.all) {
      if (pane.start > time) break;
      const isWhole = pane.start + this.#paneMs <= time;
      if (isWhole && this.#staysMs[input] < this.#staysMs[1 - input]!) {
        this.panes.dropSide(pane, input);
      } else if (!pane.sides[input].isEmpty) pane.sides[input].die(time);
    }
  }

  override finish(): void {
    saveCounters(this.#pairContext.metrics, this.context.snapshot(AT_END));
    super.finish();
  }
}
