/**
 * The function of windows, with what it keeps: state of each key, which outlives its windows, and a value of each window.
 *
 *   (call of a window that fires)* → clear, when the window is over
 */
import { must } from '../../../base/assert.ts';
import { EngineError } from '../../../base/errors.ts';
import { doneNow } from '../../../base/thenable.ts';
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import { copyOf } from '../../../data/copy-value.ts';
import { KeyReader, type KeySpec } from '../../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../../data/schema.ts';
import type { UserMetrics } from '../../../metrics/user-metrics.ts';
import type { SnapshotWriter } from '../../../state/snapshot.ts';
import type { OperatorContext, SideOutputs } from '../../operator.ts';
import { KeyedStates } from '../../process/keyed-states.ts';
import type { StateFunctions, StateSpec } from '../../process/process-spec.ts';
import { stateKey } from '../../read-key.ts';
import { restoredMetrics, saveCounters } from '../../saved-counters.ts';
import { SideRows } from '../../side-rows.ts';
import type { StateLook } from '../../state-look.ts';
import type { RowOutput } from './results.ts';
import type { TriggerHost, WindowState } from './trigger.ts';
import type { WindowKeys } from './window-keys.ts';
import { NONE } from './window-lines.ts';

/** What the methods of a definition are called with; see api/window-process.ts for what it is to a user. */
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
  readonly #sides = new SideRows();
  #metrics: UserMetrics | null = null;
  /** The window that a function is called for, and the event time of what that emits. */
  #slot = NONE;
  #time = Number.NaN;
  readonly #emit = (row: unknown): void => {
    this.#checkCalled('ctx.emit');
    this.#options.output.add(this.#rowOf(row), this.#time);
  };
  readonly #output = (side: { readonly name: string }, row: unknown): void => {
    this.#checkCalled('ctx.output');
    this.#sides.add(side.name, this.#rowOf(row), this.#time);
  };

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
    const { code } = this.#options;
    this.#during(slot, time, (context) => {
      doneNow(code.onWindow(Object.assign(context, { emit: this.#emit }), input));
    });
  }

  #checkCalled(what: string): void {
    if (this.#slot !== NONE) return;
    throw new EngineError(
      'JOB_DEFINITION',
      `${what} was used outside of the function that is called for a window: it is of no use later, as in a promise`,
    );
  }

  /** A row as it may wait for others: the value of a window, or state, may change before it leaves. */
  #rowOf(row: unknown): unknown {
    if (row === this.#values[this.#slot]) return copyOf(row);
    const states = this.#states;
    return states?.sharesObjects ? states.rowOf(row) : row;
  }

  /** The window is over. */
  clear(slot: number): void {
    const { code, host } = this.#options;
    if (code.onClear !== undefined) {
      this.#during(slot, host.windows.endOf(slot) - 1, (context) =>
        doneNow(code.onClear!(context)),
      );
    }
    this.#values[slot] = undefined;
  }

  /** Calls a function with what it may know of a window, and with the state of its key at hand. */
  #during(slot: number, time: number, run: (context: object) => void): void {
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
      metrics: this.#metrics,
      output: this.#output,
      get windowState() {
        return values[slot];
      },
      set windowState(value) {
        values[slot] = value;
      },
    };
    this.#slot = slot;
    this.#time = time;
    try {
      if (states === null) run(context);
      else this.#withKey(states, key, nowMs, () => run(context));
    } finally {
      this.#slot = NONE;
    }
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

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    if (this.fields.length === 0) return;
    const { values } = builder.dynamic(firstColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) values[at + i] = this.#values[slots[i]!];
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
    this.saveCounters(writer);
    this.#states?.capture(writer);
  }

  /** At the end of the subtask nothing else is left. */
  saveCounters(writer: SnapshotWriter): void {
    saveCounters(must(this.#metrics, 'metrics'), writer);
  }

  /** Batches of side outputs that have gone out. */
  get batchesOut(): number {
    return this.#sides.batchesOut;
  }

  /** Sends what waits for side outputs. */
  flushSides(): void {
    this.#sides.flush();
  }

  open(context: OperatorContext, sides: SideOutputs): void {
    this.#sides.open(sides);
    this.#metrics = restoredMetrics(context);
    const states = this.#states;
    if (states === null) return;
    const { subtask, parallelism, isIncremental, restored, clock } = context;
    if (isIncremental) states.markChanges(subtask / parallelism);
    states.scope.nowMs = clock.now();
    states.restore(restored, this.#reader);
  }
}
