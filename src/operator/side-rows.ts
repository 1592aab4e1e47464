/** Rows that functions of the user send to side outputs, gathered into batches. */
import { EngineError } from '../base/errors.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { SideOutputs } from './operator.ts';
import { emitBehind } from './thrown-behind.ts';

type Side = { readonly rows: BatchBuilder; readonly target: { emit(batch: Batch): void } };

export class SideRows {
  /** Batches that have gone out: work that is not bounded by a batch looks at its output behind each. */
  batchesOut = 0;
  #outputs: SideOutputs = new Map();
  /** Those that were used so far, by name. */
  readonly #used = new Map<string, Side>();

  open(outputs: SideOutputs): void {
    this.#outputs = outputs;
  }

  /** Event time NaN for a row that has none. EngineError JOB_DEFINITION where nobody reads the side output. */
  add(side: string, row: unknown, time: number): void {
    const to = this.#used.get(side) ?? this.#use(side);
    to.rows.appendRow(row, time);
    if (!to.rows.isFull) return;
    this.batchesOut++;
    emitBehind(to.target, to.rows.seal());
    to.rows.reset();
  }

  #use(side: string): Side {
    const target = this.#outputs.get(side);
    if (target === undefined) {
      if (side === undefined) throw noSide();
      throw new EngineError(
        'JOB_DEFINITION',
        `nobody reads the side output '${side}': read it by .sideOutput(...) right behind the step`,
      );
    }
    const used: Side = { rows: new BatchBuilder(null), target };
    this.#used.set(side, used);
    return used;
  }

  /** Sends what has been gathered, when no function is running. */
  flush(): void {
    for (const { rows, target } of this.#used.values()) {
      if (rows.rowCount === 0) continue;
      target.emit(rows.seal());
      rows.reset();
    }
  }
}

/** Of a call without types: `ctx.output('late', row)`. */
function noSide(): EngineError {
  return new EngineError(
    'JOB_DEFINITION',
    'output takes a side output, made by sideOutput(name), and a row',
  );
}
