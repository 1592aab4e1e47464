/** Reads files by a format, and writes them, as the engine does: range by range, batch by batch. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  FileFormat,
  FileRange,
  InputFile,
  MalformedPolicy,
} from '../../src/connector/file/format.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import type { Schema } from '../../src/data/schema.ts';
import type { DeadLetter, PlainData } from '../../src/operator/source.ts';

/** Runs with a folder that is gone afterwards. */
export async function inFolder<T>(run: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function inputFile(path: string): InputFile {
  return { path, sizeBytes: statSync(path).size };
}

export function write(path: string, content: string | Uint8Array): InputFile {
  writeFileSync(path, content);
  return inputFile(path);
}

export type ReadOptions = {
  readonly onMalformed?: MalformedPolicy;
  readonly ranges?: readonly FileRange[];
  /** Opens a new reader at the position of the old one after every batch. */
  readonly reopens?: boolean;
};

export type ReadResult<Row> = {
  readonly rows: Row[];
  readonly skipped: number;
  readonly letters: readonly DeadLetter[];
};

export function readAll<Row>(
  file: InputFile,
  format: FileFormat<Row>,
  options: ReadOptions = {},
): ReadResult<Row> {
  const rows: Row[] = [];
  const letters: DeadLetter[] = [];
  const context = {
    onMalformed: options.onMalformed ?? 'fail',
    malformed: (record: DeadLetter) => {
      letters.push(record);
    },
  };
  for (const range of options.ranges ?? format.split(file)) {
    let position: PlainData = null;
    for (let isAtEnd = false; !isAtEnd; ) {
      const reader = format.open(file, range, position, context);
      try {
        do {
          const batch = reader.poll();
          if (batch === 'idle') throw new Error('files are never idle');
          isAtEnd = batch === 'end';
          if (batch === 'end') break;
          rows.push(...(batch.rowObjects().slice(0, batch.rowCount) as Row[]));
        } while (options.reopens !== true);
        position = JSON.parse(JSON.stringify(reader.position())) as PlainData;
      } finally {
        reader.close();
      }
    }
  }
  return { rows, skipped: letters.length, letters };
}

/** The bytes of a file with these rows, in batches of `batchRows`. */
export function encode(
  format: FileFormat,
  schema: Schema | null,
  rows: readonly unknown[],
  batchRows = 1000,
): Buffer {
  const encoder = format.createEncoder(schema);
  const chunks: Uint8Array[] = [];
  const builder = new BatchBuilder(schema, batchRows);
  for (let from = 0; from < rows.length; from += batchRows) {
    builder.reset();
    for (const row of rows.slice(from, from + batchRows)) builder.appendRow(row);
    chunks.push(encoder.encode(builder.seal()));
  }
  chunks.push(encoder.finish());
  return Buffer.concat(chunks);
}
