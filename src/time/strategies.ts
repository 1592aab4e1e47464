/** Watermark strategies, and the generator that carries one out over the batches of one stream or split. */
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { aFunction, checkFunctions, type OptionRules, wrong } from '../base/options.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../data/batch.ts';
import { type Duration, durationMs } from './duration.ts';
import type { CustomWatermarks, WatermarkContext, WatermarkSpec } from './watermark.ts';

const CUSTOM_FUNCTIONS: OptionRules<CustomWatermarks<never, never>> = {
  create: aFunction,
  onRecord: aFunction,
  onPeriodic: aFunction,
};

/** How watermarks follow from the records of a stream; immutable. */
export type WatermarkStrategy<Row = unknown> = WatermarkSpec & {
  /** The user's generator, for kind 'custom'. */
  readonly custom: CustomWatermarks<Row, unknown> | null;
  /** The same, but a stream (or split) without records for this long does not hold others back. */
  withIdleness(duration: Duration): WatermarkStrategy<Row>;
};

/** Records may come out of order by up to a bound: watermark = greatest timestamp - bound - 1. */
export function boundedOutOfOrderness(bound: Duration): WatermarkStrategy {
  const outOfOrdernessMs = durationMs(bound, 'out-of-orderness');
  return strategy({ kind: 'boundedOutOfOrderness', outOfOrdernessMs, idlenessMs: null }, null);
}

/** Timestamps never fall: watermark = last timestamp - 1. */
export function monotonous(): WatermarkStrategy {
  return strategy({ kind: 'monotonous', outOfOrdernessMs: 0, idlenessMs: null }, null);
}

/**
 * Watermarks by functions of your own: promises in the records themselves, say.
 *
 *   custom<Reading>({ onRecord: (row, _, context) => { if (row.isLastOfMinute) context.emit(row.time); } })
 *
 * An object that has more than `create`, `onRecord` and `onPeriodic` is one of a class.
 */
export function custom<Row, State = undefined>(
  generator: CustomWatermarks<Row, State>,
): WatermarkStrategy<Row> {
  checkFunctions('custom', generator, CUSTOM_FUNCTIONS);
  return strategy(
    { kind: 'custom', outOfOrdernessMs: 0, idlenessMs: null },
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
      strategy({ ...spec, idlenessMs: idlenessMs(duration) }, generator),
  });
}

function idlenessMs(duration: Duration): number {
  const ms = durationMs(duration, 'idleness');
  if (ms > 0) return ms;
  throw wrong('idleness', 'is longer than nothing', duration);
}

/** The plain data of a strategy, for the graph. */
export function strategySpec(of: WatermarkStrategy<never>): WatermarkSpec {
  if (typeof (of as WatermarkSpec | undefined)?.outOfOrdernessMs !== 'number') {
    const made = 'is made by boundedOutOfOrderness(...), monotonous() or custom(...)';
    throw wrong('eventTime: the strategy', made, of);
  }
  const { kind, outOfOrdernessMs, idlenessMs } = of;
  return Object.freeze({ kind, outOfOrdernessMs, idlenessMs });
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

  /** Takes note of the timestamps of a batch; a missing one is an EngineError. */
  onBatch(batch: Batch): void {
    const { rowCount } = batch;
    const timestamps = batch.timestamps!;
    let greatest = this.#greatest;
    let hasMissing = false;
    for (let i = 0; i < rowCount; i++) {
      const time = timestamps[i]!;
      if (time > greatest) greatest = time;
      else if (Number.isNaN(time)) hasMissing = true;
    }
    if (hasMissing) this.#refuseMissing(timestamps);
    this.#greatest = greatest;
    if (this.#spec.idlenessMs !== null) this.#lastRecordMs = this.#clock.now();
    if (this.#custom?.onRecord !== undefined) this.#onRecords(batch);
  }

  #refuseMissing(timestamps: Float64Array): never {
    this.failedRow = timestamps.findIndex((time) => Number.isNaN(time));
    throw new EngineError(
      'TIMESTAMP_INVALID',
      `the event time of row ${this.failedRow} of a batch is NaN`,
    );
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

  isIdle(nowMs: number): boolean {
    const { idlenessMs } = this.#spec;
    if (idlenessMs === null) return false;
    this.#lastRecordMs ??= nowMs;
    return nowMs - this.#lastRecordMs >= idlenessMs;
  }
}
