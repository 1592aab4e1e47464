/**
 * The first half of a windowed aggregation, before the exchange: records of a pane are added up here, and what crosses
 * is one row for each key and pane (partials.ts), which the window operator joins.
 *
 * A pane is sent when the watermark has passed it, before the watermark; all are sent before the stream goes idle, and
 * when there are too many keys, and before the barrier of a checkpoint. Once the stream has been idle, time behind the
 * exchange may be ahead of its own, and panes are sent with each batch. So nothing is later at the window operator than it
 * would be by itself.
 *
 * Where it does not help, as most keys come only once, records are made partial results one by one, without a table, and
 * mostly without a copy (plain-partials.ts); after a while it is tried again.
 */
import { EVENT_TIME_MAX, FIRE_SLICE_ROWS, PRE_AGGREGATED_KEYS } from '../../base/limits.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import {
  isTypedKey,
  type KeyFunction,
  KeyReader,
  type KeySpec,
  keyFields,
} from '../../data/key.ts';
import { appendByteKeys, appendIntKeys } from '../../data/key-decoder.ts';
import type { Field } from '../../data/schema.ts';
import { isEventTime, unusableTime } from '../../time/event-time.ts';
import { requireTimestamps } from '../event-time.ts';
import type { Operator, OperatorContext, Output } from '../operator.ts';
import { readKey } from '../read-key.ts';
import type { StateLook } from '../state-look.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { operatorError, recordError } from '../user-function.ts';
import { AccumulatorRows } from './accumulator-rows.ts';
import type { AggregationOptions } from './aggregate.ts';
import { type Accumulators, type AddLoop, AggregateLoops } from './aggregate-codegen.ts';
import type { NumberShape } from './number-shape.ts';
import { type Pane, type PaneShape, paneShapeOf } from './pane.ts';
import { PaneList } from './pane-list.ts';
import { PanesLook } from './panes-look.ts';
import { type PartialPlan, planPartials } from './partials.ts';
import { PlainPartials } from './plain-partials.ts';
import { endOfRun, hasGaps, lastWindowEnd, PaneCuts, type PaneWindow } from './window.ts';

/** Records to a partial result below which a table costs more than it saves. */
const REDUCTION_MIN = 1.5;
/** Records after which that is judged, and for which it then holds. */
const JUDGED_RECORDS = 50_000;
const HOLDS_RECORDS = 2_000_000;

/** What goes out once all due panes have. */
type Announcement =
  | { readonly watermark: Watermark }
  | { readonly isIdle: boolean }
  | { readonly barrier: number };

export type PreAggregateOptions = AggregationOptions<PaneWindow> & {
  /** Of the accumulators of the user, by aggregate. */
  readonly shapes: readonly (NumberShape | null)[];
};

export class PreAggregateOperator implements Operator {
  readonly wakeAtMs = Infinity;
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #key: KeySpec;
  readonly #window: PaneWindow;
  readonly #cuts: PaneCuts;
  readonly #hasGaps: boolean;
  readonly #keys: KeyReader;
  readonly #keyFields: readonly Field[];
  readonly #isTypedKey: boolean;
  readonly #plan: PartialPlan;
  readonly #loops: AggregateLoops;
  readonly #builder: BatchBuilder;
  readonly #rows: AccumulatorRows;
  readonly #panes: PaneList;
  #slots = new Int32Array(FIRE_SLICE_ROWS);
  #watermark: Watermark = MIN_WATERMARK;
  #hasBeenIdle = false;
  /** Late rows between two windows are in panes of their own, that are due at once. */
  #hasLateBetween = false;
  /** Panes that are being sent, the first up to `#nextSlot`. */
  readonly #due: Pane[] = [];
  #nextSlot = 0;
  #announcement: Announcement | null = null;
  /** Sends records one by one; null where they have to be added to accumulators for it. */
  readonly #plain: PlainPartials | null;
  /** The accumulators of records that are sent one by one; null before the first. */
  #apart: Accumulators | null = null;
  readonly #shape: PaneShape;
  #isBypassed = false;
  #recordsUntilJudged = JUDGED_RECORDS;
  /** Partial results sent since the last judgement, and live ones at that time. */
  #sentSlots = 0;
  #liveSlotsBefore = 0;
  readonly #place = { i: 0 };

