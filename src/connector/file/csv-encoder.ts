/** Rows to CSV text: by a generated loop over the columns, or over row objects where there is no schema. */
import { EngineError } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { FieldKind, Schema } from '../../data/schema.ts';
import type { CsvDialect } from './csv.ts';
import { dynamicText, textOf } from './field-text.ts';
import type { FileEncoder } from './format.ts';

type TextLoop = (batch: Batch) => string;

const PLAIN_KINDS: ReadonlySet<FieldKind> = new Set([
  'int32',
  'float64',
  'timestamp',
  'boolean',
  'int64',
]);

export class CsvEncoder implements FileEncoder {
  readonly #schema: Schema | null;
  readonly #dialect: CsvDialect;
  readonly #loops: BatchLoops<TextLoop>;
  #names: readonly string[] | null;
  #isHeaderDue: boolean;

  constructor(schema: Schema | null, dialect: CsvDialect) {
    this.#schema = schema;
    this.#dialect = dialect;
    this.#loops = new BatchLoops(
      schema,
      (row) => loopSource(schema!, row, dialect.delimiter),
      (source) =>
        new Function('quoted', 'textOf', 'dynamicText', source)(
          quoted,
          textOf,
          dynamicText,
        ) as TextLoop,
    );
    this.#names = schema === null ? null : schema.fields.map((field) => field.name);
    this.#isHeaderDue = dialect.header;
  }

  /** The loop over columns; none for free-form rows. */
  generatedLoops(): readonly GeneratedLoop[] {
    if (this.#schema === null) return [];
    return [{ title: 'rows into text', source: this.#loops.plainSource }];
  }

  encode(batch: Batch): Uint8Array {
    if (batch.rowCount === 0) return new Uint8Array(0);
    const text =
      this.#schema === null ? this.#rows(batch.rowObjects()) : this.#loops.for(batch)(batch);
    return Buffer.from(this.#header() + text);
  }

  #header(): string {
    if (!this.#isHeaderDue) return '';
    this.#isHeaderDue = false;
    return `${this.#names!.map((name) => this.#quoted(name)).join(this.#dialect.delimiter)}\n`;
  }

  #quoted(value: string): string {
    return quoted(value, this.#dialect.delimiter);
  }

  #rows(rows: readonly unknown[]): string {
    let text = '';
    for (const row of rows) {
      const fields = row as Readonly<Record<string, unknown>>;
      this.#names ??= Object.keys(fields);
      this.#refuseUnknown(fields);
      text += `${this.#names.map((name) => this.#quoted(textOf(fields[name]))).join(this.#dialect.delimiter)}\n`;
    }
    return text;
  }

  #refuseUnknown(row: Readonly<Record<string, unknown>>): void {
    const unknown = Object.keys(row).find((name) => !this.#names!.includes(name));
    if (unknown === undefined) return;
    throw new EngineError(
      'OUTPUT_FAILED',
      `csv: a row has the field '${unknown}', which the first row had not (${this.#names!.join(', ')})`,
    );
  }

  finish(): Uint8Array {
    return new Uint8Array(0);
  }
}

function loopSource(schema: Schema, row: RowSource, delimiter: string): string {
  const { prelude, fields, signature } = row;
  const values = fields.map(({ expression }, c) => {
    const { kind } = schema.fields[c]!;
    if (PLAIN_KINDS.has(kind) && signature[c] === '.') return `(${expression})`;
    const text = kind === 'dynamic' ? 'dynamicText' : 'textOf';
    return `quoted(${text}(${expression}), ${JSON.stringify(delimiter)})`;
  });
  return `'use strict';
return function (batch) {
${prelude}const { rowCount } = batch;
let text = '';
for (let i = 0; i < rowCount; i++) text += ${values.join(` + ${JSON.stringify(delimiter)} + `)} + '\\n';
return text;
};
//# sourceURL=millrace-generated:csv`;
}

function quoted(value: string, delimiter: string): string {
  const needsQuotes = /["\r\n]/.test(value) || value.includes(delimiter);
  return needsQuotes ? `"${value.replaceAll('"', '""')}"` : value;
}
