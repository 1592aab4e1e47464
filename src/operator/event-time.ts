/**
 * Gives records their event time and makes the watermarks of a stream that has no splits of its own.
 *
 * Right behind a source this work is done per split instead (task/source-input.ts), with the same two pieces:
 * `TimestampReader` and the watermark generator of time/.
 */
import { EngineError } from '../base/errors.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../data/batch.ts';
import { type FixedColumn, PRESENT } from '../data/column.ts';
import { describe } from '../data/field-check.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { plainField } from '../data/plain-field.ts';
import { fieldReader, generatedFieldReader, RowFunctionLoop } from '../data/row-function.ts';
import { fieldIndex, type Schema } from '../data/schema.ts';
import { WatermarkGenerator } from '../time/strategies.ts';
import type { CustomWatermarks } from '../time/watermark.ts';
import type { Operator, OperatorContext, Output } from './operator.ts';
import type { EventTimeSpec, TimestampSpec } from './operator-spec.ts';
import { unsetContext, unsetOutput } from './unset.ts';
import { operatorError, recordError } from './user-function.ts';

export type TimestampFunction = (row: unknown) => number;

/** The event times of a batch; an EngineError when it has none. */
export function requireTimestamps(batch: Batch, operator: string): Float64Array {
  if (batch.timestamps !== null) return batch.timestamps;
  throw new EngineError(
    'TIMESTAMP_INVALID',
    `operator '${operator}' needs event times; call .eventTime(field, strategy) before it`,
  );
}

/** The functions of the user in an event time. */
export type EventTimeFunctions = {
  readonly timestamp: TimestampFunction | null;
  readonly watermarks: CustomWatermarks<unknown, unknown> | null;
};

/** They come in this order, each only where the spec wants it. */
export function eventTimeFunctions(
  spec: EventTimeSpec,
  functions: readonly object[],
): EventTimeFunctions {
  const left = [...functions];
  const timestamp = spec.timestamp.kind === 'function' ? left.shift() : null;
  const watermarks = spec.watermark.kind === 'custom' ? left.shift() : null;
  return {
    timestamp: timestamp as TimestampFunction | null,
    watermarks: watermarks as CustomWatermarks<unknown, unknown> | null,
  };
}

/** Reads event times from a field or by a function of the user. */
export class TimestampReader {
  readonly #spec: TimestampSpec;
  readonly #column: number | null;
  /** Of float64 or times, what a function only reads. */
  readonly #plainColumn: number | null;
  /** Of a column, the row without a time. */
  #absentRow = 0;
  /** For times that are not a column. */
  readonly #loop: RowFunctionLoop<unknown, number>;

  constructor(
    spec: TimestampSpec,
    schema: Schema | null,
    timestampFunction: TimestampFunction | null,
  ) {
    this.#spec = spec;
    const read =
      spec.kind === 'field'
        ? fieldReader(spec.field, (row) => this.#refuse(row))
        : timestampFunction!;
    this.#loop = new RowFunctionLoop(schema, read, (value) => this.#toNumber(value));
    this.#column =
      spec.kind === 'field' && schema !== null ? fieldIndex(schema, spec.field, 'eventTime') : null;
    const plain = plainField(timestampFunction, schema);
    const isTime = plain !== null && ['float64', 'timestamp'].includes(schema!.fields[plain]!.kind);
    this.#plainColumn = isTime ? plain : null;
    const kind = this.#column === null ? null : schema!.fields[this.#column]!.kind;
    if (kind === 'string' || kind === 'boolean') {
      throw new EngineError('FIELD_TYPE', `eventTime ${describeSpec(spec)}: the field is ${kind}`);
    }
  }

  /** The loop that reads times which are not a column. */
  generatedLoops(): readonly GeneratedLoop[] {
    if (this.#column !== null) return [];
    const loop = this.#loop.generatedLoop('event times');
    return this.#spec.kind === 'field' ? [loop, generatedFieldReader(this.#spec.field)] : [loop];
  }

  /** The row of the batch whose time could not be read. */
  get failedRow(): number {
    return Math.max(this.#absentRow, this.#loop.row);
  }

  /** The batch with its event times; a field that is a float64 column is used as it is. */
  assign(batch: Batch): Batch {
    const plain =
      this.#plainColumn === null ? null : (batch.columns[this.#plainColumn] as FixedColumn);
    if (plain?.absent === null) return batch.withTimestamps(plain.values as Float64Array);
    const column = this.#column === null ? null : (batch.columns[this.#column] as FixedColumn);
    if (column?.absent != null) this.#refuseAbsent(column.absent, batch.rowCount);
    if (column !== null && column.values instanceof Float64Array) {
      return batch.withTimestamps(column.values);
    }
    const timestamps = new Float64Array(batch.rowCount);
    if (column === null) this.#loop.run(batch, timestamps);
    else {
      for (let i = 0; i < batch.rowCount; i++) timestamps[i] = this.#toNumber(column.values[i]);
    }
    return batch.withTimestamps(timestamps);
  }

  #toNumber(value: unknown): number {
    if (typeof value === 'number') return value;
    if (value instanceof Date) return value.getTime();
    if (typeof value === 'bigint') return Number(value);
    return this.#refuse(value);
  }

  #refuse(value: unknown): never {
    throw new EngineError(
      'TIMESTAMP_INVALID',
      `eventTime ${describeSpec(this.#spec)}: wants milliseconds or a Date, got ${describe(value)}`,
    );
  }

  #refuseAbsent(absent: Uint8Array, rows: number): void {
    this.#absentRow = absent.subarray(0, rows).findIndex((absence) => absence !== PRESENT);
    if (this.#absentRow >= 0) this.#refuse(null);
    this.#absentRow = 0;
  }
}

function describeSpec(spec: TimestampSpec): string {
  return spec.kind === 'field' ? `'${spec.field}'` : 'function';
}

/** State: the greatest event time of each subtask. */
const GREATEST = 'greatest event time';

export class EventTimeOperator implements Operator {
  readonly hasPendingWork = false;
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #spec: EventTimeSpec;
  readonly #functions: EventTimeFunctions;
  readonly #reader: TimestampReader;
  #generator: WatermarkGenerator | null = null;
  #emitted: Watermark = MIN_WATERMARK;
  #isIdle = false;
  /** Nothing has come for so long; now the subtask looks whether something waits in front of it. */
  #mayBeIdle = false;
  /** Infinity in batch. */
  #dueMs = -Infinity;

