/** The metrics of a job as OpenTelemetry's SDK exports them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { blackhole, collection, job } from 'millrace';
import { watched } from '../e2e/jobs/watched.ts';

function exporting() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const exported = () =>
    exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((s) => s.metrics));
  return { provider, exported };
}

test('counters and gauges with their units and labels, as of when they are asked for', async () => {
  const { provider, exported } = exporting();
  const params = { rate: 20_000 };
  const client = await watched.start({ threads: 0, params, openTelemetry: provider });
  client.result().catch(() => {});
  while (client.metrics().tasks[1]!.operators[0]!.recordsIn < 100) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await provider.forceFlush();
  const found = new Map(exported().map((metric) => [metric.descriptor.name, metric]));
  const records = found.get('millrace.job_records')!;
  assert.equal(records.dataPointType, DataPointType.SUM);
  assert.deepEqual(records.dataPoints[0]!.attributes, { job_name: 'watched' });
  assert.ok(Number(records.dataPoints[0]!.value) >= 100);
  const busy = found.get('millrace.subtask_busy')!;
  assert.equal(busy.descriptor.unit, 's');
  assert.equal(busy.dataPoints.length, 2);
  assert.equal(found.get('millrace.thread_heap_used')!.descriptor.unit, 'By');
  assert.equal(found.get('millrace.thread_gc')!.descriptor.unit, 's');
  const keys = found.get('millrace.state_keys')!;
  assert.deepEqual(keys.dataPoints[0]!.attributes, {
    job_name: 'watched',
    task: 1,
    subtask: 0,
    uid: 'totals',
    operator: 'totals',
    state: 'total',
  });
  const sizes = found.get('millrace.user_histogram')!;
  assert.equal(sizes.dataPointType, DataPointType.GAUGE);
  assert.deepEqual(
    Array.from(sizes.dataPoints, ({ attributes }) => attributes.quantile),
    ['0.5', '0.75', '0.95', '0.99', '0.999'],
  );
  assert.ok((found.get('millrace.user_histogram.count')!.dataPoints[0]!.value as number) > 0);
  await client.cancel();
  await provider.shutdown();
});

const short = job(import.meta, 'short telemetry', (flow) => {
  flow.from(collection([1, 2, 3])).to(blackhole());
});

test('a job that ends before anybody asks has exported what it did; true is the provider of the process', async () => {
  const { provider, exported } = exporting();
  metrics.setGlobalMeterProvider(provider);
  try {
    await short.run({ threads: 0, openTelemetry: true });
    await provider.forceFlush();
    const records = exported().find(({ descriptor }) => descriptor.name === 'millrace.job_records');
    assert.equal(records!.dataPoints[0]!.value, 3);
  } finally {
    metrics.disable();
    await provider.shutdown();
  }
});

test('an export that fails does not fail the job', async () => {
  const calls: string[] = [];
  const meter = new MeterProvider().getMeter('x');
  meter.addBatchObservableCallback = () => calls.push('add');
  meter.removeBatchObservableCallback = () => calls.push('remove');
  const failing = {
    getMeter: () => meter,
    forceFlush: () => Promise.reject(new Error('nobody there')),
  };
  assert.equal((await short.run({ threads: 0, openTelemetry: failing })).state, 'finished');
  await new Promise(setImmediate);
  assert.deepEqual(calls, ['add', 'remove'], 'a job that has ended is observed no more');
  for (const openTelemetry of [false, 'yes', {}]) {
    await assert.rejects(short.run({ threads: 0, openTelemetry: openTelemetry as never }), {
      code: 'JOB_DEFINITION',
      message: /openTelemetry is true, or a MeterProvider of OpenTelemetry/,
    });
  }
});
