/** Reads single rows of batches as objects, wherever they are: by one generated function for each look of a batch. */
import { makerOf } from '../base/generated-code.ts';
import type { Batch } from './batch.ts';
import type { GeneratedLoop } from './generated-loop.ts';
import { columnSignature, objectLiteral, rowExpressions } from './materialize.ts';
import type { Schema } from './schema.ts';

/** A row by its number in the batch. */
export type ReadRow = (row: number) => unknown;

export class RowReaders {
  readonly #schema: Schema | null;
  readonly #bySignature = new Map<string, (batch: Batch) => ReadRow>();

  /** `schema` is that of all batches; null for row objects. */
  constructor(schema: Schema | null) {
    this.#schema = schema;
  }

  generatedLoops(title: string): readonly GeneratedLoop[] {
    if (this.#schema === null) return [];
    return [{ title, source: readerSource(this.#schema, '.'.repeat(this.#schema.fields.length)) }];
  }

  of(batch: Batch): ReadRow {
    if (this.#schema === null) {
      const rows = batch.rowObjects();
      return (row) => rows[row];
    }
    const signature = columnSignature(batch.columns);
    let make = this.#bySignature.get(signature);
    if (make === undefined) {
      make = makerOf(['batch'], readerSource(this.#schema, signature)) as (batch: Batch) => ReadRow;
      this.#bySignature.set(signature, make);
    }
    return make(batch);
  }
}

function readerSource(schema: Schema, signature: string): string {
  const { prelude, fields } = rowExpressions(schema, signature, 'columns', 'each');
  return `'use strict';
const { columns } = batch;
${prelude}return (i) => (${objectLiteral(fields)});
//# sourceURL=millrace-generated:row-reader`;
}
