/** How the job is, once a second, to all who listen: Server-Sent Events. */
import type { ServerResponse } from 'node:http';
import { EVENT_STREAMS_MAX } from '../base/limits.ts';
import type { JobMetrics, TaskMetrics } from '../job/job-metrics.ts';
import type { Rates } from './rates.ts';
import { RestError } from './rest.ts';
import { aNumber, aText, aTime, list, object, oneOf, orNull } from './schema.ts';
import { JOB_STATES, jobState } from './states.ts';

export const EVENT = object({
  state: oneOf(...JOB_STATES),
  now: aTime,
  records: aNumber,
  recordsPerSecond: orNull(aNumber),
  watermark: orNull(aNumber),
  restarts: aNumber,
  checkpoint: orNull(aNumber),
  gcMs: list(aNumber),
  vertices: list(
    object({
      id: aText,
      records: aNumber,
      recordsIn: aNumber,
      recordsOut: aNumber,
      recordsWritten: aNumber,
      bytesRead: aNumber,
      bytesWritten: aNumber,
      watermark: orNull(aNumber),
      watermarkLag: orNull(aNumber),
      busyRatio: aNumber,
      backPressuredRatio: aNumber,
      idleRatio: aNumber,
    }),
  ),
  edges: list(object({ id: aText, from: aText, to: aText, rows: aNumber, fullest: aNumber })),
});

/**
 * Ratios of a vertex are those of its busiest, and of its most held-up subtask; its watermark is the least, and its lag the
 * greatest. `gcMs` is that of each thread, the calling one first.
 */
export function eventOf(metrics: JobMetrics, rates: Rates) {
  return {
    state: jobState(metrics),
    now: metrics.startedAt + Math.round(metrics.elapsedMs),
    records: metrics.records,
    recordsPerSecond: rates.recordsPerSecond,
    watermark: finite(metrics.watermark),
    restarts: metrics.restarts,
    checkpoint: metrics.checkpoints.lastCompleted?.id ?? null,
    gcMs: metrics.threads.map(({ gcMs }) => Math.round(gcMs)),
    vertices: metrics.tasks.map((task) => vertexOf(task, rates)),
    edges: metrics.exchanges.map(({ id, fromTask, toTask, rows, fullest }) => ({
      id,
      from: String(fromTask),
      to: String(toTask),
      rows,
      fullest,
    })),
  };
}

function vertexOf({ id, operators, subtasks, recordsWritten }: TaskMetrics, rates: Rates) {
  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  const recordsIn = sum(subtasks.map((subtask) => subtask.recordsIn));
  const recordsOut = sum(subtasks.map((subtask) => subtask.recordsOut));
  const watermarks = subtasks.map(({ watermark }) => watermark ?? -Infinity);
  const lags = subtasks.map(({ watermarkLagMs }) => watermarkLagMs ?? -Infinity);
  const shares = subtasks.map(({ index }) => rates.sharesOf(id, index));
  return {
    id: String(id),
    records: recordsIn + recordsOut,
    recordsIn,
    recordsOut,
    recordsWritten,
    bytesRead: sum(operators.map((operator) => operator.bytesRead)),
    bytesWritten: sum(operators.map((operator) => operator.bytesWritten)),
    watermark: finite(Math.min(...watermarks)),
    watermarkLag: finite(Math.max(...lags)),
    busyRatio: Math.max(0, ...shares.map(({ busy }) => busy)),
    backPressuredRatio: Math.max(0, ...shares.map(({ held }) => held)),
    idleRatio: Math.min(1, ...shares.map(({ idle }) => idle)),
  };
}

/** Null for what JSON has no number for. */
function finite(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

export class EventStreams {
  readonly #rates: Rates;
  readonly #look: () => JobMetrics;
  readonly #open = new Map<ServerResponse, () => void>();

  constructor(rates: Rates, look: () => JobMetrics) {
    this.#rates = rates;
    this.#look = look;
  }

  open(response: ServerResponse): void {
    if (this.#open.size >= EVENT_STREAMS_MAX) {
      throw new RestError(503, `there are ${EVENT_STREAMS_MAX} listeners already`);
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const stop = this.#rates.listen((metrics) => this.#send(response, 'progress', metrics));
    this.#open.set(response, stop);
    response.on('close', () => {
      stop();
      this.#open.delete(response);
    });
    this.#send(response, 'progress', this.#look());
  }

  /** One who does not read misses events: nothing is kept for him. */
  #send(response: ServerResponse, name: string, metrics: JobMetrics): void {
    if (response.writableNeedDrain) return;
    response.write(`event: ${name}\ndata: ${JSON.stringify(eventOf(metrics, this.#rates))}\n\n`);
  }

  close(): void {
    for (const [response, stop] of this.#open) {
      stop();
      this.#send(response, 'end', this.#look());
      response.end();
    }
    this.#open.clear();
  }
}
