/**
 * The metrics of a job for OpenTelemetry: observable counters and gauges, which take a snapshot when their reader asks. Names are
 * those of Prometheus without their unit, which instruments have of their own: `millrace.subtask_busy`, in `s`.
 */
import type { BatchObservableResult, MeterProvider, Observable } from '@opentelemetry/api';
import { optionalLibrary } from '../base/optional-library.ts';
import { ENGINE_VERSION } from '../base/version.ts';
import type { OpenTelemetryMeters } from '../job/job.ts';
import type { JobMetrics } from '../job/job-metrics.ts';
import type { Family, Sample } from './families.ts';
import { metricFamilies } from './metric-families.ts';

/** The provider of the option; that of the process for true. EngineError LIBRARY_MISSING where there is no library to have one. */
export function metersOf(option: true | OpenTelemetryMeters): OpenTelemetryMeters {
  if (option !== true) return option;
  const { metrics } = optionalLibrary<typeof import('@opentelemetry/api')>(
    'openTelemetry: true',
    '@opentelemetry/api',
  );
  return metrics.getMeterProvider();
}

const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['_seconds', 's'],
  ['_bytes', 'By'],
  ['_ratio', '1'],
];

/** Registers the instruments; returns how to have the last values exported, and the instruments forgotten. */
export function observeJob(
  meters: OpenTelemetryMeters,
  look: () => JobMetrics,
): () => Promise<void> {
  const meter = (meters as MeterProvider).getMeter('millrace', ENGINE_VERSION);
  const instruments = new Map<string, Observable>();
  for (const { name, type, help } of metricFamilies(look())) {
    const { short, unit } = shortName(name);
    const options = { description: help, ...(unit === null ? {} : { unit }) };
    const counter = (what: string): Observable =>
      meter.createObservableCounter(`millrace.${what}`, options);
    const gauge = (what: string): Observable =>
      meter.createObservableGauge(`millrace.${what}`, options);
    instruments.set(name, type === 'counter' ? counter(short) : gauge(short));
    if (type !== 'summary') continue;
    instruments.set(`${name}_sum`, gauge(`${short}.sum`));
    instruments.set(`${name}_count`, counter(`${short}.count`));
  }
  const observe = (result: BatchObservableResult): void => {
    const metrics = look();
    for (const family of metricFamilies(metrics)) {
      for (const sample of family.samples) tell(result, instruments, metrics.name, family, sample);
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(observe, all);
  return async () => {
    try {
      await meters.forceFlush?.();
    } finally {
      meter.removeBatchObservableCallback(observe, all);
    }
  };
}

function tell(
  result: BatchObservableResult,
  instruments: ReadonlyMap<string, Observable>,
  job: string,
  { name }: Family,
  [labels, value, suffix]: Sample,
): void {
  const instrument = instruments.get(name + (suffix ?? ''));
  if (instrument !== undefined) result.observe(instrument, value!, { job_name: job, ...labels });
}

function shortName(name: string): { readonly short: string; readonly unit: string | null } {
  const plain = name.replace(/_total$/, '');
  const [suffix, unit] = UNITS.find(([one]) => plain.endsWith(one)) ?? ['', null];
  return { short: plain.slice(0, plain.length - suffix.length), unit };
}
