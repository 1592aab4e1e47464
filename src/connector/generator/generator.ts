/**
 * Rows made by a function: for load, tests and examples. The rows are spread over the subtasks in turn, so that all
 * of them advance through the sequence together; which rows there are does not depend on how many subtasks there are.
 */
import { BATCH_ROWS } from '../../base/limits.ts';
import {
  aPlainFunction,
  checkOptions,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../../base/options.ts';
import { Random } from '../../base/random.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { batchRowsLike, batchRowsOf } from '../../data/batch-weight.ts';
import { fieldTypeError } from '../../data/field-check.ts';
import { aSchema, fieldIndex, type Schema } from '../../data/schema.ts';
import type {
  PlainData,
  PollResult,
  Source,
  SourceSplit,
  SplitReader,
} from '../../operator/source.ts';
import type { MadeRow } from '../kit/made-row.ts';

/**
 * What a columnar generator fills: rows 0 to rowCount - 1 of each array, or one `append` a row. Nullable fields have the
 * columns of those that are not; null is written by `setNull`.
 */
export type ColumnsToFill<Row> = {
  readonly [K in keyof Row]: Exclude<Row[K], null> extends number
    ? Int32Array | Float64Array
    : Exclude<Row[K], null> extends bigint
      ? BigInt64Array
      : Exclude<Row[K], null> extends boolean
        ? Uint8Array
        : Exclude<Row[K], null> extends string
          ? { append(value: string): void }
          : Exclude<Row[K], null> extends Date
            ? Float64Array
            : Row[K][];
};

/** Names of fields that may be null. */
type NullableField<Row> = { [K in keyof Row]: null extends Row[K] ? K : never }[keyof Row];

type SetNull<Row> = (field: NullableField<Row>, row: number) => void;

type Common<Row> = {
  readonly schema?: Schema<Row>;
  /** How many rows; without end when left out. */
  readonly count?: number;
  /** Of the random numbers; 1 when left out. */
  readonly seed?: number;
};

export type RowGenerator<Row> = Common<Row> & {
  /** Row number `i`, from 0; `random` gives the same numbers for the same seed and row. */
  readonly row: (i: number, random: Random) => MadeRow<Row>;
};

export type ColumnGenerator<Row> = Common<Row> & {
  readonly schema: Schema<Row>;
  /**
   * Fills rows `from` to `from + rowCount - 1` of the sequence, of at most 4096 rows. `setNull('note', i)` makes a field null in
   * row `i` of the columns; of a text it stands for the `append`.
   */
  readonly fill: (
    columns: ColumnsToFill<Row>,
    from: number,
    rowCount: number,
    setNull: SetNull<Row>,
  ) => void;
};

const GENERATE_OPTIONS: OptionRules<RowGenerator<unknown> & ColumnGenerator<unknown>> = {
  schema: aSchema,
  count: aCount,
  seed: wholeNumber(-Infinity),
  row: aPlainFunction,
  fill: aPlainFunction,
};

function aCount(what: string, value: unknown): void {
  if (value !== Infinity) wholeNumber(0)(what, value);
}

/**
 * A stream of made-up rows: `generate({ count: 1e6, row: (i, random) => ({ auction: random.below(100), price: i }) })`.
 * By columns it is several times faster: `fill: ({ auction, price }, from, rowCount, setNull) => { for (let i = 0; ...) ... }`.
 */
export function generate<Row>(options: RowGenerator<Row> | ColumnGenerator<Row>): Source<Row> {
  checkGenerator(options);
  const { count = Infinity, seed = 1, schema = null } = options;
  return {
    name: 'generate',
    descriptor: { count: count === Infinity ? null : count, seed, byColumns: isByColumns(options) },
    schema,
    isBounded: count !== Infinity,
    assignment: 'spread',
    discoverSplits: async (parallelism) => splitsOf(count, parallelism),
    createReader: (split, position) => {
      const share = split.detail as Share;
      if (isByColumns(options)) {
        return new ColumnReader(options, count, share, (position as Done | null) ?? NONE_DONE);
      }
      const done = position === null ? 0 : (position as { done: number }).done;
      return new RowReader(options, count, seed, share, done);
    },
  };
}

function isByColumns<Row>(
  options: RowGenerator<Row> | ColumnGenerator<Row>,
): options is ColumnGenerator<Row> {
  return (options as Partial<ColumnGenerator<Row>>).fill !== undefined;
}

function checkGenerator(options: object): void {
  const given: Partial<RowGenerator<unknown> & ColumnGenerator<unknown>> = options;
  checkOptions('generate', given, GENERATE_OPTIONS);
  if ((given.row === undefined) === (given.fill === undefined)) {
    throw wrong('generate', 'needs either row or fill', options);
  }
  if (given.fill !== undefined) aSchema('generate: with fill, schema', given.schema);
}

/** Every `of`-th row (or block of rows) from number `index` on. */
type Share = { readonly index: number; readonly of: number };

/** How far a generator by columns has come: blocks, and rows of the one behind them. */
type Done = { readonly blocks: number; readonly rows: number };
const NONE_DONE: Done = { blocks: 0, rows: 0 };

function splitsOf(count: number, parallelism: number): SourceSplit[] {
  const weight = count === Infinity ? 0 : count / parallelism;
  return Array.from({ length: parallelism }, (_, index) => ({
    id: `${index}/${parallelism}`,
    weight,
    detail: { index, of: parallelism },
  }));
}

/** Share of what one subtask has of all rows, or blocks, that it is done with. */
function progressOf(done: number, count: number, { index, of }: Share): number {
  const own = Math.ceil((count - index) / of);
  return own > 0 ? done / own : 1;
}

class RowReader<Row> implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #options: RowGenerator<Row>;
  readonly #count: number;
  readonly #seed: number;
  readonly #share: Share;
  readonly #builder: BatchBuilder | null;
  readonly #random: Random;
  #done: number;

  constructor(options: RowGenerator<Row>, count: number, seed: number, share: Share, done: number) {
    this.#options = options;
    this.#count = count;
    this.#seed = seed;
    this.#share = share;
    this.#done = done;
    this.#builder = options.schema === undefined ? null : new BatchBuilder(options.schema);
    this.#random = new Random(seed);
  }

  poll(): PollResult {
    const { index, of } = this.#share;
    const left = Math.ceil((this.#count - index) / of) - this.#done;
    if (left <= 0) return 'end';
    const first = index + this.#done * of;
    const batch =
      this.#builder === null
        ? this.#freeForm(first, left, of)
        : this.#typed(this.#builder, first, left, of);
    this.#done += batch.rowCount;
    return batch;
  }

  #row(i: number): MadeRow<Row> {
    this.#random.reseed(this.#seed, i);
    return this.#options.row(i, this.#random);
  }

  #freeForm(first: number, left: number, step: number): Batch {
    const row = this.#row(first);
    const rowCount = Math.min(left, batchRowsLike(row));
    const rows = new Array<MadeRow<Row>>(rowCount);
    rows[0] = row;
    for (let n = 1; n < rowCount; n++) rows[n] = this.#row(first + n * step);
    return new Batch({ rowCount, schema: null, rows });
  }

  #typed(builder: BatchBuilder, first: number, left: number, step: number): Batch {
    builder.reset();
    for (let n = 0; n < left && !builder.isFull; n++) {
      builder.appendRow(this.#row(first + n * step));
    }
    return builder.seal();
  }

  position(): PlainData {
    return { done: this.#done };
  }

  progress(): number {
    return progressOf(this.#done, this.#count, this.#share);
  }

  close(): void {}
}

/** Deals blocks of BATCH_ROWS rows; where rows are heavy, a block is several batches. */
class ColumnReader<Row> implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #options: ColumnGenerator<Row>;
  readonly #count: number;
  readonly #share: Share;
  readonly #builder: BatchBuilder;
  readonly #columns: ColumnsToFill<Row>;
  readonly #setNull: SetNull<Row>;
  #blocksDone: number;
  /** Rows done of the block behind those. */
  #rowsDone: number;
  /** Rows of the next batch, as the one before it suggests. */
  #batchRows: number;

  constructor(options: ColumnGenerator<Row>, count: number, share: Share, done: Done) {
    this.#options = options;
    this.#count = count;
    this.#share = share;
    this.#blocksDone = done.blocks;
    this.#rowsDone = done.rows;
    this.#builder = new BatchBuilder(options.schema);
    this.#columns = columnsOf<Row>(this.#builder, options.schema);
    this.#setNull = nullSetter(this.#builder, options.schema);
    // One row tells how many more may come; without strings there is nothing to tell.
    this.#batchRows = options.schema.fields.some(({ kind }) => kind === 'string') ? 1 : BATCH_ROWS;
  }

  poll(): PollResult {
    const { index, of } = this.#share;
    const block = (index + this.#blocksDone * of) * BATCH_ROWS;
    if (block >= this.#count) return 'end';
    const from = block + this.#rowsDone;
    const left = Math.min(block + BATCH_ROWS, this.#count) - from;
    const rowCount = Math.min(left, this.#batchRows);
    this.#builder.reset();
    this.#options.fill(this.#columns, from, rowCount, this.#setNull);
    this.#builder.advance(rowCount);
    this.#batchRows = batchRowsOf(this.#builder.stringBytes / rowCount);
    this.#rowsDone = rowCount === left ? 0 : this.#rowsDone + rowCount;
    if (rowCount === left) this.#blocksDone++;
    return this.#builder.seal();
  }

  position(): PlainData {
    return { blocks: this.#blocksDone, rows: this.#rowsDone };
  }

  progress(): number {
    return progressOf(this.#blocksDone, Math.ceil(this.#count / BATCH_ROWS), this.#share);
  }

  close(): void {}
}

function columnsOf<Row>(builder: BatchBuilder, schema: Schema): ColumnsToFill<Row> {
  const columns = schema.fields.map(({ name, kind }, c) => {
    if (kind === 'string') return [name, builder.strings(c)];
    return [name, kind === 'dynamic' ? builder.dynamic(c).values : builder.fixed(c).values];
  });
  return Object.fromEntries(columns) as ColumnsToFill<Row>;
}

function nullSetter<Row>(builder: BatchBuilder, schema: Schema<Row>): SetNull<Row> {
  const places = new Map<unknown, number>(schema.fields.map(({ name }, c) => [name, c]));
  return (name, row) => {
    const c = places.get(name) ?? fieldIndex(schema, String(name), 'setNull');
    const field = schema.fields[c]!;
    if (field.nullable) builder.setNull(c, row);
    else if (field.kind === 'dynamic') builder.dynamic(c).values[row] = null;
    else throw fieldTypeError(field, null);
    if (field.kind === 'string') builder.strings(c).appendEmpty();
  };
}