  constructor(options: PreAggregateOptions) {
    const { key, window, aggregates, shapes, inputSchema, functions } = options;
    const keyFunction = key.kind === 'function' ? (functions[0] as KeyFunction) : null;
    this.#key = key;
    this.#window = window;
    this.#cuts = PaneCuts.of(window);
    this.#hasGaps = hasGaps(window);
    this.#keys = new KeyReader(key, inputSchema, keyFunction);
    this.#keyFields = keyFields(key, inputSchema);
    this.#isTypedKey = isTypedKey(key, inputSchema);
    this.#plan = planPartials(key, aggregates, inputSchema, shapes);
    this.#loops = new AggregateLoops(this.#plan, inputSchema, functions);
    this.#builder = new BatchBuilder(this.#plan.sent, FIRE_SLICE_ROWS);
    const { cells } = this.#plan;
    this.#rows = new AccumulatorRows(this.#plan, cells.length, functions);
    this.#shape = paneShapeOf(this.#plan);
    this.#panes = new PaneList(this.#shape, this.#keys);
    this.#plain = PlainPartials.of(this.#plan, key, inputSchema);
  }

  open(context: OperatorContext, output: Output): void {
    this.#context = context;
    this.#output = output;
  }

  get hasPendingWork(): boolean {
    return this.#due.length > 0 || this.#announcement !== null;
  }

