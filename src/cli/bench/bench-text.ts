/** A benchmark as text. */
import { formatBytes, formatCount, formatDuration, table } from '../format.ts';
import type { BenchReport, Spread, VariantReport } from './bench.ts';

/** Runs that are shorter are mostly start-up, compilation and chance. */
const SHORT_MS = 500;

const TITLES = ['', 'records', 'time', 'records/s', 'least', 'most', 'ratio', 'of rounds'];
const MORE_TITLES = ['a CPU second', 'memory', 'GC', 'start-up', 'busiest', 'busy', 'held up'];

export function benchText(report: BenchReport): string {
  const { rounds, warmUp, durationMs, node, cores, cpu, variants } = report;
  const head = [
    `${countOf(rounds, 'round')} after ${countOf(warmUp, 'warm-up')}`,
    ...(durationMs === null ? [] : [`each run for ${formatDuration(durationMs)}`]),
    `node ${node}`,
    `${countOf(cores, 'core')} of ${cpu}`,
  ].join(', ');
  const isShort = variants.some(({ wallMs }) => wallMs.median < SHORT_MS);
  const isAlone = variants.length === 1;
  const leave = isAlone ? ['ratio', 'of rounds'] : [];
  return [
    head,
    '',
    columns(TITLES, variants.map(rateCells), leave),
    '',
    columns(['', ...MORE_TITLES], variants.map(costCells)),
    ...(isShort
      ? [
          '',
          `a run below ${SHORT_MS} ms says little: give the job more input, or a longer --duration`,
        ]
      : []),
  ].join('\n');
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function columns(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  without: readonly string[] = [],
): string {
  const shown = titles.map((title) => !without.includes(title));
  const kept = (cells: readonly string[]): string[] => cells.filter((_, n) => shown[n]);
  return table(kept(titles), rows.map(kept));
}

function rateCells({ name, records, wallMs, recordsPerSecond: rate, ratio }: VariantReport) {
  return [
    name,
    formatCount(records),
    formatDuration(wallMs.median),
    ...[rate.median, rate.min, rate.max].map(formatCount),
    ratio === null ? '-' : ratio.median.toFixed(2),
    ratio === null ? '-' : rangeOf(ratio),
  ];
}

function rangeOf({ min, max }: Spread): string {
  return `${min.toFixed(2)} to ${max.toFixed(2)}`;
}

function costCells(variant: VariantReport): string[] {
  const { name, recordsPerCpuSecond, peakMemoryBytes, gcShare, startUpMs, busiest } = variant;
  return [
    name,
    formatCount(recordsPerCpuSecond.median),
    formatBytes(peakMemoryBytes),
    percent(gcShare),
    startUpMs === null ? '-' : formatDuration(startUpMs),
    busiest?.name ?? '-',
    busiest === null ? '-' : percent(busiest.busy),
    busiest === null ? '-' : percent(busiest.backPressured),
  ];
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
