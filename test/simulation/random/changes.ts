/**
 * Changes of a random job between two runs. Each says what becomes of the code of the version that was, or of that which is now, and
 * what the engine has to make of it: the outputs that are not changed have the same rows as if nothing had happened, or the next
 * version is refused by its step.
 */
import type { Random } from '../../../src/base/random.ts';
import {
  between,
  branch,
  dealtAnew,
  fieldAdded,
  fired,
  leftOut,
  named,
  placed,
  reordered,
  stateAdded,
} from './kept-changes.ts';
import type { RandomJob } from './random-job.ts';
import { aggregates, forgotten, otherKey, otherWindow } from './refused-changes.ts';
import { type Change, type DrawChange, versionOf } from './versions.ts';

const DRAWERS: readonly DrawChange[] = [
  between,
  between,
  between,
  branch,
  branch,
  leftOut,
  leftOut,
  named,
  placed,
  placed,
  dealtAnew,
  reordered,
  reordered,
  fired,
  fieldAdded,
  stateAdded,
  aggregates,
  aggregates,
  otherWindow,
  otherKey,
  forgotten,
];

const CHANGES_MAX = 4;

export function drawChanges(random: Random, job: RandomJob): Change[] {
  const base = versionOf(job);
  const changes: Change[] = [];
  const count = 1 + random.below(CHANGES_MAX);
  for (let tries = 0; changes.length < count && tries < 60; tries++) {
    const change = random.pick(DRAWERS)(random, job, base);
    if (change === null) continue;
    // Of two that are refused either may be told.
    if (change.refused && changes.some(({ refused }) => refused)) continue;
    // What may be dropped is not refused.
    if (change.refused?.code === 'STATE_UNKNOWN' && changes.some(({ drops }) => drops)) continue;
    if (change.drops && changes.some(({ refused }) => refused?.code === 'STATE_UNKNOWN')) continue;
    changes.push(change);
  }
  return changes;
}
