/**
 * Keyed aggregation over tumbling and sliding windows of time.
 *
 * Each record is added to one pane (window.ts). When the watermark passes the end of a window, its panes are
 * joined (a tumbling window is one pane and needs no joining) and one row a key is emitted: key, windowStart,
 * windowEnd, results, with event time windowEnd - 1. A pane is dropped behind the last window that holds it.
 * A record is late when every window that holds it has fired: it is counted and dropped.
 *
 * Windows fire in the order of their ends, in slices of FIRE_SLICE_ROWS, and the watermark follows when all due
 * windows have fired.
 *
 * Windows of processing time work the same, with the clock in place of event times and of watermarks: a window fires
 * when the clock has reached its end. Watermarks pass by.
 */
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import {
  isTypedKey,
  type KeyFunction,
  KeyReader,
  type KeySpec,
  keyFields,
} from '../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import { requireTimestamps } from '../event-time.ts';
import type { Operator, OperatorContext, Output } from '../operator.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { userFunctionError } from '../user-function.ts';
import type { AggregateSpec } from './aggregate.ts';
import { type AddLoop, AggregateLoops } from './aggregate-codegen.ts';
import { type AggregatePlan, planAggregates } from './aggregate-plan.ts';
import { Pane } from './pane.ts';
import {
  firstWindowEnd,
  lastEndAt,
  lastWindowEnd,
  paneMsOf,
  startOf,
  type WindowSpec,
} from './window.ts';

export type WindowAggregateOptions = {
  readonly key: KeySpec;
  readonly window: WindowSpec;
  readonly aggregates: readonly AggregateSpec[];
  readonly inputSchema: Schema | null;
  /** Of the node: key function first, if there is one; then what aggregates refer to. */
  readonly functions: readonly object[];
};

/** Fields of the rows that a windowed aggregation emits. */
export function windowAggregateFields(
  key: KeySpec,
  aggregates: readonly AggregateSpec[],
  inputSchema: Schema | null,
): readonly Field[] {
  return [
    ...keyFields(key, inputSchema),
    { name: 'windowStart', kind: 'timestamp', nullable: false },
    { name: 'windowEnd', kind: 'timestamp', nullable: false },
    ...planAggregates(aggregates, inputSchema).fields,
  ];
}

/** A window that is being emitted: all its keys in one pane, up to `nextSlot` already out. */
type Firing = { end: number; total: Pane; nextSlot: number };

export class WindowAggregateOperator implements Operator {
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #isByClock: boolean;
  readonly #window: WindowSpec;
  readonly #paneMs: number;
  readonly #keys: KeyReader;
  readonly #keyFields: readonly Field[];
  readonly #isTypedKey: boolean;
  readonly #plan: AggregatePlan;
  readonly #loops: AggregateLoops;
  readonly #builder: BatchBuilder;
  /** Live panes by rising start. */
  readonly #panes: Pane[] = [];
  readonly #spare: Pane[] = [];
  #slots = new Int32Array(FIRE_SLICE_ROWS);
  #watermark: Watermark = MIN_WATERMARK;
  /** Windows up to this end have fired. */
  #firedEnd = -Infinity;
  #firing: Firing | null = null;
  #isAdvancing = false;
  readonly #place = { i: 0 };

