/** One vertex: its subtasks, who holds it up, how far its event time is, its metrics by name. */
import type { OperatorResult } from '../job/job.ts';
import type { SubtaskMetrics, TaskMetrics } from '../job/job-metrics.ts';
import { countsOf, VERTEX_COUNTS } from './job-routes.ts';
import { type Call, type JobRoute, notFound } from './rest.ts';
import { aNumber, aText, aTime, list, object, oneOf } from './schema.ts';
import { SUBTASK_STATES, subtaskState } from './states.ts';

export function taskOf({ metrics, params }: Call): TaskMetrics {
  const task = metrics.tasks.find(({ id }) => String(id) === params.vertexid);
  if (task === undefined) throw notFound(`vertex '${params.vertexid}' in job '${metrics.name}'`);
  return task;
}

const vertex: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/vertices/:vertexid',
  operationId: 'getVertex',
  summary: 'The subtasks of a vertex',
  changes: false,
  status: 200,
  answer: object({
    id: aText,
    name: aText,
    parallelism: aNumber,
    maxParallelism: aNumber,
    now: aTime,
    subtasks: list(
      object({
        subtask: aNumber,
        status: oneOf(...SUBTASK_STATES),
        attempt: aNumber,
        thread: aText,
        metrics: VERTEX_COUNTS,
      }),
    ),
  }),
  handle(call) {
    const { metrics } = call;
    const { id, name, parallelism, maxParallelism, subtasks } = taskOf(call);
    return {
      id: String(id),
      name,
      parallelism,
      maxParallelism,
      now: metrics.startedAt + Math.round(metrics.elapsedMs),
      subtasks: subtasks.map((subtask) => ({
        subtask: subtask.index,
        status: subtaskState(metrics, subtask.state),
        attempt: metrics.restarts,
        thread: String(subtask.worker),
        metrics: countsOf([subtask]),
      })),
    };
  },
};

const LEVELS = ['ok', 'low', 'high'] as const;

/** The bounds are Flink's. */
export function backPressureLevel(ratio: number): (typeof LEVELS)[number] {
  return ratio <= 0.1 ? 'ok' : ratio <= 0.5 ? 'low' : 'high';
}

const backpressure: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/vertices/:vertexid/backpressure',
  operationId: 'getBackpressure',
  summary: 'How the subtasks of a vertex have spent the last second',
  changes: false,
  status: 200,
  answer: object({
    status: oneOf('ok'),
    backpressureLevel: oneOf(...LEVELS),
    'end-timestamp': aTime,
    subtasks: list(
      object({
        subtask: aNumber,
        backpressureLevel: oneOf(...LEVELS),
        ratio: aNumber,
        idleRatio: aNumber,
        busyRatio: aNumber,
      }),
    ),
  }),
  handle(call) {
    const { metrics, rates } = call;
    const task = taskOf(call);
    const subtasks = task.subtasks.map(({ index }) => {
      const { held, idle, busy } = rates.sharesOf(task.id, index);
      return {
        subtask: index,
        backpressureLevel: backPressureLevel(held),
        ratio: held,
        idleRatio: idle,
        busyRatio: busy,
      };
    });
    return {
      status: 'ok',
      backpressureLevel: backPressureLevel(Math.max(0, ...subtasks.map(({ ratio }) => ratio))),
      'end-timestamp': metrics.startedAt + Math.round(metrics.elapsedMs),
      subtasks,
    };
  },
};

const VALUES = list(object({ id: aText, value: aText }));

/** As Flink's, whose watermarks are whole numbers of 64 bits. */
function watermarkText(watermark: number | null): string {
  if (watermark === null) return '-9223372036854775808';
  return watermark === Infinity ? '9223372036854775807' : String(Math.floor(watermark));
}

const watermarks: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/vertices/:vertexid/watermarks',
  operationId: 'getWatermarks',
  summary:
    'The last watermark of each subtask; the least and the greatest 64-bit number for none yet and for the end',
  changes: false,
  status: 200,
  answer: VALUES,
  handle: (call) =>
    taskOf(call).subtasks.map(({ index, watermark }) => ({
      id: `${index}.currentInputWatermark`,
      value: watermarkText(watermark),
    })),
};

