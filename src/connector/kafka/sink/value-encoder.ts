/** Values of records by a format of lines: each row alone, without its end of line. */
import type { Batch } from '../../../data/batch.ts';
import { sliceBatch } from '../../../data/copy.ts';
import type { Schema } from '../../../data/schema.ts';
import type { FileEncoder, FileFormat } from '../../file/format.ts';

const NEWLINE = 0x0a;

export class ValueEncoder {
  readonly #encoder: FileEncoder;

  constructor(format: FileFormat, schema: Schema | null) {
    this.#encoder = format.createEncoder(schema);
  }

  /** The value of each row. */
  encode(batch: Batch): readonly Buffer[] {
    const lines = linesOf(this.#bytes(batch));
    if (lines.length === batch.rowCount) return lines;
    // Some have ends of lines within.
    return Array.from({ length: batch.rowCount }, (_, n) => {
      const bytes = this.#bytes(sliceBatch(batch, n, n + 1));
      return bytes.subarray(0, endOf(bytes, bytes.length));
    });
  }

  #bytes(batch: Batch): Buffer {
    const bytes = this.#encoder.encode(batch);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    lines.push(bytes.subarray(at, at + endOf(bytes.subarray(at, end), end - at)));
    at = end;
  }
  return lines;
}

/** Without the end of the line. */
function endOf(line: Buffer, length: number): number {
  return length > 0 && line[length - 1] === NEWLINE ? length - 1 : length;
}
