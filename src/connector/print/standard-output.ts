/**
 * Lines to standard output or standard error, which all threads share and which may be a pipe whose reader is slow. Whole lines
 * go out in portions that a pipe takes at once or not at all, so that lines of different threads do not mix; when it is full the
 * sink is busy.
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { EngineError, messageOf } from '../../base/errors.ts';
import { delay } from '../../base/event-loop.ts';

export type StandardStream = 'stdout' | 'stderr';

const STREAMS: Readonly<Record<StandardStream, { readonly fd: number; readonly name: string }>> = {
  stdout: { fd: 1, name: 'standard output' },
  stderr: { fd: 2, name: 'standard error' },
};
/** Clears what is left of the line of the terminal. */
const CLEAR = '\x1b[K';
/** PIPE_BUF: a pipe never splits so many bytes. A longer line may be split by those of other threads. */
const PORTION_BYTES = process.platform === 'linux' ? 4096 : 512;
const RETRY_MS = 1;
const NEWLINE = 0x0a;

export class StandardOutput {
  readonly #wake: () => void;
  readonly #to: StandardStream;
  #waiting: Buffer = Buffer.alloc(0);

  constructor(wake: () => void, to: StandardStream = 'stdout') {
    this.#wake = wake;
    this.#to = to;
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
      const written = writeSome(this.#to, this.#waiting.subarray(0, portionOf(this.#waiting)));
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

/** What a line for people begins with: on a terminal the progress of the job may stand where it goes. */
export function lineStart(to: StandardStream): string {
  return isatty(STREAMS[to].fd) ? CLEAR : '';
}

/** Bytes that the stream took; 0 when it is a pipe that is full. */
function writeSome(to: StandardStream, bytes: Buffer): number {
  const { fd, name } = STREAMS[to];
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw new EngineError('OUTPUT_FAILED', `cannot write to ${name}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
