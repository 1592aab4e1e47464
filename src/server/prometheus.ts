/**
 * Metrics in the text format of Prometheus.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { JobMetrics } from '../job/job-metrics.ts';
import type { Family, Labels, Sample } from './families.ts';
import { metricFamilies } from './metric-families.ts';

/** Of several jobs: each family once, with the samples of all. */
export function prometheusText(jobs: readonly JobMetrics[]): string {
  const byJob = jobs.map((metrics) => ({
    job: { job_name: metrics.name, job_id: metrics.id },
    families: metricFamilies(metrics),
  }));
  const [first] = byJob;
  if (first === undefined) return '';
  return first.families
    .map((family, n) =>
      familyText(
        family,
        byJob.map(({ job, families }) => lines(families[n]!, job)),
      ),
    )
    .join('');
}

function familyText({ name, type, help }: Family, lines: readonly string[]): string {
  const all = lines.join('');
  if (all === '') return '';
  return `# HELP millrace_${name} ${help}\n# TYPE millrace_${name} ${type}\n${all}`;
}

function lines({ name, samples }: Family, job: Labels): string {
  const lineOf = ([labels, value, suffix]: Sample): string =>
    `millrace_${name}${suffix ?? ''}${labelText({ ...job, ...labels })} ${textOf(value!)}\n`;
  return samples.map(lineOf).join('');
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
