/**
 * What the calling thread knows of the splits of one source: those that have to be read, and those that have been. It is part of
 * each checkpoint, as it is when the checkpoint is asked for; how far subtasks are is in theirs.
 *
 *   found → to read → read by a subtask, which says so → remembered → (is listed no more) → forgotten
 *
 * Where both parts of a checkpoint have a split, that of the subtask counts. One that was read before the checkpoint was asked for
 * is in one of them as read: a subtask lets go of it only when it is told that this part has it (SourceInput.onFound).
 */
import type { NodeId } from '../graph/graph.ts';
import type { SourceSplit } from '../operator/source.ts';
import type { SourceSplits } from '../task/deployment.ts';
import {
  type FoundSplits,
  fromItsStart,
  type SplitState,
  type SplitToRead,
} from '../task/split-state.ts';

export class KnownSplits {
  readonly node: NodeId;
  readonly #toRead: Map<string, SplitToRead>;
  readonly #read: Map<string, SplitState>;
  /** Read since subtasks were told last. */
  #news: string[] = [];
  /** Splits of the last stage that subtasks have been told of. */
  #told: number;

  /** They are those of a checkpoint: the source has not been asked yet. */
  readonly isRestored: boolean;

  /** `read`: what a checkpoint says has been read; null where none says anything. */
  constructor(node: NodeId, stages: SourceSplits, read: readonly SplitState[] | null) {
    const own = stages.filter((stage) => stage.node === node);
    const splits = own.flatMap((stage) => stage.splits);
    this.node = node;
    this.#toRead = new Map(splits.map((one) => [one.split.id, one]));
    this.isRestored = read !== null;
    this.#read = new Map((read ?? []).map((one) => [one.split.id, remembered(one)]));
    this.#told = own.at(-1)!.splits.length;
  }

  /** For a checkpoint. */
  states(): readonly SplitState[] {
    const toRead = Array.from(this.#toRead.values(), (one) => ({ ...one, isRead: false }));
    return [...toRead, ...this.#read.values()];
  }

  has(id: string): boolean {
    return this.#toRead.has(id) || this.#read.has(id);
  }

  get hasToRead(): boolean {
    return this.#toRead.size > 0;
  }

  /** A subtask has come to the end of a split. */
  onRead(id: string): void {
    const one = this.#toRead.get(id);
    if (one === undefined) return;
    this.#toRead.delete(id);
    this.#read.set(id, remembered(one));
    this.#news.push(id);
  }

  /** Takes all splits that there are now; returns what subtasks have to be told, null for nothing. */
  take(listed: readonly SourceSplit[]): FoundSplits | null {
    const ids = new Set(listed.map(({ id }) => id));
    for (const id of this.#read.keys()) if (!ids.has(id)) this.#read.delete(id);
    const splits = listed.filter(({ id }) => !this.has(id)).map(fromItsStart);
    for (const one of splits) this.#toRead.set(one.split.id, one);
    const first = this.#told;
    this.#told += splits.length;
    const news = this.#news;
    this.#news = [];
    return splits.length + news.length === 0 ? null : { first, splits, remembered: news };
  }
}

/** Of a split that has been read nothing is needed but its id. */
function remembered({ split: { id } }: SplitToRead): SplitState {
  return { ...fromItsStart({ id, weight: 0, detail: null }), isRead: true };
}
