/** Whether a match may begin with a record: asked of whole batches, over their columns, so that no object is made of a row. */
import { compiled } from '../../base/generated-code.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import type { Schema } from '../../data/schema.ts';
import type { Context, Matcher } from './matcher.ts';
import type { Condition } from './pattern-spec.ts';

/** mayStart[i] = whether a match may begin with row i. */
type Ask = (
  batch: Batch,
  mayStart: Uint8Array,
  nowMs: number,
  context: Context,
  place: { i: number },
) => void;

export class StartLoop {
  readonly #loops: BatchLoops<Ask>;
  readonly #matcher: Matcher;
  #mayStart = new Uint8Array(0);
  readonly #place = { i: 0 };

  constructor(schema: Schema | null, matcher: Matcher, conditions: readonly Condition[]) {
    this.#matcher = matcher;
    this.#loops = new BatchLoops(
      schema,
      (row) => loopSource(row, matcher.startSource),
      (source) => compiled(source, { conditions }, conditions) as Ask,
    );
  }

  get plainSource(): string {
    return this.#loops.plainSource;
  }

  /** The row at which a condition has thrown. */
  get failedRow(): number {
    return this.#place.i;
  }

  /** For each row, 1 where a match may begin; valid until the next call. `nowMs` is the time of rows that have none. */
  ask(batch: Batch, nowMs: number): Uint8Array {
    if (this.#mayStart.length < batch.rowCount) this.#mayStart = new Uint8Array(batch.rowCount);
    const context = this.#matcher.startContext();
    this.#loops.for(batch)(batch, this.#mayStart, nowMs, context, this.#place);
    return this.#mayStart;
  }
}

function loopSource({ prelude, row }: RowSource, mayStart: string): string {
  return `'use strict';
return function (batch, mayStart, nowMs, ctx, place) {
${prelude}const { rowCount, timestamps } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
const row = ${row};
ctx.timestamp = timestamps === null ? nowMs : timestamps[i];
mayStart[i] = ${mayStart} ? 1 : 0;
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:match-start`;
}
