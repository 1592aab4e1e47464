/** How often and how long subtasks do something, by how many there are. */
import {
  BACKLOG_MS,
  DEFAULT_WATERMARK_INTERVAL_MS,
  STEP_BUDGET_US,
  STEP_BUDGET_US_MAX,
  WATERMARK_INTERVAL_MS_MAX,
} from '../base/limits.ts';

/** Channels and subtasks of one thread up to which nothing has to be held back. */
const FEW_CHANNELS = 100;
const FEW_SUBTASKS = 64;
/** Subtasks of a thread that come to their turns well within the work that waits for them. */
const TIMELY_SUBTASKS = 16;

/** Time between two watermarks of a source: longer where many channels have to be told of each. */
export function watermarkIntervalMs(channels: number): number {
  const times = Math.max(1, channels / FEW_CHANNELS);
  return Math.min(WATERMARK_INTERVAL_MS_MAX, DEFAULT_WATERMARK_INTERVAL_MS * times);
}

/** Time that a step may take: longer where a subtask finds its memory cold after the turns of many others. */
export function stepBudgetMs(subtasksOfThread: number): number {
  const times = Math.max(1, subtasksOfThread / FEW_SUBTASKS);
  return Math.min(STEP_BUDGET_US_MAX, STEP_BUDGET_US * times) / 1000;
}

/** Work that may wait in front of a subtask: more where its turn comes seldom. */
export function backlogMs(subtasksOfThread: number): number {
  return BACKLOG_MS * Math.max(1, subtasksOfThread / TIMELY_SUBTASKS);
}
