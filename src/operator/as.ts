/** Gives rows a schema in mid-flow: each row is checked and becomes a row of columns. Fields beyond the schema fall away. */
import { EngineError } from '../base/errors.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { generatedAppender } from '../data/row-appender.ts';
import { type Field, fieldIndex, type Schema, schemaOf } from '../data/schema.ts';
import { ImmediateOperator } from './immediate-operator.ts';
import { recordError } from './user-function.ts';

/** Refuses a schema that no row of the other can have. */
export function checkCanBecome(from: Schema, to: Schema): void {
  for (const { name, kind } of to.fields) {
    const given = from.fields[fieldIndex(from, name, 'as')]!.kind;
    const canHold =
      given === kind ||
      given === 'dynamic' ||
      kind === 'dynamic' ||
      (isNumber(given) && isNumber(kind));
    if (canHold) continue;
    throw new EngineError('FIELD_TYPE', `as: field '${name}' is ${given}, not ${kind}`);
  }
}

function isNumber(kind: Field['kind']): boolean {
  return kind === 'int32' || kind === 'float64' || kind === 'timestamp';
}

export class AsOperator extends ImmediateOperator {
  readonly #schema: Schema;
  readonly #builder: BatchBuilder;

  constructor(fields: readonly Field[]) {
    super();
    this.#schema = schemaOf(fields);
    this.#builder = new BatchBuilder(this.#schema);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [generatedAppender(this.#schema)];
  }

  processBatch(batch: Batch): void {
    const { rowCount, timestamps } = batch;
    const rows = batch.rowObjects();
    for (let i = 0; i < rowCount; i++) {
      this.#append(rows[i], i, timestamps?.[i]);
      if (this.#builder.isFull) this.#emit();
    }
    if (this.#builder.rowCount > 0) this.#emit();
    this.context.metrics.recordsIn += rowCount;
  }

  #emit(): void {
    const builder = this.#builder;
    this.context.metrics.recordsOut += builder.rowCount;
    this.output.emit(builder.seal());
    builder.reset();
  }

  #append(row: unknown, i: number, timestamp: number | undefined): void {
    const record = this.context.metrics.recordsIn + i;
    try {
      if (typeof row !== 'object' || row === null) {
        throw new EngineError('FIELD_TYPE', `the row is ${row === null ? 'null' : typeof row}`);
      }
      this.#builder.appendRow(row, timestamp);
    } catch (error) {
      throw recordError(this.context, error, record);
    }
  }
}