  constructor(spec: EventTimeSpec, schema: Schema | null, functions: readonly object[]) {
    this.#spec = spec;
    this.#functions = eventTimeFunctions(spec, functions);
    this.#reader = new TimestampReader(spec.timestamp, schema, this.#functions.timestamp);
  }

  open(context: OperatorContext, output: Output): void {
    this.#context = context;
    this.#output = output;
    this.#generator = new WatermarkGenerator(
      this.#spec.watermark,
      context.clock,
      this.#functions.watermarks,
    );
    if (context.isBatch) this.#dueMs = Infinity;
    const greatest = context.restored.items(GREATEST) as readonly number[];
    if (greatest.length > 0) this.#generator.restore(Math.min(...greatest));
  }

  get wakeAtMs(): number {
    return this.#dueMs;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#reader.generatedLoops();
  }

  processBatch(batch: Batch): void {
    const timed = this.#assign(batch);
    this.#context.metrics.recordsIn += batch.rowCount;
    this.#context.metrics.recordsOut += batch.rowCount;
    this.#mayBeIdle = false;
    if (this.#isIdle) this.#setIdle(false);
    this.#output.emit(timed);
    const now = this.#context.clock.now();
    if (now >= this.#dueMs && this.#output.isReady) this.advanceTime(now);
  }

  #assign(batch: Batch): Batch {
    try {
      const timed = this.#reader.assign(batch);
      this.#generator!.onBatch(timed);
      return timed;
    } catch (error) {
      const row = Math.max(this.#reader.failedRow, this.#generator!.failedRow);
      throw recordError(this.#context, error, this.#context.metrics.recordsIn + row);
    }
  }

  advanceTime(nowMs: number): void {
    const generator = this.#generator!;
    if (!this.#isIdle) this.#advanceWatermark(generator);
    this.#dueMs = nowMs + this.#context.watermarkIntervalMs;
    if (this.#isIdle || !generator.isIdle(nowMs) || !this.#output.isReady) this.#mayBeIdle = false;
    else if (this.#mayBeIdle) this.#setIdle(true);
    else {
      this.#mayBeIdle = true;
      this.#dueMs = nowMs;
    }
  }

  #advanceWatermark(generator: WatermarkGenerator): void {
    const watermark = this.#watermarkOf(generator);
    if (watermark <= this.#emitted) return;
    this.#emitted = watermark;
    this.#output.watermark(watermark);
  }

  #watermarkOf(generator: WatermarkGenerator): Watermark {
    try {
      return generator.watermark();
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  #setIdle(isIdle: boolean): void {
    this.#isIdle = isIdle;
    this.#output.idle(isIdle);
  }

  /** Watermarks from before are replaced by those made here, but for the end of the stream. */
  processWatermark(watermark: Watermark): void {
    if (watermark !== Infinity) return;
    this.#emitted = watermark;
    this.#output.watermark(watermark);
  }

  resume(): void {}

  processBarrier(checkpoint: number): void {
    this.#context.snapshot(checkpoint).items(GREATEST, 'union', [this.#generator!.greatest]);
    this.#output.barrier(checkpoint);
  }

  /** Idleness from before is, too: who holds nothing back, and when, is said by the strategy of this step (Flink does the same). */
  processIdle(): void {}

  finish(): void {
    this.#dueMs = Infinity;
    this.#output.end();
  }

  close(): void {}
}
