/**
 * CSV as RFC 4180 has it: values between delimiters, quotes around values that need them, doubled quotes within.
 *
 * A line break ends a record, so that a file can be read in parts. Files with line breaks inside quotes are read as one
 * part, when `multiline` says so; otherwise a quote that is still open at the end of its line is malformed.
 */
import { EngineError } from '../../base/errors.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { Field, Schema } from '../../data/schema.ts';
import { CsvEncoder } from './csv-encoder.ts';
import { CsvScanner } from './csv-scanner.ts';
import { valueFromText } from './field-text.ts';
import type { FileFormat, InputFile } from './format.ts';
import { byteRanges, LineReader, wholeFile } from './line-reader.ts';
import { type RecordParser, TextReader } from './text-reader.ts';

export type CsvOptions = {
  /** Whether the first line names the fields; true when left out. Without it fields stand in the schema's order. */
  readonly header?: boolean;
  /** One character between values; a comma when left out. */
  readonly delimiter?: string;
  /** Whether values in quotes may hold line breaks; false when left out, since such files cannot be read in parts. */
  readonly multiline?: boolean;
};

/** Rows of a file without a schema: text by the names in the header. */
export type CsvRow = Readonly<Record<string, string>>;

/**
 * CSV as a format for `files`: `csv()` for writing, or for rows of text; `csv(Flight)` for rows of a schema. Numbers,
 * times (milliseconds or ISO 8601), true and false are read by the field's kind; an empty value is null where that is
 * allowed. Fields are found by the header, in any order; columns the schema does not name are left out.
 */
export function csv(options?: CsvOptions): FileFormat<CsvRow>;
export function csv<Row>(schema: Schema<Row>, options?: CsvOptions): FileFormat<Row>;
export function csv(first?: Schema | CsvOptions, second?: CsvOptions): FileFormat {
  const schema = first !== undefined && 'fields' in first ? first : null;
  const {
    header = true,
    delimiter = ',',
    multiline = false,
  } = schema === null ? ((first as CsvOptions) ?? {}) : (second ?? {});
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new EngineError('JOB_DEFINITION', `a csv delimiter is one character, got '${delimiter}'`);
  }
  const dialect = { header, delimiter, multiline };
  return {
    name: 'csv',
    extension: 'csv',
    options: { ...dialect, fields: schema?.fields ?? null },
    schema,
    split: (file) => (multiline ? [wholeFile(file)] : byteRanges(file)),
    open(file, range, position, context) {
      const names = header ? headerOf(file, dialect) : null;
      const parser = new CsvParser(file, dialect, schema, names);
      const isAtHeader = header && range.start === 0 && position === null;
      return new TextReader(
        file,
        range,
        position,
        context,
        schema,
        isAtHeader ? skipFirst(parser) : parser,
      );
    },
    createEncoder: (rows) => new CsvEncoder(rows, dialect),
    readLoops() {
      // The header of a file may have other columns between, which are skipped, and another order.
      const inOrder = schema?.fields.map((field, at) => ({ field, at })) ?? [];
      return new CsvScanner(inOrder, inOrder.length, delimiter).generatedLoops();
    },
    writeLoops: (rows) => new CsvEncoder(rows, dialect).generatedLoops(),
  };
}

export type CsvDialect = Required<CsvOptions>;

/** The names in the first line. */
function headerOf(file: InputFile, dialect: CsvDialect): readonly string[] {
  const lines = new LineReader(file, wholeFile(file), null);
  try {
    if (!lines.next()) return [];
    return splitRecord(lines, dialect).values;
  } finally {
    lines.close();
  }
}

function skipFirst(parser: CsvParser): RecordParser {
  let isFirst = true;
  return {
    parse(lines) {
      if (!isFirst) return parser.parse(lines);
      isFirst = false;
      parser.skip(lines);
      return null;
    },
    append: (lines, builder) => !isFirst && parser.append(lines, builder),
  };
}

