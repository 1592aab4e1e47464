/**
 * One part file while it is written: rows become bytes, bytes are gathered and written in pieces. It is hidden all the
 * time; `snapshot` and `finish` return when everything so far is durable.
 */
import { join } from 'node:path';
import type { Batch } from '../../../data/batch.ts';
import type { JointPart } from '../compact/ledger.ts';
import type { FileEncoder } from '../format.ts';
import type { OutputDisk } from './output-disk.ts';
import { changedError, lostPartError, outputError } from './output-error.ts';
import { partKin } from './part-layout.ts';
import { type CompletePart, hiddenPath, type OpenPart } from './part-name.ts';
import type { PartFacts } from './rolling-policy.ts';

/** Bytes gathered before they are written: the call costs microseconds, whatever it writes. */
const WRITE_BYTES = 256 * 1024;

/** Where parts lie. */
export type PartPlace = {
  readonly disk: OutputDisk;
  readonly folder: string;
  /** Counts bytes that are written; left out where nobody counts. */
  readonly onWritten?: (bytes: number) => void;
};

/** What the parts of a writer have in common, where they are to become larger files. */
export type JointPlace = Pick<JointPart, 'isCheckpointed'> & { readonly layout: string };

export class PartFile implements PartFacts {
  readonly path: string;
  readonly createdMs: number;
  writtenMs: number;
  /** Of the whole part, also those that are not in the file yet. */
  bytes: number;
  /** Of them, those that are not in the file yet. */
  gatheredBytes = 0;
  readonly #disk: OutputDisk;
  readonly #onWritten: ((bytes: number) => void) | undefined;
  readonly #hidden: string;
  readonly #descriptor: number;
  /** Null for a part that is only to be ended, as it is. */
  readonly #encoder: FileEncoder | null;
  #gathered: Uint8Array[] = [];
  #isSynced = false;
  #isInSnapshot: boolean;

  private constructor(
    { disk, onWritten }: PartPlace,
    hidden: string,
    descriptor: number,
    encoder: FileEncoder | null,
    part: Omit<OpenPart, 'layout' | 'encoder'>,
    isInSnapshot: boolean,
  ) {
    this.#disk = disk;
    this.#onWritten = onWritten;
    this.#hidden = hidden;
    this.#descriptor = descriptor;
    this.#encoder = encoder;
    this.path = part.path;
    this.bytes = part.bytes;
    this.createdMs = part.createdMs;
    this.writtenMs = part.writtenMs;
    this.#isInSnapshot = isInSnapshot;
  }

  /** A new part, in a folder that is there. */
  static create(place: PartPlace, path: string, encoder: FileEncoder, nowMs: number): PartFile {
    const { disk, folder } = place;
    const hidden = join(folder, hiddenPath(path));
    return guarded(hidden, () => {
      const part = { path, bytes: 0, createdMs: nowMs, writtenMs: nowMs };
      return new PartFile(place, hidden, disk.create(hidden), encoder, part, false);
    });
  }

  /**
   * The part of a snapshot, cut to the length that it had then; without an encoder it can only be finished. An EngineError
   * when the file has not even that length.
   */
  static reopen(place: PartPlace, part: OpenPart, encoder: FileEncoder | null): PartFile {
    const { disk, folder } = place;
    const hidden = join(folder, hiddenPath(part.path));
    return guarded(hidden, () => {
      const descriptor = disk.reopen(hidden);
      if (descriptor === null) throw lostPartError(hidden, part.bytes, null);
      try {
        const size = disk.size(descriptor);
        if (size < part.bytes) throw lostPartError(hidden, part.bytes, size);
        if (size > part.bytes) disk.truncate(descriptor, part.bytes);
      } catch (error) {
        disk.close(descriptor);
        throw error;
      }
      return new PartFile(place, hidden, descriptor, encoder, part, true);
    });
  }

  write(batch: Batch, nowMs: number): void {
    guarded(this.#hidden, () => {
      this.#gather(this.#encoder!.encode(batch));
      this.writtenMs = nowMs;
      if (this.gatheredBytes >= WRITE_BYTES) this.flush();
    });
  }

  #gather(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#gathered.push(bytes);
    this.gatheredBytes += bytes.length;
    this.bytes += bytes.length;
    this.#isSynced = false;
  }

  /** Writes what has been gathered. An EngineError when what was written is not there any more: it would be committed as it is. */
  flush(): void {
    guarded(this.#hidden, () => {
      const written = this.bytes - this.gatheredBytes;
      const size = this.#disk.size(this.#descriptor);
      if (size !== written) throw changedError(this.#hidden, written, size);
      for (const bytes of this.#gathered) {
        this.#disk.write(this.#descriptor, bytes, this.bytes - this.gatheredBytes);
        this.gatheredBytes -= bytes.length;
        this.#onWritten?.(bytes.length);
      }
      this.#gathered = [];
    });
  }

  #makeDurable(): void {
    this.flush();
    if (!this.#isSynced) this.#disk.sync(this.#descriptor);
    this.#isSynced = true;
  }

  /** Whether the file can be read only once it has its end: then no checkpoint finds it half done. */
  get needsEnd(): boolean {
    return this.#encoder?.snapshot === undefined;
  }

  /** What a writer needs to go on with the part, which must not need its end. */
  snapshot(layout: string): OpenPart {
    return guarded(this.#hidden, () => {
      this.#makeDurable();
      this.#isInSnapshot = true;
      const { path, bytes, createdMs, writtenMs } = this;
      return { path, bytes, createdMs, writtenMs, layout, encoder: this.#encoder!.snapshot!() };
    });
  }

  /** Ends the file; nothing follows. */
  finish(): CompletePart {
    return guarded(this.#hidden, () => {
      if (this.#encoder !== null) this.#gather(this.#encoder.finish());
      this.#makeDurable();
      this.#disk.close(this.#descriptor);
      return { path: this.path, isInSnapshot: this.#isInSnapshot };
    });
  }

  /** The same, with what it takes to make one file of it and others. */
  finishJoint({ layout, isCheckpointed }: JointPlace): CompletePart {
    const encoder = this.#encoder;
    const fields = encoder?.fields ?? null;
    // One that is only ended is of another layout than the parts of this writer.
    const kin =
      encoder === null ? this.path : partKin(layout, encoder.snapshot?.() ?? null, fields);
    const complete = this.finish();
    const joint: JointPart = { bytes: this.bytes, kin, fields, isCheckpointed };
    return { ...complete, joint };
  }

  /** Gives the part up and leaves its file where it is. */
  abandon(): CompletePart {
    this.#disk.close(this.#descriptor);
    return { path: this.path, isInSnapshot: this.#isInSnapshot };
  }
}

/** What the file system throws becomes an EngineError that names the file. */
function guarded<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw outputError(path, error);
  }
}
