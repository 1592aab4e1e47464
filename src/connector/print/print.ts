/** A sink that shows rows on standard output, one line of JSON a row. Shown at once: not taken back by a failure. */
import { text } from '../../base/options.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter } from '../../operator/sink.ts';
import { StandardOutput } from './standard-output.ts';

/** `bids.to(print())`, or `bids.print()`; a label stands before each row. */
export function print(label = ''): Sink {
  text('print: the label', label);
  const prefix = label === '' ? '' : `${label} `;
  return {
    name: 'print',
    descriptor: { label },
    createWriter: ({ wake }) => new Printer(prefix, wake),
    commit: async () => {},
  };
}

class Printer implements SinkWriter {
  readonly #prefix: string;
  readonly #output: StandardOutput;

  constructor(prefix: string, wake: () => void) {
    this.#prefix = prefix;
    this.#output = new StandardOutput(wake);
  }

  get isBusy(): boolean {
    return this.#output.isBusy;
  }

  write(batch: Batch): void {
    const lines = batch.rowObjects().map((row) => `${this.#prefix}${textOf(row)}\n`);
    this.#output.write(Buffer.from(lines.join('')));
  }

  resume(): void {
    this.#output.resume();
  }

  preCommit(): readonly [] {
    return [];
  }

  close(): void {}
}

function textOf(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
