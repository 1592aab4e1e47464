/** Bytes of an answer that may be large, to a file or to standard output: as fast as their reader takes them. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { EngineError, messageOf } from '../base/errors.ts';
import { outputError } from '../connector/file/sink/output-error.ts';

export class Output {
  /** Null for standard output. */
  readonly #path: string | null;
  readonly #target: Writable;

  constructor(path: string | null) {
    this.#path = path;
    this.#target = path === null ? process.stdout : createWriteStream(path);
    // Whoever writes is told.
    this.#target.on('error', () => {});
  }

  /** False when nobody reads standard output any more, as `head` when it has its lines. EngineError OUTPUT_FAILED. */
  async write(bytes: Uint8Array): Promise<boolean> {
    const cause = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      this.#target.write(bytes, (error) => resolve(error ?? null));
    });
    if (cause === null) return true;
    if (this.#path === null && cause.code === 'EPIPE') return false;
    throw this.#failure(cause);
  }

  /** Resolves when all has been written. EngineError OUTPUT_FAILED. */
  async end(): Promise<void> {
    if (this.#path === null) return;
    try {
      await finished(this.#target.end());
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  #failure(cause: unknown): EngineError {
    if (this.#path !== null) return outputError(this.#path, cause);
    return new EngineError(
      'OUTPUT_FAILED',
      `cannot write to standard output: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}