const NAMED: Readonly<Record<string, (subtask: SubtaskMetrics) => string>> = {
  numRecordsIn: ({ recordsIn }) => String(recordsIn),
  numRecordsOut: ({ recordsOut }) => String(recordsOut),
  numLateRecordsDropped: ({ lateRecords }) => String(lateRecords),
  numRecordsSkipped: ({ skippedRecords }) => String(skippedRecords),
  currentInputWatermark: ({ watermark }) => watermarkText(watermark),
  watermarkLag: ({ watermarkLagMs }) => String(watermarkLagMs ?? ''),
  accumulateBusyTimeMs: ({ busyMs }) => String(busyMs),
  accumulateBackPressuredTimeMs: ({ backPressuredMs }) => String(backPressuredMs),
  accumulateIdleTimeMs: ({ idleMs }) => String(idleMs),
};

type Value = { readonly id: string; readonly value: string };

/** How a step is called in the ids of its metrics. */
type LabelOf = (uid: string, name: string) => string;

/** By its name, or by its uid where several of the vertex have this name. */
function labelsIn({ operators }: TaskMetrics): LabelOf {
  const names = operators.map(({ name }) => name);
  return (uid, name) => (names.indexOf(name) === names.lastIndexOf(name) ? name : uid);
}

function valuesOf(task: TaskMetrics): Value[] {
  const labelOf = labelsIn(task);
  const ofSubtasks = task.subtasks.flatMap((subtask) =>
    Object.entries(NAMED).map(([name, read]) => ({
      id: `${subtask.index}.${name}`,
      value: read(subtask),
    })),
  );
  const ofStates = task.subtasks.flatMap((subtask) => valuesOfStates(subtask, labelOf));
  const ofFunctions = task.operators.flatMap((step) => valuesOfFunctions(step, labelOf));
  return [...ofSubtasks, ...ofStates, ...ofFunctions];
}

function valuesOfStates({ index, states }: SubtaskMetrics, labelOf: LabelOf): Value[] {
  return states.flatMap(({ uid, operator, name, keys, windows }) => {
    const id = `${index}.${labelOf(uid, operator)}.${name}`;
    return [
      { id: `${id}.keys`, value: String(keys ?? '') },
      ...(windows === null ? [] : [{ id: `${id}.windows`, value: String(windows) }]),
    ];
  });
}

function valuesOfFunctions(operator: OperatorResult, labelOf: LabelOf): Value[] {
  const { uid, name: step, counters, gauges, meters, histograms } = operator;
  const named: [string, number][] = [
    ...Object.entries(counters),
    ...Object.entries(gauges).flatMap(([name, values]) =>
      values.map((value, n): [string, number] => [`${name}.${n}`, value]),
    ),
    ...Object.entries({ ...meters, ...histograms }).flatMap(([name, values]) =>
      Object.entries(values).map(([what, value]): [string, number] => [`${name}.${what}`, value]),
    ),
  ];
  const label = labelOf(uid, step);
  return named.map(([name, value]) => ({ id: `${label}.${name}`, value: String(value) }));
}

const vertexMetrics: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/vertices/:vertexid/metrics',
  operationId: 'getVertexMetrics',
  summary: 'The metrics of a vertex: their ids, and the values of those that are asked for',
  changes: false,
  status: 200,
  query: { get: 'ids, separated by commas; `*` for all' },
  answer: list(object({ id: aText, value: aText }, ['id'])),
  handle(call) {
    const values = valuesOf(taskOf(call));
    const get = call.query.get('get');
    if (get === null) return values.map(({ id }) => ({ id }));
    if (get === '*') return values;
    // Names that functions and steps give may have commas.
    const wanted = new Set([get, ...get.split(',')]);
    return values.filter(({ id }) => wanted.has(id));
  },
};

export const VERTEX_ROUTES: readonly JobRoute[] = [vertex, backpressure, watermarks, vertexMetrics];
