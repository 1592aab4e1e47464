/**
 * Calls a function of the user for each row of a batch, in a generated loop.
 *
 *   for (let i = 0; i < rowCount; i++) out[i] = convert(of({ "a": v0[i], "b": v1[i] }));
 */
import { compiled, makerOf } from '../base/generated-code.ts';
import type { Batch } from './batch.ts';
import { BatchLoops, type RowSource } from './batch-loops.ts';
import { type FieldsRead, fieldsRead } from './fields-read.ts';
import type { GeneratedLoop } from './generated-loop.ts';
import type { Schema } from './schema.ts';

export type RowFunction<T> = (row: unknown) => T;

type Loop = (batch: Batch, out: unknown, place: { row: number }) => void;

/** One function with what is done to its values. */
export class RowFunctionLoop<T, Out> {
  /** The row of the batch that threw, when one did; else 0. */
  row = 0;
  readonly #loops: BatchLoops<Loop>;

  /** `read`: the fields that the function reads, where its source does not tell. */
  constructor(
    schema: Schema | null,
    of: RowFunction<T>,
    convert: (value: T) => Out,
    read: FieldsRead = fieldsRead(of, schema),
  ) {
    this.#loops = new BatchLoops(
      schema,
      loopSource,
      (source) => compiled(source, { of, convert }, [of]) as Loop,
      read,
    );
  }

  /** The loop, under the name of what it computes. */
  generatedLoop(title: string): GeneratedLoop {
    return { title, source: this.#loops.plainSource };
  }

  /** out[i] = convert(of(row i)) for all rows of the batch. */
  run(batch: Batch, out: { [row: number]: Out }): void {
    this.#loops.for(batch)(batch, out, this);
  }
}

function loopSource({ prelude, row }: RowSource): string {
  return `'use strict';
return function (batch, out, place) {
${prelude}const { rowCount } = batch;
let i = 0;
try {
for (; i < rowCount; i++) out[i] = convert(of(${row}));
} finally { place.row = i < rowCount ? i : 0; }
};
//# sourceURL=millrace-generated:row-function`;
}

/** Reads a field of free-form rows by name; a row that is no object goes to `refuse`, which throws. */
export function fieldReader(name: string, refuse: (row: unknown) => never): RowFunction<unknown> {
  return makerOf(['refuse'], fieldReaderSource(name))(refuse) as RowFunction<unknown>;
}

/** What reads a field, as `of` of the loops. */
export function generatedFieldReader(name: string): GeneratedLoop {
  return { title: `field '${name}' of a row`, source: fieldReaderSource(name) };
}

function fieldReaderSource(name: string): string {
  return `'use strict';
return (row) => (typeof row === 'object' && row !== null ? row[${JSON.stringify(name)}] : refuse(row));
//# sourceURL=millrace-generated:field`;
}
