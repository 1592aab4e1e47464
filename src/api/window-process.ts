/** Functions of windows: what they make of each, and what they keep. */
import { aPlainFunction, aStateMaker, type OptionRules } from '../base/options.ts';
import type { Emits } from './emits.ts';
import type { FunctionContext } from './function-context.ts';
import type { StateHandles } from './state.ts';

/** What the functions of windows know of one. `Bounds`: of a window that has some. */
export type ClearContext<Key, Bounds, States, Value> = Bounds &
  FunctionContext & {
    /** The key, by its fields. */
    readonly key: Key;
    /** What the clock and the watermark were when the window fired. */
    readonly watermark: number;
    readonly processingTime: number;
    /** State of the key, over all its windows. */
    readonly state: States;
    /** What `windowState` made for this window: plain data, to be changed or replaced. */
    windowState: Value;
  };

export type WindowContext<Key, Bounds, Out, States = unknown, Value = unknown> = ClearContext<
  Key,
  Bounds,
  States,
  Value
> & {
  /**
   * Adds a row to the results, at the event time of the window: its end - 1. It must not be changed any more; of the value of
   * the window, and of the object that a value state holds, a copy is added.
   */
  emit(row: Out): void;
};

/** What a function makes of a window: of all its rows, or of the one that they were made into. */
export type WindowProcess<Input, Key, Bounds, Out, States = unknown, Value = unknown> = {
  /** The type of the rows that it emits. */
  readonly emits: Emits<Out>;
  /** State of each key, which outlives its windows: `state: { last: value(t.float64) }`, `ctx.state.last`. */
  readonly state?: States;
  /** Makes what is kept for each window, `ctx.windowState`: plain data. Not for windows that merge. */
  windowState?(): Value;
  /** Called when the window fires. */
  onWindow(ctx: WindowContext<Key, Bounds, Out, StateHandles<States>, Value>, input: Input): void;
  /**
   * Called when the window is over: behind its end, and the lateness that is allowed. It emits nothing, but may send rows to side
   * outputs, at the end of the window - 1.
   */
  onClear?(ctx: ClearContext<Key, Bounds, StateHandles<States>, Value>): void;
};

/** The same, of whatever types. */
export type AnyProcess = {
  readonly emits: Emits<unknown>;
  readonly state?: unknown;
  windowState?(): unknown;
  onWindow(...of: never): void;
  onClear?(...of: never): void;
};

export const WINDOW_PROCESS: OptionRules<AnyProcess> = {
  emits: true,
  state: true,
  windowState: aStateMaker,
  onWindow: aPlainFunction,
  onClear: aPlainFunction,
};