class CsvParser implements RecordParser {
  readonly #dialect: CsvDialect;
  readonly #scanner: CsvScanner;
  /** Field and its place in a record; free-form rows have text fields. */
  readonly #fields: readonly { readonly field: Field; readonly at: number }[];
  readonly #valueCount: number;

  constructor(
    file: InputFile,
    dialect: CsvDialect,
    schema: Schema | null,
    names: readonly string[] | null,
  ) {
    this.#dialect = dialect;
    if (schema === null && names === null) {
      throw new EngineError('JOB_DEFINITION', `'${file.path}': csv without header needs a schema`);
    }
    const fields =
      schema?.fields ?? names!.map((name): Field => ({ name, kind: 'string', nullable: false }));
    this.#fields = fields.map((field, n) => ({
      field,
      // A file without even a header has no records.
      at: names === null || names.length === 0 ? n : placeOf(file, names, field),
    }));
    this.#valueCount = names?.length ?? fields.length;
    this.#scanner = new CsvScanner(this.#fields, this.#valueCount, dialect.delimiter);
  }

  append({ buffer, start, end }: LineReader, builder: BatchBuilder): boolean {
    return this.#scanner.append(buffer, start, end, builder);
  }

  parse(lines: LineReader): Readonly<Record<string, unknown>> | null {
    if (lines.end === lines.start && this.#valueCount > 1) return null;
    const { values, quoted } = splitRecord(lines, this.#dialect);
    if (values.length !== this.#valueCount) {
      throw new Error(`${values.length} values for ${this.#valueCount} columns`);
    }
    const row: Record<string, unknown> = {};
    for (const { field, at } of this.#fields) {
      row[field.name] = valueFromText(field, values[at]!, quoted.has(at));
    }
    return row;
  }

  skip(lines: LineReader): void {
    splitRecord(lines, this.#dialect);
  }
}

function placeOf(file: InputFile, names: readonly string[], field: Field): number {
  const at = names.indexOf(field.name);
  if (at >= 0) return at;
  throw new EngineError(
    'INPUT_MALFORMED',
    `'${file.path}' has no column '${field.name}'; its header has ${names.join(', ')}`,
  );
}

type CsvRecord = { readonly values: string[]; readonly quoted: ReadonlySet<number> };

const NONE_QUOTED: ReadonlySet<number> = new Set();
const QUOTE = 0x22;

/** The values of the record that begins in the current line; takes further lines while a quote is open. */
function splitRecord(lines: LineReader, dialect: CsvDialect): CsvRecord {
  const line = lines.buffer.subarray(lines.start, lines.end);
  if (!line.includes(QUOTE)) {
    return { values: line.toString('utf8').split(dialect.delimiter), quoted: NONE_QUOTED };
  }
  let text = line.toString('utf8');
  for (;;) {
    const found = splitQuoted(text, dialect.delimiter);
    if (found !== null) return found;
    if (!dialect.multiline) {
      throw new Error(
        'a quote is still open at the end of the line; for line breaks in values set { multiline: true }',
      );
    }
    if (!lines.extend()) throw new Error('a quote is still open at the end of the file');
    text = lines.buffer.toString('utf8', lines.start, lines.end);
  }
}

/** Null when a quote is still open at the end. */
function splitQuoted(text: string, delimiter: string): CsvRecord | null {
  const values: string[] = [];
  const quoted = new Set<number>();
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at);
      values.push(text.slice(at, end < 0 ? text.length : end));
      if (end < 0) return { values, quoted };
      at = end + 1;
      continue;
    }
    const close = closingQuote(text, at + 1);
    if (close < 0) return null;
    quoted.add(values.length);
    values.push(text.slice(at + 1, close).replaceAll('""', '"'));
    at = close + 1;
    if (at === text.length) return { values, quoted };
    if (text[at] !== delimiter) throw new Error(`'${text[at]}' follows a closing quote`);
    at++;
  }
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
