/**
 * Accumulators as columns, for partial results and for snapshots (partials.ts): a float64 column for each cell, a dynamic one
 * for each object. What is no plain data is packed by its aggregate, or refused; values of rows go as those of all rows do.
 */
import { EngineError } from '../../base/errors.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { MISSING } from '../../data/column.ts';
import { describe } from '../../data/field-check.ts';
import type { UserAggregate } from './aggregate.ts';
import type { Accumulators } from './aggregate-codegen.ts';
import { type AggregatePlan, areAllNumbers, numbersOf } from './aggregate-plan.ts';
import { accumulatorReader, type ReadAccumulator } from './number-codegen.ts';
import { IN_CELLS } from './number-shape.ts';
import { isPlainData } from './partials.ts';

export class AccumulatorRows {
  readonly #cellCount: number;
  readonly #numberCount: number;
  /** Cells of the rows: there may be one more, which is 0. */
  readonly #columnCount: number;
  readonly #aggregates: readonly (UserAggregate<never, unknown, unknown> | null)[];
  /** Of objects whose accumulators are the user's own; null for others, which are made of values of rows. */
  readonly #checks: readonly (typeof checkPlain | null)[];
  /** Of objects that may be in cells; null for others. */
  readonly #readers: readonly (ReadAccumulator | null)[];
  readonly #areAllNumbers: boolean;

  constructor(plan: AggregatePlan, columnCount: number, functions: readonly object[]) {
    this.#cellCount = plan.cells.length;
    this.#numberCount = plan.numberCount;
    this.#columnCount = columnCount;
    this.#readers = plan.objects.map((slot, k) =>
      numbersOf(slot) === null ? null : accumulatorReader(plan, k),
    );
    this.#areAllNumbers = areAllNumbers(plan);
    this.#checks = plan.objects.map(({ kind }) => (kind === 'user' ? checkPlain : null));
    this.#aggregates = plan.objects.map((slot) => {
      if (slot.kind === 'user')
        return functions[slot.user] as UserAggregate<never, unknown, unknown>;
      return slot.kind === 'value' ? plan.values[slot.value]! : null;
    });
  }

  get hasObjects(): boolean {
    return this.#aggregates.length > 0;
  }

  /** Whether these are all in cells. */
  areInCells({ objects }: Accumulators): boolean {
    return this.#areAllNumbers && objects.length === 0;
  }

  /** Writes slots from to to - 1 behind the rows of the builder, from this column on; `advance` is the caller's. */
  append(
    builder: BatchBuilder,
    firstColumn: number,
    of: Accumulators,
    from: number,
    to: number,
  ): void {
    this.#appendCells(builder, firstColumn, of, from, to, this.#cellCount);
    const at = builder.rowCount;
    const rows = to - from;
    for (let c = this.#cellCount; c < this.#columnCount; c++) {
      builder.float64(firstColumn + c).fill(0, at, at + rows);
    }
    for (let k = 0; k < this.#aggregates.length; k++) {
      const column = builder.dynamic(firstColumn + this.#columnCount + k).values;
      for (let row = 0; row < rows; row++) column[at + row] = this.#packed(k, of, from + row);
    }
  }

  /** The same of these slots. */
  appendSlots(
    builder: BatchBuilder,
    firstColumn: number,
    of: Accumulators,
    slots: Int32Array,
  ): void {
    const { cells, objects } = of;
    const { length } = slots;
    const at = builder.rowCount;
    const stride = this.#cellCount + this.#numberCount;
    for (let c = 0; c < this.#columnCount; c++) {
      const column = builder.float64(firstColumn + c);
      if (c >= this.#cellCount) column.fill(0, at, at + length);
      else for (let i = 0; i < length; i++) column[at + i] = cells[slots[i]! * stride + c]!;
    }
    for (let k = 0; k < this.#aggregates.length; k++) {
      const column = builder.dynamic(firstColumn + this.#columnCount + k);
      if (this.#aggregates[k]?.pack === undefined && this.#readers[k] === null) {
        column.check = this.#checks[k]!;
        this.#appendObjects(column.values, at, objects, k, slots);
      } else {
        const { values } = column;
        for (let i = 0; i < length; i++) values[at + i] = this.#packed(k, of, slots[i]!);
      }
    }
  }

  /** By reference, without a look at them: they are read in the order of the column, once. */
  #appendObjects(
    values: unknown[],
    at: number,
    objects: readonly unknown[],
    object: number,
    slots: Int32Array,
  ): void {
    const count = this.#aggregates.length;
    for (let i = 0; i < slots.length; i++) values[at + i] = objects[slots[i]! * count + object];
  }

  #packed(object: number, of: Accumulators, slot: number): unknown {
    const read = this.#readers[object]!;
    const { objects } = of;
    const value = read === null ? objects[slot * this.#aggregates.length + object] : read(of, slot);
    return this.pack(object, value);
  }

  /** The same as rows of partial results, which have numbers where they are. */
  appendPartials(
    builder: BatchBuilder,
    firstColumn: number,
    of: Accumulators,
    from: number,
    to: number,
  ): void {
    const stride = this.#cellCount + this.#numberCount;
    this.#appendCells(builder, firstColumn, of, from, to, stride);
    const at = builder.rowCount;
    const { objects } = of;
    const objectCount = this.#aggregates.length;
    for (let k = 0; k < objectCount; k++) {
      const c = firstColumn + stride + k;
      const column = builder.dynamic(c);
      if (objects.length === 0) {
        column.absent ??= new Uint8Array(builder.capacity);
        column.absent.fill(MISSING, at, at + to - from);
        continue;
      }
      for (let slot = from, row = at; slot < to; slot++, row++) {
        const value = objects[slot * objectCount + k];
        if (value === IN_CELLS) builder.setAbsent(c, row, MISSING);
        else column.values[row] = this.pack(k, value);
      }
    }
  }

  #appendCells(
    builder: BatchBuilder,
    firstColumn: number,
    { cells }: Accumulators,
    from: number,
    to: number,
    count: number,
  ): void {
    const at = builder.rowCount;
    const end = at + to - from;
    const stride = this.#cellCount + this.#numberCount;
    for (let c = 0; c < count; c++) {
      const column = builder.float64(firstColumn + c);
      for (let row = at, cell = from * stride + c; row < end; row++, cell += stride) {
        column[row] = cells[cell]!;
      }
    }
  }

  /** The accumulator of an object as plain data; VALUE_NOT_TRANSFERABLE when that of a user is none. */
  pack(object: number, accumulator: unknown): unknown {
    const aggregate = this.#aggregates[object] ?? null;
    const packed = aggregate?.pack === undefined ? accumulator : aggregate.pack(accumulator);
    this.#checks[object]?.(packed);
    return packed;
  }

  unpack(object: number, packed: unknown): unknown {
    const aggregate = this.#aggregates[object] ?? null;
    return aggregate?.unpack === undefined ? packed : aggregate.unpack(packed);
  }
}

function checkPlain(packed: unknown): void {
  if (isPlainData(packed)) return;
  throw new EngineError(
    'VALUE_NOT_TRANSFERABLE',
    `the accumulator of an aggregate is ${describe(packed)}, which can neither leave its thread nor go into a ` +
      'snapshot: let create() return plain data, or give the aggregate pack and unpack',
  );
}
