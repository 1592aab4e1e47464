/**
 * Names of part files, and what is told of them across threads and in snapshots.
 *
 *   <folder>/<bucket>/.part-<run>-<subtask>-<n>.<ext>.inprogress     written, or complete and waiting for its commit
 *   <folder>/<bucket>/part-<run>-<subtask>-<n>.<ext>                 finished: for everybody
 *   <folder>/<bucket>/part-<run>-<subtask>-<n>-compacted.<ext>       the same, made of this part and of others
 *   <folder>/.part-<step>.compaction                                 which parts wait to become larger files (compact/ledger.ts)
 *
 * The hidden name stays the same until the commit: a checkpoint finds its part by it, whether the part has been
 * completed since or not. Paths are relative to the folder of the sink, with '/'.
 */
import type { PlainData } from '../../../operator/source.ts';
import type { JointPart } from '../compact/ledger.ts';

/** A part that nothing is written to any more, but hidden: what `commit` and `discard` need. */
export type CompletePart = {
  /** Of the finished file. */
  readonly path: string;
  /** Whether a snapshot speaks of it: then it stays, also when this commit never comes. */
  readonly isInSnapshot: boolean;
  /** What has to be known to make one file of it and others; left out where every part stays alone. */
  readonly joint?: JointPart;
};

/** Told to `commit` by a writer whose input has ended: once all of a run have, no part has to wait for others. */
export type WriterEnd = {
  readonly ended: {
    readonly stepId: string;
    readonly runId: string;
    readonly subtask: number;
    readonly parallelism: number;
  };
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

/** The file that a part becomes together with others. */
export function compactedPath(path: string): string {
  const at = path.indexOf('.', path.lastIndexOf('/'));
  return `${path.slice(0, at)}-compacted${path.slice(at)}`;
}

export function ledgerPath(stepId: string): string {
  return `.part-${stepId}.compaction`;
}

/** Of the step whose run has written a part; null for a name that no run gives. */
export function stepOf(path: string): string | null {
  return /^part-(.+)-[^-]+-\d+-\d+\./.exec(nameOf(path))?.[1] ?? null;
}

export function isFinishedPart(path: string): boolean {
  return nameOf(path).startsWith('part-');
}

/** What belongs to the sink and is not to be seen: parts, and what is known of those that wait. */
export function isHiddenPart(path: string): boolean {
  return /^\.part-.*\.(inprogress|compaction)$/s.test(nameOf(path));
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
