/** Rows to CSV text: by a generated loop over the columns, or over row objects where there is no schema. */
import { EngineError } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchLoops, type RowSource } from '../../data/batch-loops.ts';
import { describe } from '../../data/field-check.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { FieldKind, Schema } from '../../data/schema.ts';
import { type CsvDialect, isBlank } from './csv-dialect.ts';
import { dynamicText, textOf } from './field-text.ts';
import type { FileEncoder } from './format.ts';
import { type FieldRow, rowsWithFields } from './row-fields.ts';

/** Of a file that has its header: its columns, in order; null while there were no rows. */
export type CsvFileState = readonly string[] | null;

type TextLoop = (batch: Batch) => string;

const PLAIN_KINDS: ReadonlySet<FieldKind> = new Set([
  'int32',
  'float64',
  'timestamp',
  'boolean',
  'int64',
]);

/** What the text of values of plain kinds is made of. */
const PLAIN_TEXT = /^[-+.0-9eInfityNatruls]+$/;

export class CsvEncoder implements FileEncoder {
  readonly #schema: Schema | null;
  readonly #dialect: CsvDialect;
  readonly #cells: CsvCells;
  readonly #loops: BatchLoops<TextLoop>;
  /** In the order of the columns; null until the first row has given them. */
  #names: readonly string[] | null;
  #isHeaderDue: boolean;

  /** `restored` is that of a file that this encoder goes on with; left out for a new one. */
  constructor(schema: Schema | null, dialect: CsvDialect, restored: CsvFileState = null) {
    this.#schema = schema;
    this.#dialect = dialect;
    this.#cells = new CsvCells(dialect);
    this.#names = restored ?? dialect.names ?? schema?.fields.map((field) => field.name) ?? null;
    if (schema !== null) this.#checkNames(schema.fields.map((field) => field.name));
    this.#loops = new BatchLoops(
      schema,
      (row) => loopSource(schema!, row, this.#names!, dialect),
      (source) => new Function('cells', source)(this.#cells) as TextLoop,
    );
    this.#isHeaderDue = dialect.header && restored === null;
  }

  /** The loop over columns; none for free-form rows. */
  generatedLoops(): readonly GeneratedLoop[] {
    if (this.#schema === null) return [];
    return [{ title: 'rows into text', source: this.#loops.plainSource }];
  }

  /** Names that the dialect gives are those of all fields. */
  #checkNames(fields: readonly string[]): void {
    const unknown = this.#names!.find((name) => !fields.includes(name));
    if (unknown !== undefined) {
      throw new EngineError(
        'OUTPUT_FAILED',
        `csv: the rows have no field '${unknown}', which the header names; they have ${fields.join(', ')}`,
      );
    }
    this.#refuseUnknown(fields);
  }

  encode(batch: Batch): Uint8Array {
    if (batch.rowCount === 0) return new Uint8Array(0);
    const text =
      this.#schema === null
        ? this.#rows(rowsWithFields('csv', batch))
        : this.#loops.for(batch)(batch);
    return Buffer.from(this.#header() + text);
  }

  #header(): string {
    if (!this.#isHeaderDue) return '';
    this.#isHeaderDue = false;
    const names = this.#names!.map((name, n) => this.#cells.text(name, false, n === 0));
    return `${names.join(this.#dialect.delimiter)}\n`;
  }

  #rows(rows: readonly FieldRow[]): string {
    let text = '';
    for (const row of rows) {
      this.#names ??= Object.keys(row);
      this.#refuseUnknown(Object.keys(row));
      const cells = this.#names.map((name, n) => this.#cells.value(row[name], false, n === 0));
      text += `${cells.join(this.#dialect.delimiter)}\n`;
    }
    return text;
  }

  #refuseUnknown(fields: readonly string[]): void {
    const unknown = fields.find((name) => !this.#names!.includes(name));
    if (unknown === undefined) return;
    const who = this.#dialect.names === null ? 'the first row had not' : 'the header does not name';
    throw new EngineError(
      'OUTPUT_FAILED',
      `csv: a row has the field '${unknown}', which ${who} (${this.#names!.join(', ')})`,
    );
  }

  snapshot(): CsvFileState {
    return this.#isHeaderDue ? null : this.#names;
  }

  finish(): Uint8Array {
    return new Uint8Array(0);
  }
}

/** Values as they stand in a file of one dialect. */
class CsvCells {
  readonly #dialect: CsvDialect;
  readonly #mark: RegExp;

  constructor(dialect: CsvDialect) {
    this.#dialect = dialect;
    const marks = [dialect.delimiter, ...(dialect.quote === null ? [] : [dialect.quote])];
    const units = marks.map((mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
    this.#mark = new RegExp(`[\\r\\n${units.join('')}]`);
  }

  /** `isNullable`: the field may be null too, from which an empty text has to differ. */
  value(value: unknown, isNullable: boolean, isFirst: boolean): string {
    if (value === null || value === undefined) return this.#dialect.nullText;
    return this.text(textOf(value), isNullable, isFirst);
  }

  /** Null is a value of any shape: where the field itself is never null it stands there as JSON has it. */
  dynamic(value: unknown, isNullable: boolean, isFirst: boolean): string {
    const isNull = value === null || value === undefined;
    if (isNull && isNullable) return this.#dialect.nullText;
    return this.text(isNull ? 'null' : dynamicText(value), isNullable, isFirst);
  }

  text(text: string, isNullable: boolean, isFirst: boolean): string {
    const needsQuotes =
      this.#mark.test(text) ||
      (isNullable && text === this.#dialect.nullText) ||
      (this.#dialect.trim && (isBlank(text[0]) || isBlank(text.at(-1)))) ||
      (isFirst && this.#looksLikeNoRecord(text));
    return needsQuotes ? this.#quoted(text) : text;
  }

  /** A comment, or a byte order mark. */
  #looksLikeNoRecord(text: string): boolean {
    const { comment } = this.#dialect;
    return text.startsWith('\ufeff') || (comment !== null && text.startsWith(comment));
  }

  #quoted(text: string): string {
    const { quote, escapedBy } = this.#dialect;
    if (quote === null) {
      throw new EngineError(
        'OUTPUT_FAILED',
        `csv: ${describe(text)} cannot be told apart from other text without quotes: ` +
          'set quote, or another delimiter, comment or nullText',
      );
    }
    const inner =
      escapedBy === quote
        ? text.replaceAll(quote, quote + quote)
        : text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
    return quote + inner + quote;
  }
}

function loopSource(
  schema: Schema,
  row: RowSource,
  names: readonly string[],
  dialect: CsvDialect,
): string {
  const { prelude, fields, signature } = row;
  const { quote, delimiter, nullText, comment } = dialect;
  const marks = [quote, delimiter, nullText, comment?.[0]];
  const isPlainSafe = !marks.some((mark) => mark != null && PLAIN_TEXT.test(mark));
  const values = names.map((name, n) => {
    const c = schema.fields.findIndex((field) => field.name === name);
    const { kind, nullable } = schema.fields[c]!;
    const { expression } = fields[c]!;
    if (isPlainSafe && PLAIN_KINDS.has(kind) && signature[c] === '.') return `(${expression})`;
    const form = kind === 'dynamic' ? 'dynamic' : 'value';
    return `cells.${form}(${expression}, ${nullable}, ${n === 0})`;
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
