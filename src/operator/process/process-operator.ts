/**
 * Runs a process function over a stream, or over two that are connected.
 *
 * Records go through a generated loop that calls the function of their input with the row as a literal and the one context
 * of that input. When the watermark advances, event-time timers up to it fire in the order of their times, also those that
 * `onTimer` registers meanwhile; the watermark follows when all have fired. One that is registered at or before the
 * watermark by a record waits for the next advance. Timers of processing time fire when the clock has reached them. Timers
 * fire in slices, as long as the output is ready. Without keys there are no timers.
 *
 * Two keyed inputs share the states and timers of a key.
 */
import { must } from '../../base/assert.ts';
import { doneNow } from '../../base/thenable.ts';
import { type Batch, MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { KeyReader } from '../../data/key.ts';
import type { Pair } from '../../data/key-pair.ts';
import { type Schema, schemaOf } from '../../data/schema.ts';
import type { CheckpointEnd } from '../../metrics/shared-counters.ts';
import type { UserMetrics } from '../../metrics/user-metrics.ts';
import { KeyScope } from '../../state/key-scope.ts';
import { AT_END, type KeptState, type RestoredState } from '../../state/snapshot.ts';
import type { Timers } from '../../state/timers.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator.ts';
import { restoredMetrics, saveCounters } from '../saved-counters.ts';
import type { StateLook } from '../state-look.ts';
import { ThrownBehind } from '../thrown-behind.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import { callError, operatorError, timerError } from '../user-function.ts';
import { Emitter } from './emitter.ts';
import { KeyedStates } from './keyed-states.ts';
import { OperatorStates } from './operator-states.ts';
import {
  BroadcastContext,
  type ContextParts,
  ProcessContext,
  type Progress,
  progress,
  RecordContext,
  type TimerKind,
} from './process-context.ts';
import { keyReaders, keySchemasOf, ProcessInput } from './process-input.ts';
import type { ProcessDefinition, ProcessSpec } from './process-spec.ts';

export type ProcessOptions = {
  readonly process: ProcessSpec;
  readonly schemas: Pair<Schema | null>;
  /** Of the node: key functions first, as far as there are; then the definition. */
  readonly functions: readonly object[];
};

export class ProcessOperator implements Operator {
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #definition: ProcessDefinition;
  readonly #inputs: readonly ProcessInput[];
  /** Null where no input is keyed. */
  readonly #keyed: KeyedStates | null;
  readonly #operatorStates: OperatorStates;
  readonly #emitter: Emitter;
  readonly #progress: Progress;
  /** Of the records and timers of keys. */
  #user: ProcessContext | null = null;
  /** The kind of timers that are firing, and up to which time. */
  #firing: TimerKind | null = null;
  #firingTo = MIN_WATERMARK;
  #isOpen = false;
  #metrics: UserMetrics | null = null;

  constructor({ process, schemas, functions }: ProcessOptions) {
    const left = [...functions];
    const keySchemas = keySchemasOf(process.inputs, schemas);
    const readers = keyReaders(process.inputs, keySchemas, left);
    const definition = left[0] as ProcessDefinition;
    this.#definition = definition;
    this.#keyed = keyedStates(process, keySchemas[0], readers, definition);
    const unkeyed = new KeyScope();
    this.#inputs = process.inputs.map(({ calls }, input) => {
      const keys = readers[input]!;
      const scope = keys === null ? unkeyed : this.#keyed!.scope;
      return new ProcessInput(calls, keys, scope, schemas[input]!, definition);
    });
    this.#operatorStates = new OperatorStates(process.operatorStates, process.broadcastStates);
    this.#emitter = new Emitter(
      process.emits === null ? null : schemaOf(process.emits),
      this.#keyed,
    );
    this.#progress = progress(definition.onTimer !== undefined);
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#emitter.open(context, output, sides);
    const { clock, name, subtask, parallelism, maxParallelism, job, isIncremental } = context;
    const metrics = restoredMetrics(context);
    this.#metrics = metrics;
    this.#makeContexts({
      emitter: this.#emitter,
      clock,
      progress: this.#progress,
      metrics,
      states: this.#operatorStates,
    });
    if (isIncremental) this.#keyed?.markChanges(subtask / parallelism);
    try {
      this.#restore();
      this.#isOpen = true;
      const { lists: operatorState } = this.#operatorStates;
      const place = { name, subtask, parallelism, maxParallelism, job, metrics };
      doneNow(this.#definition.open?.({ ...place, operatorState }));
    } catch (error) {
      throw operatorError(context, error, 0);
    }
  }

  #makeContexts(parts: ContextParts): void {
    const keyed = this.#keyed;
    this.#user = keyed === null ? null : new ProcessContext(keyed, parts);
    for (const input of this.#inputs) {
      const { calls, keys, scope } = input;
      if (keys !== null) input.context = this.#user;
      else if (calls === 'onBroadcast') input.context = new BroadcastContext(scope, parts, keyed);
      else input.context = new RecordContext(scope, parts);
    }
  }

  #restore(): void {
    const { restored, clock } = this.#context;
    if (this.#keyed !== null) this.#keyed.scope.nowMs = clock.now();
    this.restore(restored);
  }

  /** Loads its states: a part of `open`, and by itself to see whether those of a snapshot fit. */
  restore(restored: RestoredState): void {
    this.#operatorStates.restore(restored);
    if (this.#keyed === null) return;
    const keys = must(this.#inputs[0]!.keys, 'the keys of the first input');
    this.#keyed.restore(restored, keys);
    if (!keys.isInt) this.#becomeAnyKeys();
  }

  /** What a snapshot has of it, but for timers; may be asked before `open`. */
  keptStates(): readonly KeptState[] {
    return [...(this.#keyed?.keptStates() ?? []), ...this.#operatorStates.keptStates()];
  }

  /** As soon as a key of one input is no int, those of both are read as values of every kind. */
  #becomeAnyKeys(): void {
    for (const { keys } of this.#inputs) if (keys !== null) keys.isInt = false;
  }

  processBatch(batch: Batch, input: number): void {
    const { rowCount } = batch;
    const from = this.#inputs[input]!;
    if (this.#keyed !== null) this.#keyed.scope.nowMs = this.#context.clock.now();
    const slots = from.keys === null ? null : this.#slotsOf(batch, from.keys);
    try {
      from.run(batch, slots);
    } catch (error) {
      throw this.#errorAt(error, from.failedRow);
    }
    this.#release();
    this.#context.metrics.recordsIn += rowCount;
    this.#emitter.flush();
  }

  #slotsOf(batch: Batch, keys: KeyReader): Int32Array {
    try {
      keys.read(batch);
    } catch (error) {
      throw this.#errorAt(error, keys.failedRow);
    }
    if (!keys.isInt) this.#becomeAnyKeys();
    return this.#guarded(() => this.#keyed!.enter(keys, batch.rowCount));
  }

  /** The error for what was thrown at a row of the batch that is being processed. */
  #errorAt(thrown: unknown, row: number): unknown {
    if (thrown instanceof ThrownBehind) return thrown.thrown;
    return callError(this.#context, thrown, this.#context.metrics.recordsIn + row);
  }

  #release(): void {
    this.#operatorStates.release();
    if (this.#keyed?.release()) this.#user!.forgetKey();
  }

  look(): StateLook | null {
    return this.#keyed?.look() ?? null;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#inputs.flatMap((input) => input.generatedLoops());
  }

  processWatermark(watermark: Watermark): void {
    // In batch the maximum comes again, when timers of processing time have fired.
    if (watermark <= this.#progress.watermark && watermark !== MAX_WATERMARK) return;
    this.#progress.watermark = watermark;
    this.#fireTo('event', watermark);
  }

  get wakeAtMs(): number {
    return this.#keyed?.processingTimers.firstTime ?? Infinity;
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
    if (this.#keyed !== null && !this.#fireTimers(kind, this.#keyed)) return;
    this.#firing = null;
    this.#emitter.flush();
    if (kind === 'event') this.#output.watermark(this.#firingTo);
  }

  /** False when the output has no room for more. */
  #fireTimers(kind: TimerKind, { eventTimers, processingTimers, scope }: KeyedStates): boolean {
    const timers = kind === 'event' ? eventTimers : processingTimers;
    scope.nowMs = this.#context.clock.now();
    while (timers.isDue(this.#firingTo)) {
      if (!this.#output.isReady) return false;
      this.#fire(kind, timers, scope);
    }
    return true;
  }

  /** Fires the first timer. */
  #fire(kind: TimerKind, timers: Timers, scope: KeyScope): void {
    const slot = timers.firstSlot;
    const time = timers.firstTime;
    this.#touch(slot, scope);
    timers.removeFirst();
    scope.slot = slot;
    scope.time = kind === 'event' ? time : Number.NaN;
    this.#progress.timer = kind;
    try {
      doneNow(this.#definition.onTimer?.(time, this.#user));
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

  /** `guarded` without a function for each timer. */
  #touch(slot: number, scope: KeyScope): void {
    try {
      scope.touch(slot);
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  processBarrier(checkpoint: number): void {
    const writer = this.#context.snapshot(checkpoint);
    this.#guarded(() => this.#operatorStates.save(writer));
    saveCounters(must(this.#metrics, 'metrics'), writer);
    if (this.#keyed !== null) {
      this.#keyed.scope.nowMs = this.#context.clock.now();
      this.#keyed.capture(writer, (work) => this.#guarded(work));
    }
    this.#output.barrier(checkpoint);
  }

  get listensToCheckpoints(): boolean {
    const { onCheckpointComplete, onCheckpointAborted } = this.#definition;
    return onCheckpointComplete !== undefined || onCheckpointAborted !== undefined;
  }

  checkpointEnded(checkpoint: number, end: CheckpointEnd): void {
    const definition = this.#definition;
    this.#guarded(() =>
      doneNow(
        end === 'completed'
          ? definition.onCheckpointComplete?.(checkpoint)
          : definition.onCheckpointAborted?.(checkpoint),
      ),
    );
  }

  /** Work that may write a snapshot: a value that cannot be written is told with the operator. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  /** Timers of event time have fired at the maximum watermark; those of processing time that are left are dropped. */
  finish(): void {
    const writer = this.#context.snapshot(AT_END);
    saveCounters(must(this.#metrics, 'metrics'), writer);
    if (this.#context.isCheckpointed) this.#guarded(() => this.#operatorStates.saveAtEnd(writer));
    this.#output.end();
  }

  close(): void {
    if (!this.#isOpen) return;
    try {
      doneNow(this.#definition.close?.());
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }
}

/** The states by key, of the fields that the key of the first input has. */
function keyedStates(
  { inputs, states }: ProcessSpec,
  schema: Schema | null,
  readers: readonly (KeyReader | null)[],
  definition: ProcessDefinition,
): KeyedStates | null {
  const { key } = inputs[0]!;
  if (key === null) return null;
  const areInts = readers.every((keys) => keys === null || keys.isInt);
  return new KeyedStates(key, schema, areInts, states, definition.state ?? {});
}
