/**
 * CSV as RFC 4180 has it, and its dialects: values between delimiters, quotes around values that need them.
 *
 * A line break ends a record, so that a file can be read in parts. Files with line breaks inside quotes are read as one
 * part, when `multiline` says so; otherwise a quote that is still open at the end of its line is malformed.
 */
import { EngineError } from '../../base/errors.ts';
import { wrong } from '../../base/options.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { Field, Schema } from '../../data/schema.ts';
import type { PlainData } from '../../operator/source.ts';
import { type CsvDialect, type CsvOptions, csvDialect, isCommon } from './csv-dialect.ts';
import { CsvEncoder, type CsvFileState } from './csv-encoder.ts';
import { type CsvHeader, isComment, readHeader } from './csv-header.ts';
import { splitRecord, trimmed } from './csv-record.ts';
import { CsvScanner } from './csv-scanner.ts';
import { setField, valueFromText } from './field-text.ts';
import type { FileFormat, FileRange, LineFormat } from './format.ts';
import { byteRanges, wholeFile } from './line-reader.ts';
import { type LineFrames, type RecordParser, textReader } from './text-reader.ts';

/** Rows of a file without a schema: text by the names in the header. */
export type CsvRow = Readonly<Record<string, string>>;

/**
 * CSV as a format for `files`: `csv()` for writing, or for rows of text; `csv(Flight)` for rows of a schema. Numbers,
 * times (milliseconds or ISO 8601, UTC where no zone is given), true and false are read by the field's kind; an empty value is
 * null where that is allowed. Fields are found by the header, in any order; columns the schema does not name are left out.
 * -0 is written as 0.
 *
 *   csv(Reading, { delimiter: ';', nullText: 'NA', comment: '#' })
 */
export function csv(options?: CsvOptions): FileFormat<CsvRow>;
export function csv<Row>(schema: Schema<Row>, options?: CsvOptions): FileFormat<Row>;
export function csv(first?: Schema | CsvOptions, second?: CsvOptions): FileFormat {
  const schema = isSchema(first) ? first : null;
  if (schema === null && second !== undefined) {
    throw wrong('csv: what stands in front of options', 'is made by record({ ... })', first);
  }
  const dialect = csvDialect((schema === null ? (first as CsvOptions) : second) ?? {});
  return {
    name: 'csv',
    extension: 'csv',
    options: { ...dialect, fields: schema?.fields ?? null },
    schema,
    split: (file) => (dialect.multiline ? [wholeFile(file)] : byteRanges(file)),
    open(file, range, position, context) {
      const header = readHeader(file, dialect);
      const parser = new CsvParser(file.path, dialect, schema, header.names);
      const start = position ?? startOf(header, range);
      return textReader(file, range, start, context, schema, parser);
    },
    headBytes: (file) => (dialect.header ? (readHeader(file, dialect).end?.byte ?? 0) : 0),
    ...(dialect.multiline ? {} : { lines: csvLines(dialect, schema) }),
    createEncoder: (rows, restored) => new CsvEncoder(rows, dialect, restored as CsvFileState),
    readLoops() {
      if (!isCommon(dialect)) return [];
      // The header of a file may have other columns between, which are skipped, and another order.
      const inOrder = schema?.fields.map((field, at) => ({ field, at })) ?? [];
      return new CsvScanner(inOrder, inOrder.length, dialect.delimiter).generatedLoops();
    },
    writeLoops: (rows) => new CsvEncoder(rows, dialect).generatedLoops(),
  };
}

function isSchema(given: unknown): given is Schema {
  return typeof given === 'object' && given !== null && 'fields' in given;
}

/** Behind the header, which may reach beyond the first range. */
function startOf({ end }: CsvHeader, range: FileRange): PlainData {
  return end !== null && range.start < end.byte ? end : null;
}

class CsvParser implements RecordParser<LineFrames> {
  readonly #dialect: CsvDialect;
  /** Null for dialects that it does not know. */
  readonly #scanner: CsvScanner | null;
  /** Field and its place in a record; free-form rows have text fields. */
  readonly #fields: readonly { readonly field: Field; readonly at: number }[];
  readonly #valueCount: number;

