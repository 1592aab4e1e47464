/**
 * The function of windows, with what it keeps: state of each key, which outlives its windows, and a value of each window.
 *
 *   (call of a window that fires)* → clear, when the window is over
 */
import { doneNow } from '../../../base/thenable.ts';
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import { copyOf } from '../../../data/copy-value.ts';
import { KeyReader, type KeySpec } from '../../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../../data/schema.ts';
import type { SnapshotWriter } from '../../../state/snapshot.ts';
import type { OperatorContext } from '../../operator.ts';
import { KeyedStates } from '../../process/keyed-states.ts';
import type { StateFunctions, StateSpec } from '../../process/process-spec.ts';
import { stateKey } from '../../read-key.ts';
import type { StateLook } from '../../state-look.ts';
import type { RowOutput } from './results.ts';
import type { TriggerHost, WindowState } from './trigger.ts';
import type { WindowKeys } from './window-keys.ts';

/** What the functions of windows know of one. `Bounds`: of a window that has some. */
export type ClearContext<Key, Bounds, States, Value> = Bounds & {
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

/** What the methods of a definition are called with; see api/windowed-stream.ts for what it is to a user. */
export type WindowFunctionCode = {
  readonly state?: Readonly<Record<string, StateFunctions>>;
  windowState?(): unknown;
  onWindow(context: object, input: unknown): void;
  onClear?(context: object): void;
};

export type WindowFunctionOptions = {
  readonly code: WindowFunctionCode;
  readonly states: readonly StateSpec[];
  readonly key: KeySpec;
  readonly inputSchema: Schema | null;
  readonly host: TriggerHost;
  readonly keys: WindowKeys;
  readonly hasBounds: boolean;
  readonly output: RowOutput;
};

export class WindowFunction implements WindowState {
  readonly fields: readonly Field[];
  readonly #options: WindowFunctionOptions;
  readonly #states: KeyedStates | null;
  readonly #reader: KeyReader;
  /** By window slot. */
  readonly #values: unknown[] = [];

  constructor(options: WindowFunctionOptions) {
    const { code, states, key, inputSchema, keys } = options;
    this.#options = options;
    this.#reader = new KeyReader(stateKey(key), schemaOf(keys.fields), null);
    this.#states =
      states.length === 0
        ? null
        : new KeyedStates(key, inputSchema, this.#reader.isInt, states, code.state ?? {});
    this.fields =
      code.windowState === undefined
        ? []
        : [{ name: '#window state', kind: 'dynamic', nullable: false }];
  }

  reserve(capacity: number): void {
    while (this.#values.length < capacity) this.#values.push(undefined);
  }

  begin(slot: number): void {
    this.#values[slot] = this.#options.code.windowState?.();
  }

  /** A window fires, or its result has come; `time` is the event time of what is emitted. */
  call(slot: number, time: number, input: unknown): void {
    const { code, output } = this.#options;
    this.#during(slot, (context) => {
      const emit = (row: unknown): void => output.add(this.#rowOf(slot, row), time);
      doneNow(code.onWindow(Object.assign(context, { emit }), input));
    });
  }

  /** A row as it may wait for others: the value of a window, or state, may change before it leaves. */
  #rowOf(slot: number, row: unknown): unknown {
    if (row === this.#values[slot]) return copyOf(row);
    const states = this.#states;
    return states?.sharesObjects ? states.rowOf(row) : row;
  }

  /** The window is over. */
  clear(slot: number): void {
    const { code } = this.#options;
    if (code.onClear !== undefined)
      this.#during(slot, (context) => doneNow(code.onClear!(context)));
    this.#values[slot] = undefined;
  }

  /** Calls a function with what it may know of a window, and with the state of its key at hand. */
  #during(slot: number, run: (context: object) => void): void {
    const { host, keys, hasBounds } = this.#options;
    const { windows, watermark, nowMs } = host;
    const key = keys.batchOf(windows.keyOf(slot));
    const bounds = { windowStart: windows.startOf(slot), windowEnd: windows.endOf(slot) };
    const values = this.#values;
    const states = this.#states;
    const context = {
      key: key.rowObjects()[0],
      ...(hasBounds ? bounds : {}),
      watermark,
      processingTime: nowMs,
      state: states?.handles ?? {},
      get windowState() {
        return values[slot];
      },
      set windowState(value) {
        values[slot] = value;
      },
    };
    if (states === null) run(context);
    else this.#withKey(states, key, nowMs, () => run(context));
  }

  #withKey(states: KeyedStates, key: Batch, nowMs: number, run: () => void): void {
    const { scope } = states;
    this.#reader.read(key);
    scope.nowMs = nowMs;
    scope.slot = states.enter(this.#reader, 1)[0]!;
    try {
      run();
    } finally {
      scope.leave();
    }
    states.release();
  }

  save(builder: BatchBuilder, firstColumn: number, slot: number): void {
    if (this.fields.length === 0) return;
    builder.dynamic(firstColumn).values[builder.rowCount] = this.#values[slot];
  }

  load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    if (this.fields.length === 0) return;
    this.#values[slot] = (batch.columns[firstColumn] as DynamicColumn).values[row];
  }

  /** The state of keys, for those who watch the job; null for none. */
  look(): StateLook | null {
    return this.#states?.look() ?? null;
  }

  /** Begins to write the state of keys. */
  capture(writer: SnapshotWriter): void {
    this.#states?.capture(writer);
  }

  open({ subtask, parallelism, isIncremental, restored, clock }: OperatorContext): void {
    const states = this.#states;
    if (states === null) return;
    if (isIncremental) states.markChanges(subtask / parallelism);
    states.scope.nowMs = clock.now();
    states.restore(restored, this.#reader);
  }
}
