/** The steps of random jobs. */

import { clockTimers, clockWindow, expired } from './clock-steps.ts';
import type { DrawStep } from './drawing.ts';
import {
  partitions,
  patternMatch,
  rolling,
  running,
  split,
  states,
  timers,
} from './keyed-steps.ts';
import {
  besideBroadcast,
  broadcastJoin,
  connected,
  intervalJoin,
  windowJoin,
} from './pair-steps.ts';
import {
  as,
  asked,
  broadcast,
  dealt,
  enlarged,
  filter,
  flatMap,
  map,
  project,
  timeAnew,
  union,
} from './row-steps.ts';
import {
  countWindow,
  earlyFiring,
  inOrderWindow,
  keyedWindow,
  lateRows,
  reinterpreted,
  windowAll,
} from './window-steps.ts';

/** Those of which there is a naive evaluation; windows most often, for there is most to them. */
export const EVALUATED_STEPS: readonly DrawStep[] = [
  map,
  filter,
  flatMap,
  project,
  as,
  enlarged,
  dealt,
  union,
  timeAnew,
  rolling,
  keyedWindow,
  keyedWindow,
  keyedWindow,
  windowAll,
  inOrderWindow,
  reinterpreted,
  countWindow,
  intervalJoin,
  windowJoin,
  partitions,
];

export const STEPS: readonly DrawStep[] = [
  ...EVALUATED_STEPS,
  broadcast,
  lateRows,
  earlyFiring,
  states,
  split,
  timers,
  running,
  connected,
  besideBroadcast,
  broadcastJoin,
  asked,
  patternMatch,
  expired,
  clockTimers,
  clockWindow,
];

/** Those that make more of rows that are in order; they keep to what is evaluated where the job does. */
export const ORDERED_STEPS: readonly DrawStep[] = [
  inOrderWindow,
  inOrderWindow,
  rolling,
  countWindow,
  keyedWindow,
];
