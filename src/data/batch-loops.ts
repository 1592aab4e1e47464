/**
 * Generated loops over the rows of batches: one loop for each look of a batch, made when the first such batch comes.
 *
 * Batches of one stream differ in which columns have absent values and which are dictionaries, and free-form batches
 * in their columns too. Within a loop the row object is a literal over the columns: where V8 can inline the user's
 * function, no object is made at all. Free-form rows that have absent fields are made beforehand, since a field that
 * is missing is not the same as one that is undefined.
 */
import type { Batch } from './batch.ts';
import type { StringColumn, StringEntries } from './column.ts';
import type { FieldsRead } from './fields-read.ts';
import { freeFormOf } from './free-form.ts';
import {
  columnSignature,
  type FieldSource,
  objectLiteral,
  rowExpressions,
  rowLiteral,
} from './materialize.ts';
import type { Schema } from './schema.ts';

/** JavaScript source that reads row `i` of a batch: statements to run once a batch, and expressions. */
export type RowSource = {
  readonly prelude: string;
  /** The same for a loop that only lets rows pass, and makes none of them: see shapeOf. */
  readonly passPrelude: string;
  /** The row as an object, without fields that are read late. */
  readonly row: string;
  /** The row with them; null where there are none. */
  readonly lateRow: string | null;
  /** The columns of a declared schema, in order; empty for free-form rows. */
  readonly fields: readonly FieldSource[];
  /** How the columns look; see columnSignature. */
  readonly signature: string;
};

/** What is read of rows only where they have got so far: texts, and which fields in which order the row has then. */
export type LateReads = {
  readonly texts: ReadonlySet<string>;
  readonly row: ReadonlySet<string>;
};

/** How many batches are read at once behind one of which many rows got so far. */
const READ_AT_ONCE = 64;

/** The loops of one user of a stream. */
export class BatchLoops<Loop> {
  readonly #declared: Schema | null;
  readonly #sourceFor: (row: RowSource) => string;
  readonly #compile: (source: string) => Loop;
  readonly #reads: FieldsRead;
  readonly #late: LateReads | null;
  /** Of the columns, the first that is read late; -1 where none is. */
  readonly #lateColumn: number;
  /** What was read late of the batch before. */
  #readLate: StringEntries | null = null;
  #leftAtOnce = 0;
  readonly #loops = new Map<string, Map<string, Loop>>();

  /**
   * `declared` is the schema of the stream, null for free-form rows. Columns that are not among `reads` are left out of the
   * rows: the texts of a batch are decoded only where somebody reads them. `late` is for a declared schema.
   */
  constructor(
    declared: Schema | null,
    sourceFor: (row: RowSource) => string,
    compile: (source: string) => Loop,
    reads: FieldsRead = null,
    late: LateReads | null = null,
  ) {
    this.#declared = declared;
    this.#sourceFor = sourceFor;
    this.#compile = compile;
    this.#reads = reads;
    this.#late = late;
    this.#lateColumn = declared?.fields.findIndex(({ name }) => late?.texts.has(name)) ?? -1;
  }

  /** The source of the loop for batches without absent values and dictionaries. */
  get plainSource(): string {
    const signature = '.'.repeat(this.#declared?.fields.length ?? 0);
    return this.#sourceFor(rowSource(this.#declared, null, signature, this.#reads, this.#late));
  }

  /** The loop for batches that look like this one. */
  for(batch: Batch): Loop {
    const isFreeForm = this.#declared === null && batch.schema !== null;
    const bySignature = this.#ofFields(isFreeForm ? fieldsText(batch.schema) : '');
    const signature = columnSignature(batch.columns);
    const late = this.#lateColumn >= 0 && this.#readsLate(batch) ? this.#late : null;
    const look = late === null ? signature : `late ${signature}`;
    let loop = bySignature.get(look);
    if (loop === undefined) {
      const row = rowSource(this.#declared, batch.schema, signature, this.#reads, late);
      loop = this.#compile(this.#sourceFor(row));
      bySignature.set(look, loop);
    }
    return loop;
  }

  /** Not for a while, where many texts of the batch before were wanted after all. */
  #readsLate(batch: Batch): boolean {
    if (this.#readLate?.isDecoded === true) this.#leftAtOnce = READ_AT_ONCE;
    const isLate = this.#leftAtOnce === 0;
    if (!isLate) this.#leftAtOnce--;
    this.#readLate = isLate ? (batch.columns[this.#lateColumn] as StringColumn).entries : null;
    return isLate;
  }

  #ofFields(text: string): Map<string, Loop> {
    let found = this.#loops.get(text);
    if (found === undefined) {
      found = new Map();
      this.#loops.set(text, found);
    }
    return found;
  }
}

const fieldsTexts = new WeakMap<Schema, string>();

/** The fields of a schema as text, so that equal schemas share their loops. */
function fieldsText(schema: Schema): string {
  let text = fieldsTexts.get(schema);
  if (text === undefined) {
    text = JSON.stringify([freeFormOf(schema), schema.fields]);
    fieldsTexts.set(schema, text);
  }
  return text;
}

function rowSource(
  declared: Schema | null,
  schema: Schema | null,
  signature: string,
  reads: FieldsRead,
  late: LateReads | null,
): RowSource {
  if (declared === null && (schema === null || !hasLiteralRows(schema, signature))) {
    const prelude = 'const input = batch.rowObjects();\n';
    return {
      prelude,
      passPrelude: prelude,
      row: 'input[i]',
      lateRow: null,
      fields: [],
      signature,
    };
  }
  const rows = (declared ?? schema)!;
  const { prelude, fields } = rowExpressions(
    rows,
    signature,
    'columns',
    'at once',
    reads,
    late?.texts,
  );
  const first = late === null ? fields : fields.filter(({ name }) => !late.texts.has(name));
  const afterwards = late && fieldsOf(late.row, fields);
  // Who reads no field sees nothing of the row: one serves for all.
  const isUnseen = reads?.size === 0;
  const shapes = [first, ...(afterwards === null ? [] : [afterwards])].map((row) =>
    shapeOf(rows, row),
  );
  const unseen = isUnseen ? 'const unseen = {};\n' : '';
  const passPrelude = `${unseen}const columns = batch.columns;\n${prelude}`;
  return {
    prelude: isUnseen ? passPrelude : `const shapes = [${shapes.join(', ')}];\n${passPrelude}`,
    passPrelude,
    row: isUnseen ? 'unseen' : rowLiteral(rows, first),
    lateRow: afterwards && objectLiteral(afterwards),
    fields: declared === null ? [] : fields,
    signature,
  };
}

/** Those of these names, in their order. */
function fieldsOf(
  names: ReadonlySet<string>,
  fields: readonly FieldSource[],
): readonly FieldSource[] {
  return [...names].flatMap((name) => fields.find((field) => field.name === name) ?? []);
}

/**
 * A row without values, from which V8 learns that fields are not only for doubles. In loops that make rows it allocates a number a
 * row for each field that it thinks is, even where it makes no row; in loops that only let rows pass, for each that it thinks is not.
 * The jobs map-sink and q7-window measure it.
 */
function shapeOf(schema: Schema, fields: readonly FieldSource[]): string {
  return rowLiteral(
    schema,
    fields.map(({ name }) => ({ name, expression: 'undefined' })),
  );
}

/** Whether a literal over the columns is the row: yes for rows with a schema, as in a union of several. */
function hasLiteralRows(schema: Schema, signature: string): boolean {
  const freeForm = freeFormOf(schema);
  return freeForm === null || (freeForm !== 'values' && /^[.d]*$/.test(signature));
}
