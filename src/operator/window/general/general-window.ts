/**
 * Windows in general: of any assigner, with a trigger, an evictor, lateness, and any function over a window. Records come
 * from one input, or from two that are joined: then the same windows take those of both.
 *
 * Records find their windows and are added to them (record-intake.ts); what a trigger says then is done at once.
 *
 * When time advances, windows whose timers are due come in the order of these times: the trigger says what becomes of
 * them, and those that are over close. It is done in slices, as results fill batches; the watermark follows.
 */
import type { Batch, Watermark } from '../../../data/batch.ts';
import { sliceBatch } from '../../../data/copy.ts';
import type { GeneratedLoop } from '../../../data/generated-loop.ts';
import { AT_END } from '../../../state/snapshot.ts';
import { requireTimestamps } from '../../event-time.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../../operator.ts';
import type { StateLook } from '../../state-look.ts';
import { emitBehind, ThrownBehind } from '../../thrown-behind.ts';
import { unsetContext, unsetOutput } from '../../unset.ts';
import { callError, operatorError } from '../../user-function.ts';
import { createResults, type ResultOptions } from './create-results.ts';
import { createTrigger } from './create-trigger.ts';
import type { JoinedRows } from './joined-rows.ts';
import { OpenWindows } from './open-windows.ts';
import { RecordIntake } from './record-intake.ts';
import type { WindowResults } from './results.ts';
import { FIRE, PURGE, type TriggerResult } from './trigger.ts';
import type { WindowInput } from './window-input.ts';
import { WindowKeys } from './window-keys.ts';
import { NONE } from './window-lines.ts';
import { WindowSnapshot } from './window-snapshot.ts';
import { firesAtEnd, needsEventTime } from './window-spec.ts';
import { AT_END_OF_STREAM, type WindowTimers } from './window-timers.ts';
import { WindowsLook } from './windows-look.ts';

/** Windows that end together at most. Benchmark: figure sessions. */
const RUN_WINDOWS = 64;

/** `inputSchema`: by which keys are read. */
export type GeneralWindowOptions = ResultOptions & { readonly inputs: readonly WindowInput[] };

/** What takes the records of an input, and those that are late. */
type Intake = { readonly records: RecordIntake; late: { emit(batch: Batch): void } | null };

export class GeneralWindowOperator implements Operator {
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #options: GeneralWindowOptions;
  readonly #open: OpenWindows;
  readonly #keys: WindowKeys;
  readonly #snapshot: WindowSnapshot;
  readonly #results: WindowResults;
  readonly #joined: JoinedRows | null;
  readonly #intakes: readonly Intake[];
  readonly #loops: readonly GeneratedLoop[];
  #batchesOut = 0;
  /** Whether a result is all that becomes of a window at its end: then they end in runs. */
  readonly #endInRuns: boolean;
  readonly #run = new Int32Array(RUN_WINDOWS);
  /** Timers of the kind of time that is advancing. */
  #advancing: WindowTimers | null = null;
  /** The batch that is being processed. */
  #batch: Batch | null = null;

