/** What several answers say of a job. */
import type { JobMetrics } from '../job/job-metrics.ts';
import { aNumber, aText, aTime, object, oneOf } from './schema.ts';
import {
  JOB_STATES,
  jobState,
  type RestSubtaskState,
  SUBTASK_STATES,
  stateCounts,
  subtaskState,
} from './states.ts';

export const STATE_COUNTS = object(
  Object.fromEntries(SUBTASK_STATES.map((state) => [state, aNumber])),
);

export function statesOf(
  metrics: JobMetrics,
  task: JobMetrics['tasks'][number],
): RestSubtaskState[] {
  return task.subtasks.map(({ state }) => subtaskState(metrics, state));
}

export function allStates(metrics: JobMetrics): RestSubtaskState[] {
  return metrics.tasks.flatMap((task) => statesOf(metrics, task));
}

/** Start, end (-1 as long as it runs) and duration. */
export function times(metrics: JobMetrics) {
  const { startedAt, elapsedMs, state } = metrics;
  const duration = Math.round(elapsedMs);
  return {
    'start-time': startedAt,
    'end-time': state === 'running' ? -1 : startedAt + duration,
    duration,
  };
}

export const TIMES = { 'start-time': aTime, 'end-time': aTime, duration: aNumber };

export const JOB_ROW = object({
  jid: aText,
  name: aText,
  state: oneOf(...JOB_STATES),
  ...TIMES,
  records: aNumber,
  restarts: aNumber,
  tasks: STATE_COUNTS,
});

export type JobRow = ReturnType<typeof jobRow>;

export function jobRow(metrics: JobMetrics) {
  return {
    jid: metrics.id,
    name: metrics.name,
    state: jobState(metrics),
    ...times(metrics),
    records: metrics.records,
    restarts: metrics.restarts,
    tasks: stateCounts(allStates(metrics)),
  };
}
