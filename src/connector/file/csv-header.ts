/** The lines at the start of a CSV file that are no records: those to be skipped, comments, and the header. */
import { EngineError, messageOf } from '../../base/errors.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { splitRecord } from './csv-record.ts';
import type { InputFile } from './format.ts';
import { type LinePosition, LineReader, wholeFile } from './line-reader.ts';
import type { LineFrames } from './text-reader.ts';

export type CsvHeader = {
  /** Of the columns; null where neither the file nor the dialect names them. */
  readonly names: readonly string[] | null;
  /** Where records begin; null: at the start of the file. */
  readonly end: LinePosition | null;
};

/** EngineError INPUT_MALFORMED for a header that cannot be read. */
export function readHeader(file: InputFile, dialect: CsvDialect): CsvHeader {
  if (!dialect.header && dialect.skipLines === 0) return { names: dialect.names, end: null };
  const lines = new LineReader(file, wholeFile(file), null);
  try {
    for (let n = 0; n < dialect.skipLines && lines.next(); n++);
    const names = dialect.header ? namesIn(lines, dialect) : dialect.names;
    return { names, end: lines.position };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('INPUT_MALFORMED', `${lines.place}: ${messageOf(error)}`);
  } finally {
    lines.close();
  }
}

/** None for a file without any record. */
function namesIn(lines: LineReader, dialect: CsvDialect): readonly string[] {
  while (lines.next()) {
    if (lines.isCut) throw new Error(lines.cutReason);
    if (lines.start < lines.end && !isComment(lines, dialect)) {
      return splitRecord(lines, dialect).values;
    }
  }
  return [];
}

export function isComment({ buffer, start, end }: LineFrames, { comment }: CsvDialect): boolean {
  if (comment === null) return false;
  const bytes = Buffer.from(comment);
  return buffer.subarray(start, Math.min(end, start + bytes.length)).equals(bytes);
}
