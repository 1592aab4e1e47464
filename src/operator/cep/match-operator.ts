/**
 * Finds the matches of a pattern in the records of each key.
 *
 * Records with event time wait until the watermark has passed them (`PendingRows`), and are then taken in the order of their
 * times; one at or below the watermark is late. Records without are taken as they come, at the time of the clock. A match is
 * emitted at the time of the record that completes it, or at the end of its time where something must not come until then.
 *
 * Whether a match may begin with a record is asked by a generated loop over the columns of its batch. One with which none
 * begins, of a key that has no partial matches, costs nothing more than its place in the order: no object is made of it.
 */
import { EngineError } from '../../base/errors.ts';
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { sliceBatch } from '../../data/copy.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import { type KeyFunction, KeyReader, type KeySpec } from '../../data/key.ts';
import { type ReadRow, RowReaders } from '../../data/row-reader.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import { AT_END } from '../../state/snapshot.ts';
import type { Timers } from '../../state/timers.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator.ts';
import { Emitter } from '../process/emitter.ts';
import { KeyedStates } from '../process/keyed-states.ts';
import { restoredMetrics, saveCounters } from '../saved-counters.ts';
import type { StateLook } from '../state-look.ts';
import { ThrownBehind } from '../thrown-behind.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { callError, operatorError } from '../user-function.ts';
import { compilePattern } from './compile-pattern.ts';
import { FoundContext } from './found-context.ts';
import { KeyMatches } from './key-matches.ts';
import { Matcher } from './matcher.ts';
import { MatchesLook } from './matches-look.ts';
import type { Match, MatchFunctions, MatchSpec } from './pattern-spec.ts';
import { PendingRows } from './pending-rows.ts';
import { RunsTable } from './runs-table.ts';
import { StartLoop } from './start-loop.ts';

export type MatchOptions = {
  readonly key: KeySpec;
  readonly match: MatchSpec;
  /** Fields of the rows that come out; null for free-form rows. */
  readonly emits: readonly Field[] | null;
  readonly inputSchema: Schema | null;
  /** Of the node: key function first, if there is one; then the functions of the match. */
  readonly functions: readonly object[];
};

/** Records that are taken between two looks at the output. */
const SLICE_ROWS = 64;

