/** Lines of text, each a record with the field `line`. */
import { EngineError } from '../../base/errors.ts';
import { checkOptions, choice, type OptionRules } from '../../base/options.ts';
import type { Batch } from '../../data/batch.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { type Column, valueAt } from '../../data/column.ts';
import { fieldTypeError } from '../../data/field-check.ts';
import { type Field, fieldIndex, type Schema, schemaOf } from '../../data/schema.ts';
import { openBytes } from './file-bytes.ts';
import type { FileEncoder, FileFormat, InputFile } from './format.ts';
import { byteRanges } from './line-reader.ts';
import { type FieldRow, rowWithFields } from './row-fields.ts';
import { type LineFrames, type RecordParser, textReader } from './text-reader.ts';

export type TextOptions = {
  /** Reading: a field `file`, the path of the file; false. */
  readonly file?: boolean;
  /** Reading: a field `offset`, the byte at which the line begins; false. */
  readonly offset?: boolean;
};

const TEXT_OPTIONS: OptionRules<TextOptions> = {
  file: choice(true, false),
  offset: choice(true, false),
};

/** The row of a line; `file` and `offset` where they are asked for. */
export type TextRow<Options extends TextOptions> = { line: string } & (Options extends {
  readonly file: true;
}
  ? { file: string }
  : unknown) &
  (Options extends { readonly offset: true } ? { offset: number } : unknown);

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

const LINE: Field = { name: 'line', kind: 'string', nullable: false };
const FILE: Field = { name: 'file', kind: 'string', nullable: false };
const OFFSET: Field = { name: 'offset', kind: 'float64', nullable: false };

/**
 * Lines of text as a format for `files`. Reading gives each line without its end, empty ones too; bytes that are no
 * UTF-8 become U+FFFD; a byte order mark in front of the first is skipped. Writing takes the field `line`, in which no line
 * may end; a first line that begins with U+FEFF gets a byte order mark in front. EngineErrors: FIELD_UNKNOWN, FIELD_TYPE.
 *
 *   flow.from(files('logs/*.txt', text({ file: true, offset: true }))) // rows { line, file, offset }
 */
export function text<const Options extends TextOptions = Record<never, never>>(
  options: Options = {} as Options,
): FileFormat<TextRow<Options>> {
  checkOptions('text', options as TextOptions, TEXT_OPTIONS);
  const { file: hasFile = false, offset: hasOffset = false } = options;
  const fields = [LINE, ...(hasFile ? [FILE] : []), ...(hasOffset ? [OFFSET] : [])];
  const schema = schemaOf<TextRow<Options>>(fields);
  return {
    name: 'text',
    extension: 'txt',
    options: { file: hasFile, offset: hasOffset },
    schema,
    split: byteRanges,
    open: (file, range, position, context) =>
      textReader(file, range, position, context, schema, new LineParser(schema, file.path)),
    lines: { hasHead: false, parser: (path) => new LineParser(schema, path) },
    createEncoder: (rows, restored) => new LineEncoder(rows, restored === undefined),
    headBytes: markBytes,
  };
}

/** Of a byte order mark, which is one in front of a file only. */
function markBytes(file: InputFile): number {
  const bytes = openBytes(file);
  try {
    const start = Buffer.alloc(BYTE_ORDER_MARK.length);
    const count = bytes.read(start, 0, start.length, 0);
    return count === start.length && start.equals(BYTE_ORDER_MARK) ? count : 0;
  } finally {
    bytes.close();
  }
}

class LineParser implements RecordParser<LineFrames> {
  readonly #path: string;
  /** Columns; -1 for one that is not asked for. */
  readonly #file: number;
  readonly #offset: number;

  constructor({ fields }: Schema, path: string) {
    this.#path = path;
    this.#file = fields.findIndex(({ name }) => name === FILE.name);
    this.#offset = fields.findIndex(({ name }) => name === OFFSET.name);
  }

  append(lines: LineFrames, builder: BatchBuilder): boolean {
    builder.strings(0).appendUtf8(lines.buffer, lines.start, lines.end);
    if (this.#file >= 0) builder.strings(this.#file).append(this.#path);
    if (this.#offset >= 0) builder.float64(this.#offset)[builder.rowCount] = lines.byte;
    builder.advance(1);
    return true;
  }

  /** Every line is simple. */
  parse(): undefined {
    return undefined;
  }
}

class LineEncoder implements FileEncoder {
  readonly #schema: Schema | null;
  #isAtStart: boolean;

  constructor(schema: Schema | null, isNew: boolean) {
    this.#schema = schema;
    this.#isAtStart = isNew;
  }

  encode(batch: Batch): Uint8Array {
    const lineOf = this.#lines(batch);
    if (batch.rowCount === 0) return new Uint8Array(0);
    let content = '';
    for (let i = 0; i < batch.rowCount; i++) {
      const line = lineOf(i);
      if (typeof line !== 'string') throw fieldTypeError(LINE, line);
      if (line.includes('\n') || line.endsWith('\r')) {
        throw new EngineError(
          'FIELD_TYPE',
          `field 'line' has an end of line in it: write JSON lines`,
        );
      }
      content += `${line}\n`;
    }
    // The first byte order mark of a file is no part of its text: one that is has another in front.
    if (this.#isAtStart && content.startsWith('\ufeff')) content = `\ufeff${content}`;
    this.#isAtStart = false;
    return Buffer.from(content);
  }

  #lines(batch: Batch): (row: number) => unknown {
    if (this.#schema === null) {
      const rows = batch.rowObjects();
      return (row) => {
        const line = (rows[row] as FieldRow | null | undefined)?.line;
        return typeof line === 'string' ? line : rowWithFields('text', rows[row]).line;
      };
    }
    const column: Column = batch.columns[fieldIndex(this.#schema, LINE.name, 'text')]!;
    return (row) => valueAt(column, row);
  }

  snapshot(): null {
    return null;
  }

  finish(): Uint8Array {
    return new Uint8Array(0);
  }
}
