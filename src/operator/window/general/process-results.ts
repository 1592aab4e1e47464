/** Gives windows that fire to a function of the user, which emits what it likes. */
import type { Batch } from '../../../data/batch.ts';
import type { RowOutput } from './results.ts';
import type { TakesRow, TakesRows } from './row-results.ts';
import type { TriggerHost } from './trigger.ts';
import type { WindowKeys } from './window-keys.ts';

/** What the function of a window knows of it. `Bounds`: of a window that has some. */
export type WindowContext<Key, Bounds, Out> = Bounds & {
  /** The key, by its fields. */
  readonly key: Key;
  /** What the clock and the watermark were when the window fired. */
  readonly watermark: number;
  readonly processingTime: number;
  /** Adds a row to the results, at the event time of the window: its end - 1. */
  emit(row: Out): void;
};

/** The function of a window: of all its rows, or of the one that they were made into. */
export type WindowFunction<Input, Key, Bounds, Out> = {
  onWindow(context: WindowContext<Key, Bounds, Out>, input: Input): void;
};

type Code = WindowFunction<unknown, unknown, object, unknown>;

type Call = {
  key: unknown;
  windowStart?: number;
  windowEnd?: number;
  watermark: number;
  processingTime: number;
  emit(row: unknown): void;
};

export class ProcessedRows implements TakesRows, TakesRow {
  readonly #host: TriggerHost;
  readonly #keys: WindowKeys;
  readonly #code: Code;
  readonly #hasBounds: boolean;
  readonly #output: RowOutput;
  #time = Number.NaN;

  constructor(
    host: TriggerHost,
    keys: WindowKeys,
    code: object,
    hasBounds: boolean,
    output: RowOutput,
  ) {
    this.#host = host;
    this.#keys = keys;
    this.#code = code as Code;
    this.#hasBounds = hasBounds;
    this.#output = output;
  }

  take(slot: number, time: number, rows: readonly unknown[]): void {
    this.takeRow(slot, time, rows);
  }

  takeRow(slot: number, time: number, input: unknown): void {
    const { windows } = this.#host;
    const key = this.#keys.objectOf(windows.keyOf(slot));
    this.#call(key, windows.startOf(slot), windows.endOf(slot), time, input);
  }

  /** Rows of aggregates, each the result of a window. */
  takeResults(batch: Batch): void {
    const rows = batch.rowObjects() as readonly Readonly<Record<string, unknown>>[];
    for (let i = 0; i < batch.rowCount; i++) {
      const row = rows[i]!;
      const key = Object.fromEntries(this.#keys.fields.map(({ name }) => [name, row[name]]));
      const { windowStart, windowEnd } = row as { windowStart: number; windowEnd: number };
      this.#call(key, windowStart, windowEnd, batch.timestamps![i]!, row);
    }
  }

  #call(key: unknown, windowStart: number, windowEnd: number, time: number, input: unknown): void {
    this.#time = time;
    const { watermark, nowMs } = this.#host;
    const call: Call = {
      key,
      ...(this.#hasBounds ? { windowStart, windowEnd } : {}),
      watermark,
      processingTime: nowMs,
      emit: (row) => this.#output.add(row, this.#time),
    };
    this.#code.onWindow(call, input);
  }

  flush(): void {
    this.#output.flush();
  }
}

/** One row a window, as it is. */
export class PlainRows implements TakesRow {
  readonly #output: RowOutput;

  constructor(output: RowOutput) {
    this.#output = output;
  }

  takeRow(_slot: number, time: number, row: unknown): void {
    this.#output.add(row, time);
  }

  flush(): void {
    this.#output.flush();
  }
}
