/**
 * Names of part files, and what is told of them across threads and in snapshots.
 *
 *   <folder>/<bucket>/.part-<run>-<subtask>-<n>.<ext>.inprogress     written, or complete and waiting for its commit
 *   <folder>/<bucket>/part-<run>-<subtask>-<n>.<ext>                 finished: for everybody
 *
 * The hidden name stays the same until the commit: a checkpoint finds its part by it, whether the part has been
 * completed since or not. Paths are relative to the folder of the sink, with '/'.
 */
import type { PlainData } from '../../../operator/source.ts';

/** A part that nothing is written to any more, but hidden: what `commit` and `discard` need. */
export type CompletePart = {
  /** Of the finished file. */
  readonly path: string;
  /** Whether a snapshot speaks of it: then it stays, also when this commit never comes. */
  readonly isInSnapshot: boolean;
};

/** A part that goes on over a checkpoint: what a writer needs to append to it. */
export type OpenPart = {
  /** Of the finished file. */
  readonly path: string;
  /** Length at the checkpoint; what lies behind is cut off. */
  readonly bytes: number;
  readonly createdMs: number;
  readonly writtenMs: number;
  /** Of the format, its options and the fields of the rows: a part goes on only with the same. */
  readonly layout: string;
  readonly encoder: PlainData;
};

export type PartOwner = {
  readonly runId: string;
  readonly subtask: number;
  readonly extension: string;
};

/** The n-th part of a writer, finished. */
export function partPath(bucket: string, owner: PartOwner, n: number): string {
  const name = `part-${owner.runId}-${owner.subtask}-${n}.${owner.extension}`;
  return bucket === '' ? name : `${bucket}/${name}`;
}

export function bucketOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Of a part before its commit. */
export function hiddenPath(path: string): string {
  const at = path.lastIndexOf('/') + 1;
  return `${path.slice(0, at)}.${path.slice(at)}.inprogress`;
}

export function isFinishedPart(path: string): boolean {
  return nameOf(path).startsWith('part-');
}

export function isHiddenPart(path: string): boolean {
  const name = nameOf(path);
  return name.startsWith('.part-') && name.endsWith('.inprogress');
}

/** Whether a part, finished or hidden, was written by a run of this job, or of this step of it. */
export function isOf(path: string, id: string): boolean {
  const name = nameOf(path).replace(/^\./, '');
  const start = `part-${id}`;
  return name.startsWith(start) && !/^[A-Za-z0-9]/.test(name.slice(start.length));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
