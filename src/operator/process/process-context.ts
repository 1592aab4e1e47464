/**
 * What the functions of a process function get beside their record or timer. One object for all calls of a function, so
 * that none is made for a record: what it says is about what is being processed, and only until the function returns.
 */

import type { Clock } from '../../base/clock.ts';
import { EngineError } from '../../base/errors.ts';
import { MIN_WATERMARK, type Watermark } from '../../data/batch.ts';
import { describe } from '../../data/field-check.ts';
import type { Metrics } from '../../metrics/user-metrics.ts';
import type { MapState } from '../../state/handles.ts';
import type { KeyScope } from '../../state/key-scope.ts';
import type { StateTable } from '../../state/state-table.ts';
import type { Timers } from '../../state/timers.ts';
import type { Emitter } from './emitter.ts';
import type { KeyedStates } from './keyed-states.ts';
import type { OperatorStates } from './operator-states.ts';

export type TimerKind = 'event' | 'processing';

const NO_SLOT = -1;

/** What all contexts of an operator share. */
export type ContextParts = {
  readonly emitter: Emitter;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly metrics: Metrics;
  readonly states: OperatorStates;
};

/** For records that belong to no key. */
export class RecordContext {
  readonly metrics: Metrics;
  readonly operatorState: OperatorStates['lists'];
  readonly broadcastState: Readonly<Record<string, MapState<unknown, unknown>>>;
  protected readonly scope: KeyScope;
  protected readonly progress: Progress;
  readonly #emitter: Emitter;
  readonly #clock: Clock;

  /** `scope`: of what is being processed. */
  constructor(
    scope: KeyScope,
    { emitter, clock, progress, metrics, states }: ContextParts,
    broadcastState: RecordContext['broadcastState'] = states.broadcastViews,
  ) {
    this.scope = scope;
    this.progress = progress;
    this.metrics = metrics;
    this.operatorState = states.lists;
    this.broadcastState = broadcastState;
    this.#emitter = emitter;
    this.#clock = clock;
  }

  get timestamp(): number | null {
    const { time } = this.scope;
    return Number.isNaN(time) ? null : time;
  }

  get watermark(): Watermark {
    return this.progress.watermark;
  }

  get processingTime(): number {
    return this.#clock.now();
  }

  /** Works when it is taken out of the context, as in `({ emit }) => ...`. */
  readonly emit = (row: unknown): void => {
    this.scope.require('ctx.emit');
    this.#emitter.emit(row, this.scope.time);
  };

  readonly output = (side: { readonly name: string }, row: unknown): void => {
    this.scope.require('ctx.output');
    this.#emitter.emitTo(side.name, row, this.scope.time);
  };
}

/** For records and timers of a key. */
export class ProcessContext extends RecordContext {
  readonly state: Readonly<Record<string, StateTable>>;
  readonly timers: TimerService;
  readonly #states: KeyedStates;
  #key: object | null = null;
  #keySlot = NO_SLOT;

  constructor(states: KeyedStates, parts: ContextParts) {
    super(states.scope, parts);
    this.state = states.handles;
    this.timers = new TimerService(states, parts.progress);
    this.#states = states;
  }

  get key(): object {
    const slot = this.scope.require('ctx.key');
    if (slot !== this.#keySlot || this.#key === null) {
      this.#key = this.#states.keyOf(slot);
      this.#keySlot = slot;
    }
    return this.#key;
  }

  /** Slots may have got other keys. */
  forgetKey(): void {
    this.#keySlot = NO_SLOT;
  }

  get timer(): TimerKind | null {
    return this.progress.timer;
  }
}

/** For broadcast records; `keyed` are the states of the keys of the other input, null where it is not keyed. */
export class BroadcastContext extends RecordContext {
  readonly #keyed: KeyedStates | null;

  constructor(scope: KeyScope, parts: ContextParts, keyed: KeyedStates | null) {
    super(scope, parts, parts.states.broadcast);
    this.#keyed = keyed;
  }

  get state(): never {
    throw new EngineError(
      'JOB_DEFINITION',
      'ctx.state: a broadcast record has no key; ctx.forEachKey(state, visit) gives the state of all keys',
    );
  }

  get timers(): never {
    throw new EngineError(
      'JOB_DEFINITION',
      'ctx.timers: a broadcast record has no key, and timers belong to one; onRecord may register them',
    );
  }

  readonly forEachKey = (name: string, visit: (key: object, state: StateTable) => void): void => {
    this.scope.require('ctx.forEachKey');
    const state = this.#keyed?.handles[name];
    if (state === undefined) {
      const names = Object.keys(this.#keyed?.handles ?? {}).join(', ');
      throw new EngineError(
        'JOB_DEFINITION',
        `ctx.forEachKey: there is no state '${name}'; there are: ${names || 'none'}`,
      );
    }
    this.#keyed!.forEachSlot(state, (slot) => visit(this.#keyed!.keyOf(slot), state));
  };
}

/** Where the operator is in time. */
export type Progress = {
  watermark: Watermark;
  /** Of the timer that is firing. */
  timer: TimerKind | null;
  readonly hasOnTimer: boolean;
};

export function progress(hasOnTimer: boolean): Progress {
  return { watermark: MIN_WATERMARK, timer: null, hasOnTimer };
}

/** Registers and deletes timers of the current key; each kind, key and time once. Its functions may be taken out of it. */
export class TimerService {
  readonly #scope: KeyScope;
  readonly #event: Timers;
  readonly #processing: Timers;
  readonly #progress: Progress;

  constructor(states: KeyedStates, of: Progress) {
    this.#scope = states.scope;
    this.#event = states.eventTimers;
    this.#processing = states.processingTimers;
    this.#progress = of;
  }

  readonly eventTime = (time: number): void => {
    this.#event.add(this.#slot(time), time);
  };

  readonly processingTime = (time: number): void => {
    this.#processing.add(this.#slot(time), time);
  };

  readonly deleteEventTime = (time: number): void => this.#delete(this.#event, time);

  readonly deleteProcessingTime = (time: number): void => this.#delete(this.#processing, time);

  #delete(timers: Timers, time: number): void {
    const slot = this.#slot(time);
    if (timers.remove(slot, time)) this.#scope.emptied.push(slot);
  }

  #slot(time: number): number {
    const slot = this.#scope.require('ctx.timers');
    if (!this.#progress.hasOnTimer) {
      throw new EngineError(
        'JOB_DEFINITION',
        'ctx.timers: timers need a function onTimer(time, ctx)',
      );
    }
    if (typeof time !== 'number' || Number.isNaN(time)) {
      throw new EngineError(
        'TIMESTAMP_INVALID',
        `a timer wants a time in ms since 1970, got ${describe(time)}`,
      );
    }
    return slot;
  }
}
