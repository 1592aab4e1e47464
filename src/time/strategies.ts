/** Watermark strategies, and the generator that carries one out over the batches of one stream or split. */
import type { Clock } from '../base/clock.ts';
import { DEFAULT_ALIGNMENT_EVERY_MS, EVENT_TIME_MAX } from '../base/limits.ts';
import {
  aPlainFunction,
  checkFunctions,
  checkOptions,
  type OptionRules,
  someText,
  wrong,
} from '../base/options.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../data/batch.ts';
import { type Duration, durationMs } from './duration.ts';
import { isEventTime, unusableTimeOfRow } from './event-time.ts';
import type {
  AlignmentSpec,
  CustomWatermarks,
  WatermarkContext,
  WatermarkSpec,
} from './watermark.ts';

const CUSTOM_FUNCTIONS: OptionRules<CustomWatermarks<never, never>> = {
  create: aPlainFunction,
  onRecord: aPlainFunction,
  onPeriodic: aPlainFunction,
};

/** How watermarks follow from the records of a stream; immutable. */
export type WatermarkStrategy<Row = unknown> = WatermarkSpec & {
  /** The user's generator, for kind 'custom'. */
  readonly custom: CustomWatermarks<Row, unknown> | null;
  /** The same, but a stream (or split) without records for this long does not hold others back. */
  withIdleness(duration: Duration): WatermarkStrategy<Row>;
  /**
   * The same, but sources of one group keep together: a split whose watermark is ahead of the slowest of all sources of the
   * group by more than `maxDrift` is not read on until the others have come nearer. Splits that are idle or at their end hold
   * nobody back; one that has no record yet holds all, so give sources that may be silent `withIdleness` too. For event time
   * right behind a source; in batch sources are not held back.
   *
   *   flow.from(clicks).eventTime('at', monotonous().withIdleness('1 min').withAlignment('site', '5 min'))
   */
  withAlignment(
    group: string,
    maxDrift: Duration,
    options?: AlignmentOptions,
  ): WatermarkStrategy<Row>;
};

export type AlignmentOptions = {
  /** How long a split that has to wait does so before it looks again [100 ms]. */
  readonly every?: Duration;
};

const ALIGNMENT_OPTIONS: OptionRules<AlignmentOptions> = { every: true };

/** What is not asked for when a strategy is made. */
const PLAIN = { idlenessMs: null, alignment: null } as const;

/**
 * Records may come out of order by up to a bound: watermark = greatest timestamp - bound - 1.
 * `.eventTime('time', boundedOutOfOrderness('5 s'))`
 */
export function boundedOutOfOrderness(bound: Duration): WatermarkStrategy {
  const outOfOrdernessMs = durationMs(bound, 'out-of-orderness');
  return strategy({ kind: 'boundedOutOfOrderness', outOfOrdernessMs, ...PLAIN }, null);
}

/** Timestamps never fall: watermark = last timestamp - 1. `.eventTime('time', monotonous())` */
export function monotonous(): WatermarkStrategy {
  return strategy({ kind: 'monotonous', outOfOrdernessMs: 0, ...PLAIN }, null);
}

/**
 * Watermarks by functions of your own: promises in the records themselves, say.
 *
 *   bids.eventTime('time', custom({ onRecord: (bid, at, { emit }) => { if (bid.name === 'end of minute') emit(at); } }));
 *
 * The rows are those of the stream that it is given to. With `withIdleness` or `withAlignment` behind it the compiler does not
 * know them: say their type at the row, `onRecord(bid: Bid, ...)`, and that of the state still follows from `create`. An object
 * that has more than `create`, `onRecord` and `onPeriodic` is one of a class.
 */
export function custom<Row, State = undefined>(
  generator: CustomWatermarks<Row, State>,
): WatermarkStrategy<Row> {
  checkFunctions('custom', generator, CUSTOM_FUNCTIONS);
  return strategy(
    { kind: 'custom', outOfOrdernessMs: 0, ...PLAIN },
    generator as CustomWatermarks<Row, unknown>,
  );
}

function strategy<Row>(
  spec: WatermarkSpec,
  generator: CustomWatermarks<Row, unknown> | null,
): WatermarkStrategy<Row> {
  return Object.freeze({
    ...spec,
    custom: generator,
    withIdleness: (duration: Duration) =>
      strategy({ ...spec, idlenessMs: positiveMs(duration, 'idleness') }, generator),
    withAlignment: (group: string, maxDrift: Duration, options: AlignmentOptions = {}) =>
      strategy({ ...spec, alignment: alignmentSpec(group, maxDrift, options) }, generator),
  });
}

function alignmentSpec(
  group: string,
  maxDrift: Duration,
  options: AlignmentOptions,
): AlignmentSpec {
  someText('alignment: the group', group);
  checkOptions('alignment', options, ALIGNMENT_OPTIONS);
  const { every = DEFAULT_ALIGNMENT_EVERY_MS } = options;
  return Object.freeze({
    group,
    maxDriftMs: durationMs(maxDrift, 'alignment: the drift'),
    everyMs: positiveMs(every, 'alignment: every'),
  });
}

