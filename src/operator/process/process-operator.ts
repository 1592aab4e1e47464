/**
 * Runs a process function over a keyed stream.
 *
 * Records go through a generated loop that calls `onRecord` with the row as a literal and the one context. When the
 * watermark advances, event-time timers up to it fire in the order of their times, also those that `onTimer` registers
 * meanwhile; the watermark follows when all have fired. One that is registered at or before the watermark by a record
 * waits for the next advance. Timers of processing time fire when the clock has reached them. Timers fire in slices, as
 * long as the output is ready.
 */
import { type Batch, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import { type KeyFunction, KeyReader, type KeySpec } from '../../data/key.ts';
import { type Schema, schemaOf } from '../../data/schema.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import type { Timers } from '../../state/timers.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { operatorError, recordError, timerError } from '../user-function.ts';
import { Emitter, ThrownBehind } from './emitter.ts';
import { KeyedStates } from './keyed-states.ts';
import { ProcessContext, type Progress, progress, type TimerKind } from './process-context.ts';
import type { ProcessDefinition, ProcessSpec } from './process-spec.ts';

export type ProcessOptions = {
  readonly key: KeySpec;
  readonly process: ProcessSpec;
  readonly inputSchema: Schema | null;
  /** Of the node: key function first, if there is one; then the definition. */
  readonly functions: readonly object[];
};

type ProcessLoop = (
  batch: Batch,
  slots: Int32Array,
  scope: KeyScope,
  context: ProcessContext | null,
  place: { i: number },
) => void;

export class ProcessOperator implements Operator {
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #definition: ProcessDefinition;
  readonly #keys: KeyReader;
  readonly #states: KeyedStates;
  readonly #loops: BatchLoops<ProcessLoop>;
  readonly #emitter: Emitter;
  readonly #progress: Progress;
  #user: ProcessContext | null = null;
  /** The kind of timers that are firing, and up to which time. */
  #firing: TimerKind | null = null;
  #firingTo = MIN_WATERMARK;
  #isOpen = false;
  readonly #place = { i: 0 };

  constructor({ key, process, inputSchema, functions }: ProcessOptions) {
    const isByFunction = key.kind === 'function';
    const definition = functions[isByFunction ? 1 : 0] as ProcessDefinition;
    this.#definition = definition;
    this.#keys = new KeyReader(
      key,
      inputSchema,
      isByFunction ? (functions[0] as KeyFunction) : null,
    );
    this.#states = new KeyedStates(
      key,
      inputSchema,
      this.#keys.isInt,
      process.states,
      definition.state ?? {},
    );
    this.#loops = new BatchLoops(
      inputSchema,
      loopSource,
      (source) => new Function('user', source)(definition) as ProcessLoop,
    );
    this.#emitter = new Emitter(process.emits === null ? null : schemaOf(process.emits));
    this.#progress = progress(definition.onTimer !== undefined);
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#emitter.open(context, output, sides);
    const { clock, name, subtask, parallelism } = context;
    this.#user = new ProcessContext(this.#states, this.#emitter, clock, this.#progress);
    this.#states.scope.nowMs = clock.now();
    try {
      this.#states.restore(context.restored, this.#keys);
      this.#isOpen = true;
      this.#definition.open?.({ name, subtask, parallelism });
    } catch (error) {
      throw operatorError(context, error, 0);
    }
  }

  processBatch(batch: Batch): void {
    const { rowCount } = batch;
    const { scope } = this.#states;
    this.#readKeys(batch);
    scope.nowMs = this.#context.clock.now();
    const slots = this.#guarded(() => this.#states.enter(this.#keys, rowCount));
    try {
      this.#loops.for(batch)(batch, slots, scope, this.#user, this.#place);
    } catch (error) {
      throw this.#errorAt(error, this.#place.i);
    } finally {
      scope.leave();
    }
    this.#release();
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

  /** The error for what was thrown at a row of the batch that is being processed. */
  #errorAt(thrown: unknown, row: number): unknown {
    if (thrown instanceof ThrownBehind) return thrown.thrown;
    return recordError(this.#context, thrown, this.#context.metrics.recordsIn + row);
  }

  #release(): void {
    if (this.#states.release()) this.#user!.forgetKey();
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [
      { title: 'a process function called for each record', source: this.#loops.plainSource },
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  processWatermark(watermark: Watermark): void {
    if (watermark <= this.#progress.watermark) return;
    this.#progress.watermark = watermark;
    this.#fireTo('event', watermark);
  }

  get wakeAtMs(): number {
    return this.#states.processingTimers.firstTime;
  }

  advanceTime(nowMs: number): void {
    this.#fireTo('processing', nowMs);
  }

  get hasPendingWork(): boolean {
    return this.#firing !== null;
  }

  #fireTo(kind: TimerKind, time: number): void {
    this.#firing = kind;
    this.#firingTo = time;
    this.resume();
  }

  resume(): void {
    const kind = this.#firing;
    if (kind === null) return;
    const { eventTimers, processingTimers, scope } = this.#states;
    const timers = kind === 'event' ? eventTimers : processingTimers;
    scope.nowMs = this.#context.clock.now();
    while (timers.count > 0 && timers.firstTime <= this.#firingTo) {
      if (!this.#output.isReady) return;
      this.#fire(kind, timers);
    }
    this.#firing = null;
    this.#emitter.flush();
    if (kind === 'event') this.#output.watermark(this.#firingTo);
  }

  /** Fires the first timer. */
  #fire(kind: TimerKind, timers: Timers): void {
    const { scope } = this.#states;
    const slot = timers.firstSlot;
    const time = timers.firstTime;
    this.#guarded(() => scope.touch(slot));
    timers.remove(slot, time);
    scope.slot = slot;
    scope.time = kind === 'event' ? time : Number.NaN;
    this.#progress.timer = kind;
    try {
      this.#definition.onTimer?.(time, this.#user);
    } catch (error) {
      if (error instanceof ThrownBehind) throw error.thrown;
      throw timerError(this.#context, error, this.#context.metrics.recordsIn, { kind, time });
    } finally {
      scope.leave();
      this.#progress.timer = null;
    }
    scope.emptied.push(slot);
    this.#release();
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  processBarrier(checkpoint: number): void {
    this.#states.scope.nowMs = this.#context.clock.now();
    const writer = this.#context.snapshot(checkpoint);
    this.#states.capture({
      ...writer,
      later: (step) => writer.later(() => this.#guarded(step)),
    });
    this.#output.barrier(checkpoint);
  }

  /** Work that may write a snapshot: a value that cannot be written is told with the operator. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  /** Timers of processing time that are left are dropped; those of event time have fired at the maximum watermark. */
  finish(): void {
    this.#output.end();
  }

  close(): void {
    if (!this.#isOpen) return;
    try {
      this.#definition.close?.();
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }
}

function loopSource({ prelude, row }: RowSource): string {
  return `'use strict';
return function (batch, slots, scope, context, place) {
${prelude}const { rowCount, timestamps } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
scope.slot = slots[i];
scope.time = timestamps === null ? NaN : timestamps[i];
user.onRecord(${row}, context);
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:process`;
}
