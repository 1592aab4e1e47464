/**
 * Finds the matches of a pattern in the records of each key.
 *
 * Records with event time wait until the watermark has passed them (`PendingRows`), and are then taken in the order of their
 * times; one at or below the watermark is late. Records without are taken as they come, at the time of the clock. A match is
 * emitted at the time of the record that completes it, or at the end of its time where something must not come until then.
 *
 * Whether a match may begin with a record is asked by a generated loop over the columns of its batch. One with which none
 * begins, of a key that has no partial matches, costs nothing more than its place in the order: no object is made of it.
 *
 * The end of the time of partial matches is a timer of their key. A timer may be earlier than needed, never later: it then
 * sets the next one. Slots of keys that have nothing are swept when they have become many.
 */
import { EngineError } from '../../base/errors.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import { sliceBatch } from '../../data/copy.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import { type KeyFunction, KeyReader, type KeySpec } from '../../data/key.ts';
import { type ReadRow, RowReaders } from '../../data/row-reader.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import { grownSlots } from '../../state/slot-list.ts';
import type { Timers } from '../../state/timers.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator.ts';
import { Emitter, ThrownBehind } from '../process/emitter.ts';
import { KeyedStates } from '../process/keyed-states.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { operatorError, recordError } from '../user-function.ts';
import { compilePattern } from './compile-pattern.ts';
import { type Context, Matcher } from './matcher.ts';
import type { Match, MatchContext, MatchFunctions, MatchSpec } from './pattern-spec.ts';
import { PendingRows } from './pending-rows.ts';
import { type KeyRuns, noRuns } from './runs.ts';
import { RunsTable } from './runs-table.ts';

export type MatchOptions = {
  readonly key: KeySpec;
  readonly match: MatchSpec;
  /** Fields of the rows that come out; null for free-form rows. */
  readonly emits: readonly Field[] | null;
  readonly inputSchema: Schema | null;
  /** Of the node: key function first, if there is one; then the functions of the match. */
  readonly functions: readonly object[];
};

/** mayStart[i] = whether a match may begin with row i. */
type StartLoop = (
  batch: Batch,
  mayStart: Uint8Array,
  nowMs: number,
  context: Context,
  place: { i: number },
) => void;

/** Records that are taken between two looks at the output. */
const SLICE_ROWS = 64;

/** Slots that are not looked at for what has nothing left. */
const SWEPT_SLOTS_MIN = 16_384;

export class MatchOperator implements Operator {
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #spec: MatchSpec;
  readonly #keys: KeyReader;
  readonly #states: KeyedStates;
  readonly #matcher: Matcher;
  readonly #functions: MatchFunctions;
  readonly #loops: BatchLoops<StartLoop>;
  readonly #readers: RowReaders;
  readonly #emitter: Emitter;
  readonly #found: FoundContext;
  #table!: RunsTable;
  #pending!: PendingRows;
  #late: { emit(batch: Batch): void } | null = null;
  #mayStart = new Uint8Array(0);
  /** Time of the first timer of a slot that has runs. */
  #armed = new Float64Array(0);
  #sweptSlots = SWEPT_SLOTS_MIN;
  #hasEventTime: boolean | null = null;
  #watermark: Watermark = MIN_WATERMARK;
  #nowMs = MIN_WATERMARK;
  /** What is going on in slices. */
  #work: 'records' | 'event timers' | 'processing timers' | null = null;
  #dueCount = 0;
  #dueNext = 0;
  readonly #place = { i: 0 };

