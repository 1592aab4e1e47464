/**
 * Generated loops over the rows of batches: one loop for each look of a batch, made when the first such batch comes.
 *
 * Batches of one stream differ in which columns have absent values and which are dictionaries, and free-form batches
 * in their columns too. Within a loop the row object is a literal over the columns: where V8 can inline the user's
 * function, no object is made at all. Free-form rows that have absent fields are made beforehand, since a field that
 * is missing is not the same as one that is undefined.
 */
import type { Batch } from './batch.ts';
import type { FieldsRead } from './fields-read.ts';
import { freeFormOf } from './free-form.ts';
import { columnSignature, objectLiteral, rowExpressions } from './materialize.ts';
import type { Schema } from './schema.ts';

/** JavaScript source that reads row `i` of a batch: statements to run once a batch, and expressions. */
export type RowSource = {
  readonly prelude: string;
  /** The row as an object. */
  readonly row: string;
  /** The columns of a declared schema, in order; empty for free-form rows. */
  readonly fields: readonly { readonly name: string; readonly expression: string }[];
  /** How the columns look; see columnSignature. */
  readonly signature: string;
};

/** The loops of one user of a stream. */
export class BatchLoops<Loop> {
  readonly #declared: Schema | null;
  readonly #sourceFor: (row: RowSource) => string;
  readonly #compile: (source: string) => Loop;
  readonly #reads: FieldsRead;
  readonly #loops = new Map<string, Map<string, Loop>>();

  /**
   * `declared` is the schema of the stream, null for free-form rows. Columns that are not among `reads` are left out of the
   * rows: the texts of a batch are decoded only where somebody reads them.
   */
  constructor(
    declared: Schema | null,
    sourceFor: (row: RowSource) => string,
    compile: (source: string) => Loop,
    reads: FieldsRead = null,
  ) {
    this.#declared = declared;
    this.#sourceFor = sourceFor;
    this.#compile = compile;
    this.#reads = reads;
  }

  /** The source of the loop for batches without absent values and dictionaries. */
  get plainSource(): string {
    const signature = '.'.repeat(this.#declared?.fields.length ?? 0);
    return this.#sourceFor(rowSource(this.#declared, null, signature, this.#reads));
  }

  /** The loop for batches that look like this one. */
  for(batch: Batch): Loop {
    const isFreeForm = this.#declared === null && batch.schema !== null;
    const bySignature = this.#ofFields(isFreeForm ? fieldsText(batch.schema) : '');
    const signature = columnSignature(batch.columns);
    let loop = bySignature.get(signature);
    if (loop === undefined) {
      const row = rowSource(this.#declared, batch.schema, signature, this.#reads);
      loop = this.#compile(this.#sourceFor(row));
      bySignature.set(signature, loop);
    }
    return loop;
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
): RowSource {
  if (declared === null && (schema === null || !hasLiteralRows(schema, signature))) {
    return {
      prelude: 'const input = batch.rowObjects();\n',
      row: 'input[i]',
      fields: [],
      signature,
    };
  }
  const { prelude, fields } = rowExpressions(
    (declared ?? schema)!,
    signature,
    'columns',
    'at once',
    reads,
  );
  // Who reads no field sees nothing of the row: one serves for all.
  const isUnseen = reads?.size === 0;
  const first = isUnseen ? 'const unseen = {};\n' : `const shape = ${shapeOf(fields)};\n`;
  return {
    prelude: `${first}const columns = batch.columns;\n${prelude}`,
    row: isUnseen ? 'unseen' : objectLiteral(fields),
    fields: declared === null ? [] : fields,
    signature,
  };
}

/**
 * A row without values, from which V8 learns that fields are not only for doubles: where it thinks they are, it allocates a
 * number a row, for each of them, even where it makes no row. Nexmark q1 measures it.
 */
function shapeOf(fields: RowSource['fields']): string {
  return objectLiteral(fields.map(({ name }) => ({ name, expression: 'undefined' })));
}

/** Whether a literal over the columns is the row: yes for rows with a schema, as in a union of several. */
function hasLiteralRows(schema: Schema, signature: string): boolean {
  const freeForm = freeFormOf(schema);
  return freeForm === null || (freeForm === 'fields' && /^[.d]*$/.test(signature));
}
