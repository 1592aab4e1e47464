/** Runs file sinks as the engine does, on a disk that can lose power. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { type Clock, VirtualClock } from '../../src/base/clock.ts';
import { FileSink, type FileSinkOptions } from '../../src/connector/file/file-sink.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { nodeDisk, type OutputDisk } from '../../src/connector/file/sink/output-disk.ts';
import type { PartWriter } from '../../src/connector/file/sink/part-writer.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { UserMetrics } from '../../src/metrics/user-metrics.ts';
import type { SinkWriterContext } from '../../src/operator/sink.ts';
import { inputFile, readAll } from './read-all.ts';

export const Row = record({ n: t.int32 });

export function batchOf(...numbers: number[]): Batch {
  const builder = new BatchBuilder(Row);
  for (const n of numbers) builder.appendRow({ n });
  return builder.seal();
}

export function freeFormOf(rows: readonly unknown[]): Batch {
  const builder = new BatchBuilder(null);
  for (const row of rows) builder.appendRow(row);
  return builder.seal();
}

export function contextOf(parts: Partial<SinkWriterContext> = {}): SinkWriterContext {
  return {
    subtask: 0,
    parallelism: 2,
    runId: 'job-0',
    isCheckpointed: true,
    restored: [],
    schema: Row as Schema,
    clock: new VirtualClock() as Clock,
    metrics: new UserMetrics(() => {}, new VirtualClock()),
    wake: () => {},
    ...parts,
  };
}

export function sinkOf(
  folder: string,
  format: FileFormat,
  options: Partial<FileSinkOptions> = {},
  disk: OutputDisk = nodeDisk,
): FileSink {
  const all = { existing: 'fail', rolling: {}, bucket: null, compact: null, ...options } as const;
  return new FileSink(folder, format, all, disk);
}

/** At a barrier: what the checkpoint gets of one writer. */
export function checkpointOf(writer: PartWriter) {
  return { committables: writer.preCommit(false), states: writer.snapshot!() };
}

/** Paths of all files below a folder, in order. */
export function filesIn(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return all
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.split(sep).join('/'))
    .sort();
}

export const isHidden = (path: string): boolean => /(^|\/)\./.test(path);

/** The values of `n` of all rows that a reader of the folder sees, in order. */
export function visibleNumbers<R>(folder: string, format: FileFormat<R>): number[] {
  const paths = filesIn(folder).filter((path) => !isHidden(path));
  const rows = paths.flatMap((path) => readAll(inputFile(join(folder, path)), format).rows);
  return rows.map((row) => Number((row as { n: unknown }).n)).sort((a, b) => a - b);
}

/**
 * A disk on which only what was synced survives a crash: bytes of files, and names in folders. The worst that a file
 * system may do.
 */
export class FragileDisk implements OutputDisk {
  /** Calls in their order, with the last part of the path. */
  readonly calls: string[] = [];
  readonly #paths = new Map<number, string>();
  readonly #syncedBytes = new Map<string, number>();
  readonly #unsyncedNames = new Set<string>();
  /** Names that were given and may be forgotten, with what had them before. */
  #renames: { readonly from: string; readonly to: string; readonly before: Buffer | null }[] = [];
  /** Called before each change, which it may prevent by an error. */
  readonly #before: () => void;

  constructor(before: () => void = () => {}) {
    this.#before = before;
  }

  makeFolder(path: string): void {
    for (let up = path; !existsSync(up); up = dirname(up)) this.#unsyncedNames.add(up);
    nodeDisk.makeFolder(path);
  }

  create(path: string): number {
    this.#before();
    const descriptor = nodeDisk.create(path);
    this.#paths.set(descriptor, path);
    this.#syncedBytes.set(path, 0);
    this.#unsyncedNames.add(path);
    return descriptor;
  }

  reopen(path: string): number | null {
    const descriptor = nodeDisk.reopen(path);
    if (descriptor === null) return null;
    this.#paths.set(descriptor, path);
    this.#syncedBytes.set(path, nodeDisk.size(descriptor));
    return descriptor;
  }

  size(descriptor: number): number {
    return nodeDisk.size(descriptor);
  }

  truncate(descriptor: number, bytes: number): void {
    nodeDisk.truncate(descriptor, bytes);
    this.#syncedBytes.set(this.#paths.get(descriptor)!, bytes);
  }

  write(descriptor: number, bytes: Uint8Array, position: number): void {
    this.#before();
    this.calls.push(`write ${bytes.length} at ${position}`);
    nodeDisk.write(descriptor, bytes, position);
  }

  /** Without the real thing, which takes milliseconds. */
  sync(descriptor: number): void {
    this.#before();
    this.calls.push('sync');
    this.#syncedBytes.set(this.#paths.get(descriptor)!, nodeDisk.size(descriptor));
  }

  syncFolder(path: string): void {
    this.#before();
    this.calls.push('syncFolder');
    this.#renames = this.#renames.filter(({ to }) => dirname(to) !== path);
    for (const name of this.#unsyncedNames) {
      if (dirname(name) === path) this.#unsyncedNames.delete(name);
    }
  }

  close(descriptor: number): void {
    this.calls.push('close');
    this.#paths.delete(descriptor);
    nodeDisk.close(descriptor);
  }

  rename(from: string, to: string): void {
    this.#before();
    this.calls.push('rename');
    this.#renames.push({ from, to, before: existsSync(to) ? readFileSync(to) : null });
    this.#syncedBytes.set(to, this.#syncedBytes.get(from) ?? statSync(from).size);
    this.#syncedBytes.delete(from);
    // Its content is there, under the one name or the other.
    this.#unsyncedNames.delete(from);
    nodeDisk.rename(from, to);
  }

  remove(path: string): void {
    this.#before();
    nodeDisk.remove(path);
  }

  removeEmpty(path: string): void {
    nodeDisk.removeEmpty(path);
  }

  /** The power goes: writers are gone, and with them all that was not synced. */
  crash(): void {
    for (const descriptor of this.#paths.keys()) nodeDisk.close(descriptor);
    this.#paths.clear();
    for (const { from, to, before } of this.#renames.reverse()) {
      renameSync(to, from);
      if (before !== null) writeFileSync(to, before);
      this.#syncedBytes.delete(to);
    }
    this.#renames = [];
    for (const [path, bytes] of this.#syncedBytes) {
      if (!existsSync(path)) continue;
      if (this.#isForgotten(path)) rmSync(path);
      else if (statSync(path).size > bytes) truncateSync(path, bytes);
    }
    this.#syncedBytes.clear();
    this.#unsyncedNames.clear();
  }

  #isForgotten(path: string): boolean {
    for (let up = path; up !== dirname(up); up = dirname(up)) {
      if (this.#unsyncedNames.has(up)) return true;
    }
    return false;
  }
}
