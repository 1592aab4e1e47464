/**
 * Counters and gauges of the user's functions, of the whole job, as Flink's REST has its accumulators: those of one name are one, and
 * values are text. A gauge is the list of the values of all subtasks that have set it.
 */
import type { JobRoute } from './rest.ts';
import { aText, byName, list, object, oneOf } from './schema.ts';

const ACCUMULATOR = object({ name: aText, type: oneOf('Counter', 'Gauge'), value: aText });

const accumulators: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/accumulators',
  operationId: 'getAccumulators',
  summary: 'Counters and gauges that functions have made, of all steps together',
  changes: false,
  status: 200,
  answer: object({
    // Always empty, in Flink too.
    'job-accumulators': list(object({})),
    'user-task-accumulators': list(ACCUMULATOR),
    'serialized-user-task-accumulators': byName(aText),
  }),
  handle({ metrics }) {
    const counters = new Map<string, number>();
    const gauges = new Map<string, readonly number[]>();
    for (const operator of metrics.tasks.flatMap((task) => task.operators)) {
      for (const [name, count] of Object.entries(operator.counters))
        counters.set(name, (counters.get(name) ?? 0) + count);
      for (const [name, values] of Object.entries(operator.gauges))
        gauges.set(name, [...(gauges.get(name) ?? []), ...values]);
    }
    const shown = (type: 'Counter' | 'Gauge', of: ReadonlyMap<string, unknown>) =>
      Array.from(of, ([name, value]) => ({ name, type, value: textOf(value) }));
    return {
      'job-accumulators': [],
      'user-task-accumulators': [...shown('Counter', counters), ...shown('Gauge', gauges)],
      'serialized-user-task-accumulators': {},
    };
  },
};

function textOf(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

export const ACCUMULATOR_ROUTES: readonly JobRoute[] = [accumulators];