export class MatchOperator implements Operator {
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #spec: MatchSpec;
  readonly #keys: KeyReader;
  readonly #states: KeyedStates;
  readonly #matches: KeyMatches;
  readonly #look: StateLook;
  readonly #functions: MatchFunctions;
  readonly #starts: StartLoop;
  readonly #readers: RowReaders;
  readonly #emitter: Emitter;
  #found!: FoundContext;
  #pending!: PendingRows;
  #late: { emit(batch: Batch): void } | null = null;
  #hasEventTime: boolean | null = null;
  #watermark: Watermark = MIN_WATERMARK;
  #nowMs = MIN_WATERMARK;
  /** What is going on in slices. */
  #work: 'records' | 'event timers' | 'processing timers' | null = null;
  #dueCount = 0;
  #dueNext = 0;

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
    let table!: RunsTable;
    this.#states = new KeyedStates(key, inputSchema, this.#keys.isInt, [], {}, (scope) => {
      table = new RunsTable(nfa, scope);
      this.#pending = new PendingRows(this.#readers, live.ties, scope);
      return [table, this.#pending];
    });
    this.#emitter = new Emitter(emits === null ? null : schemaOf(emits), null);
    const { timedOutTo } = match;
    const matcher = new Matcher(nfa, live.conditions, match.skip, {
      match: (found, time) => this.#emit(found, time),
      timedOut:
        timedOutTo === null ? null : (part, time) => this.#emitter.emitTo(timedOutTo, part, time),
    });
    this.#starts = new StartLoop(inputSchema, matcher, live.conditions);
    this.#matches = new KeyMatches(this.#states, table, matcher);
    this.#look = new MatchesLook(table, nfa.steps, (key) => this.#states.slotOf(key));
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#emitter.open(context, output, sides);
    this.#found = new FoundContext(this.#emitter, restoredMetrics(context));
    const { lateTo } = this.#spec;
    if (lateTo !== null) this.#late = sides.get(lateTo)!;
    const { subtask, parallelism, isIncremental, restored } = context;
    if (isIncremental) this.#states.markChanges(subtask / parallelism);
    this.#guarded(() => this.#states.restore(restored, this.#keys));
  }

  #emit(match: Match, time: number): void {
    this.#found.timestamp = time;
    this.#functions.onMatch(match, this.#found);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [
      { title: 'whether a match may begin with a record', source: this.#starts.plainSource },
      ...this.#readers.generatedLoops('a record that is looked at'),
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  look(): StateLook {
    return this.#look;
  }

  processBatch(batch: Batch): void {
    const { rowCount, timestamps } = batch;
    this.#readKeys(batch);
    this.#checkTimes(batch);
    this.#tick();
    const slots = this.#guarded(() => this.#states.enter(this.#keys, rowCount));
    const mayStart = this.#askStarts(batch);
    if (timestamps === null) this.#takeAtOnce(batch, slots, mayStart);
    else {
      const added = this.#pending.add(batch, slots, mayStart, this.#watermark);
      if (added < rowCount) this.#onLate(batch);
    }
    this.#matches.sweep();
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
    return callError(this.#context, thrown, this.#context.metrics.recordsIn + row);
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

  /** For each record, whether a match may begin with it. */
  #askStarts(batch: Batch): Uint8Array {
    try {
      return this.#starts.ask(batch, this.#nowMs);
    } catch (error) {
      throw this.#errorAt(error, this.#starts.failedRow);
    }
  }

  #takeAtOnce(batch: Batch, slots: Int32Array, starts: Uint8Array): void {
    const { runs } = this.#matches;
    const { processingTimers } = this.#states;
    let read: ReadRow | null = null;
    let i = 0;
    try {
      for (; i < batch.rowCount; i++) {
        const slot = slots[i]!;
        const mayStart = starts[i] === 1;
        if (!mayStart && runs[slot] === null) continue;
        read ??= this.#readers.of(batch);
        this.#matches.take(slot, read(i), this.#nowMs, mayStart, processingTimers);
      }
    } catch (error) {
      throw this.#errorAt(error, i);
    }
  }

  #onLate(batch: Batch): void {
    const { rowCount } = batch;
    const times = batch.timestamps!;
    for (let from = 0; from < rowCount; from++) {
      let to = from;
      while (to < rowCount && times[to]! <= this.#watermark) to++;
      if (to === from) continue;
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

  advanceTime(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
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
    this.#matches.sweep();
    this.#emitter.flush();
    if (isOfWatermark) this.#output.watermark(this.#watermark);
  }

  /** Work while the output is ready; true when it is done. */
  #goOn(): boolean {
    const { eventTimers, processingTimers } = this.#states;
    if (this.#work === 'processing timers') return this.#fireTo(processingTimers, this.#nowMs);
    if (this.#work === 'records') {
      while (this.#dueNext < this.#dueCount) {
        if (!this.#output.isReady) return false;
        this.#takeDue(Math.min(this.#dueCount, this.#dueNext + SLICE_ROWS));
      }
      this.#pending.end();
      this.#work = 'event timers';
    }
    return this.#fireTo(eventTimers, this.#watermark);
  }

  #takeDue(end: number): void {
    const pending = this.#pending;
    const { due, slots, mayStart, times } = pending;
    const { runs } = this.#matches;
    const { scope, eventTimers } = this.#states;
    while (this.#dueNext < end) {
      const entry = due[this.#dueNext++]!;
      const slot = slots[entry]!;
      if (mayStart[entry] === 0 && runs[slot] === null) scope.touch(slot);
      else
        this.#matches.take(
          slot,
          pending.row(entry),
          times[entry]!,
          mayStart[entry] === 1,
          eventTimers,
        );
    }
  }

  #fireTo(timers: Timers, time: number): boolean {
    while (timers.isDue(time)) {
      if (!this.#output.isReady) return false;
      this.#matches.fire(timers, time);
    }
    return true;
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  processBarrier(checkpoint: number): void {
    const writer = this.#context.snapshot(checkpoint);
    saveCounters(this.#found.metrics, writer);
    this.#states.capture(writer, (work) => this.#guarded(work));
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

  /** Partial matches of processing time that are left are dropped, but in batch; those of event time have come to their end. */
  finish(): void {
    saveCounters(this.#found.metrics, this.#context.snapshot(AT_END));
    this.#output.end();
  }

  close(): void {}
}
