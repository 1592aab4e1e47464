/**
 * A sink that shows rows on standard output, one line of JSON a row. Shown at once: not taken back by a failure.
 *
 * All threads share one standard output, and it may be a pipe whose reader is slow. Whole lines go out in portions that
 * a pipe takes at once or not at all, so that lines of different threads do not mix; when it is full the sink is busy.
 */
import { writeSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/errors.ts';
import { delay } from '../../base/event-loop.ts';
import { text } from '../../base/options.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter } from '../../operator/sink.ts';

const STDOUT = 1;
/** PIPE_BUF: a pipe never splits so many bytes. A longer line may be split by those of other threads. */
const PORTION_BYTES = process.platform === 'linux' ? 4096 : 512;
const RETRY_MS = 1;

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
  readonly #wake: () => void;
  #waiting: Buffer[] = [];

  constructor(prefix: string, wake: () => void) {
    this.#prefix = prefix;
    this.#wake = wake;
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  write(batch: Batch): void {
    const lines = batch.rowObjects().map((row) => Buffer.from(`${this.#prefix}${textOf(row)}\n`));
    this.#waiting = portionsOf(lines);
    this.resume();
  }

  resume(): void {
    let done = 0;
    while (done < this.#waiting.length) {
      const portion = this.#waiting[done]!;
      const written = writeSome(portion);
      if (written === portion.length) done++;
      else if (written > 0) this.#waiting[done] = portion.subarray(written);
      else break;
    }
    this.#waiting.splice(0, done);
    if (this.isBusy) void delay(RETRY_MS).then(this.#wake);
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

/** Lines joined as long as they are short enough together. */
function portionsOf(lines: readonly Buffer[]): Buffer[] {
  const portions: Buffer[] = [];
  let from = 0;
  let bytes = 0;
  lines.forEach((line, n) => {
    if (n > from && bytes + line.length > PORTION_BYTES) {
      portions.push(Buffer.concat(lines.slice(from, n)));
      from = n;
      bytes = 0;
    }
    bytes += line.length;
  });
  if (from < lines.length) portions.push(Buffer.concat(lines.slice(from)));
  return portions;
}

/** Bytes that standard output took; 0 when it is a pipe that is full. */
function writeSome(bytes: Buffer): number {
  try {
    return writeSync(STDOUT, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw new EngineError('OUTPUT_FAILED', `cannot write to standard output: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
