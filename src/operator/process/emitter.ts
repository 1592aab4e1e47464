/** Rows that functions of the user emit, on their way to the main output and to side outputs, gathered into batches. */
import { EngineError } from '../../base/errors.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { describe } from '../../data/field-check.ts';
import type { Schema } from '../../data/schema.ts';
import type { OperatorContext, Output, SideOutputs } from '../operator.ts';
import { unsetContext, unsetOutput } from '../unset.ts';
import type { KeyedStates } from './keyed-states.ts';

type Target = { emit: Output['emit'] };

/** Something a step behind has thrown, on its way through the function of the user that emitted. */
export class ThrownBehind {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

export class Emitter {
  readonly #schema: Schema | null;
  readonly #rows: BatchBuilder;
  /** States whose objects may be emitted as they are; null where there are none. */
  readonly #sharing: KeyedStates | null;
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  #sides: SideOutputs = new Map();
  /** Rows of side outputs that were used so far, by name. */
  readonly #sideRows = new Map<string, { rows: BatchBuilder; target: Target }>();

  /** `states`: of the keys whose records are processed; null where there are none. */
  constructor(schema: Schema | null, states: KeyedStates | null) {
    this.#schema = schema;
    this.#rows = new BatchBuilder(schema);
    this.#sharing = states?.sharesObjects ? states : null;
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#context = context;
    this.#output = output;
    this.#sides = sides;
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
    if (this.#rows.isFull) this.#send(this.#rows, this.#output);
  }

  emitTo(side: string, row: unknown, time: number): void {
    let found = this.#sideRows.get(side);
    if (found === undefined) {
      const target = this.#sides.get(side);
      if (target === undefined) {
        throw new EngineError(
          'JOB_DEFINITION',
          `nobody reads the side output '${side}': read it by .sideOutput(...) right behind the step`,
        );
      }
      found = { rows: new BatchBuilder(null), target };
      this.#sideRows.set(side, found);
    }
    found.rows.appendRow(this.#sharing === null ? row : this.#sharing.rowOf(row), time);
    if (found.rows.isFull) this.#send(found.rows, found.target);
  }

  #send(rows: BatchBuilder, target: Target): void {
    try {
      target.emit(rows.seal());
    } catch (thrown) {
      throw thrown instanceof ThrownBehind ? thrown : new ThrownBehind(thrown);
    }
    rows.reset();
  }

  /** Sends what has been gathered. */
  flush(): void {
    if (this.#rows.rowCount > 0) {
      this.#output.emit(this.#rows.seal());
      this.#rows.reset();
    }
    for (const { rows, target } of this.#sideRows.values()) {
      if (rows.rowCount === 0) continue;
      target.emit(rows.seal());
      rows.reset();
    }
  }
}
