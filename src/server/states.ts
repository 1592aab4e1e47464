/** States by the names that Flink gives them. */
import type { JobMetrics, SubtaskState } from '../job/job-metrics.ts';

export const JOB_STATES = ['RUNNING', 'RESTARTING', 'FINISHED', 'CANCELED', 'FAILED'] as const;
export const SUBTASK_STATES = ['DEPLOYING', 'RUNNING', 'FINISHED', 'CANCELED', 'FAILED'] as const;

export type RestJobState = (typeof JOB_STATES)[number];
export type RestSubtaskState = (typeof SUBTASK_STATES)[number];

export function jobState({ state, isRestarting }: JobMetrics): RestJobState {
  switch (state) {
    case 'running':
      return isRestarting ? 'RESTARTING' : 'RUNNING';
    case 'cancelled':
      return 'CANCELED';
    case 'failed':
      return 'FAILED';
    default:
      return 'FINISHED';
  }
}

export function subtaskState(job: JobMetrics, state: SubtaskState): RestSubtaskState {
  if (state === 'finished') return 'FINISHED';
  if (job.isRestarting || job.state === 'failed') return 'FAILED';
  if (job.state !== 'running') return 'CANCELED';
  return state === 'starting' ? 'DEPLOYING' : 'RUNNING';
}

/** How many subtasks are in each state. */
export function stateCounts(states: readonly RestSubtaskState[]): Record<RestSubtaskState, number> {
  const counts = Object.fromEntries(SUBTASK_STATES.map((state) => [state, 0]));
  for (const state of states) counts[state]!++;
  return counts as Record<RestSubtaskState, number>;
}

/** The state of a task: that of the subtask that is least far, and a bad end before everything. */
export function taskState(states: readonly RestSubtaskState[]): RestSubtaskState {
  const order: readonly RestSubtaskState[] = [
    'FAILED',
    'CANCELED',
    'DEPLOYING',
    'RUNNING',
    'FINISHED',
  ];
  return order.find((state) => states.includes(state)) ?? 'FINISHED';
}
