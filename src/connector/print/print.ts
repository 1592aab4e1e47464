/** A sink that shows rows on standard output, one line of JSON a row. Shown at once: not taken back by a failure. */
import { writeSync } from 'node:fs';
import type { Batch } from '../../data/batch.ts';
import type { Sink } from '../../operator/sink.ts';

const STDOUT = 1;

/** `stream.to(print())`, or `stream.print()`; a label stands before each row. */
export function print(label = ''): Sink {
  const prefix = label === '' ? '' : `${label} `;
  return {
    name: 'print',
    descriptor: { label },
    createWriter: () => ({
      isBusy: false,
      write(batch: Batch): void {
        const lines = batch.rowObjects().map((row) => `${prefix}${textOf(row)}\n`);
        writeAll(lines.join(''));
      },
      preCommit: () => [],
      close(): void {},
    }),
    commit: async () => {},
  };
}

function textOf(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

/** A pipe that is full answers EAGAIN: try again until the reader has caught up. */
function writeAll(text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(STDOUT, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
