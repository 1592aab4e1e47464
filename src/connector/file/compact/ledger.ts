/**
 * What is known of committed parts that are not to be seen yet: a hidden file in the folder of the sink, one for each step of
 * a job. Writing it anew, under another name first, is the one moment at which anything changes:
 *
 *   a part is committed       it is in `waiting`
 *   parts have become one     they are in `done`, and the new file in `shown`; behind that it gets its name, and they go
 *
 * A job that goes on finds it and does what was left to do. `done` says of a part that is committed again, and is gone, that
 * its rows are where they belong.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../../base/errors.ts';
import type { Field } from '../../../data/schema.ts';
import type { OutputDisk } from '../sink/output-disk.ts';
import { ledgerPath } from '../sink/part-name.ts';
import type { PartNumbers } from './part-numbers.ts';

/** What it takes to make one file of several. */
export type JointPart = {
  readonly bytes: number;
  /** Equal for files that may become one: their format, their fields and what stands at their start. */
  readonly kin: string;
  /** Of the rows; null where bytes are joined, not rows. */
  readonly fields: readonly Field[] | null;
  /** Whether a checkpoint may have it committed again. */
  readonly isCheckpointed: boolean;
};

export type WaitingPart = JointPart & {
  /** Of the finished file, were it alone. */
  readonly path: string;
  /** The checkpoint that it was committed by, as `Ledger.checkpoints` counts them. */
  readonly since: number;
};

export type ShownPart = {
  /** Of the finished file. */
  readonly path: string;
  /** Those that it took the place of. */
  readonly of: readonly string[];
};

export type Ledger = {
  /** In the order in which they were committed. */
  readonly waiting: readonly WaitingPart[];
  readonly shown: readonly ShownPart[];
  readonly done: PartNumbers;
  readonly checkpoints: number;
};

export const EMPTY_LEDGER: Ledger = { waiting: [], shown: [], done: {}, checkpoints: 0 };

export function hasLedger(folder: string, stepId: string): boolean {
  return existsSync(join(folder, ledgerPath(stepId)));
}

/** An empty one where there is none. */
export function readLedger(folder: string, stepId: string): Ledger {
  if (!hasLedger(folder, stepId)) return EMPTY_LEDGER;
  const path = join(folder, ledgerPath(stepId));
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Ledger;
  } catch (cause) {
    throw new EngineError(
      'OUTPUT_FAILED',
      `cannot read '${path}', which says what waits to become larger files: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Returns when it is durable. One that says nothing is no file. */
export function writeLedger(
  disk: OutputDisk,
  folder: string,
  stepId: string,
  ledger: Ledger,
): void {
  const path = join(folder, ledgerPath(stepId));
  const { waiting, shown, done } = ledger;
  if (waiting.length === 0 && shown.length === 0 && Object.keys(done).length === 0) {
    disk.remove(path);
    return;
  }
  const draft = `${path}.inprogress`;
  disk.remove(draft);
  const descriptor = disk.create(draft);
  try {
    disk.write(descriptor, Buffer.from(JSON.stringify(ledger)), 0);
    disk.sync(descriptor);
  } finally {
    disk.close(descriptor);
  }
  disk.rename(draft, path);
  disk.syncFolder(folder);
}