  constructor(options: GeneralWindowOptions) {
    const { key, inputSchema, functions, window, inputs } = options;
    this.#options = options;
    this.#keys = new WindowKeys(key, inputSchema, inputs[0]!.keys);
    const open = new OpenWindows(window);
    this.#open = open;
    const emit = (batch: Batch): void => this.#emit(batch);
    const isReady = (): boolean => this.#output.isReady;
    const made = createResults(options, open, this.#keys, emit, isReady);
    const { contents, results, code, joined, loops } = made;
    this.#results = results;
    this.#joined = joined;
    this.#loops = loops;
    open.attach({ trigger: createTrigger(window.trigger, open, functions), contents, code });
    this.#endInRuns = firesAtEnd(window) && code === null;
    this.#snapshot = new WindowSnapshot(key, inputSchema, window.trigger, open, this.#keys);
    this.#intakes = inputs.map((input, n) => {
      const records = new RecordIntake(window, input, functions, open, this.#keys, {
        onTrigger: (slot, result, time) => this.#apply(slot, result, time, false),
        onLate: (from, to) => this.#onLate(n, from, to),
      });
      return { records, late: null };
    });
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#options.inputs.forEach(({ lateTo }, n) => {
      if (lateTo !== null) this.#intakes[n]!.late = sides.get(lateTo)!;
    });
    this.#open.nowMs = context.clock.now();
    this.#open.stagger?.open(context);
    const { isIncremental, subtask, parallelism } = context;
    if (isIncremental) this.#snapshot.markChanges(subtask / parallelism);
    this.#snapshot.restore(context.restored);
    this.#open.code?.open(context, sides);
  }

  #emit(batch: Batch): void {
    this.#batchesOut++;
    this.#context.metrics.recordsOut += batch.rowCount;
    emitBehind(this.#output, batch);
  }

  /** Of all outputs. */
  get #sentBatches(): number {
    return this.#batchesOut + (this.#open.code?.batchesOut ?? 0);
  }

  processBarrier(checkpoint: number): void {
    const writer = this.#context.snapshot(checkpoint);
    this.#snapshot.capture(writer);
    this.#open.code?.capture(writer);
    this.#output.barrier(checkpoint);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const areJoined = this.#intakes.length > 1;
    const ofInputs = this.#intakes.flatMap(({ records }, input) => {
      const side = input === 0 ? 'left' : 'right';
      return records
        .generatedLoops()
        .map((loop) => (areJoined ? { ...loop, title: `${side} ${loop.title}` } : loop));
    });
    return [...this.#loops, ...ofInputs];
  }

  look(): StateLook {
    const { windows, code } = this.#open;
    return new WindowsLook(windows, this.#keys, this.#snapshot, code?.look() ?? null);
  }

  processBatch(batch: Batch, input: number): void {
    const { metrics, clock, name } = this.#context;
    const open = this.#open;
    if (open.dropUnused()) this.#snapshot.forgetUnusedKeys();
    if (needsEventTime(this.#options.window)) requireTimestamps(batch, name);
    open.nowMs = clock.now();
    open.batch = batch;
    open.input = input;
    this.#batch = batch;
    const { records } = this.#intakes[input]!;
    try {
      records.take(batch);
      this.#results.flush();
    } catch (error) {
      if (error instanceof ThrownBehind) throw error.thrown;
      throw callError(this.#context, error, metrics.recordsIn + records.row);
    }
    open.code?.flushSides();
    open.batch = null;
    this.#batch = null;
    metrics.recordsIn += batch.rowCount;
  }

  #onLate(input: number, from: number, to: number): void {
    const { late } = this.#intakes[input]!;
    if (late === null) this.#context.metrics.lateRecords += to - from;
    else late.emit(sliceBatch(this.#batch!, from, to).withoutKeyHashes());
  }

  /** `time`: of the result, where the window has no bounds. `isOver`: the window is closed next. */
  #apply(slot: number, result: TriggerResult, time: number, isOver: boolean): void {
    const { windows } = this.#open;
    const isPurged = (result & PURGE) !== 0;
    if ((result & FIRE) !== 0 && windows.isFilled(slot)) {
      const end = windows.endOf(slot);
      this.#results.fire(slot, end === Infinity ? time : end - 1, isOver || isPurged);
    }
    if (isPurged) this.#open.purge(slot);
  }

  processWatermark(watermark: Watermark): void {
    if (watermark <= this.#open.watermark) return;
    this.#open.watermark = watermark;
    this.#open.nowMs = this.#context.clock.now();
    this.#advancing = this.#open.eventTimers;
    this.resume();
  }

  get wakeAtMs(): number {
    return this.#open.clockTimers.nextAt;
  }

  advanceTime(nowMs: number): void {
    this.#open.nowMs = nowMs;
    this.#advancing = this.#open.clockTimers;
    this.resume();
  }

  get hasPendingWork(): boolean {
    return this.#advancing !== null || this.#joined?.isWaiting === true;
  }

  resume(): void {
    const timers = this.#advancing;
    try {
      this.#joined?.resume();
      if (timers !== null && !this.#advance(timers)) return;
      if (this.#joined?.isWaiting === true) return;
      this.#results.flush();
    } catch (error) {
      if (error instanceof ThrownBehind) throw error.thrown;
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
    this.#open.code?.flushSides();
    if (timers === null) return;
    this.#advancing = null;
    if (this.#open.capture?.isComplete !== false) this.#snapshot.forgetUnusedKeys();
    if (timers === this.#open.eventTimers) this.#output.watermark(this.#open.watermark);
  }

  /** Takes what is due, as long as the output is ready; false when it is not and more may be. */
  #advance(timers: WindowTimers): boolean {
    const isEvent = timers === this.#open.eventTimers;
    const target = isEvent ? this.#open.watermark : this.#open.nowMs;
    let isDone = false;
    while (!isDone && this.#output.isReady) {
      if (isEvent && this.#endInRuns) isDone = !this.#endRun(timers, target);
      else isDone = !this.#fireSlice(timers, target, isEvent);
    }
    return isDone;
  }

  /** Windows that are due, until what they emit fills a batch; false when no more are. */
  #fireSlice(timers: WindowTimers, target: number, isEvent: boolean): boolean {
    const before = this.#sentBatches;
    while (before === this.#sentBatches) {
      const slot = timers.take(target);
      if (slot === NONE) return false;
      this.#open.touchNear(slot);
      this.#open.markKey(slot);
      this.#onDue(slot, timers, timers.dueAt, isEvent);
    }
    return true;
  }

  #onDue(slot: number, timers: WindowTimers, time: number, isEvent: boolean): void {
    if (timers.firstOf(slot) === time) this.#onTimer(slot, timers, time, isEvent);
    if (timers.endsAt(slot) === time) this.#open.close(slot);
    else timers.requeue(slot);
  }

  /** Windows that are due; false when no more are. What is kept of them is read ahead. */
  #endRun(timers: WindowTimers, target: number): boolean {
    const open = this.#open;
    const { windows } = open;
    const slots = this.#run;
    const count = timers.takeRun(target, slots);
    open.readAhead(slots, count);
    open.touchAll(slots, count);
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      open.markKey(slot);
      const first = timers.firstOf(slot);
      const end = timers.endsAt(slot);
      if (first === end) {
        if (windows.isFilled(slot)) this.#results.fire(slot, end, true);
        open.drop(slot);
      } else {
        // It is kept for late records, or was in the snapshot.
        this.#onDue(slot, timers, Math.min(first, end), true);
      }
    }
    return count > 0;
  }

  #onTimer(slot: number, timers: WindowTimers, time: number, isEvent: boolean): void {
    const { trigger } = this.#open;
    timers.delete(slot, time);
    const result = isEvent ? trigger.onEventTime(slot, time) : trigger.onClock(slot, time);
    const isMoment = isEvent && time !== AT_END_OF_STREAM;
    const isOver = timers.endsAt(slot) === time;
    if (result !== 0) this.#apply(slot, result, isMoment ? time : Number.NaN, isOver);
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  finish(): void {
    this.#open.code?.saveCounters(this.#context.snapshot(AT_END));
    this.#output.end();
  }

  close(): void {}
}
