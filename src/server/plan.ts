/** The graph of a job as Flink's REST draws it. */
import type { JobMetrics } from '../job/job-metrics.ts';
import { aNumber, aText, list, object } from './schema.ts';

const NODE = object({
  id: aText,
  parallelism: aNumber,
  operator: aText,
  operator_strategy: aText,
  description: aText,
  inputs: list(
    object({ num: aNumber, id: aText, edge: aText, ship_strategy: aText, exchange: aText }),
  ),
});

export const PLAN = object({ jid: aText, name: aText, type: aText, nodes: list(NODE) });

export function planOf(metrics: JobMetrics, isBatch: boolean) {
  const { id: jid, name, tasks, exchanges } = metrics;
  return {
    jid,
    name,
    type: isBatch ? 'BATCH' : 'STREAMING',
    nodes: tasks.map(({ id, parallelism, description }) => ({
      id: String(id),
      parallelism,
      operator: '',
      operator_strategy: '',
      description,
      inputs: exchanges
        .filter(({ toTask }) => toTask === id)
        .map(({ id: edge, fromTask, partitioning }, num) => ({
          num,
          id: String(fromTask),
          edge,
          ship_strategy: partitioning.toUpperCase(),
          exchange: 'pipelined_bounded',
        })),
    })),
  };
}