  constructor({ key, match, emits, inputSchema, functions }: MatchOptions) {
    const isByFunction = key.kind === 'function';
    const live = functions[isByFunction ? 1 : 0] as MatchFunctions;
    const nfa = compilePattern(match.pattern);
    this.#spec = match;
    this.#functions = live;
    this.#keys = new KeyReader(
      key,
      inputSchema,
      isByFunction ? (functions[0] as KeyFunction) : null,
    );
    this.#readers = new RowReaders(inputSchema);
    this.#states = new KeyedStates(key, inputSchema, this.#keys.isInt, [], {}, (scope) => {
      this.#table = new RunsTable(nfa, scope);
      this.#pending = new PendingRows(this.#readers, live.ties, scope);
      return [this.#table, this.#pending];
    });
    this.#emitter = new Emitter(emits === null ? null : schemaOf(emits));
    this.#found = new FoundContext(this.#emitter);
    const { timedOutTo } = match;
    this.#matcher = new Matcher(nfa, live.conditions, match.skip, {
      match: (found, time) => this.#emit(found, time),
      timedOut:
        timedOutTo === null ? null : (part, time) => this.#emitter.emitTo(timedOutTo, part, time),
    });
    const { startSource } = this.#matcher;
    this.#loops = new BatchLoops(
      inputSchema,
      (row) => loopSource(row, startSource),
      (source) => new Function('conditions', source)(live.conditions) as StartLoop,
    );
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#emitter.open(context, output, sides);
    const { lateTo } = this.#spec;
    if (lateTo !== null) this.#late = sides.get(lateTo)!;
    this.#guarded(() => this.#states.restore(context.restored, this.#keys));
  }

  #emit(match: Match, time: number): void {
    this.#found.timestamp = time;
    this.#functions.onMatch(match, this.#found);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [
      { title: 'whether a match may begin with a record', source: this.#loops.plainSource },
      ...this.#readers.generatedLoops('a record that is looked at'),
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  processBatch(batch: Batch): void {
    const { rowCount, timestamps } = batch;
    this.#readKeys(batch);
    this.#checkTimes(batch);
    this.#tick();
    const slots = this.#guarded(() => this.#states.enter(this.#keys, rowCount));
    this.#askStarts(batch);
    if (timestamps === null) this.#takeAtOnce(batch, slots);
    else {
      const added = this.#pending.add(batch, slots, this.#mayStart, this.#watermark);
      if (added < rowCount) this.#onLate(batch);
    }
    this.#sweep();
    this.#context.metrics.recordsIn += rowCount;
    this.#emitter.flush();
  }

  #readKeys(batch: Batch): void {
    try {
      this.#keys.read(batch);
    } catch (error) {
      throw this.#errorAt(error, this.#keys.failedRow);
    }
  }

  #errorAt(thrown: unknown, row: number): unknown {
    if (thrown instanceof ThrownBehind) return thrown.thrown;
    return recordError(this.#context, thrown, this.#context.metrics.recordsIn + row);
  }

  /** The order of records with and without event time is not defined. */
  #checkTimes({ rowCount, timestamps }: Batch): void {
    const hasEventTime = timestamps !== null;
    this.#hasEventTime ??= hasEventTime;
    let row = hasEventTime === this.#hasEventTime ? -1 : 0;
    for (let i = 0; hasEventTime && row < 0 && i < rowCount; i++) {
      if (Number.isNaN(timestamps[i]!)) row = i;
    }
    if (row < 0) return;
    const error = new EngineError(
      'TIMESTAMP_INVALID',
      'some records of the stream have an event time and some have none: give all of them one by .eventTime(...)',
    );
    throw this.#errorAt(error, row);
  }

  /** Processing time never goes back. */
  #tick(): void {
    this.#nowMs = Math.max(this.#nowMs, this.#context.clock.now());
  }

  #askStarts(batch: Batch): void {
    if (this.#mayStart.length < batch.rowCount) this.#mayStart = new Uint8Array(batch.rowCount);
    try {
      const context = this.#matcher.startContext();
      this.#loops.for(batch)(batch, this.#mayStart, this.#nowMs, context, this.#place);
    } catch (error) {
      throw this.#errorAt(error, this.#place.i);
    }
  }

  #takeAtOnce(batch: Batch, slots: Int32Array): void {
    const { runs } = this.#table;
    const { processingTimers } = this.#states;
    let read: ReadRow | null = null;
    let i = 0;
    try {
      for (; i < batch.rowCount; i++) {
        const slot = slots[i]!;
        const mayStart = this.#mayStart[i] === 1;
        if (!mayStart && runs[slot] === null) continue;
        read ??= this.#readers.of(batch);
        this.#take(slot, read(i), this.#nowMs, mayStart, processingTimers);
      }
    } catch (error) {
      throw this.#errorAt(error, i);
    }
  }

  #take(slot: number, row: unknown, time: number, mayStart: boolean, timers: Timers): void {
    const { runs } = this.#table;
    this.#states.scope.touch(slot);
    const key = runs[slot] ?? noRuns();
    this.#matcher.expire(key, time);
    this.#matcher.take(key, row, time, mayStart);
    runs[slot] = key.runs.length === 0 ? null : key;
    if (key.runs.length > 0) this.#arm(slot, key, timers);
  }

  /** Has the runs of a slot looked at when their time is over. */
  #arm(slot: number, key: KeyRuns, timers: Timers): void {
    const time = this.#matcher.dueTime(key);
    if (slot >= this.#armed.length) {
      const armed = new Float64Array(grownSlots(slot + 1)).fill(Infinity);
      armed.set(this.#armed);
      this.#armed = armed;
    }
    if (time >= this.#armed[slot]!) return;
    this.#armed[slot] = time;
    timers.add(slot, time);
  }

  #onLate(batch: Batch): void {
    const times = batch.timestamps!;
    const { rowCount } = batch;
    for (let from = 0; from < rowCount; ) {
      let to = from;
      while (to < rowCount && times[to]! <= this.#watermark) to++;
      if (to === from) {
        from++;
        continue;
      }
      if (this.#late === null) this.#context.metrics.lateRecords += to - from;
      else this.#late.emit(sliceBatch(batch, from, to).withoutKeyHashes());
      from = to;
    }
  }

  processWatermark(watermark: Watermark): void {
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    this.#guarded(() => {
      this.#dueCount = this.#pending.begin(watermark);
    });
    this.#dueNext = 0;
    this.#work = 'records';
    this.resume();
  }

  get wakeAtMs(): number {
    return this.#states.processingTimers.firstTime;
  }

  advanceTime(): void {
    this.#tick();
    this.#work = 'processing timers';
    this.resume();
  }

  get hasPendingWork(): boolean {
    return this.#work !== null;
  }

  resume(): void {
    if (this.#work === null) return;
    const isDone = this.#guarded(() => this.#goOn());
    if (!isDone) return;
    const isOfWatermark = this.#work !== 'processing timers';
    this.#work = null;
    this.#sweep();
    this.#emitter.flush();
    if (isOfWatermark) this.#output.watermark(this.#watermark);
  }

  /** Work while the output is ready; true when it is done. */
  #goOn(): boolean {
    const { eventTimers, processingTimers } = this.#states;
    if (this.#work === 'processing timers') return this.#fire(processingTimers, this.#nowMs);
    if (this.#work === 'records') {
      while (this.#dueNext < this.#dueCount) {
        if (!this.#output.isReady) return false;
        this.#takeDue(Math.min(this.#dueCount, this.#dueNext + SLICE_ROWS));
      }
      this.#pending.end();
      this.#work = 'event timers';
    }
    return this.#fire(eventTimers, this.#watermark);
  }

  #takeDue(end: number): void {
    const pending = this.#pending;
    const { due, slots, mayStart, times } = pending;
    const { runs } = this.#table;
    const { scope, eventTimers } = this.#states;
    while (this.#dueNext < end) {
      const entry = due[this.#dueNext++]!;
      const slot = slots[entry]!;
      if (mayStart[entry] === 0 && runs[slot] === null) scope.touch(slot);
      else this.#take(slot, pending.row(entry), times[entry]!, mayStart[entry] === 1, eventTimers);
    }
  }

  #fire(timers: Timers, to: number): boolean {
    const { runs } = this.#table;
    while (timers.count > 0 && timers.firstTime <= to) {
      if (!this.#output.isReady) return false;
      const slot = timers.firstSlot;
      this.#states.scope.touch(slot);
      timers.remove(slot, timers.firstTime);
      if (slot < this.#armed.length) this.#armed[slot] = Infinity;
      const key = runs[slot] ?? null;
      if (key === null) continue;
      this.#matcher.expire(key, to);
      if (key.runs.length === 0) runs[slot] = null;
      else this.#arm(slot, key, timers);
    }
    return true;
  }

  /** Gives back slots of keys that have nothing, when there may be as many of them as of others. */
  #sweep(): void {
    const { scope } = this.#states;
    const { emptied } = scope;
    if (this.#states.keyCount <= this.#sweptSlots) return;
    emptied.clear();
    for (let slot = 0; slot < scope.slotCount; slot++) emptied.push(slot);
    this.#states.release();
    this.#sweptSlots = Math.max(SWEPT_SLOTS_MIN, this.#states.keyCount * 2);
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  processBarrier(checkpoint: number): void {
    const writer = this.#context.snapshot(checkpoint);
    this.#states.capture({
      ...writer,
      later: (step) => writer.later(() => this.#guarded(step)),
    });
    this.#output.barrier(checkpoint);
  }

  /** Work behind which no single record can be named. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof ThrownBehind) throw error.thrown;
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  /** Partial matches of processing time that are left are dropped; those of event time have come to their end. */
  finish(): void {
    this.#output.end();
  }

  close(): void {}
}

/** What the function of a match is given beside it: one object for all. */
class FoundContext implements MatchContext {
  timestamp = 0;
  readonly emit: (row: unknown) => void;

  constructor(emitter: Emitter) {
    this.emit = (row) => emitter.emit(row, this.timestamp);
  }
}

function loopSource({ prelude, row }: RowSource, mayStart: string): string {
  return `'use strict';
return function (batch, mayStart, nowMs, ctx, place) {
${prelude}const { rowCount, timestamps } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
const row = ${row};
ctx.timestamp = timestamps === null ? nowMs : timestamps[i];
mayStart[i] = ${mayStart} ? 1 : 0;
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:match-start`;
}
