/**
 * Event time in a source subtask. Each split has a watermark by its own records, and is idle when none come; the watermark of the
 * subtask merges those of the splits it reads, so that one that lags holds it back.
 *
 *   open → assign | holdMs → advanceWhenDue → close → sendLast
 *
 * Watermarks go out at most once an interval: finer ones would cut batches short at every exchange. In batch only the last one
 * does, the maximum.
 */
import type { Clock } from '../base/clock.ts';
import { Least } from '../base/least.ts';
import { type Batch, MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../data/batch.ts';
import type { Schema } from '../data/schema.ts';
import type { SubtaskNumbers } from '../metrics/shared-numbers.ts';
import {
  type EventTimeFunctions,
  eventTimeFunctions,
  TimestampReader,
} from '../operator/event-time.ts';
import { type OperatorContext, type Output, takesTime } from '../operator/operator.ts';
import type { EventTimeSpec } from '../operator/operator-spec.ts';
import { operatorError, recordError } from '../operator/user-function.ts';
import { WatermarkGenerator } from '../time/strategies.ts';
import { WatermarkMerger } from '../time/watermark-merger.ts';
import { type Alignment, slowestOf } from './alignment.ts';

export type SourceTimeOptions = {
  /** Null where records have no event time. */
  readonly eventTime: EventTimeSpec | null;
  /** Of the source node: those of its event time. */
  readonly functions: readonly object[];
  /** Of the source's rows. */
  readonly schema: Schema | null;
  readonly context: OperatorContext;
  readonly progress: SubtaskNumbers;
  /** Of all subtasks of the source. */
  readonly siblings: readonly SubtaskNumbers[];
  /** Null where it reads as fast as it can. */
  readonly alignment: Alignment | null;
  readonly clock: Clock;
  readonly output: Output;
};

/** The time of a split that is read. */
export type SplitTime = {
  /** Its number among the inputs of the merger. */
  readonly input: number;
  readonly generator: WatermarkGenerator | null;
  isIdle: boolean;
  /** When its reader had nothing last, by the clock; null before. What is not asked may have some. */
  silentAtMs: number | null;
};

export class SourceTime {
  readonly #options: SourceTimeOptions;
  readonly #functions: EventTimeFunctions | null;
  readonly #timestamps: TimestampReader | null;
  readonly #merger = new WatermarkMerger(0);
  readonly #splits: SplitTime[] = [];
  /** How far those are that are not idle, by input. */
  readonly #reached = new Least();
  /** Stands for the splits that are not there, and is idle; null while there are some. */
  #noSplits: number | null = null;
  #pending: Watermark = MIN_WATERMARK;
  #emitted: Watermark = MIN_WATERMARK;
  #dueMs = -Infinity;

  constructor(options: SourceTimeOptions) {
    const { eventTime, schema, functions, context } = options;
    this.#options = options;
    this.#functions = eventTime === null ? null : eventTimeFunctions(eventTime, functions);
    this.#timestamps =
      eventTime === null
        ? null
        : new TimestampReader(eventTime.timestamp, schema, this.#functions!.timestamp);
    if (context.isBatch) this.#dueMs = Infinity;
  }

  /** When the next watermark is due, in ms of the clock. */
  get wakeAtMs(): number {
    return this.#timestamps === null ? Infinity : this.#dueMs;
  }

  /** `greatest`: event time of the split that has gone out already. */
  open(greatest: number): SplitTime {
    const { eventTime, clock } = this.#options;
    const generator =
      eventTime === null
        ? null
        : new WatermarkGenerator(eventTime.watermark, clock, this.#functions!.watermarks);
    generator?.restore(greatest);
    const split = { input: this.#merger.addInput(), generator, isIdle: false, silentAtMs: null };
    this.#splits.push(split);
    this.#noteReached(split);
    if (this.#noSplits !== null) this.#merger.removeInput(this.#noSplits);
    this.#noSplits = null;
    return split;
  }

  /** The split is read to its end, and holds nothing back any more. */
  close(split: SplitTime): void {
    const { generator, input, isIdle } = split;
    if (generator !== null && !isIdle) {
      this.#merger.onWatermark(input, this.#watermarkOf(generator));
    }
    this.#splits.splice(this.#splits.indexOf(split), 1);
    this.#reached.set(input, Infinity);
    this.#merger.removeInput(input);
  }

  /** Records of a split with their event time; the subtask is active in front of them. */
  assign(split: SplitTime, batch: Batch): Batch {
    if (this.#timestamps === null) return batch;
    const { context, progress } = this.#options;
    const generator = split.generator!;
    let timed: Batch;
    try {
      timed = this.#timestamps.assign(batch);
      generator.onBatch(timed);
    } catch (error) {
      const row = Math.max(this.#timestamps.failedRow, generator.failedRow);
      throw recordError(context, error, context.metrics.recordsOut + row);
    }
    if (generator.greatest > progress.newestEventTime)
      progress.newestEventTime = generator.greatest;
    if (split.isIdle) this.#setIdle(split, false);
    this.#noteReached(split);
    this.forwardStatus();
    return timed;
  }

  /** The reader of a split was asked, and has nothing now. */
  onSilent(split: SplitTime, now: number): void {
    split.silentAtMs = now;
  }

  /** How long a split waits that is too far ahead of others, in ms until that is looked at again; 0 when it is not. */
  holdMs({ generator }: SplitTime, now: number): number {
    const { alignment } = this.#options;
    if (alignment === null || !alignment.isAhead(generator!.reached, now)) return 0;
    generator!.hold(now);
    return alignment.everyMs;
  }

  /** Tells how far the splits are, for those who must not be far ahead of it, or are where it is. */
  tellWhereItReads(): void {
    if (this.#timestamps === null) return;
    this.#options.progress.readingAt = Math.max(this.#reached.value, this.#emitted);
  }

  #noteReached({ input, generator, isIdle }: SplitTime): void {
    if (generator !== null) this.#reached.set(input, isIdle ? Infinity : generator.reached);
  }

  advanceWhenDue(now: number): void {
    if (this.#takeTurn(now)) this.#advance();
  }

  /** What comes next is behind what others still read: event time goes on as theirs does. */
  followSiblings(now: number): void {
    const { siblings, progress } = this.#options;
    progress.readingAt = Infinity;
    if (this.#timestamps === null || !this.#takeTurn(now)) return;
    const slowest = slowestOf(siblings);
    if (slowest !== Infinity && slowest > this.#pending) this.#pending = slowest;
    this.#advance();
  }

  /** Some may come later: until then it holds back nobody. What the last of them had reached goes out before. */
  beWithoutSplits(now: number): void {
    this.#options.progress.readingAt = Infinity;
    if (this.#timestamps === null || !this.#takeTurn(now)) return;
    if (this.#noSplits === null) {
      this.#noSplits = this.#merger.addInput();
      this.#merger.onIdle(this.#noSplits);
    }
    this.#advance();
  }

  /** Whether it is time for a watermark, and there is room for it. */
  #takeTurn(now: number): boolean {
    const { output, context } = this.#options;
    if (now < this.#dueMs || !takesTime(output)) return false;
    this.#dueMs = now + context.watermarkIntervalMs;
    return true;
  }

  #advance(): void {
    for (const split of this.#splits) {
      const { generator, input, silentAtMs } = split;
      if (generator === null) continue;
      const isIdle = silentAtMs !== null && generator.isIdle(silentAtMs);
      if (isIdle && !split.isIdle) this.#setIdle(split, true);
      if (isIdle) continue;
      this.#merger.onWatermark(input, this.#watermarkOf(generator));
      this.#noteReached(split);
    }
    this.#pending = this.#merger.takeWatermark() ?? this.#pending;
    if (this.#pending > this.#emitted) {
      this.#emitted = this.#pending;
      this.#options.output.watermark(this.#emitted);
    }
    this.forwardStatus();
  }

  /** Idleness goes behind a watermark only when the work for it is done. */
  forwardStatus(): void {
    const { output } = this.#options;
    if (!takesTime(output)) return;
    const isIdle = this.#merger.takeStatus();
    if (isIdle !== null) output.idle(isIdle);
  }

  /** The maximum watermark; false when it has gone out. */
  sendLast(): boolean {
    if (this.#emitted === MAX_WATERMARK) return false;
    this.#emitted = MAX_WATERMARK;
    this.#options.output.watermark(MAX_WATERMARK);
    return true;
  }

  /** A split is idle from the next watermark on, and active before its next record goes out. */
  #setIdle(split: SplitTime, isIdle: boolean): void {
    split.isIdle = isIdle;
    this.#noteReached(split);
    if (isIdle) this.#merger.onIdle(split.input);
    else this.#merger.onActive(split.input);
  }

  #watermarkOf(generator: WatermarkGenerator): Watermark {
    const { context } = this.#options;
    try {
      return generator.watermark();
    } catch (error) {
      throw operatorError(context, error, context.metrics.recordsOut);
    }
  }
}
