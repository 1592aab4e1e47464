/**
 * Keyed aggregation over tumbling, sliding and cumulating windows of time.
 *
 * Each record is added to one pane (window.ts). When the watermark passes the end of a window, its panes are
 * joined (window-totals.ts; a tumbling window is one pane and needs no joining) and one row a key is emitted: key, windowStart,
 * windowEnd, results, with event time windowEnd - 1. A pane is dropped behind the last window that holds it.
 * A record is late when every window that holds it has fired, and one between windows when the watermark has passed it, as in Flink:
 * it is counted and dropped.
 *
 * Windows fire in the order of their ends, in slices of FIRE_SLICE_ROWS, and the watermark follows when all due
 * windows have fired.
 *
 * Where there is an exchange before it, rows are not records but partial results of them (pre-aggregate.ts), which are
 * joined in the same panes.
 *
 * Windows of processing time work the same, with the clock in place of event times and of watermarks: a window fires
 * when the clock has reached its end. Watermarks pass by.
 */
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { FixedColumn } from '../../data/column.ts';
import { sliceBatch } from '../../data/copy.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import {
  isTypedKey,
  type KeyFunction,
  KeyReader,
  type KeySpec,
  keyFields,
} from '../../data/key.ts';
import { type KeyGroupRange, keyGroupOf, keyGroupRange } from '../../data/key-group.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import { Lineage } from '../../state/lineage.ts';
import { isEventTime, unusableTime } from '../../time/event-time.ts';
import { requireTimestamps } from '../event-time.ts';
import { checkStateSchema, keyTwice } from '../keyed-state.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator.ts';
import { readKey, stateKey } from '../read-key.ts';
import type { StateLook } from '../state-look.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { operatorError, recordError } from '../user-function.ts';
import { AccumulatorRows } from './accumulator-rows.ts';
import type { AggregateSpec, AggregationOptions } from './aggregate.ts';
import { type AddLoop, AggregateLoops } from './aggregate-codegen.ts';
import { planAggregates } from './aggregate-plan.ts';
import type { NumberShape } from './number-shape.ts';
import { type Pane, paneShapeOf } from './pane.ts';
import { PaneList } from './pane-list.ts';
import { PanesLook } from './panes-look.ts';
import { type PartialPlan, planPartials } from './partials.ts';
import { SavedCells } from './saved-cells.ts';
import {
  endOfRun,
  firstWindowEnd,
  lastEndAt,
  lastWindowEnd,
  PaneCuts,
  type PaneWindow,
  windowStart,
} from './window.ts';
import { capturePanes, PANES, RestoredFired, writeFired } from './window-state.ts';
import { WindowTotals } from './window-totals.ts';

