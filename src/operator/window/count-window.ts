/**
 * Keyed aggregation over windows of so many records: every `slide` records of a key, over the last `size`.
 *
 * The records of a key are cut into panes (`CountPanes`); a key keeps as many accumulators as a window has panes, in a ring.
 * A tumbling window is one pane. A window is emitted at once, with the event time of the record that completes it.
 *
 * Where windows do not overlap, nothing is left of a key behind one: such keys are forgotten when they are many, so that keys that
 * come for a window and never again fill neither the memory nor the checkpoints.
 */
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { DynamicColumn, FixedColumn } from '../../data/column.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import {
  isTypedKey,
  type KeyFunction,
  KeyReader,
  type KeySpec,
  keyFields,
} from '../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import { KeySlots } from '../../state/key-slots.ts';
import { ImmediateOperator } from '../immediate-operator.ts';
import { KeyedState } from '../keyed-state.ts';
import type { OperatorContext, Output } from '../operator.ts';
import type { StateLook } from '../state-look.ts';
import { AccumulatorRows } from './accumulator-rows.ts';
import type { AggregateSpec, AggregationOptions } from './aggregate.ts';
import { type Accumulators, type AddLoop, AggregateLoops } from './aggregate-codegen.ts';
import { type AggregatePlan, planAggregates } from './aggregate-plan.ts';
import { CountPanes } from './count-panes.ts';
import { namedValues } from './named-values.ts';
import { planPartials } from './partials.ts';

export type CountWindowSpec = {
  readonly kind: 'count';
  readonly size: number;
  /** Records between two windows; the size itself for tumbling windows. */
  readonly slide: number;
};

/** Keys from which it is worth looking for those that nothing is left of. */
const KEYS_MIN = 4096;

/**
 * All panes of a key in a snapshot; packed objects in an array each, null for those that have not begun. Plain lists, which are
 * written as columns.
 */
type SavedPanes = {
  readonly cells: ArrayLike<number>;
  readonly objects?: readonly (readonly [unknown] | null)[];
};

/** Fields of the rows that a count window emits: the key, then the aggregates. */
export function countWindowFields(
  key: KeySpec,
  aggregates: readonly AggregateSpec[],
  inputSchema: Schema | null,
): readonly Field[] {
  return [...keyFields(key, inputSchema), ...planAggregates(aggregates, inputSchema).fields];
}

export class CountWindowOperator extends ImmediateOperator {
  readonly #window: CountWindowSpec;
  readonly #panes: CountPanes;
  /** Panes of a window. */
  readonly #paneCount: number;
  readonly #keys: KeyReader;
  readonly #keyFields: readonly Field[];
  readonly #isTypedKey: boolean;
  readonly #plan: AggregatePlan;
  readonly #loops: AggregateLoops;
  readonly #builder: BatchBuilder;
  /** Of the accumulators of a pane. */
  readonly #paneFields: readonly Field[];
  #keySlots: KeySlots;
  /** With so many keys those are looked for that nothing is left of. */
  #lookedForAt = KEYS_MIN;
  readonly #state: KeyedState;
  readonly #stateRows: AccumulatorRows;
  /** Records so far of each key, since it was last forgotten. */
  #counts = new Float64Array(0);
  /** Pane p of key slot s at s * paneCount + p modulo paneCount. */
  readonly #accumulators: Accumulators = { cells: new Float64Array(0), objects: [] };
  /** Where the panes of a window are joined. */
  readonly #joined: Accumulators;
  /** Slots that panes are joined into: all the first. */
  #firstSlots = new Int32Array(0);
  /** Of the snapshot that is being written, or was last. */
  #slots = new Int32Array(0);
  #paneSlots = new Int32Array(0);
  readonly #place = { i: 0 };

