/** The compactors of a sink, which may be that of several steps of a job: each has a ledger of its own in the folder. */
import type { PlainData } from '../../../operator/source.ts';
import type { FileFormat } from '../format.ts';
import type { OutputDisk } from '../sink/output-disk.ts';
import { type CompletePart, stepOf, type WriterEnd } from '../sink/part-name.ts';
import type { CompactLimits } from './compact-options.ts';
import { Compactor } from './compactor.ts';
import { hasLedger } from './ledger.ts';

type CompactionPlace = { readonly disk: OutputDisk; readonly folder: string };

export class Compaction {
  readonly #place: CompactionPlace;
  readonly #format: FileFormat;
  readonly #limits: CompactLimits | null;
  /** Those that have been asked for. */
  readonly #steps = new Set<string>();
  readonly #compactors = new Map<string, Compactor>();
  /** By run, the writers whose input has ended. */
  readonly #ended = new Map<string, Set<number>>();

  /** `limits`: null where parts stay as they are, but for those that an earlier version of the job had wait. */
  constructor(place: CompactionPlace, format: FileFormat, limits: CompactLimits | null) {
    this.#place = place;
    this.#format = format;
    this.#limits = limits;
  }

  /** Null where no part of the step waits, or ever will. */
  of(stepId: string): Compactor | null {
    this.#steps.add(stepId);
    const known = this.#compactors.get(stepId);
    if (known !== undefined) return known;
    if (this.#limits === null && !hasLedger(this.#place.folder, stepId)) return null;
    const compactor = new Compactor({ ...this.#place, stepId }, this.#format, this.#limits);
    this.#compactors.set(stepId, compactor);
    return compactor;
  }

  /** That of the step which has written the part. */
  ofPart({ path }: CompletePart): Compactor | null {
    const stepId = stepOf(path);
    return stepId === null ? null : this.of(stepId);
  }

  /** What a checkpoint, or the end, has of one step. Whether there is more to see than before; null where its parts stay as they are. */
  async commit(committables: readonly PlainData[]): Promise<boolean | null> {
    const parts = committables.filter(isPart);
    const ends = committables.filter(isEnd);
    const [part] = parts;
    const [end] = ends;
    const compactor =
      part !== undefined
        ? this.ofPart(part)
        : end !== undefined
          ? this.of(end.ended.stepId)
          : undefined;
    if (compactor === null) return null;
    // Whose checkpoint this is nobody says: to count one too many is to wait a little less.
    const counting = compactor === undefined ? this.#all : [compactor];
    let isMore = false;
    for (const one of counting) isMore = (await one.commit(parts)) || isMore;
    if (!this.#isLast(ends)) return isMore;
    return (await compactor!.finish()) || isMore;
  }

  /** Whether all writers of a run have come to their end. */
  #isLast(ends: readonly WriterEnd[]): boolean {
    return ends.some(({ ended: { runId, subtask, parallelism } }) => {
      const subtasks = (this.#ended.get(runId) ?? new Set()).add(subtask);
      this.#ended.set(runId, subtasks);
      return subtasks.size === parallelism;
    });
  }

  async finish(): Promise<void> {
    for (const compactor of this.#all) await compactor.finish();
  }

  /** Files that others see now and did not when this was asked before; behind a restart also some of which that is not known. */
  takeShown(): readonly string[] {
    return this.#all.flatMap((one) => one.takeShown());
  }

  get #all(): readonly Compactor[] {
    return [...this.#steps].map((stepId) => this.of(stepId)).filter((one) => one !== null);
  }

  /** Parts are given up. */
  forget(parts: readonly CompletePart[]): void {
    for (const part of parts) this.ofPart(part)?.forget(part.path);
  }

  /** Behind a failure what is known may not be what the folder has. */
  readAgain(): void {
    this.#compactors.clear();
  }
}

export function isPart(committable: PlainData): committable is CompletePart {
  return committable !== null && typeof committable === 'object' && 'path' in committable;
}

function isEnd(committable: PlainData): committable is WriterEnd {
  return committable !== null && typeof committable === 'object' && 'ended' in committable;
}
