/**
 * Part files in two phases. Each subtask writes `.part-<run>-<subtask>.<ext>.inprogress`, which readers of the folder
 * overlook; when the job is complete the calling thread renames them to `part-<run>-<subtask>.<ext>`. A job that fails
 * leaves the folder as it was.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../operator/sink.ts';
import type { PlainData } from '../../operator/source.ts';
import type { FileEncoder, FileFormat } from './format.ts';

/** What to do with results that a folder already holds. */
export type ExistingPolicy = 'fail' | 'replace' | 'keep';

/** A part file that is complete but not visible yet: its name before and after. */
type Pending = { readonly pending: string; readonly final: string };

const WRITE_BYTES = 256 * 1024;

export class FileSink implements Sink {
  readonly name: string;
  readonly descriptor = null;
  readonly #folder: string;
  readonly #format: FileFormat;
  readonly #existing: ExistingPolicy;

  constructor(folder: string, format: FileFormat, existing: ExistingPolicy) {
    this.name = format.name;
    this.#folder = folder;
    this.#format = format;
    this.#existing = existing;
  }

  async prepare(): Promise<void> {
    const folder = this.#folder;
    try {
      await mkdir(folder, { recursive: true });
      if (this.#existing === 'keep') return;
      const names = await readdir(folder);
      const part = names.find((name) => name.startsWith('part-'));
      if (this.#existing === 'fail' && part !== undefined) throw existsError(folder, part);
      const stale = names.filter((name) => /^\.part-.*\.inprogress$/.test(name));
      await Promise.all(stale.map((name) => rm(join(folder, name))));
    } catch (error) {
      throw outputError(folder, error);
    }
  }

  createWriter(context: SinkWriterContext): SinkWriter {
    const name = `part-${context.runId}-${context.subtask}.${this.#format.extension}`;
    return new PartWriter(
      join(this.#folder, `.${name}.inprogress`),
      join(this.#folder, name),
      this.#format.createEncoder(context.schema),
    );
  }

  async commit(committables: readonly PlainData[]): Promise<void> {
    const folder = this.#folder;
    const parts = committables as readonly Pending[];
    try {
      if (this.#existing === 'replace') await this.#removeOthers(parts);
      for (const { pending, final } of parts) await moveOnce(pending, final);
      await syncFolder(folder);
    } catch (error) {
      throw outputError(folder, error);
    }
  }

  async discard(committables: readonly PlainData[]): Promise<void> {
    const parts = committables as readonly Pending[];
    await Promise.all(parts.map(({ pending }) => rm(pending, { force: true })));
  }

  async #removeOthers(parts: readonly Pending[]): Promise<void> {
    const finals = new Set(parts.map((part) => part.final));
    const names = await readdir(this.#folder);
    const old = names
      .filter((name) => name.startsWith('part-'))
      .map((name) => join(this.#folder, name))
      .filter((path) => !finals.has(path));
    await Promise.all(old.map((path) => rm(path)));
  }
}

/** Renames; when that has been done before, does nothing. */
async function moveOnce(pending: string, final: string): Promise<void> {
  try {
    await rename(pending, final);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await access(final);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes one part file; it is opened with the first row. */
class PartWriter implements SinkWriter {
  readonly isBusy = false;
  readonly #pending: string;
  readonly #final: string;
  readonly #encoder: FileEncoder;
  #descriptor: number | null = null;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;

  constructor(pending: string, final: string, encoder: FileEncoder) {
    this.#pending = pending;
    this.#final = final;
    this.#encoder = encoder;
  }

  write(batch: Batch): void {
    if (batch.rowCount === 0) return;
    try {
      this.#descriptor ??= openSync(this.#pending, 'w');
      this.#append(this.#encoder.encode(batch));
      if (this.#chunkBytes >= WRITE_BYTES) this.#writeChunks();
    } catch (error) {
      throw outputError(this.#pending, error);
    }
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#chunkBytes += bytes.length;
  }

  #writeChunks(): void {
    for (const chunk of this.#chunks) {
      let written = 0;
      while (written < chunk.length) written += writeSync(this.#descriptor!, chunk, written);
    }
    this.#chunks = [];
    this.#chunkBytes = 0;
  }

  preCommit(): readonly PlainData[] {
    const descriptor = this.#descriptor;
    if (descriptor === null) return [];
    try {
      this.#append(this.#encoder.finish());
      this.#writeChunks();
      fsyncSync(descriptor);
      closeSync(descriptor);
    } catch (error) {
      throw outputError(this.#pending, error);
    }
    this.#descriptor = null;
    return [{ pending: this.#pending, final: this.#final }];
  }

  close(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
    rmSync(this.#pending, { force: true });
  }
}

function existsError(folder: string, part: string): EngineError {
  return new EngineError(
    'OUTPUT_EXISTS',
    `'${folder}' already holds results (${part}): remove them, choose another folder, ` +
      `or set { existing: 'replace' } or { existing: 'keep' }`,
  );
}

function outputError(path: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError('OUTPUT_FAILED', `cannot write '${path}': ${messageOf(cause)}`, { cause });
}
