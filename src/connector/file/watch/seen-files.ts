/**
 * What one split knows of the files of a watched folder: which of them it has read, and since when the others have not changed.
 *
 *   look → new → (settles) → ready → read → (is gone) → forgotten
 *
 * A file is known by its path. One that has been read is remembered as long as it is there.
 */
import { EngineError } from '../../../base/errors.ts';
import { WATCHED_FILES_MAX } from '../../../base/limits.ts';
import type { TimedFile } from '../find-files.ts';
import type { InputFile } from '../format.ts';

/** A file that has been read; its time is null, or left out, where a checkpoint did not have it. */
export type ReadFile = readonly [path: string, sizeBytes: number, modifiedMs: number | null];

/** The same while it is read. */
export type FileToRead = InputFile & { readonly modifiedMs: number | null };

type OnChanged = (file: TimedFile, readBytes: number) => void;

type Unsettled = { readonly file: TimedFile; readonly sinceMs: number };

export class SeenFiles {
  readonly #settleMs: number;
  readonly #read: Map<string, ReadFile>;
  #unsettled = new Map<string, Unsettled>();
  /** The same as plain data; null when it has to be made. */
  #plain: readonly ReadFile[] | null = null;

  constructor(settleMs: number, read: readonly ReadFile[]) {
    this.#settleMs = settleMs;
    this.#read = new Map(read.map((file) => [file[0], file]));
  }

  /** Those that have been read, as plain data. */
  get read(): readonly ReadFile[] {
    this.#plain ??= [...this.#read.values()];
    return this.#plain;
  }

  /** Takes the files that there are now; returns those that are ready, oldest first. `onChanged` is told of those that changed. */
  look(files: readonly TimedFile[], nowMs: number, onChanged: OnChanged): TimedFile[] {
    const unsettled = new Map<string, Unsettled>();
    const ready: TimedFile[] = [];
    for (const file of files) {
      const read = this.#read.get(file.path);
      if (read !== undefined) {
        this.#lookAgain(file, read, onChanged);
        continue;
      }
      const sinceMs = this.#unchangedSince(file) ?? nowMs;
      if (file.sizeBytes > 0 && nowMs - sinceMs >= this.#settleMs) ready.push(file);
      else unsettled.set(file.path, { file, sinceMs });
    }
    this.#unsettled = unsettled;
    this.#forget(files);
    return ready.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1));
  }

  #unchangedSince({ path, sizeBytes, modifiedMs }: TimedFile): number | null {
    const before = this.#unsettled.get(path);
    if (before === undefined) return null;
    const isSame = before.file.sizeBytes === sizeBytes && before.file.modifiedMs === modifiedMs;
    return isSame ? before.sinceMs : null;
  }

  /** At a file that has been read: each change is told once. */
  #lookAgain(file: TimedFile, read: ReadFile, onChanged: OnChanged): void {
    const [, readBytes, modifiedMs] = read;
    if (readBytes === file.sizeBytes && modifiedMs === file.modifiedMs) return;
    if (readBytes !== file.sizeBytes || (modifiedMs ?? null) !== null) onChanged(file, readBytes);
    this.#remember(file);
  }

  #forget(files: readonly TimedFile[]): void {
    const there = new Set(files.map(({ path }) => path));
    for (const path of this.#read.keys()) if (!there.has(path)) this.#read.delete(path);
    this.#plain = null;
  }

  #remember({ path, sizeBytes, modifiedMs }: FileToRead): void {
    this.#read.set(path, [path, sizeBytes, modifiedMs ?? null]);
    this.#plain = null;
  }

  /** The file has been read to its end. */
  onRead(file: FileToRead): void {
    if (this.#read.size === WATCHED_FILES_MAX) {
      throw new EngineError(
        'INPUT_MALFORMED',
        `a watched folder has more than ${WATCHED_FILES_MAX} files that have been read, the last of them '${file.path}': move ` +
          'files that have been read elsewhere, once a checkpoint behind them is complete',
      );
    }
    this.#remember(file);
  }
}
