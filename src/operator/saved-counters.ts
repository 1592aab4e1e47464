/** Counters of functions of the user in snapshots. They are no one's by key: over other subtasks they are spread evenly. */
import { type SavedCounter, UserMetrics } from '../metrics/user-metrics.ts';
import type { SnapshotWriter } from '../state/snapshot.ts';
import type { OperatorContext } from './operator.ts';

/** State; no state of the user can have this name. */
export const COUNTERS = '#counters';

/** Metrics of an operator that go on from the snapshot. */
export function restoredMetrics({ onMetric, clock, restored }: OperatorContext): UserMetrics {
  return new UserMetrics(onMetric, clock, restored.items(COUNTERS) as readonly SavedCounter[]);
}

/** At a barrier, and at the end of the subtask for all checkpoints behind it. */
export function saveCounters(metrics: UserMetrics, writer: SnapshotWriter): void {
  const counters = metrics.counters();
  if (counters.length > 0) writer.items(COUNTERS, 'list', counters);
}