  constructor(options: AggregationOptions<CountWindowSpec>) {
    super();
    const { key, window, aggregates, inputSchema, functions } = options;
    const keyFunction = key.kind === 'function' ? (functions[0] as KeyFunction) : null;
    this.#window = window;
    this.#panes = new CountPanes(window);
    this.#paneCount = this.#panes.inWindow;
    this.#keys = new KeyReader(key, inputSchema, keyFunction);
    this.#keyFields = keyFields(key, inputSchema);
    this.#isTypedKey = isTypedKey(key, inputSchema);
    this.#keySlots = new KeySlots(this.#keys.isInt);
    this.#plan = planAggregates(aggregates, inputSchema);
    this.#stateRows = new AccumulatorRows(this.#plan, this.#plan.cells.length, functions);
    const partials = planPartials(key, aggregates, inputSchema);
    const { keyCount } = partials;
    const { fields: partFields } = partials.schema;
    const labels = partFields.slice(keyCount).map((field) => field.name);
    this.#paneFields = [
      ...partFields.slice(keyCount, keyCount + this.#plan.cells.length),
      ...partFields.slice(keyCount + partials.cells.length),
    ];
    this.#state = new KeyedState('windows', key, inputSchema, [
      { name: '#records', kind: 'float64', nullable: false },
      { name: `#panes of ${labels.join(', ')}`, kind: 'dynamic', nullable: false },
    ]);
    this.#loops = new AggregateLoops(this.#plan, inputSchema, functions);
    const fields = countWindowFields(key, aggregates, inputSchema);
    this.#builder = new BatchBuilder(schemaOf(fields), FIRE_SLICE_ROWS);
    const { cells, objects } = this.#plan;
    this.#joined = {
      cells: new Float64Array(cells.length),
      objects: new Array(objects.length).fill(null),
    };
  }

  processBatch(batch: Batch): void {
    if (this.#keySlots.count >= this.#lookedForAt) this.#forgetKeys();
    this.#readSlots(batch);
    const addLoop = this.#loops.addFor(batch);
    const { rowCount } = batch;
    const counts = this.#counts;
    const paneSlots = this.#paneSlots;
    const panes = this.#panes;
    let from = 0;
    for (let i = 0; i < rowCount; i++) {
      const slot = this.#slots[i]!;
      const count = counts[slot]!;
      counts[slot] = count + 1;
      if (panes.leavesOut(count)) {
        this.#add(batch, from, i, addLoop);
        from = i + 1;
        continue;
      }
      const pane = panes.begun(count + 1) - 1;
      paneSlots[i] = slot * this.#paneCount + (pane % this.#paneCount);
      if (panes.begun(count) === pane) this.#beginPane(paneSlots[i]!, i);
      if ((count + 1) % this.#window.slide === 0) {
        this.#add(batch, from, i + 1, addLoop);
        from = i + 1;
        this.#fire(slot, i, batch.timestamps?.[i] ?? Number.NaN);
      }
    }
    this.#add(batch, from, rowCount, addLoop);
    this.context.metrics.recordsIn += rowCount;
    this.#emit();
  }

  override open(context: OperatorContext, output: Output): void {
    super.open(context, output);
    this.#state.open(context);
    this.#state.restore(context.restored, this.#keys, this.#keySlots, (batch, slots) => {
      this.#reserve(this.#keySlots.count);
      const column = this.#keyFields.length;
      const counts = (batch.columns[column] as FixedColumn).values as Float64Array;
      const panes = (batch.columns[column + 1] as DynamicColumn).values as SavedPanes[];
      for (let i = 0; i < batch.rowCount; i++) {
        this.#counts[slots[i]!] = counts[i]!;
        this.#load(slots[i]!, panes[i]!);
      }
    });
  }

  #load(slot: number, { cells, objects = [] }: SavedPanes): void {
    const into = this.#accumulators;
    into.cells.set(cells, slot * cells.length);
    const objectCount = this.#plan.objects.length;
    objects.forEach((packed, k) => {
      const object = packed === null ? null : this.#stateRows.unpack(k % objectCount, packed[0]);
      into.objects[slot * objects.length + k] = object;
    });
  }

  /** All panes of a key; those that have not begun have no objects. */
  #save(slot: number): SavedPanes {
    const { cells, objects } = this.#accumulators;
    const inKey = this.#paneCount * this.#plan.cells.length;
    const saved = new Array<number>(inKey);
    for (let i = 0; i < inKey; i++) saved[i] = cells[slot * inKey + i]!;
    const objectCount = this.#plan.objects.length;
    if (objectCount === 0) return { cells: saved };
    const first = slot * this.#paneCount * objectCount;
    const begun = this.#panes.begun(this.#counts[slot]!) * objectCount;
    return {
      cells: saved,
      objects: Array.from({ length: this.#paneCount * objectCount }, (_, k) =>
        k < begun ? [this.#stateRows.pack(k % objectCount, objects[first + k])] : null,
      ),
    };
  }

  override processBarrier(checkpoint: number): void {
    const writer = this.context.snapshot(checkpoint);
    const column = this.#keyFields.length;
    this.#state.capture(this.#keySlots, writer, (builder, slots) => {
      const at = builder.rowCount;
      const counts = builder.float64(column);
      const panes = builder.dynamic(column + 1).values;
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i]!;
        counts[at + i] = this.#counts[slot]!;
        panes[at + i] = this.#save(slot);
      }
    });
    this.output.barrier(checkpoint);
  }

  #beginPane(slot: number, row: number): void {
    try {
      this.#loops.init(this.#accumulators, slot, slot + 1);
    } catch (error) {
      throw this.errorAt(error, row);
    }
  }

  /** Of a key: how many records it has had since it was last forgotten, and the panes of its next window. */
  look(): StateLook {
    const keySlots = this.#keySlots;
    return {
      keyCount: keySlots.count,
      sizes: () => [{ name: 'windows', kind: 'count', keys: keySlots.count, windows: null }],
      valueOf: (name, key) => {
        const slot = name === 'windows' ? keySlots.find(this.#state.readKey(key)) : -1;
        return slot < 0 ? undefined : { records: this.#counts[slot], panes: this.#panesOf(slot) };
      },
    };
  }

  #panesOf(slot: number): readonly unknown[] {
    const { size, slide } = this.#window;
    const records = this.#counts[slot]!;
    const end = (Math.floor(records / slide) + 1) * slide;
    const begun = this.#panes.begun(records);
    const panes: unknown[] = [];
    for (let pane = this.#panes.begun(Math.max(0, end - size)); pane < begun; pane++) {
      const at = slot * this.#paneCount + (pane % this.#paneCount);
      const builder = new BatchBuilder(schemaOf(this.#paneFields), 1);
      this.#stateRows.append(builder, 0, this.#accumulators, at, at + 1);
      builder.advance(1);
      panes.push(namedValues(builder, 0));
    }
    return panes;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const merge = this.#paneCount === 1 ? [] : (['merge'] as const);
    return [
      ...this.#loops.generatedLoops(['init', 'add', ...merge, 'results']),
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  #readSlots(batch: Batch): void {
    const { rowCount } = batch;
    if (this.#slots.length < rowCount) {
      this.#slots = new Int32Array(rowCount);
      this.#paneSlots = new Int32Array(rowCount);
    }
    try {
      this.#keys.read(batch);
    } catch (error) {
      throw this.errorAt(error, this.#keys.failedRow);
    }
    this.#keySlots.slotsOf(this.#keys, 0, rowCount, this.#slots);
    this.#reserve(this.#keySlots.count);
    this.#state.beforeWrite(this.#slots, 0, rowCount, this.#keySlots.count);
  }

  #reserve(keys: number): void {
    if (keys <= this.#counts.length) return;
    const capacity = Math.max(keys, this.#counts.length * 2);
    const counts = new Float64Array(capacity);
    counts.set(this.#counts);
    this.#counts = counts;
    const accumulators = this.#accumulators;
    const cells = new Float64Array(capacity * this.#paneCount * this.#plan.cells.length);
    cells.set(accumulators.cells);
    accumulators.cells = cells;
    const objects = capacity * this.#paneCount * this.#plan.objects.length;
    while (accumulators.objects.length < objects) accumulators.objects.push(null);
    this.#firstSlots = new Int32Array(capacity * this.#paneCount);
  }

  /** Forgets keys that are at the end of a window, where they are half of all: the others get new slots, in their order. */
  #forgetKeys(): void {
    const { size, slide } = this.#window;
    if (size > slide || this.#state.isCapturing) return;
    const { count } = this.#keySlots;
    const counts = this.#counts;
    const hasMore = (slot: number): boolean => counts[slot]! % slide !== 0;
    let left = 0;
    for (let slot = 0; slot < count; slot++) if (hasMore(slot)) left++;
    this.#lookedForAt = Math.max(KEYS_MIN, (left * 2 > count ? count : left) * 2);
    if (left * 2 > count) return;
    const kept = new KeySlots(this.#keySlots.isInt);
    const slots = new Int32Array(count);
    for (let from = 0; from < count; ) {
      let to = from;
      while (to < count && hasMore(to)) to++;
      if (to > from) kept.slotsOfOther(this.#keySlots, this.#keys, from, to, slots);
      for (let slot = from; slot < to; slot++) this.#move(slot, slots[slot - from]!);
      from = to + 1;
    }
    counts.fill(0, kept.count);
    this.#accumulators.objects.fill(null, kept.count * this.#paneCount * this.#plan.objects.length);
    this.#keySlots = kept;
    this.#state.slotsChanged();
  }

  /** What is kept of a key goes to a slot before it. */
  #move(from: number, to: number): void {
    const { cells, objects } = this.#accumulators;
    const cellCount = this.#paneCount * this.#plan.cells.length;
    const objectCount = this.#paneCount * this.#plan.objects.length;
    this.#counts[to] = this.#counts[from]!;
    cells.copyWithin(to * cellCount, from * cellCount, (from + 1) * cellCount);
    objects.copyWithin(to * objectCount, from * objectCount, (from + 1) * objectCount);
  }

  #add(batch: Batch, from: number, to: number, addLoop: AddLoop): void {
    if (from === to) return;
    try {
      addLoop(batch, from, to, this.#paneSlots, this.#accumulators, this.#place);
    } catch (error) {
      throw this.errorAt(error, this.#place.i);
    }
  }

  /** One row: the window that ends with the last record of a key, which is row `row` of the batch. */
  #fire(slot: number, row: number, timestamp: number): void {
    const builder = this.#builder;
    this.#keySlots.appendKeys(slot, slot + 1, builder, this.#keyFields, this.#isTypedKey);
    builder.timestamps()[builder.rowCount] = timestamp;
    try {
      const firstColumn = this.#keyFields.length;
      if (this.#paneCount === 1) {
        this.#loops.results(this.#accumulators, slot, slot + 1, builder, firstColumn);
      } else {
        this.#join(slot);
        this.#loops.results(this.#joined, 0, 1, builder, firstColumn);
      }
    } catch (error) {
      throw this.errorAt(error, row);
    }
    builder.advance(1);
    this.context.metrics.recordsOut++;
    if (builder.isFull) this.#emit();
  }

  /** Joins the last panes of a key, the oldest first. */
  #join(slot: number): void {
    const paneCount = this.#paneCount;
    const panes = this.#panes.begun(this.#counts[slot]!);
    this.#loops.init(this.#joined, 0, 1);
    for (let pane = Math.max(0, panes - paneCount); pane < panes; pane++) {
      const at = slot * paneCount + (pane % paneCount);
      this.#loops.merge(this.#joined, this.#firstSlots, this.#accumulators, at, at + 1);
    }
  }

  #emit(): void {
    const builder = this.#builder;
    if (builder.rowCount === 0) return;
    this.output.emit(builder.seal());
    builder.reset();
  }
}