  constructor(options: WindowAggregateOptions) {
    const { key, inputSchema, functions, aggregates } = options;
    const keyFunction = key.kind === 'function' ? (functions[0] as KeyFunction) : null;
    this.#window = options.window;
    this.#isByClock = options.window.time === 'processing';
    this.#paneMs = paneMsOf(options.window);
    this.#keys = new KeyReader(key, inputSchema, keyFunction);
    this.#keyFields = keyFields(key, inputSchema);
    this.#isTypedKey = isTypedKey(key, inputSchema);
    this.#plan = planAggregates(aggregates, inputSchema);
    this.#loops = new AggregateLoops(this.#plan, inputSchema, functions);
    this.#builder = new BatchBuilder(
      schemaOf(windowAggregateFields(key, aggregates, inputSchema)),
      FIRE_SLICE_ROWS,
    );
  }

  open(context: OperatorContext, output: Output): void {
    this.#context = context;
    this.#output = output;
  }

  get hasPendingWork(): boolean {
    return this.#isAdvancing;
  }

  processBatch(batch: Batch): void {
    const rows = batch.rowCount;
    if (this.#slots.length < rows) this.#slots = new Int32Array(rows);
    this.#readKeys(batch);
    const addLoop = this.#loops.addFor(batch);
    if (this.#isByClock) {
      this.#addRun(batch, 0, rows, this.#paneStart(this.#context.clock.now()), addLoop);
    } else {
      this.#addByTime(batch, requireTimestamps(batch, this.#context.name), addLoop);
    }
    this.#context.metrics.recordsIn += rows;
  }

  #addByTime(batch: Batch, timestamps: Float64Array, addLoop: AddLoop): void {
    const rows = batch.rowCount;
    let from = 0;
    while (from < rows) {
      const start = this.#paneStart(timestamps[from]!);
      const to = endOfRun(timestamps, from + 1, rows, start, start + this.#paneMs);
      this.#addRun(batch, from, to, start, addLoop);
      from = to;
    }
  }

  #paneStart(time: number): number {
    return startOf(time, this.#paneMs, this.#window.offsetMs);
  }

  #readKeys(batch: Batch): void {
    try {
      this.#keys.read(batch);
    } catch (error) {
      throw userFunctionError(
        this.#context,
        error,
        this.#context.metrics.recordsIn + this.#keys.failedRow,
      );
    }
  }

  #addRun(batch: Batch, from: number, to: number, start: number, addLoop: AddLoop): void {
    const lastEnd = lastWindowEnd(this.#window, start);
    if (lastEnd <= start) return; // Between two windows: a slide longer than the size.
    if (lastEnd - 1 <= this.#watermark) {
      this.#context.metrics.lateRecords += to - from;
      return;
    }
    try {
      this.#paneAt(start).add(
        batch,
        from,
        to,
        this.#keys,
        this.#slots,
        this.#loops,
        addLoop,
        this.#place,
      );
    } catch (error) {
      throw userFunctionError(
        this.#context,
        error,
        this.#context.metrics.recordsIn + this.#place.i,
      );
    }
  }

  #paneAt(start: number): Pane {
    const panes = this.#panes;
    let at = panes.length;
    while (at > 0 && panes[at - 1]!.start > start) at--;
    const found = panes[at - 1];
    if (found !== undefined && found.start === start) return found;
    const pane = this.#newPane();
    pane.start = start;
    panes.splice(at, 0, pane);
    return pane;
  }

  #newPane(): Pane {
    const { cells, objects } = this.#plan;
    const shape = { cells: cells.length, objects: objects.length };
    const spare = this.#spare.pop();
    const fits = spare !== undefined && spare.keys.isInt === this.#keys.isInt;
    return fits ? spare : new Pane(shape, this.#keys.isInt);
  }

  processWatermark(watermark: Watermark): void {
    if (this.#isByClock) this.#output.watermark(watermark);
    else this.#advanceTo(watermark);
  }

  /** When the first window of processing time ends. */
  get wakeAtMs(): number {
    const end = this.#isByClock ? this.#nextEnd() : null;
    return end ?? Infinity;
  }

  advanceTime(nowMs: number): void {
    this.#advanceTo(nowMs - 1);
  }

  /** No record at or before this time follows: fires what is due. */
  #advanceTo(time: number): void {
    if (time <= this.#watermark) return;
    this.#watermark = time;
    this.#isAdvancing = true;
    this.resume();
  }

  resume(): void {
    while (this.#output.isReady) {
      this.#firing ??= this.#nextFiring();
      if (this.#firing === null) {
        this.#isAdvancing = false;
        // Windows that had no record are over too: one that comes now is late for them.
        this.#firedEnd = Math.max(this.#firedEnd, lastEndAt(this.#window, this.#watermark));
        if (!this.#isByClock) this.#output.watermark(this.#watermark);
        return;
      }
      this.#emitSlice(this.#firing);
    }
  }

  /** End of the next window that has records; null when no record waits. */
  #nextEnd(): number | null {
    const first = this.#panes[0];
    if (first === undefined) return null;
    const end = firstWindowEnd(this.#window, first.start, this.#paneMs);
    return Math.max(this.#firedEnd + this.#window.slideMs, end);
  }

  /** The next window that is due, with the accumulators of all its keys; null when none is. */
  #nextFiring(): Firing | null {
    const end = this.#nextEnd();
    if (end === null || end - 1 > this.#watermark) return null;
    const first = this.#panes[0]!;
    const start = end - this.#window.sizeMs;
    let count = 0;
    while (count < this.#panes.length && this.#panes[count]!.start < end) count++;
    const isWhole = count === 1 && lastWindowEnd(this.#window, first.start) <= end;
    return { end, total: isWhole ? first : this.#join(start, count), nextSlot: 0 };
  }

  #join(start: number, count: number): Pane {
    const total = this.#newPane();
    for (let p = 0; p < count; p++) {
      const pane = this.#panes[p]!;
      if (pane.start >= start) total.mergeFrom(pane, this.#keys, this.#slots, this.#loops);
    }
    return total;
  }

  #emitSlice(firing: Firing): void {
    const { total, end } = firing;
    const from = firing.nextSlot;
    const to = Math.min(total.slotCount, from + FIRE_SLICE_ROWS);
    if (to > from) this.#emitRows(total, from, to, end);
    firing.nextSlot = to;
    if (to === total.slotCount) this.#finishFiring(firing);
  }

  #emitRows(total: Pane, from: number, to: number, end: number): void {
    const builder = this.#builder;
    const keyCount = this.#keyFields.length;
    total.keys.appendKeys(from, to, builder, this.#keyFields, this.#isTypedKey);
    const rows = to - from;
    builder.float64(keyCount).fill(end - this.#window.sizeMs, 0, rows);
    builder.float64(keyCount + 1).fill(end, 0, rows);
    builder.timestamps().fill(end - 1, 0, rows);
    try {
      this.#loops.results(total.accumulators, from, to, builder, keyCount + 2);
    } catch (error) {
      throw userFunctionError(this.#context, error, this.#context.metrics.recordsIn);
    }
    builder.advance(rows);
    this.#context.metrics.recordsOut += rows;
    this.#output.emit(builder.seal());
    builder.reset();
  }

  #finishFiring(firing: Firing): void {
    this.#firing = null;
    this.#firedEnd = firing.end;
    while (this.#panes.length > 0) {
      const pane = this.#panes[0]!;
      if (lastWindowEnd(this.#window, pane.start) > firing.end) break;
      this.#panes.shift();
      if (pane !== firing.total) this.#recycle(pane);
    }
    this.#recycle(firing.total);
  }

  #recycle(pane: Pane): void {
    pane.clear();
    this.#spare.push(pane);
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  finish(): void {
    this.#output.end();
  }

  close(): void {}
}

/** First row at or behind `from` whose time is outside [start, end). */
function endOfRun(
  timestamps: Float64Array,
  from: number,
  rows: number,
  start: number,
  end: number,
): number {
  let i = from;
  while (i < rows && timestamps[i]! >= start && timestamps[i]! < end) i++;
  return i;
}
