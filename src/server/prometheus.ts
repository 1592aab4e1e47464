/**
 * Metrics in the text format of Prometheus, by its conventions: base units, `_total` for what only grows.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { JobMetrics } from '../job/job-metrics.ts';

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number | null];

class Exposition {
  readonly #lines: string[] = [];
  readonly #job: Labels;

  constructor(job: Labels) {
    this.#job = job;
  }

  /** A family; samples without a value are left out, and so is a family without samples. */
  add(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): void {
    const known = samples.filter(([, value]) => value !== null);
    if (known.length === 0) return;
    this.#lines.push(`# HELP millrace_${name} ${help}`, `# TYPE millrace_${name} ${type}`);
    for (const [labels, value] of known) {
      this.#lines.push(
        `millrace_${name}${labelText({ ...this.#job, ...labels })} ${textOf(value!)}`,
      );
    }
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function labelText(labels: Labels): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${texts.join(',')}}`;
}

function escaped(value: string | number): string {
  return String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function textOf(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

export function prometheusText(metrics: JobMetrics): string {
  const out = new Exposition({ job_name: metrics.name });
  addJob(out, metrics);
  addOperators(out, metrics);
  addSubtasks(out, metrics);
  addExchanges(out, metrics);
  addThreads(out, metrics);
  addCheckpoints(out, metrics);
  return out.text;
}

function addJob(out: Exposition, metrics: JobMetrics): void {
  const { elapsedMs, restarts, records, eventLoopDelay, state, isRestarting } = metrics;
  const isUp = state === 'running' && !isRestarting;
  out.add('job_running', 'gauge', 'Whether the job runs.', [[{}, isUp ? 1 : 0]]);
  out.add('job_uptime_seconds', 'gauge', 'Time since the job was started.', [
    [{}, seconds(elapsedMs)],
  ]);
  out.add('job_restarts_total', 'counter', 'Attempts after the first.', [[{}, restarts]]);
  out.add('job_records_total', 'counter', 'Records that the sources have read.', [[{}, records]]);
  const { meanMs, p99Ms, maxMs } = eventLoopDelay;
  out.add('event_loop_delay_seconds', 'gauge', 'Delay of the event loop of the calling thread.', [
    [{ of: 'mean' }, seconds(meanMs)],
    [{ of: 'p99' }, seconds(p99Ms)],
    [{ of: 'max' }, seconds(maxMs)],
  ]);
}

function addOperators(out: Exposition, { tasks }: JobMetrics): void {
  const operators = tasks.flatMap(({ id, operators }) =>
    operators.map((operator) => ({ labels: { task: id, operator: operator.name }, operator })),
  );
  const add = (
    name: string,
    help: string,
    of: (operator: (typeof operators)[0]['operator']) => number,
  ): void =>
    out.add(
      name,
      'counter',
      help,
      operators.map(({ labels, operator }) => [labels, of(operator)]),
    );
  add('operator_records_in_total', 'Records that came to an operator.', (one) => one.recordsIn);
  add('operator_records_out_total', 'Records that left an operator.', (one) => one.recordsOut);
  add('operator_late_records_total', 'Records dropped as late.', (one) => one.lateRecords);
  add('operator_skipped_records_total', 'Malformed records.', (one) => one.skippedRecords);
  out.add(
    'user_counter_total',
    'counter',
    'Counters that functions have made.',
    operators.flatMap(({ labels, operator }) =>
      Object.entries(operator.counters).map(([name, count]) => [{ ...labels, name }, count]),
    ),
  );
  out.add(
    'user_gauge',
    'gauge',
    'Gauges that functions have made, one for each subtask that has it.',
    operators.flatMap(({ labels, operator }) =>
      Object.entries(operator.gauges).flatMap(([name, values]) =>
        values.map((value, number): Sample => [{ ...labels, name, number }, value]),
      ),
    ),
  );
}

function addSubtasks(out: Exposition, { tasks }: JobMetrics): void {
  const subtasks = tasks.flatMap(({ id, name, subtasks }) =>
    subtasks.map((subtask) => ({
      labels: { task: id, task_name: name, subtask: subtask.index, thread: subtask.worker },
      subtask,
    })),
  );
  const add = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    of: (subtask: (typeof subtasks)[0]['subtask']) => number | null,
  ): void =>
    out.add(
      name,
      type,
      help,
      subtasks.map(({ labels, subtask }) => [labels, of(subtask)]),
    );
  add(
    'subtask_records_in_total',
    'counter',
    'Records that came to a subtask.',
    (one) => one.recordsIn,
  );
  add(
    'subtask_records_out_total',
    'counter',
    'Records that left a subtask.',
    (one) => one.recordsOut,
  );
  add('subtask_busy_seconds_total', 'counter', 'Time in steps of its own.', (one) =>
    seconds(one.busyMs),
  );
  add('subtask_backpressured_seconds_total', 'counter', 'Time held up by its output.', (one) =>
    seconds(one.backPressuredMs),
  );
  add('subtask_idle_seconds_total', 'counter', 'Time without work, or without its turn.', (one) =>
    seconds(one.idleMs),
  );
  add('subtask_watermark_timestamp_seconds', 'gauge', 'The last watermark, event time.', (one) =>
    seconds(one.watermark),
  );
  add('subtask_watermark_lag_seconds', 'gauge', 'Watermark behind the newest record.', (one) =>
    seconds(one.watermarkLagMs),
  );
}

function addExchanges(out: Exposition, { exchanges }: JobMetrics): void {
  const rings = exchanges
    .map((exchange, number) => ({ exchange, number }))
    .filter(({ exchange }) => exchange.rings > 0)
    .map(({ exchange, number }) => {
      const { fromTask, toTask } = exchange;
      return { labels: { exchange: number, from_task: fromTask, to_task: toTask }, exchange };
    });
  const add = (
    name: string,
    help: string,
    of: (exchange: (typeof rings)[0]['exchange']) => number,
  ): void =>
    out.add(
      name,
      'gauge',
      help,
      rings.map(({ labels, exchange }) => [labels, of(exchange)]),
    );
  add('exchange_used_bytes', 'Bytes in the rings of an exchange.', (one) => one.usedBytes);
  add('exchange_capacity_bytes', 'What its rings can hold.', (one) => one.capacityBytes);
  add('exchange_fullest_ratio', 'Share of its fullest ring.', (one) => one.fullest);
}

function addThreads(out: Exposition, { threads }: JobMetrics): void {
  const add = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    of: (thread: (typeof threads)[0]) => number | null,
  ): void =>
    out.add(
      name,
      type,
      help,
      threads.map((thread) => [{ thread: thread.worker }, of(thread)]),
    );
  add('thread_busy_seconds_total', 'counter', 'Time in steps of subtasks.', (one) =>
    seconds(one.busyMs),
  );
  add('thread_elapsed_seconds_total', 'counter', 'Time at work on the job.', (one) =>
    seconds(one.elapsedMs),
  );
  add('thread_heap_used_bytes', 'gauge', 'Heap of a thread.', (one) => one.heapUsedBytes);
  add(
    'thread_heap_limit_bytes',
    'gauge',
    'What the heap may grow to.',
    (one) => one.heapLimitBytes,
  );
}

function addCheckpoints(out: Exposition, { checkpoints }: JobMetrics): void {
  const { completed, failed, restored, lastCompleted: last } = checkpoints;
  out.add('checkpoints_completed_total', 'counter', 'Checkpoints and savepoints.', [
    [{}, completed],
  ]);
  out.add('checkpoints_failed_total', 'counter', 'Those that have failed.', [[{}, failed]]);
  out.add('checkpoints_restored_total', 'counter', 'Times that the job went on from one.', [
    [{}, restored],
  ]);
  if (last === null) return;
  out.add('last_checkpoint_duration_seconds', 'gauge', 'Duration of the last checkpoint.', [
    [{}, seconds(last.durationMs)],
  ]);
  out.add('last_checkpoint_written_bytes', 'gauge', 'State that it has written.', [
    [{}, last.bytes],
  ]);
  out.add('last_checkpoint_state_bytes', 'gauge', 'State that it refers to.', [
    [{}, last.fullBytes],
  ]);
  out.add('last_checkpoint_timestamp_seconds', 'gauge', 'When it began.', [
    [{}, seconds(last.startedAt)],
  ]);
}
