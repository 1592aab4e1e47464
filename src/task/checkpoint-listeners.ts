/**
 * The operators of a subtask that are told what has become of checkpoints, between two batches: of those that are complete the
 * last, and of those that were given up. One that comes too soon behind another takes its place.
 */
import type { CheckpointEnd } from '../metrics/shared-counters.ts';
import type { Operator } from '../operator/operator.ts';

/** What the coordinator tells: the number of the last, 0 before the first. */
export interface CheckpointEnds {
  completedCheckpoint(): number;
  abortedCheckpoint(): number;
}

type Listener = Required<Pick<Operator, 'checkpointEnded'>>;

export class CheckpointListeners {
  readonly #listeners: readonly Listener[];
  readonly #ends: CheckpointEnds;
  readonly #told: Record<CheckpointEnd, number> = { completed: 0, aborted: 0 };

  private constructor(listeners: readonly Listener[], ends: CheckpointEnds) {
    this.#listeners = listeners;
    this.#ends = ends;
  }

  /** Null where none of them listens. */
  static among(operators: readonly Operator[], ends: CheckpointEnds): CheckpointListeners | null {
    const listeners = operators.filter(listens);
    return listeners.length === 0 ? null : new CheckpointListeners(listeners, ends);
  }

  /** Tells what there is; true when there was something. */
  tell(): boolean {
    const completed = this.#ends.completedCheckpoint();
    const aborted = this.#ends.abortedCheckpoint();
    if (completed === this.#told.completed && aborted === this.#told.aborted) return false;
    // The older first.
    if (aborted < completed) this.#tellOf(aborted, 'aborted');
    this.#tellOf(completed, 'completed');
    this.#tellOf(aborted, 'aborted');
    return true;
  }

  #tellOf(checkpoint: number, end: CheckpointEnd): void {
    if (checkpoint === this.#told[end]) return;
    this.#told[end] = checkpoint;
    for (const listener of this.#listeners) listener.checkpointEnded(checkpoint, end);
  }
}

function listens(operator: Operator): operator is Operator & Listener {
  return operator.listensToCheckpoints === true;
}
