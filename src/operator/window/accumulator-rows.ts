/**
 * Accumulators as columns, for partial results and for snapshots: a float64 column for each cell, a dynamic one for each
 * object. What is no plain data is packed by its aggregate, or refused.
 */
import { EngineError } from '../../base/errors.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { describe } from '../../data/field-check.ts';
import type { UserAggregate } from './aggregate.ts';
import type { Accumulators } from './aggregate-codegen.ts';
import type { AggregatePlan } from './aggregate-plan.ts';
import { isPlainData } from './partials.ts';

export class AccumulatorRows {
  readonly #cellCount: number;
  /** Cells of the rows: there may be one more, which is 0. */
  readonly #columnCount: number;
  readonly #aggregates: readonly (UserAggregate<never, unknown, unknown> | null)[];

  constructor(plan: AggregatePlan, columnCount: number, functions: readonly object[]) {
    this.#cellCount = plan.cells.length;
    this.#columnCount = columnCount;
    this.#aggregates = plan.objects.map((slot) => {
      if (slot.kind === 'user')
        return functions[slot.user] as UserAggregate<never, unknown, unknown>;
      return slot.kind === 'value' ? plan.values[slot.value]! : null;
    });
  }

  get hasObjects(): boolean {
    return this.#aggregates.length > 0;
  }

  /** Writes slots from to to - 1 behind the rows of the builder, from this column on; `advance` is the caller's. */
  append(
    builder: BatchBuilder,
    firstColumn: number,
    { cells, objects }: Accumulators,
    from: number,
    to: number,
  ): void {
    const at = builder.rowCount;
    const rows = to - from;
    const cellCount = this.#cellCount;
    for (let c = 0; c < cellCount; c++) {
      const column = builder.float64(firstColumn + c);
      const end = at + rows;
      for (let row = at, cell = from * cellCount + c; row < end; row++, cell += cellCount) {
        column[row] = cells[cell]!;
      }
    }
    for (let c = cellCount; c < this.#columnCount; c++) {
      builder.float64(firstColumn + c).fill(0, at, at + rows);
    }
    const objectCount = this.#aggregates.length;
    for (let k = 0; k < objectCount; k++) {
      const column = builder.dynamic(firstColumn + this.#columnCount + k).values;
      for (let row = 0; row < rows; row++) {
        column[at + row] = this.pack(k, objects[(from + row) * objectCount + k]);
      }
    }
  }

  /** The accumulator of an object as plain data; VALUE_NOT_TRANSFERABLE when it is none. */
  pack(object: number, accumulator: unknown): unknown {
    const aggregate = this.#aggregates[object] ?? null;
    const packed = aggregate?.pack === undefined ? accumulator : aggregate.pack(accumulator);
    if (isPlainData(packed)) return packed;
    throw new EngineError(
      'VALUE_NOT_TRANSFERABLE',
      `the accumulator of an aggregate is ${describe(packed)}, which can neither leave its thread nor go into a ` +
        'snapshot: let create() return plain data, or give the aggregate pack and unpack',
    );
  }

  unpack(object: number, packed: unknown): unknown {
    const aggregate = this.#aggregates[object] ?? null;
    return aggregate?.unpack === undefined ? packed : aggregate.unpack(packed);
  }
}
