/** A stream from values of the program: for tests, examples and small inputs. */
import { EngineError } from '../../base/errors.ts';
import { wrong } from '../../base/options.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { batchRowsLike } from '../../data/batch-weight.ts';
import { aSchema, type Schema } from '../../data/schema.ts';
import type { PlainData, PollResult, Source, SplitReader } from '../../operator/source.ts';

/**
 * The rows of an array, in order, read by one subtask: `flow.from(collection([{ word: 'a' }, { word: 'b' }]))`. With a
 * schema they become columns, and a row that does not fit is an EngineError FIELD_TYPE.
 */
export function collection<Row>(
  rows: readonly Row[],
  schema: Schema<Row> | null = null,
): Source<Row> {
  if (!Array.isArray(rows)) throw wrong('collection: rows', 'are an array', rows);
  if (schema !== null) aSchema('collection: the schema', schema);
  return {
    name: 'collection',
    descriptor: { rows: rows.length },
    schema,
    isBounded: true,
    assignment: 'inOrder',
    discoverSplits: async () => [{ id: 'all', weight: rows.length, detail: null }],
    createReader: (_split, position) => new CollectionReader(rows, schema, position),
  };
}

class CollectionReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #rows: readonly unknown[];
  readonly #builder: BatchBuilder | null;
  #next: number;

  constructor(rows: readonly unknown[], schema: Schema | null, position: PlainData) {
    this.#rows = rows;
    this.#builder = schema === null ? null : new BatchBuilder(schema);
    this.#next = position === null ? 0 : (position as { next: number }).next;
  }

  poll(): PollResult {
    const rows = this.#rows;
    const from = this.#next;
    if (from >= rows.length) return 'end';
    const builder = this.#builder;
    if (builder === null) {
      const to = Math.min(rows.length, from + batchRowsLike(rows[from]));
      this.#next = to;
      return new Batch({ rowCount: to - from, schema: null, rows: rows.slice(from, to) });
    }
    builder.reset();
    let i = from;
    for (; i < rows.length && !builder.isFull; i++) appendRow(builder, rows[i], i);
    this.#next = i;
    return builder.seal();
  }

  position(): PlainData {
    return { next: this.#next };
  }

  progress(): number {
    return this.#rows.length === 0 ? 1 : this.#next / this.#rows.length;
  }

  close(): void {}
}

function appendRow(builder: BatchBuilder, row: unknown, index: number): void {
  try {
    builder.appendRow(row);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `row ${index} of the collection: ${error.message}`, {
      cause: error,
    });
  }
}