  processBatch(batch: Batch): void {
    const rows = batch.rowCount;
    const timestamps = requireTimestamps(batch, this.#context.name);
    if (this.#isBypassed && this.#plain !== null) this.#sendPlain(batch, this.#plain);
    else this.#add(batch, timestamps);
    this.#context.metrics.recordsIn += rows;
    this.#judge(rows);
    this.#takeDue();
    this.resume();
  }

  #add(batch: Batch, timestamps: Float64Array): void {
    const rows = batch.rowCount;
    if (this.#slots.length < rows) this.#slots = new Int32Array(rows);
    this.#readKeys(batch);
    const addLoop = this.#loops.addFor(batch);
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

  generatedLoops(): readonly GeneratedLoop[] {
    return [
      ...this.#loops.generatedLoops(['init', 'add']),
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  #readKeys(batch: Batch): void {
    try {
      if (this.#isBypassed) this.#keys.read(batch);
      else this.#keys.readShared(batch);
    } catch (error) {
      throw this.#errorAt(error, this.#keys.failedRow);
    }
  }

  #addRun(batch: Batch, from: number, to: number, start: number, addLoop: AddLoop): void {
    if (this.#hasGaps && lastWindowEnd(this.#window, start) <= start) {
      this.#addBetween(batch, from, to, addLoop);
      return;
    }
    this.#addRunAt(batch, from, to, start, addLoop);
  }

  /**
   * Rows between two windows stay here, but for late ones: those are counted behind the exchange, by the time that each has. (Where
   * this subtask was idle, others may be ahead of it: what is late for them alone is not counted.)
   */
  #addBetween(batch: Batch, from: number, to: number, addLoop: AddLoop): void {
    const times = batch.timestamps!;
    for (let i = from; i < to; i++) {
      if (times[i]! > this.#watermark) continue;
      this.#addRunAt(batch, i, i + 1, times[i]!, addLoop);
      this.#hasLateBetween = true;
    }
  }

  #addRunAt(batch: Batch, from: number, to: number, start: number, addLoop: AddLoop): void {
    if (this.#isBypassed) {
      this.#sendApart(batch, from, to, start, addLoop);
      return;
    }
    try {
      this.#panes
        .at(start)
        .add(batch, from, to, this.#keys, this.#slots, this.#loops, addLoop, this.#place);
    } catch (error) {
      throw this.#errorAt(error, this.#place.i);
    }
  }

  #sendPlain(batch: Batch, plain: PlainPartials): void {
    this.#context.metrics.recordsOut += batch.rowCount;
    this.#output.emit(plain.batchOf(batch));
  }

  /** Each record as a partial result of its own. */
  #sendApart(batch: Batch, from: number, to: number, start: number, addLoop: AddLoop): void {
    for (let begin = from; begin < to; begin += FIRE_SLICE_ROWS) {
      const end = Math.min(to, begin + FIRE_SLICE_ROWS);
      this.#apart ??= accumulatorsApart(this.#shape);
      this.#addApart(batch, begin, end, addLoop, this.#apart);
      this.#appendKeys(begin, end);
      this.#emitRows(this.#apart, 0, end - begin, start);
    }
  }

  #addApart(batch: Batch, from: number, to: number, addLoop: AddLoop, apart: Accumulators): void {
    const slots = this.#slots;
    for (let i = from; i < to; i++) slots[i] = i - from;
    try {
      this.#loops.init(apart, 0, to - from);
      addLoop(batch, from, to, slots, apart, this.#place);
    } catch (error) {
      throw this.#errorAt(error, this.#place.i);
    }
  }

  #appendKeys(from: number, to: number): void {
    const { isInt, ints, keyBytes } = this.#keys;
    if (isInt) appendIntKeys(ints, from, to, this.#builder, this.#keyFields[0]!);
    else {
      appendByteKeys(keyBytes, from, to, this.#builder, this.#keyFields, this.#isTypedKey);
    }
  }

  #errorAt(error: unknown, row: number): Error {
    return recordError(this.#context, error, this.#context.metrics.recordsIn + row);
  }

  /** Decides whether a table is worth it. */
  #judge(rows: number): void {
    this.#recordsUntilJudged -= rows;
    if (this.#recordsUntilJudged > 0) return;
    const live = this.#liveSlots();
    const partials = this.#sentSlots + live - this.#liveSlotsBefore;
    const wasBypassed = this.#isBypassed;
    this.#isBypassed = !wasBypassed && JUDGED_RECORDS < partials * REDUCTION_MIN;
    this.#recordsUntilJudged = this.#isBypassed ? HOLDS_RECORDS : JUDGED_RECORDS;
    this.#sentSlots = 0;
    this.#liveSlotsBefore = live;
    if (this.#isBypassed) this.#takeAll();
  }

  #liveSlots(): number {
    let slots = 0;
    for (const pane of this.#panes.live.all) slots += pane.slotCount;
    return slots;
  }

  /** Panes that the watermark has passed are due; all are when the watermark says little, or there are too many keys. */
  #takeDue(): void {
    const { live } = this.#panes;
    if (this.#hasBeenIdle || this.#hasLateBetween || this.#liveSlots() > PRE_AGGREGATED_KEYS) {
      this.#hasLateBetween = false;
      this.#takeAll();
      return;
    }
    for (let { first } = live; first !== undefined; { first } = live) {
      if (this.#cuts.endOf(first.start) - 1 > this.#watermark) break;
      this.#due.push(live.takeFirst());
    }
  }

  #takeAll(): void {
    for (const pane of this.#panes.live.takeAll()) this.#due.push(pane);
  }

  processWatermark(watermark: Watermark): void {
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    this.#takeDue();
    this.#announcement = { watermark };
    this.resume();
  }

  processIdle(isIdle: boolean): void {
    if (isIdle) {
      this.#hasBeenIdle = true;
      this.#takeAll();
    }
    this.#announcement = { isIdle };
    this.resume();
  }

  /** All panes go before it, so that nothing of them has to be kept. */
  processBarrier(checkpoint: number): void {
    this.#takeAll();
    this.#announcement = { barrier: checkpoint };
    this.resume();
  }

  resume(): void {
    while (this.#due.length > 0 && this.#output.isReady) this.#emitSlice(this.#due[0]!);
    if (this.#due.length > 0 || this.#announcement === null) return;
    const announcement = this.#announcement;
    this.#announcement = null;
    if ('watermark' in announcement) this.#output.watermark(announcement.watermark);
    else if ('barrier' in announcement) this.#output.barrier(announcement.barrier);
    else this.#output.idle(announcement.isIdle);
  }

  #emitSlice(pane: Pane): void {
    const from = this.#nextSlot;
    const to = Math.min(pane.slotCount, from + FIRE_SLICE_ROWS);
    pane.keys.appendKeys(from, to, this.#builder, this.#keyFields, this.#isTypedKey);
    this.#emitRows(pane.accumulators, from, to, pane.start);
    this.#nextSlot = to;
    if (to < pane.slotCount) return;
    this.#sentSlots += pane.slotCount;
    this.#due.shift();
    this.#nextSlot = 0;
    this.#panes.recycle(pane);
  }

  /** Rows of slots from to to - 1, whose keys are in the builder already. */
  #emitRows(accumulators: Accumulators, from: number, to: number, start: number): void {
    const builder = this.#builder;
    const rows = to - from;
    try {
      this.#rows.appendPartials(builder, this.#plan.keyCount, accumulators, from, to);
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
    // The pane of the least event time may begin before it.
    builder.timestamps().fill(Math.max(start, -EVENT_TIME_MAX), 0, rows);
    builder.advance(rows);
    this.#context.metrics.recordsOut += rows;
    this.#output.emit(builder.seal());
    builder.reset();
  }

  /** The panes that are open here: a key may have parts of them in several subtasks. */
  look(): StateLook {
    const { schema, cells } = this.#plan;
    const [keyFields, isTypedKey] = [this.#keyFields, this.#isTypedKey];
    return new PanesLook({
      state: 'partial panes',
      schema,
      keyFields,
      isTypedKey,
      panes: this.#panes.live,
      cuts: this.#cuts,
      rows: this.#rows,
      cellCount: cells.length,
      keys: this.#keys,
      readKey: (given) => readKey(this.#key, keyFields, isTypedKey, given),
    });
  }

  advanceTime(): void {}

  /** All panes have gone with the last watermark. */
  finish(): void {
    this.#output.end();
  }

  close(): void {}
}

function accumulatorsApart(shape: PaneShape): Accumulators {
  return {
    cells: new Float64Array(FIRE_SLICE_ROWS * shape.cells),
    objects: shape.areNumbers ? [] : new Array(FIRE_SLICE_ROWS * shape.objects).fill(null),
  };
}