function positiveMs(duration: Duration, what: string): number {
  const ms = durationMs(duration, what);
  if (ms > 0) return ms;
  throw wrong(what, 'is longer than nothing', duration);
}

/** The plain data of a strategy, for the graph. */
export function strategySpec(of: WatermarkStrategy<never>): WatermarkSpec {
  if (typeof (of as WatermarkSpec | undefined)?.outOfOrdernessMs !== 'number') {
    const made = 'is made by boundedOutOfOrderness(...), monotonous() or custom(...)';
    throw wrong('eventTime: the strategy', made, of);
  }
  const { kind, outOfOrdernessMs, idlenessMs, alignment } = of;
  return Object.freeze({ kind, outOfOrdernessMs, idlenessMs, alignment });
}

export class WatermarkGenerator {
  readonly #spec: WatermarkSpec;
  readonly #clock: Clock;
  readonly #custom: CustomWatermarks<unknown, unknown> | null;
  readonly #context: WatermarkContext<unknown>;
  #promised: Watermark = MIN_WATERMARK;
  /** The row of the batch that threw, when one did; else 0. */
  failedRow = 0;
  #greatest = -Infinity;
  /** When the last record came, or when somebody first asked. */
  #lastRecordMs: number | null = null;

  constructor(
    spec: WatermarkSpec,
    clock: Clock,
    generator: CustomWatermarks<unknown, unknown> | null,
  ) {
    this.#spec = spec;
    this.#clock = clock;
    this.#custom = generator;
    this.#context = {
      state: generator?.create?.(),
      emit: (watermark) => {
        if (watermark > this.#promised) this.#promised = watermark;
      },
    };
  }

  /**
   * Takes note of the timestamps of a batch; one that is missing or too great is an EngineError. One that is too small, but where
   * it is the first of the batch, is left to the windows and joins that cannot take it: looking for it would cost each row.
   */
  onBatch(batch: Batch): void {
    const { rowCount } = batch;
    const timestamps = batch.timestamps!;
    let greatest = this.#greatest;
    let hasMissing = false;
    let i = 0;
    // Four at a time, of which often none is greater than all before; NaN is not below either.
    for (const end = rowCount - 3; i < end; i += 4) {
      const a = timestamps[i]!;
      const b = timestamps[i + 1]!;
      const c = timestamps[i + 2]!;
      const d = timestamps[i + 3]!;
      if (a <= greatest && b <= greatest && c <= greatest && d <= greatest) continue;
      if (a > greatest) greatest = a;
      if (b > greatest) greatest = b;
      if (c > greatest) greatest = c;
      if (d > greatest) greatest = d;
      if (!(a <= greatest && b <= greatest && c <= greatest && d <= greatest)) hasMissing = true;
    }
    for (; i < rowCount; i++) {
      const time = timestamps[i]!;
      if (time > greatest) greatest = time;
      else if (Number.isNaN(time)) hasMissing = true;
    }
    const isTooSmall = rowCount > 0 && timestamps[0]! < -EVENT_TIME_MAX;
    if (hasMissing || greatest > EVENT_TIME_MAX || isTooSmall) this.#refuse(timestamps);
    this.#greatest = greatest;
    if (this.#spec.idlenessMs !== null) this.#lastRecordMs = this.#clock.now();
    if (this.#custom?.onRecord !== undefined) this.#onRecords(batch);
  }

  #refuse(timestamps: Float64Array): never {
    this.failedRow = timestamps.findIndex((time) => !isEventTime(time));
    throw unusableTimeOfRow(timestamps[this.failedRow]!, this.failedRow);
  }

  #onRecords(batch: Batch): void {
    const rows = batch.rowObjects();
    const timestamps = batch.timestamps!;
    for (let i = 0; i < batch.rowCount; i++) {
      this.failedRow = i;
      this.#custom!.onRecord!(rows[i], timestamps[i]!, this.#context);
    }
    this.failedRow = 0;
  }

  /** Goes on from where another was: with the greatest timestamp that it had seen. */
  restore(greatest: number): void {
    this.#greatest = Math.max(this.#greatest, greatest);
  }

  /** Greatest timestamp so far; -Infinity before the first. */
  get greatest(): number {
    return this.#greatest;
  }

  watermark(): Watermark {
    if (this.#spec.kind === 'custom') {
      this.#custom!.onPeriodic?.(this.#context);
      return this.#promised;
    }
    if (this.#greatest === -Infinity) return MIN_WATERMARK;
    return this.#greatest - this.#spec.outOfOrdernessMs - 1;
  }

  /** The watermark so far, without asking a generator of the user for more. */
  get reached(): Watermark {
    return this.#spec.kind === 'custom' ? this.#promised : this.watermark();
  }

  /** While it is held back, that no record comes is not its fault. */
  hold(nowMs: number): void {
    if (this.#spec.idlenessMs !== null) this.#lastRecordMs = nowMs;
  }

  isIdle(nowMs: number): boolean {
    const { idlenessMs } = this.#spec;
    if (idlenessMs === null) return false;
    this.#lastRecordMs ??= nowMs;
    return nowMs - this.#lastRecordMs >= idlenessMs;
  }
}
