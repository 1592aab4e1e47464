/**
 * Metrics in the text format of Prometheus.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { JobMetrics } from '../job/job-metrics.ts';
import { type Family, type Labels, metricFamilies } from './metric-families.ts';

export function prometheusText(metrics: JobMetrics): string {
  const job = { job_name: metrics.name };
  return metricFamilies(metrics)
    .filter(({ samples }) => samples.length > 0)
    .flatMap((family) => linesOf(family, job))
    .join('');
}

function linesOf({ name, type, help, samples }: Family, job: Labels): string[] {
  const full = `millrace_${name}`;
  return [
    `# HELP ${full} ${help}\n`,
    `# TYPE ${full} ${type}\n`,
    ...samples.map(
      ([labels, value, suffix = '']) =>
        `${full}${suffix}${labelText({ ...job, ...labels })} ${textOf(value!)}\n`,
    ),
  ];
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