export type WindowAggregateOptions = AggregationOptions<PaneWindow> & {
  /** Of the accumulators of the user, by aggregate. */
  readonly shapes: readonly (NumberShape | null)[];
  /** What comes in are the partial results of a pre-aggregation. */
  readonly takesPartials: boolean;
  /** The side output for late records; null when they are dropped. */
  readonly lateTo: string | null;
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
  readonly #window: PaneWindow;
  readonly #cuts: PaneCuts;
  readonly #keys: KeyReader;
  readonly #keyFields: readonly Field[];
  readonly #isTypedKey: boolean;
  readonly #partials: PartialPlan | null;
  readonly #loops: AggregateLoops;
  readonly #builder: BatchBuilder;
  readonly #panes: PaneList;
  readonly #totals: WindowTotals;
  readonly #lateTo: string | null;
  #late: { emit(batch: Batch): void } | null = null;
  #slots = new Int32Array(FIRE_SLICE_ROWS);
  #watermark: Watermark = MIN_WATERMARK;
  /** Windows up to this end have fired. */
  #firedEnd = -Infinity;
  #firing: Firing | null = null;
  #isAdvancing = false;
  readonly #place = { i: 0 };
  readonly #key: KeySpec;
  /** Rows of the panes in a snapshot. */
  readonly #state: PartialPlan;
  readonly #stateRows: AccumulatorRows;
  readonly #cellCount: number;
  #lineage = new Lineage(0);
  readonly #saved = new SavedCells();
  /** Where subtasks that this one has the keys of had fired to. */
  #fired: RestoredFired | null = null;

  constructor(options: WindowAggregateOptions) {
    const { key, inputSchema, functions, aggregates, shapes } = options;
    this.#key = key;
    this.#state = planPartials(key, aggregates, inputSchema, shapes);
    const keyFunction = key.kind === 'function' ? (functions[0] as KeyFunction) : null;
    this.#window = options.window;
    this.#lateTo = options.lateTo;
    this.#isByClock = options.window.time === 'processing';
    this.#cuts = PaneCuts.of(options.window);
    this.#partials = options.takesPartials ? this.#state : null;
    this.#keys =
      this.#partials === null
        ? new KeyReader(key, inputSchema, keyFunction)
        : new KeyReader(stateKey(key), this.#partials.sent, null);
    this.#keyFields = keyFields(key, inputSchema);
    this.#isTypedKey = isTypedKey(key, inputSchema);
    const plan = planAggregates(aggregates, inputSchema, shapes);
    this.#loops = new AggregateLoops(plan, inputSchema, functions);
    this.#stateRows = new AccumulatorRows(plan, this.#state.cells.length, functions);
    this.#cellCount = plan.cells.length;
    const shape = paneShapeOf(plan);
    this.#panes = new PaneList(shape, this.#keys);
    this.#totals = new WindowTotals(
      options.window,
      this.#panes,
      shape.objects === 0,
      (total, pane) => total.mergeFrom(pane, this.#keys, this.#slots, this.#loops),
    );
    this.#builder = new BatchBuilder(
      schemaOf(windowAggregateFields(key, aggregates, inputSchema)),
      FIRE_SLICE_ROWS,
    );
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    if (this.#lateTo !== null) this.#late = sides.get(this.#lateTo)!;
    this.#lineage = new Lineage(context.subtask / context.parallelism);
    this.#panes.marksChanges = context.isIncremental;
    this.#restore();
  }

  /** Partial results again: they are joined as those of an exchange are. */
  #restore(): void {
    const { restored } = this.#context;
    const fired = new RestoredFired(restored, this.#groups);
    if (!fired.isEmpty) this.#firedEnd = fired.least;
    this.#fired = fired.greatest > fired.least ? fired : null;
    const keys = new KeyReader(stateKey(this.#key), this.#state.schema, null);
    const { keyCount, cells } = this.#state;
    const loadLoop = this.#loops.loadRows(keyCount, cells.length);
    let rowsLeft = restored.keyedRows(PANES);
    for (const batch of restored.keyed(PANES)) {
      checkStateSchema(batch.schema, this.#state.schema, PANES);
      keys.read(batch);
      if (!keys.isInt) this.#keys.isInt = false;
      const starts = batch.timestamps!;
      for (let from = 0; from < batch.rowCount; ) {
        const start = starts[from]!;
        const to = endOfRun(starts, from + 1, batch.rowCount, start, this.#cuts.endOf(start));
        const pane = this.#panes.at(start);
        if (!pane.load(batch, from, to, keys, loadLoop, rowsLeft)) throw keyTwice(PANES);
        rowsLeft -= to - from;
        from = to;
      }
    }
    for (const pane of this.#panes.live.all) if (!pane.endLoad()) throw keyTwice(PANES);
  }

  get #groups(): KeyGroupRange {
    const { subtask, parallelism, maxParallelism } = this.#context;
    return keyGroupRange(subtask, parallelism, maxParallelism);
  }

  processBarrier(checkpoint: number): void {
    const writer = this.#context.snapshot(checkpoint);
    writeFired(writer, this.#firedEnd, this.#groups, this.#fired);
    const { schema } = this.#state;
    const options = { schema, keyFields: this.#keyFields, isTypedKey: this.#isTypedKey };
    const panes = this.#panes.live.all;
    writer.later(capturePanes(panes, this.#lineage, options, this.#stateRows, this.#saved, writer));
    this.#output.barrier(checkpoint);
  }

  get hasPendingWork(): boolean {
    return this.#isAdvancing;
  }

  processBatch(batch: Batch): void {
    const rows = batch.rowCount;
    if (this.#slots.length < rows) this.#slots = new Int32Array(rows);
    this.#readKeys(batch);
    const addLoop =
      this.#partials === null
        ? this.#loops.addFor(batch)
        : this.#loops.joinPartials(this.#partials);
    if (this.#isByClock) {
      this.#addRun(batch, 0, rows, this.#cuts.startOf(this.#context.clock.now()), addLoop);
    } else {
      this.#addByTime(batch, requireTimestamps(batch, this.#context.name), addLoop);
    }
    this.#context.metrics.recordsIn += rows;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const takes = this.#partials === null ? 'add' : 'join';
    const used = ['init', takes, 'merge', 'results'] as const;
    return [
      ...this.#loops.generatedLoops(used, this.#state),
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  #addByTime(batch: Batch, timestamps: Float64Array, addLoop: AddLoop): void {
    const rows = batch.rowCount;
    let from = 0;
    while (from < rows) {
      const time = timestamps[from]!;
      if (!isEventTime(time)) throw this.#errorAt(unusableTime(time), from);
      const start = this.#cuts.startOf(time);
      const to = endOfRun(timestamps, from + 1, rows, start, this.#cuts.endOf(start));
      this.#addRun(batch, from, to, start, addLoop);
      from = to;
    }
  }

  #readKeys(batch: Batch): void {
    try {
      this.#keys.readShared(batch);
    } catch (error) {
      throw this.#errorAt(error, this.#keys.failedRow);
    }
  }

  /** The error for what was thrown at a row of the batch that is being processed, or behind the last. */
  #errorAt(error: unknown, row: number): Error {
    return recordError(this.#context, error, this.#context.metrics.recordsIn + row);
  }

  #addRun(batch: Batch, from: number, to: number, start: number, addLoop: AddLoop): void {
    const lastEnd = lastWindowEnd(this.#window, start);
    if (lastEnd <= start) {
      this.#takeBetween(batch, from, to);
      return;
    }
    if (lastEnd - 1 <= this.#watermark || lastEnd <= this.#firedEnd) {
      this.#takeLate(batch, from, to);
      return;
    }
    this.#totals.changes(start);
    try {
      this.#panes
        .at(start)
        .add(batch, from, to, this.#keys, this.#slots, this.#loops, addLoop, this.#place);
    } catch (error) {
      throw this.#errorAt(error, this.#place.i);
    }
  }

  /** Rows between two windows: a slide longer than the size. */
  #takeBetween(batch: Batch, from: number, to: number): void {
    if (this.#isByClock) return;
    const times = batch.timestamps!;
    const watermark = this.#watermark;
    for (let i = from; i < to; i++) {
      if (times[i]! > watermark) continue;
      const first = i;
      while (i < to && times[i]! <= watermark) i++;
      this.#takeLate(batch, first, i);
    }
  }

  #takeLate(batch: Batch, from: number, to: number): void {
    if (this.#late === null) {
      this.#context.metrics.lateRecords += this.#recordsIn(batch, from, to);
    } else {
      this.#late.emit(sliceBatch(batch, from, to).withoutKeyHashes());
    }
  }

  /** Records behind rows from to to - 1. */
  #recordsIn(batch: Batch, from: number, to: number): number {
    if (this.#partials === null) return to - from;
    const { keyCount, rowsCell } = this.#partials;
    const counts = (batch.columns[keyCount + rowsCell] as FixedColumn).values as Float64Array;
    let records = 0;
    for (let i = from; i < to; i++) records += counts[i]!;
    return records;
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
    const { first } = this.#panes.live;
    if (first === undefined) return null;
    const end = firstWindowEnd(this.#window, this.#cuts.endOf(first.start));
    return Math.max(this.#firedEnd + this.#window.slideMs, end);
  }

  /** The next window that is due, with the accumulators of all its keys; null when none is. */
  #nextFiring(): Firing | null {
    const end = this.#nextEnd();
    if (end === null || end - 1 > this.#watermark) return null;
    try {
      return { end, total: this.#totals.of(end), nextSlot: 0 };
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  #emitSlice(firing: Firing): void {
    const { total, end } = firing;
    const from = firing.nextSlot;
    const to = Math.min(total.slotCount, from + FIRE_SLICE_ROWS);
    if (this.#fired !== null) this.#emitUnfired(this.#fired, total, from, to, end);
    else if (to > from) this.#emitRows(total, from, to, end);
    firing.nextSlot = to;
    if (to === total.slotCount) this.#finishFiring(firing);
  }

  /** Runs of slots for whose keys the window had not fired before the job was restored. */
  #emitUnfired(fired: RestoredFired, total: Pane, from: number, to: number, end: number): void {
    const { maxParallelism } = this.#context;
    let first = from;
    for (let slot = from; slot <= to; slot++) {
      const isOut =
        slot === to || fired.hasFired(end, keyGroupOf(total.keys.hashOf(slot), maxParallelism));
      if (!isOut) continue;
      if (slot > first) this.#emitRows(total, first, slot, end);
      first = slot + 1;
    }
  }

  #emitRows(total: Pane, from: number, to: number, end: number): void {
    const builder = this.#builder;
    const keyCount = this.#keyFields.length;
    total.keys.appendKeys(from, to, builder, this.#keyFields, this.#isTypedKey);
    const rows = to - from;
    builder.float64(keyCount).fill(windowStart(this.#window, end), 0, rows);
    builder.float64(keyCount + 1).fill(end, 0, rows);
    builder.timestamps().fill(end - 1, 0, rows);
    try {
      this.#loops.results(total.accumulators, from, to, builder, keyCount + 2);
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
    builder.advance(rows);
    this.#context.metrics.recordsOut += rows;
    this.#output.emit(builder.seal());
    builder.reset();
  }

  #finishFiring(firing: Firing): void {
    this.#firing = null;
    this.#firedEnd = firing.end;
    if (this.#fired !== null && firing.end >= this.#fired.greatest) this.#fired = null;
    const { live } = this.#panes;
    for (let { first } = live; first !== undefined; { first } = live) {
      if (lastWindowEnd(this.#window, first.start) > firing.end) break;
      live.takeFirst();
      if (first !== firing.total) this.#panes.recycle(first);
    }
    this.#totals.release(firing.total);
  }

  look(): StateLook {
    const { schema } = this.#state;
    const [keyFields, isTypedKey] = [this.#keyFields, this.#isTypedKey];
    return new PanesLook({
      state: PANES,
      schema,
      keyFields,
      isTypedKey,
      panes: this.#panes.live,
      cuts: this.#cuts,
      rows: this.#stateRows,
      cellCount: this.#cellCount,
      keys: this.#keys,
      readKey: (given) => readKey(this.#key, keyFields, isTypedKey, given),
    });
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  finish(): void {
    this.#output.end();
  }

  close(): void {}
}
