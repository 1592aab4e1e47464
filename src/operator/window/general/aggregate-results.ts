/**
 * Rows of aggregates, as columns: key fields, the bounds of the window where it has any, results. Accumulators that are
 * numbers are copied when their window fires, and become results a batch at a time.
 */
import { FIRE_SLICE_ROWS } from '../../../base/limits.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import { copyOf } from '../../../data/copy-value.ts';
import { type Field, schemaOf } from '../../../data/schema.ts';
import type { Accumulators, AggregateLoops } from '../aggregate-codegen.ts';
import type { AggregatePlan } from '../aggregate-plan.ts';
import type { EmitBatch } from './results.ts';
import type { WindowKeys } from './window-keys.ts';
import type { WindowTable } from './window-table.ts';

/** Takes the accumulators of windows that fire. */
export interface TakesAccumulators {
  /** The result of a window, whose accumulators are those of slot `at` of `of`; they go on to change unless `isLast`. */
  add(slot: number, time: number, of: Accumulators, at: number, isLast: boolean): void;
  flush(): void;
}

/** Where results of an aggregate of the user go, and which object of the accumulators they come from. */
type UserResult = { readonly values: unknown[]; readonly object: number };

export class AggregateResults implements TakesAccumulators {
  readonly #windows: WindowTable;
  readonly #keys: WindowKeys;
  readonly #plan: AggregatePlan;
  readonly #loops: AggregateLoops;
  readonly #hasBounds: boolean;
  readonly #firstColumn: number;
  readonly #builder: BatchBuilder;
  readonly #emit: EmitBatch;
  /** Rows that wait, beside the columns of the builder. */
  #count = 0;
  readonly #keySlots = new Int32Array(FIRE_SLICE_ROWS);
  readonly #copies: Accumulators;
  readonly #ofUsers: readonly UserResult[];

  constructor(options: {
    readonly windows: WindowTable;
    readonly keys: WindowKeys;
    readonly plan: AggregatePlan;
    readonly loops: AggregateLoops;
    readonly fields: readonly Field[];
    readonly hasBounds: boolean;
    readonly emit: EmitBatch;
  }) {
    this.#windows = options.windows;
    this.#keys = options.keys;
    this.#plan = options.plan;
    this.#loops = options.loops;
    this.#hasBounds = options.hasBounds;
    this.#firstColumn = options.keys.fields.length + (options.hasBounds ? 2 : 0);
    this.#builder = new BatchBuilder(schemaOf(options.fields), FIRE_SLICE_ROWS);
    this.#emit = options.emit;
    const { cells: ofPlan, objects } = options.plan;
    const cells = objects.length > 0 ? 0 : FIRE_SLICE_ROWS * ofPlan.length;
    this.#copies = { cells: new Float64Array(cells), objects: [] };
    this.#ofUsers = this.#resultsOfUsers();
  }

  #resultsOfUsers(): readonly UserResult[] {
    const { results, objects } = this.#plan;
    return results.flatMap((result, r) => {
      if (result.from !== 'object' || objects[result.object]!.kind !== 'user') return [];
      const { values } = this.#builder.dynamic(this.#firstColumn + r);
      return [{ values, object: result.object }];
    });
  }

  add(slot: number, time: number, of: Accumulators, at: number, isLast: boolean): void {
    const builder = this.#builder;
    const row = builder.rowCount + this.#count;
    const windows = this.#windows;
    this.#keySlots[this.#count] = windows.keyOf(slot);
    if (this.#hasBounds) {
      builder.float64(this.#firstColumn - 2)[row] = windows.startOf(slot);
      builder.float64(this.#firstColumn - 1)[row] = windows.endOf(slot);
    }
    builder.timestamps()[row] = time;
    if (this.#plan.objects.length > 0) {
      // Objects change with the next record.
      this.#complete(of, at, 1);
      if (!isLast) this.#copyShared(of, at, row);
    } else {
      const width = this.#plan.cells.length;
      const target = this.#copies.cells;
      const to = this.#count * width;
      const from = at * width;
      for (let c = 0; c < width; c++) target[to + c] = of.cells[from + c]!;
      this.#count++;
    }
    if (row + 1 === FIRE_SLICE_ROWS || builder.isFull) this.flush();
  }

  /** Copies results that are the accumulators themselves. */
  #copyShared({ objects }: Accumulators, at: number, row: number): void {
    const first = at * this.#plan.objects.length;
    const ofUsers = this.#ofUsers;
    for (let r = 0; r < ofUsers.length; r++) {
      const { values, object } = ofUsers[r]!;
      const value = values[row];
      if (value === objects[first + object]) values[row] = copyOf(value);
    }
  }

  #complete(of: Accumulators, from: number, count: number): void {
    const builder = this.#builder;
    this.#keys.append(this.#keySlots, count, builder);
    this.#loops.results(of, from, from + count, builder, this.#firstColumn);
    builder.advance(count);
  }

  flush(): void {
    const builder = this.#builder;
    if (this.#count > 0) {
      const count = this.#count;
      this.#count = 0;
      this.#complete(this.#copies, 0, count);
    }
    if (builder.rowCount === 0) return;
    this.#emit(builder.seal());
    builder.reset();
  }
}
