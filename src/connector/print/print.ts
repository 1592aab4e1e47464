/** A sink that shows rows on standard output or standard error, one line of JSON a row. Shown at once: no failure takes it back. */
import { checkOptions, choice, type OptionRules, text } from '../../base/options.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter } from '../../operator/sink.ts';
import { lineStart, StandardOutput, type StandardStream } from './standard-output.ts';

export type PrintOptions = {
  /** Where rows are shown: on standard output (default), or on standard error, where progress and errors are shown too. */
  readonly to?: StandardStream;
};

const OPTIONS: OptionRules<PrintOptions> = { to: choice('stdout', 'stderr') };

/** `bids.to(print())`, or `bids.print()`; a label stands before each row. `print('odd', { to: 'stderr' })`: on standard error. */
export function print(label = '', options: PrintOptions = {}): Sink {
  text('print: the label', label);
  checkOptions('print', options, OPTIONS);
  const { to = 'stdout' } = options;
  const prefix = label === '' ? '' : `${label} `;
  return {
    name: 'print',
    descriptor: { label, to },
    createWriter: ({ wake }) => new Printer(prefix, to, wake),
    commit: async () => {},
  };
}

class Printer implements SinkWriter {
  readonly #prefix: string;
  readonly #output: StandardOutput;

  constructor(prefix: string, to: StandardStream, wake: () => void) {
    this.#prefix = `${lineStart(to)}${prefix}`;
    this.#output = new StandardOutput(wake, to);
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
