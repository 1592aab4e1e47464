/** Rows that functions of the user emit, on their way to the main output and to side outputs, gathered into batches. */
import { EngineError } from '../../base/errors.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { describe } from '../../data/field-check.ts';
import type { Schema } from '../../data/schema.ts';
import type { OperatorContext, Output, SideOutputs } from '../operator.ts';
import { SideRows } from '../side-rows.ts';
import { emitBehind } from '../thrown-behind.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import type { KeyedStates } from './keyed-states.ts';

export class Emitter {
  readonly #schema: Schema | null;
  readonly #rows: BatchBuilder;
  /** States whose objects may be emitted as they are; null where there are none. */
  readonly #sharing: KeyedStates | null;
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #sides = new SideRows();

  /** `states`: of the keys whose records are processed; null where there are none. */
  constructor(schema: Schema | null, states: KeyedStates | null) {
    this.#schema = schema;
    this.#rows = new BatchBuilder(schema);
    this.#sharing = states?.sharesObjects ? states : null;
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#sides.open(sides);
  }

  /** Event time NaN for a row that has none. */
  emit(row: unknown, time: number): void {
    if (this.#schema !== null && (typeof row !== 'object' || row === null)) {
      const fields = this.#schema.fields.map(({ name }) => name).join(', ');
      throw new EngineError(
        'FIELD_TYPE',
        `emit wants a row with the fields ${fields}, got ${describe(row)}`,
      );
    }
    // Fields of a schema are written at once, other rows wait as the objects that they are.
    const isKept = this.#schema === null && this.#sharing !== null;
    this.#rows.appendRow(isKept ? this.#sharing!.rowOf(row) : row, time);
    this.#context.metrics.recordsOut++;
    if (!this.#rows.isFull) return;
    emitBehind(this.#output, this.#rows.seal());
    this.#rows.reset();
  }

  emitTo(side: string, row: unknown, time: number): void {
    this.#sides.add(side, this.#sharing === null ? row : this.#sharing.rowOf(row), time);
  }

  /** Sends what has been gathered. */
  flush(): void {
    if (this.#rows.rowCount > 0) {
      this.#output.emit(this.#rows.seal());
      this.#rows.reset();
    }
    this.#sides.flush();
  }
}
