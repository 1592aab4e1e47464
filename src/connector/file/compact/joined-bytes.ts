/** Several files of one kind as the bytes of one: those behind their heads, or their rows written again. */
import { closeSync, readSync } from 'node:fs';
import { type Field, schemaOf } from '../../../data/schema.ts';
import { openForReading } from '../file-bytes.ts';
import type { FileFormat, InputFile, ReadContext } from '../format.ts';

const PIECE_BYTES = 1024 * 1024;

/** Whether files of this format can become one. */
export function canJoin(format: FileFormat): boolean {
  return format.headBytes !== undefined || format.of !== undefined;
}

/** Piece by piece; each is valid until the next one is asked for. `fields`: of the rows, null where bytes are joined. */
export function joinedBytes(
  format: FileFormat,
  files: readonly InputFile[],
  fields: readonly Field[] | null,
): Iterable<Uint8Array> {
  return fields === null ? joinedBodies(format, files) : rowsAgain(format, files, fields);
}

function* joinedBodies(format: FileFormat, files: readonly InputFile[]): Iterable<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (const [n, file] of files.entries()) {
    let place = n === 0 ? 0 : format.headBytes!(file);
    const descriptor = openForReading(file);
    try {
      while (place < file.sizeBytes) {
        const wanted = Math.min(PIECE_BYTES, file.sizeBytes - place);
        const count = readSync(descriptor, piece, 0, wanted, place);
        if (count === 0) break;
        place += count;
        yield piece.subarray(0, count);
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

/** What the engine has written itself is whole. */
const STRICT: ReadContext = { onMalformed: 'fail', malformed() {} };

function* rowsAgain(
  { of }: FileFormat,
  files: readonly InputFile[],
  fields: readonly Field[],
): Iterable<Uint8Array> {
  const schema = schemaOf(fields);
  const format = of!(schema);
  const encoder = format.createEncoder(schema);
  for (const file of files) {
    for (const range of format.split(file)) {
      const reader = format.open(file, range, null, STRICT);
      try {
        for (let batch = reader.poll(); batch !== 'end'; batch = reader.poll()) {
          if (batch !== 'idle') yield encoder.encode(batch);
        }
      } finally {
        reader.close();
      }
    }
  }
  yield encoder.finish();
}
