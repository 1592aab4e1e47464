/** JSON lines: one object a line. */
import type { Batch } from '../../data/batch.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { describe } from '../../data/field-check.ts';
import { aSchema, type Schema } from '../../data/schema.ts';
import { jsonOf, setField, valueFromJson } from './field-text.ts';
import type { FileEncoder, FileFormat } from './format.ts';
import { generatedLineScans } from './json-scan-codegen.ts';
import { JsonScanner } from './json-scanner.ts';
import { byteRanges } from './line-reader.ts';
import { type LineFrames, type RecordParser, textReader } from './text-reader.ts';

/**
 * JSON lines as a format for `files`. With a schema, fields are checked and become columns: times may be milliseconds
 * or ISO 8601 text (UTC where no zone is given), int64 numbers or digits as text, fields that are missing are null where
 * that is allowed, and others are left out. Without one, rows are what JSON.parse gives: `files('events', jsonLines<Event>())`.
 * JSON has no NaN and no Infinity: they are written as null, which `t.nullable(t.float64)` reads, and -0 as 0.
 */
export function jsonLines<Row = unknown>(schema: Schema<Row> | null = null): FileFormat<Row> {
  if (schema !== null) aSchema('jsonLines: the schema', schema);
  return {
    name: 'jsonLines',
    extension: 'jsonl',
    options: { fields: schema?.fields ?? null },
    schema,
    split: byteRanges,
    open: (file, range, position, context) =>
      textReader(file, range, position, context, schema, new JsonParser(schema)),
    lines: { hasHead: false, parser: () => new JsonParser(schema) },
    createEncoder: () => new JsonEncoder(),
    headBytes: () => 0,
    readLoops: () => (schema === null ? [] : generatedLineScans(schema)),
  };
}

export class JsonParser implements RecordParser<LineFrames> {
  readonly #schema: Schema | null;
  readonly #scanner: JsonScanner | null;

  constructor(schema: Schema | null) {
    this.#schema = schema;
    this.#scanner = schema === null ? null : new JsonScanner(schema);
  }

  append({ buffer, start, end }: LineFrames, builder: BatchBuilder): boolean {
    return this.#scanner!.append(buffer, start, end, builder);
  }

  parse(lines: LineFrames): unknown {
    const text = lines.buffer.toString('utf8', lines.start, lines.end);
    if (text.trim() === '') return undefined;
    const value: unknown = JSON.parse(text);
    return rowFromJson(this.#schema, value, exactJson(this.#schema, text, value));
  }
}

const LONG_INTEGER = /\d{16}/;
const QUOTE_OR_NUMBER = /"|[-\d][-+\d.e]*/gi;

/**
 * What JSON.parse gave, but with whole numbers of many digits as texts of their digits: it rounds them, and an int64 is exact.
 * The value itself where that makes no difference.
 */
export function exactJson(schema: Schema | null, text: string, value: unknown): unknown {
  const isExact = schema?.fields.some(({ kind }) => kind === 'int64') && LONG_INTEGER.test(text);
  if (!isExact) return value;
  return JSON.parse(withLongIntegersAsText(text));
}

/** Texts of valid JSON are passed over quote by quote: a regular expression has no room for a long one. */
function withLongIntegersAsText(json: string): string {
  let result = '';
  let from = 0;
  QUOTE_OR_NUMBER.lastIndex = 0;
  for (;;) {
    const found = QUOTE_OR_NUMBER.exec(json);
    if (found === null) return result + json.slice(from);
    const [token] = found;
    if (token === '"') {
      QUOTE_OR_NUMBER.lastIndex = behindText(json, found.index);
    } else if (/^-?\d{16,}$/.test(token)) {
      result += `${json.slice(from, found.index)}"${token}"`;
      from = QUOTE_OR_NUMBER.lastIndex;
    }
  }
}

/** Behind the quote that closes the text whose first quote is at `open`. */
function behindText(json: string, open: number): number {
  for (let quote = json.indexOf('"', open + 1); ; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - backslashes - 1] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** The row of a value that JSON.parse gave, and `exactJson` of it; throws what is wrong with it. */
export function rowFromJson(
  schema: Schema | null,
  value: unknown,
  exact: unknown,
): Readonly<Record<string, unknown>> {
  const fields = value as Readonly<Record<string, unknown>>;
  if (schema === null) return fields;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`wanted an object, got ${describe(value)}`);
  }
  const exactFields = exact as Readonly<Record<string, unknown>>;
  const row: Record<string, unknown> = {};
  for (const field of schema.fields) {
    const from = field.kind === 'int64' ? exactFields : fields;
    // What every object inherits, a constructor say, is not in the file.
    const given = Object.hasOwn(from, field.name) ? from[field.name] : undefined;
    setField(row, field.name, valueFromJson(field, given));
  }
  return row;
}

class JsonEncoder implements FileEncoder {
  encode(batch: Batch): Uint8Array {
    let text = '';
    for (const row of batch.rowObjects()) text += `${jsonOf(row) ?? 'null'}\n`;
    return Buffer.from(text);
  }

  snapshot(): null {
    return null;
  }

  finish(): Uint8Array {
    return new Uint8Array(0);
  }
}
