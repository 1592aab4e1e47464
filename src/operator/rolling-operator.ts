/** What rolling aggregations have in common, as a stream and in batch: the slots of keys, and the snapshot. */
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { type KeyFunction, KeyReader } from '../data/key.ts';
import { type Field, schemaOf } from '../data/schema.ts';
import { KeySlots } from '../state/key-slots.ts';
import type { KeyField } from '../state/slot-columns.ts';
import { ImmediateOperator } from './immediate-operator.ts';
import { KeyedState } from './keyed-state.ts';
import type { OperatorContext, Output } from './operator.ts';
import type { RollingOptions, RollingTarget, RollingValues } from './rolling.ts';
import { ColumnValues } from './rolling-columns.ts';
import { ReduceValues } from './rolling-reduce.ts';
import { RowValues } from './rolling-rows.ts';
import type { StateLook } from './state-look.ts';
import { operatorError } from './user-function.ts';

export abstract class RollingOperator extends ImmediateOperator {
  protected readonly keySlots: KeySlots;
  protected readonly values: RollingValues;
  protected slots = new Int32Array(0);
  protected readonly state: KeyedState;
  readonly #keys: KeyReader;

  /** `emitsEach`: each record has its result. `kept`: what a snapshot keeps of a key behind its value. */
  constructor(options: RollingOptions, emitsEach: boolean, kept: readonly Field[]) {
    super();
    const { key, inputSchema, functions } = options;
    const keyFunction = key.kind === 'function' ? (functions[0] as KeyFunction) : null;
    this.#keys = new KeyReader(key, inputSchema, keyFunction);
    this.keySlots = new KeySlots(this.#keys.isInt);
    const target: RollingTarget = {
      emit: (batch) => this.#emit(batch),
      errorAt: (thrown, row) =>
        row === null
          ? operatorError(this.context, thrown, this.context.metrics.recordsIn)
          : this.errorAt(thrown, row),
    };
    const intKey = { field: this.#keys.intField, keys: this.keySlots };
    this.values = valuesFor(options, target, emitsEach, intKey);
    this.state = new KeyedState('values', key, inputSchema, [...this.values.kept, ...kept]);
  }

  override open(context: OperatorContext, output: Output): void {
    super.open(context, output);
    this.state.open(context);
    this.state.restore(context.restored, this.#keys, this.keySlots, (batch, slots) =>
      this.load(batch, slots),
    );
  }

  /** Takes what a snapshot has kept. */
  protected load(batch: Batch, slots: Int32Array): void {
    this.values.load(batch, this.state.keyCount, slots, this.keySlots.count);
  }

  /** Appends what is kept of slots from to to - 1, for a snapshot. */
  protected save(builder: BatchBuilder, slots: Int32Array): void {
    this.values.save(builder, this.state.keyCount, slots);
  }

  override processBarrier(checkpoint: number): void {
    const writer = this.context.snapshot(checkpoint);
    this.state.capture(this.keySlots, writer, (builder, slots) => this.save(builder, slots));
    this.output.barrier(checkpoint);
  }

  override processBatch(batch: Batch): void {
    const { rowCount } = batch;
    const known = this.keySlots.count;
    try {
      this.#keys.read(batch);
    } catch (error) {
      throw this.errorAt(error, this.#keys.failedRow);
    }
    if (this.slots.length < rowCount) this.slots = new Int32Array(rowCount);
    this.keySlots.slotsOf(this.#keys, 0, rowCount, this.slots);
    this.state.beforeWrite(this.slots, 0, rowCount, this.keySlots.count);
    this.values.join(batch, this.slots, known, this.keySlots.count);
    this.context.metrics.recordsIn += rowCount;
  }

  #emit(batch: Batch): void {
    this.context.metrics.recordsOut += batch.rowCount;
    this.output.emit(batch);
  }

  look(): StateLook {
    const { keySlots, values, state } = this;
    return {
      keyCount: keySlots.count,
      sizes: () => [{ name: 'values', kind: 'rolling', keys: keySlots.count, windows: null }],
      valueOf: (name, key) => {
        const slot = name === 'values' ? keySlots.find(state.readKey(key)) : -1;
        return slot < 0 ? undefined : rowOf(values, slot);
      },
    };
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [...this.values.generatedLoops(), ...this.#keys.generatedLoops('reading')];
  }
}

function valuesFor(
  options: RollingOptions,
  target: RollingTarget,
  emitsEach: boolean,
  intKey: KeyField,
): RollingValues {
  const { key, rolling, inputSchema } = options;
  if (rolling.kind === 'reduce') return new ReduceValues(options, target, emitsEach, intKey);
  if (inputSchema === null) return new RowValues(options, target, emitsEach);
  return new ColumnValues({ key, rolling, inputSchema }, target, emitsEach);
}

/** What is kept of a key, as an object by the fields that a snapshot has. */
function rowOf(values: RollingValues, slot: number): unknown {
  const builder = new BatchBuilder(schemaOf(values.kept), 1);
  values.save(builder, 0, Int32Array.of(slot));
  builder.advance(1);
  const [row] = builder.seal().rowObjects() as [Readonly<Record<string, unknown>>];
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name.replace(/^#(field )?/, ''), value]),
  );
}
