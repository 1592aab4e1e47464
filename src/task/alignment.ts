/**
 * Watermark alignment: splits that are ahead of the slowest of their group by more than the drift are left unread for a while,
 * so that operators behind several sources do not have to keep what the fast ones are ahead.
 *
 * How far a subtask is, is one word of shared memory (`SubtaskNumbers.readingAt`), which it writes before each batch that it
 * reads. A limit that is old is too low rather than too high, since the slowest only moves on: it is found anew when a split
 * has come to it.
 */
import type { Watermark } from '../data/batch.ts';
import type { SubtaskNumbers } from '../metrics/shared-numbers.ts';
import type { AlignmentSpec } from '../time/watermark.ts';

export class Alignment {
  readonly everyMs: number;
  readonly #maxDriftMs: number;
  readonly #group: readonly SubtaskNumbers[];
  #limit: Watermark = -Infinity;
  #dueMs = -Infinity;

  /** `group`: all subtasks of all sources in it. */
  constructor({ maxDriftMs, everyMs }: AlignmentSpec, group: readonly SubtaskNumbers[]) {
    this.everyMs = everyMs;
    this.#maxDriftMs = maxDriftMs;
    this.#group = group;
  }

  /** Whether a split whose watermark this is has to wait. */
  isAhead(watermark: Watermark, nowMs: number): boolean {
    if (watermark > this.#limit || nowMs >= this.#dueMs) {
      // An idle one that is back may be behind what was the slowest.
      this.#limit = slowestOf(this.#group) + this.#maxDriftMs;
      this.#dueMs = nowMs + this.everyMs;
    }
    return watermark > this.#limit;
  }
}

/** How far the subtask is that is farthest behind; Infinity where none holds others back. */
export function slowestOf(subtasks: readonly SubtaskNumbers[]): Watermark {
  let slowest = Infinity;
  for (const { readingAt } of subtasks) if (readingAt < slowest) slowest = readingAt;
  return slowest;
}
