/**
 * Reads the files of a watched folder that belong to one split, one after the other, and looks for new ones when it has read all.
 * Looking goes on beside the subtask, by promises; reading does not.
 *
 *   position    files that have been read, and the range and place in the file that is being read
 */
import { statSync } from 'node:fs';
import { EngineError } from '../../../base/errors.ts';
import type {
  PlainData,
  PollResult,
  SplitReader,
  SplitReaderContext,
} from '../../../operator/source.ts';
import { counted } from '../file-bytes.ts';
import { listFiles, type TimedFile } from '../find-files.ts';
import type { FileFormat, FileRange, ReadContext } from '../format.ts';
import { type FileToRead, type ReadFile, SeenFiles } from './seen-files.ts';
import type { WatchSpec } from './watch-options.ts';

/** Split number `index` of `of`. */
export type WatchShare = { readonly index: number; readonly of: number };

type Place = {
  readonly read: readonly ReadFile[];
  /** Where the range begins that is being read, and the place in it. */
  readonly current: (FileToRead & { readonly start: number; readonly position: PlainData }) | null;
};

type OpenFile = {
  readonly file: FileToRead;
  /** Behind the one that is read. */
  readonly ranges: FileRange[];
  range: FileRange;
  reader: SplitReader;
};

export type WatchReaderOptions = {
  readonly path: string;
  readonly format: FileFormat;
  readonly spec: WatchSpec;
  readonly share: WatchShare;
  /** As another reader gave it; null at the start. */
  readonly position: PlainData;
  readonly readContext: ReadContext;
  readonly context: SplitReaderContext;
};

/** Files that one poll may come to the end of: most have rows. */
const FILES_A_POLL = 8;

export class WatchReader implements SplitReader {
  wakeAtMs = -Infinity;
  readonly #options: WatchReaderOptions;
  readonly #seen: SeenFiles;
  #open: OpenFile | null = null;
  /** Ready to be read, in order. */
  #ready: TimedFile[] = [];
  #isLooking = false;
  #isClosed = false;
  #failure: unknown = null;
  #lookAtMs = -Infinity;

  constructor(options: WatchReaderOptions) {
    this.#options = options;
    const { read, current } = (options.position as Place | null) ?? { read: [], current: null };
    this.#seen = new SeenFiles(options.spec.settleMs, read);
    if (current === null) return;
    const { start, position, ...file } = current;
    this.#begin(
      file,
      options.format.split(file).filter((range) => range.start >= start),
      position,
    );
  }

  poll(): PollResult {
    if (this.#failure !== null) throw this.#failure;
    for (let files = 0; files < FILES_A_POLL; files++) {
      if (this.#open === null && !this.#openNext()) return this.#idle();
      const result = this.#open === null ? 'end' : this.#open.reader.poll();
      if (result === 'idle') this.wakeAtMs = this.#open!.reader.wakeAtMs;
      if (result !== 'end') return result;
      if (this.#open !== null) this.#nextRange(this.#open);
    }
    this.wakeAtMs = -Infinity;
    return 'idle';
  }

  /** Opens the next file, unless it has been removed or changed meanwhile; false when none is ready. */
  #openNext(): boolean {
    const file = this.#ready.shift();
    if (file === undefined) return false;
    const now = statSync(file.path, { throwIfNoEntry: false });
    if (now?.size !== file.sizeBytes || now.mtimeMs !== file.modifiedMs) return true;
    this.#begin(file, [...this.#options.format.split(file)], null);
    return true;
  }

  #begin(file: FileToRead, ranges: FileRange[], position: PlainData): void {
    const range = ranges.shift();
    if (range === undefined) this.#seen.onRead(file);
    else this.#open = { file, ranges, range, reader: this.#readerOf(file, range, position) };
  }

  #readerOf(file: FileToRead, range: FileRange, position: PlainData): SplitReader {
    const { format, readContext, context } = this.#options;
    return format.open(counted(file, context), range, position, readContext);
  }

  #nextRange(open: OpenFile): void {
    open.reader.close();
    this.#open = null;
    this.#begin(open.file, open.ranges, null);
  }

  #idle(): 'idle' {
    const now = this.#options.context.clock.now();
    if (!this.#isLooking && now >= this.#lookAtMs) this.#look();
    this.wakeAtMs = this.#isLooking ? Infinity : this.#lookAtMs;
    return 'idle';
  }

  #look(): void {
    const { path, format, context, spec } = this.#options;
    this.#isLooking = true;
    this.#lookAtMs = context.clock.now() + spec.everyMs;
    listFiles(path, format.extension)
      .then((files) => {
        if (!this.#isClosed) this.#take(files);
      })
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#isLooking = false;
        if (!this.#isClosed) context.wake();
      });
  }

  #take(files: readonly TimedFile[]): void {
    const { share, context } = this.#options;
    const own = files.filter(({ path }) => textHash(path) % share.of === share.index);
    this.#ready = this.#seen.look(own, context.clock.now(), (file, readBytes) =>
      this.#changed(file, readBytes),
    );
  }

  /** What is new in a file that has been read is not read: that must not happen without a word. */
  #changed({ path, sizeBytes, modifiedMs }: TimedFile, readBytes: number): void {
    const { onMalformed, malformed } = this.#options.readContext;
    const change =
      readBytes === sizeBytes
        ? `the file was modified after it was read, at ${new Date(modifiedMs).toISOString()}`
        : `the file had ${readBytes} bytes when it was read, and has ${sizeBytes} now`;
    const reason = `${change}: give new content a new name, or let files settle for longer`;
    if (onMalformed === 'fail') throw new EngineError('INPUT_MALFORMED', `${path}: ${reason}`);
    malformed({ file: path, place: path, line: null, byte: readBytes, reason, text: '' });
  }

  position(): PlainData {
    const open = this.#open;
    const read = this.#seen.read;
    if (open === null) return { read, current: null } satisfies Place;
    const { file, range, reader } = open;
    const current = { ...file, start: range.start, position: reader.position() };
    return { read, current } satisfies Place;
  }

  progress(): number {
    return 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#open?.reader.close();
    this.#open = null;
  }
}

/** FNV-1a, over code units: which split a file belongs to. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return hash >>> 0;
}