  constructor(
    path: string,
    dialect: CsvDialect,
    schema: Schema | null,
    names: readonly string[] | null,
  ) {
    this.#dialect = dialect;
    if (schema === null && names === null) {
      throw new EngineError('JOB_DEFINITION', `'${path}': csv without header needs a schema`);
    }
    const fields =
      schema?.fields ?? names!.map((name): Field => ({ name, kind: 'string', nullable: false }));
    this.#fields = fields.map((field, n) => ({
      field,
      // A file without even a header has no records.
      at: names === null || names.length === 0 ? n : placeOf(path, names, field),
    }));
    this.#valueCount = names?.length ?? fields.length;
    this.#scanner = isCommon(dialect)
      ? new CsvScanner(this.#fields, this.#valueCount, dialect.delimiter)
      : null;
  }

  append({ buffer, start, end }: LineFrames, builder: BatchBuilder): boolean {
    return this.#scanner?.append(buffer, start, end, builder) === true;
  }

  parse(lines: LineFrames): unknown {
    if (this.#isEmpty(lines) || isComment(lines, this.#dialect)) return undefined;
    const { values, quoted } = splitRecord(lines, this.#dialect);
    if (values.length !== this.#valueCount) {
      throw new Error(`${values.length} values for ${this.#valueCount} columns`);
    }
    const { nullText } = this.#dialect;
    const row: Record<string, unknown> = {};
    for (const { field, at } of this.#fields) {
      const value = valueFromText(field, values[at]!, quoted.has(at), nullText);
      setField(row, field.name, value);
    }
    return row;
  }

  /** A line of nothing; where there is one column it is a value. */
  #isEmpty({ buffer, start, end }: LineFrames): boolean {
    if (this.#valueCount <= 1) return false;
    if (start === end) return true;
    const { trim, delimiter } = this.#dialect;
    return trim && trimmed(buffer.toString('utf8', start, end), delimiter) === '';
  }
}

function csvLines(dialect: CsvDialect, schema: Schema | null): LineFormat {
  const hasHead = dialect.header || dialect.skipLines > 0;
  return {
    hasHead,
    parser: (path) =>
      hasHead
        ? new CsvLineParser(path, dialect, schema)
        : new CsvParser(path, dialect, schema, dialect.names),
  };
}

/** Records that come one by one, behind lines that are none. */
class CsvLineParser implements RecordParser<LineFrames> {
  readonly #path: string;
  readonly #dialect: CsvDialect;
  readonly #schema: Schema | null;
  #linesToSkip = 0;
  #isHeaderDue = false;
  /** The names in the header that the parser is for; null for those that the dialect gives. */
  #names: readonly string[] | null;
  #records: CsvParser | null = null;

  constructor(path: string, dialect: CsvDialect, schema: Schema | null) {
    this.#path = path;
    this.#dialect = dialect;
    this.#schema = schema;
    this.#names = dialect.names;
    if (!dialect.header) this.#records = new CsvParser(path, dialect, schema, dialect.names);
    this.restart();
  }

  restart(): void {
    this.#linesToSkip = this.#dialect.skipLines;
    this.#isHeaderDue = this.#dialect.header;
  }

  get isInHead(): boolean {
    return this.#isHeaderDue || this.#linesToSkip > 0;
  }

  append(line: LineFrames, builder: BatchBuilder): boolean {
    return !this.isInHead && this.#records!.append(line, builder);
  }

  parse(line: LineFrames): unknown {
    if (!this.isInHead) return this.#records!.parse(line);
    if (this.#linesToSkip > 0) this.#linesToSkip--;
    else if (line.isCut) throw new Error(line.cutReason);
    else if (line.start < line.end && !isComment(line, this.#dialect)) this.#readHeader(line);
    return undefined;
  }

  #readHeader(line: LineFrames): void {
    const names = splitRecord(line, this.#dialect).values;
    if (names.join('\n') !== this.#names?.join('\n') || this.#records === null) {
      this.#records = new CsvParser(this.#path, this.#dialect, this.#schema, names);
      this.#names = names;
    }
    this.#isHeaderDue = false;
  }
}

function placeOf(path: string, names: readonly string[], field: Field): number {
  const at = names.indexOf(field.name);
  if (at >= 0 && names.indexOf(field.name, at + 1) >= 0) {
    const advice = `give all columns names of their own by { header: [...], skipLines: 1 }`;
    throw new EngineError(
      'INPUT_MALFORMED',
      `'${path}' has more than one column '${field.name}': ${advice}`,
    );
  }
  if (at >= 0) return at;
  throw new EngineError(
    'INPUT_MALFORMED',
    `'${path}' has no column '${field.name}'; its header has ${names.join(', ')}`,
  );
}
