/**
 * Lines to standard output, which all threads share and which may be a pipe whose reader is slow. Whole lines go out in
 * portions that a pipe takes at once or not at all, so that lines of different threads do not mix; when it is full the sink
 * is busy.
 */
import { writeSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/errors.ts';
import { delay } from '../../base/event-loop.ts';

const STDOUT = 1;
/** PIPE_BUF: a pipe never splits so many bytes. A longer line may be split by those of other threads. */
const PORTION_BYTES = process.platform === 'linux' ? 4096 : 512;
const RETRY_MS = 1;
const NEWLINE = 0x0a;

export class StandardOutput {
  readonly #wake: () => void;
  #waiting: Buffer = Buffer.alloc(0);

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whole lines; not while it is busy. */
  write(lines: Buffer): void {
    this.#waiting = lines;
    this.resume();
  }

  resume(): void {
    while (this.isBusy) {
      const written = writeSome(this.#waiting.subarray(0, portionOf(this.#waiting)));
      if (written === 0) break;
      this.#waiting = this.#waiting.subarray(written);
    }
    if (this.isBusy) void delay(RETRY_MS).then(this.#wake);
  }
}

/** Bytes of as many lines as are short enough together; of one at least. */
function portionOf(lines: Buffer): number {
  if (lines.length <= PORTION_BYTES) return lines.length;
  const end = lines.lastIndexOf(NEWLINE, PORTION_BYTES - 1);
  return end >= 0 ? end + 1 : lines.indexOf(NEWLINE) + 1;
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
