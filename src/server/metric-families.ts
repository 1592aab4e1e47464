/**
 * The metrics of a job as families of samples with labels, for those who gather metrics: by the conventions of Prometheus, base
 * units, `_total` for what only grows. Families are always the same, whether they have samples now or not.
 */
import type { JobMetrics } from '../job/job-metrics.ts';
import type { HistogramValues } from '../metrics/histogram.ts';
import { addCheckpoints } from './checkpoint-families.ts';
import { Families, type Family, type Labels, type Sample, seconds } from './families.ts';

export function metricFamilies(metrics: JobMetrics): readonly Family[] {
  const out = new Families();
  addJob(out, metrics);
  addOperators(out, metrics);
  addSubtasks(out, metrics);
  addStates(out, metrics);
  addExchanges(out, metrics);
  addThreads(out, metrics);
  addCheckpoints(out, metrics);
  return out.all;
}

function addJob(out: Families, metrics: JobMetrics): void {
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

function addOperators(out: Families, { tasks }: JobMetrics): void {
  const operators = tasks.flatMap(({ id, operators }) =>
    operators.map((operator) => {
      const { uid, name } = operator;
      return { labels: { task: id, uid, operator: name }, operator };
    }),
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
  add('operator_read_bytes_total', 'What a source has read outside.', (one) => one.bytesRead);
  add(
    'operator_written_bytes_total',
    'What a sink has written outside.',
    (one) => one.bytesWritten,
  );
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
  const meters = operators.flatMap(({ labels, operator }) =>
    Object.entries(operator.meters).map(([name, values]) => ({
      labels: { ...labels, name },
      values,
    })),
  );
  out.add(
    'user_meter_events_total',
    'counter',
    'Events that meters of functions have counted.',
    meters.map(({ labels, values }) => [labels, values.count]),
  );
  out.add(
    'user_meter_events_per_second',
    'gauge',
    'The same a second, on the average of about the last minute.',
    meters.map(({ labels, values }) => [labels, values.rate]),
  );
  out.add(
    'user_histogram',
    'summary',
    'Histograms that functions have made.',
    operators.flatMap(({ labels, operator }) =>
      Object.entries(operator.histograms).flatMap(([name, values]) =>
        summaryOf({ ...labels, name }, values),
      ),
    ),
  );
}

/** Quantiles, sum and count, as Prometheus has them of a summary. */
function summaryOf(labels: Labels, values: HistogramValues): readonly Sample[] {
  const quantiles = [
    ['0.5', values.p50],
    ['0.75', values.p75],
    ['0.95', values.p95],
    ['0.99', values.p99],
    ['0.999', values.p999],
  ] as const;
  return [
    ...quantiles.map(([quantile, value]): Sample => [{ ...labels, quantile }, value]),
    [labels, values.sum, '_sum'],
    [labels, values.count, '_count'],
  ];
}

function addSubtasks(out: Families, { tasks }: JobMetrics): void {
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

function addStates(out: Families, { tasks }: JobMetrics): void {
  const states = tasks.flatMap(({ id, subtasks }) =>
    subtasks.flatMap(({ index, states }) =>
      states.map((state) => {
        const { uid, operator, name } = state;
        return { labels: { task: id, subtask: index, uid, operator, state: name }, state };
      }),
    ),
  );
  out.add(
    'state_keys',
    'gauge',
    'Keys that have something in a state.',
    states.map(({ labels, state }) => [labels, state.keys]),
  );
  out.add(
    'state_windows',
    'gauge',
    'Windows or panes that are open in a state, each as often as keys are in it.',
    states.map(({ labels, state }) => [labels, state.windows]),
  );
}

function addExchanges(out: Families, { exchanges }: JobMetrics): void {
  const all = exchanges.map((exchange, number) => {
    const { fromTask, toTask } = exchange;
    return { labels: { exchange: number, from_task: fromTask, to_task: toTask }, exchange };
  });
  out.add(
    'exchange_rows_total',
    'counter',
    'Records, or partial results of them, that were sent over an exchange.',
    all.map(({ labels, exchange }) => [labels, exchange.rows]),
  );
  const rings = all.filter(({ exchange }) => exchange.rings > 0);
  const add = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    of: (exchange: (typeof rings)[0]['exchange']) => number,
  ): void =>
    out.add(
      name,
      type,
      help,
      rings.map(({ labels, exchange }) => [labels, of(exchange)]),
    );
  add('exchange_bytes_total', 'counter', 'What was written to its rings.', (one) => one.bytes);
  add('exchange_used_bytes', 'gauge', 'Bytes in the rings of an exchange.', (one) => one.usedBytes);
  add('exchange_capacity_bytes', 'gauge', 'What its rings can hold.', (one) => one.capacityBytes);
  add(
    'exchange_fullest_ratio',
    'gauge',
    'Share of its fullest ring, of what may wait in it.',
    (one) => one.fullest,
  );
}

function addThreads(out: Families, { threads }: JobMetrics): void {
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
  add('thread_gc_seconds_total', 'counter', 'Time in which it collected garbage.', (one) =>
    seconds(one.gcMs),
  );
  add('thread_heap_used_bytes', 'gauge', 'Heap of a thread.', (one) => one.heapUsedBytes);
  add(
    'thread_heap_limit_bytes',
    'gauge',
    'What the heap may grow to.',
    (one) => one.heapLimitBytes,
  );
}
