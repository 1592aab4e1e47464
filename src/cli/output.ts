/**
 * Bytes of an answer that may be large, to a file or to standard output: as fast as their reader takes them. A file gets its name
 * when all of it is there.
 *
 *   write* → end | abandon
 */
import { createWriteStream, lstatSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { EngineError, messageOf } from '../base/errors.ts';
import { randomId } from '../base/random-id.ts';
import { outputError } from '../connector/file/sink/output-error.ts';

export class Output {
  /** Null for standard output. */
  readonly #path: string | null;
  /** What the file is called until it is whole; null for what is written where it is, such as a device. */
  readonly #draft: string | null;
  readonly #target: Writable;

  constructor(path: string | null) {
    this.#path = path;
    this.#draft = path === null || isSpecial(path) ? null : `${path}.${randomId()}.part`;
    this.#target = path === null ? process.stdout : createWriteStream(this.#draft ?? path);
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
      if (this.#draft !== null) await rename(this.#draft, this.#path);
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  /** What was written is thrown away, as far as nobody has seen it. */
  async abandon(): Promise<void> {
    if (this.#path === null) return;
    this.#target.destroy();
    await finished(this.#target).catch(() => {});
    if (this.#draft !== null) await rm(this.#draft, { force: true });
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

/** Whether there is something that must not be replaced by a file: a device, a pipe, a link. */
function isSpecial(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === false;
}
