/** Watermark strategies, and the generator that carries one out over the batches of one stream or split. */
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { MIN_WATERMARK, type Watermark } from '../data/batch.ts';
import { type Duration, durationMs } from './duration.ts';
import type { WatermarkSpec } from './watermark.ts';

/** How watermarks follow from timestamps; immutable. */
export type WatermarkStrategy = WatermarkSpec & {
  /** The same, but a stream (or split) without records for this long does not hold others back. */
  withIdleness(duration: Duration): WatermarkStrategy;
};

/** Records may come out of order by up to a bound: watermark = greatest timestamp - bound - 1. */
export function boundedOutOfOrderness(bound: Duration): WatermarkStrategy {
  return strategy({
    kind: 'boundedOutOfOrderness',
    outOfOrdernessMs: durationMs(bound, 'out-of-orderness'),
    idlenessMs: null,
  });
}

/** Timestamps never fall: watermark = last timestamp - 1. */
export function monotonous(): WatermarkStrategy {
  return strategy({ kind: 'monotonous', outOfOrdernessMs: 0, idlenessMs: null });
}

function strategy(spec: WatermarkSpec): WatermarkStrategy {
  return Object.freeze({
    ...spec,
    withIdleness: (duration: Duration) =>
      strategy({ ...spec, idlenessMs: durationMs(duration, 'idleness') }),
  });
}

/** The plain data of a strategy, for the graph. */
export function strategySpec(of: WatermarkStrategy): WatermarkSpec {
  const { kind, outOfOrdernessMs, idlenessMs } = of;
  return Object.freeze({ kind, outOfOrdernessMs, idlenessMs });
}

export class WatermarkGenerator {
  readonly #spec: WatermarkSpec;
  readonly #clock: Clock;
  #greatest = -Infinity;
  /** When the last record came, or when somebody first asked. */
  #lastRecordMs: number | null = null;

  constructor(spec: WatermarkSpec, clock: Clock) {
    this.#spec = spec;
    this.#clock = clock;
  }

  /** Takes note of the timestamps of a batch; a missing one is an EngineError. */
  onBatch(timestamps: Float64Array, rowCount: number): void {
    let greatest = this.#greatest;
    let hasMissing = false;
    for (let i = 0; i < rowCount; i++) {
      const time = timestamps[i]!;
      if (time > greatest) greatest = time;
      else if (Number.isNaN(time)) hasMissing = true;
    }
    if (hasMissing) refuseMissing(timestamps);
    this.#greatest = greatest;
    if (this.#spec.idlenessMs !== null) this.#lastRecordMs = this.#clock.now();
  }

  /** Greatest timestamp so far; -Infinity before the first. */
  get greatest(): number {
    return this.#greatest;
  }

  watermark(): Watermark {
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

function refuseMissing(timestamps: Float64Array): never {
  const row = timestamps.findIndex((time) => Number.isNaN(time));
  throw new EngineError('TIMESTAMP_INVALID', `the event time of row ${row} of a batch is NaN`);
}
