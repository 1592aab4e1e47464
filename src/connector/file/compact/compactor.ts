/**
 * Makes larger files of committed parts, in the calling thread, between the commit of a checkpoint and the names that readers
 * see (Flink compacts in operators between the writers and the committer).
 *
 *   commit ──▶ waiting, in the ledger ──(size, checkpoints, end)──▶ one hidden file ──ledger──▶ its name; the parts go
 *
 * A process that dies anywhere leaves a ledger that says what holds (ledger.ts); what it does not speak of is removed by the
 * next `prepare`, as all hidden files are.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nextTurn } from '../../../base/event-loop.ts';
import type { FileFormat, InputFile } from '../format.ts';
import type { OutputDisk } from '../sink/output-disk.ts';
import { goneError, lostPartError, takenError } from '../sink/output-error.ts';
import { type CompletePart, compactedPath, hiddenPath, ledgerPath } from '../sink/part-name.ts';
import type { CompactLimits } from './compact-options.ts';
import { type CompactGroup, compactPlan } from './compact-plan.ts';
import { joinedBytes } from './joined-bytes.ts';
import {
  type Ledger,
  readLedger,
  type ShownPart,
  type WaitingPart,
  writeLedger,
} from './ledger.ts';
import { hasPart, withParts } from './part-numbers.ts';

export type CompactorPlace = {
  readonly disk: OutputDisk;
  /** Of the sink. */
  readonly folder: string;
  readonly stepId: string;
};

export class Compactor {
  readonly #place: CompactorPlace;
  readonly #format: FileFormat;
  readonly #limits: CompactLimits | null;
  #ledger: Ledger;
  #told: string[] = [];

  /** `limits`: null where parts that an earlier version of the job had wait are only to be shown. */
  constructor(place: CompactorPlace, format: FileFormat, limits: CompactLimits | null) {
    this.#place = place;
    this.#format = format;
    this.#limits = limits;
    this.#ledger = readLedger(place.folder, place.stepId);
    this.#show(this.#ledger.shown);
  }

  /** Paths of files that have got their names since this was asked before. */
  takeShown(): readonly string[] {
    const shown = this.#told;
    this.#told = [];
    return shown;
  }

  /** Hidden files that are needed. */
  get kept(): readonly string[] {
    const { waiting } = this.#ledger;
    return [ledgerPath(this.#place.stepId), ...waiting.map(({ path }) => hiddenPath(path))];
  }

  /** Takes the parts of a checkpoint; whether there is more to see than before. */
  async commit(parts: readonly CompletePart[]): Promise<boolean> {
    const since = this.#ledger.checkpoints + 1;
    const isKnown = new Set(this.#ledger.waiting.map(({ path }) => path));
    const added = parts
      .filter(({ path }) => !isKnown.has(path) && this.#isNew(path))
      .map((part) => this.#waiting(part, since));
    const waiting = [...this.#ledger.waiting, ...added];
    return await this.#go({ ...this.#ledger, waiting, checkpoints: since }, false);
  }

  /** All that waits is shown; whether there was any. */
  async finish(): Promise<boolean> {
    const isMore = await this.#go(this.#ledger, true);
    // Where no checkpoint comes back to its parts, there is nothing left to know.
    if (this.#ledger.shown.length > 0) this.#write({ ...this.#ledger, shown: [] });
    return isMore;
  }

  /** Forgets a part that is given up. */
  forget(given: string): void {
    const waiting = this.#ledger.waiting.filter(({ path }) => path !== given);
    if (waiting.length < this.#ledger.waiting.length) this.#write({ ...this.#ledger, waiting });
  }

  /** Not where it is committed again. */
  #isNew(path: string): boolean {
    if (hasPart(this.#ledger.done, path)) return false;
    const { folder } = this.#place;
    if (existsSync(join(folder, hiddenPath(path)))) return true;
    // Shown by a version of the job that let every part be alone.
    if (existsSync(join(folder, path))) return false;
    throw goneError(join(folder, path));
  }

  #waiting({ path, joint }: CompletePart, since: number): WaitingPart {
    if (joint !== undefined) return { path, since, ...joint };
    // Written by a version of the job that let every part be alone: nothing is known that it could be joined by.
    const bytes = statSync(join(this.#place.folder, hiddenPath(path))).size;
    return { path, since, bytes, kin: path, fields: null, isCheckpointed: true };
  }

  async #go(ledger: Ledger, isEnd: boolean): Promise<boolean> {
    const groups = compactPlan(ledger, this.#limits, isEnd);
    if (groups.length === 0 && ledger.waiting.length === this.#ledger.waiting.length) {
      this.#ledger = ledger;
      return false;
    }
    const shown: ShownPart[] = [];
    for (const group of groups) shown.push(await this.#joined(group));
    const { disk, folder } = this.#place;
    for (const below of new Set(shown.map(({ path }) => dirname(path)))) {
      disk.syncFolder(join(folder, below));
    }
    const joined = new Set(groups.flat());
    const again = [...joined].filter(({ isCheckpointed }) => isCheckpointed);
    this.#write({
      waiting: ledger.waiting.filter((part) => !joined.has(part)),
      shown,
      done: withParts(
        ledger.done,
        again.map(({ path }) => path),
      ),
      checkpoints: ledger.checkpoints,
    });
    this.#show(shown);
    return shown.length > 0;
  }

  /** Returns when the new file is durable, but for its name in the folder. */
  async #joined(group: CompactGroup): Promise<ShownPart> {
    const [first] = group as readonly [WaitingPart];
    if (group.length === 1) return { path: first.path, of: [] };
    const { disk, folder } = this.#place;
    const path = compactedPath(first.path);
    const hidden = join(folder, hiddenPath(path));
    disk.remove(hidden);
    const descriptor = disk.create(hidden);
    try {
      let place = 0;
      const files = group.map((part) => this.#file(part));
      for (const piece of joinedBytes(this.#format, files, first.fields)) {
        disk.write(descriptor, piece, place);
        place += piece.length;
        await nextTurn();
      }
      disk.sync(descriptor);
    } finally {
      disk.close(descriptor);
    }
    return { path, of: group.map((part) => part.path) };
  }

  #file({ path, bytes }: WaitingPart): InputFile {
    const hidden = join(this.#place.folder, hiddenPath(path));
    const sizeBytes = statSync(hidden, { throwIfNoEntry: false })?.size ?? null;
    if (sizeBytes === bytes) return { path: hidden, sizeBytes };
    throw lostPartError(hidden, bytes, sizeBytes);
  }

  #write(ledger: Ledger): void {
    const { disk, folder, stepId } = this.#place;
    writeLedger(disk, folder, stepId, ledger);
    this.#ledger = ledger;
  }

  /** May have been done before, in part or whole: then the rest of it. */
  #show(shown: readonly ShownPart[]): void {
    const { disk, folder } = this.#place;
    for (const { path, of } of shown) {
      const from = join(folder, hiddenPath(path));
      const to = join(folder, path);
      if (existsSync(from)) {
        if (existsSync(to)) throw takenError(to);
        disk.rename(from, to);
      }
      this.#told.push(path);
      // Its name is durable before a later ledger says nothing of it.
      disk.syncFolder(dirname(to));
      for (const part of of) disk.remove(join(folder, hiddenPath(part)));
    }
  }
}
