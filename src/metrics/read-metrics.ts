/** Reads the metrics of functions, of the subtasks of one operator together. */
import { groupBy } from '../base/group-by.ts';
import { type HistogramValues, histogramValues } from './histogram.ts';
import { countOf, rateOf } from './meter.ts';
import { type MetricCell, type MetricKind, wordsOf } from './user-metrics.ts';

/** What the metrics of the subtasks of one operator say together. */
export type MetricValues = {
  /** Counts of all subtasks, added up. */
  readonly counters: Readonly<Record<string, number>>;
  /** Values of the subtasks that have the gauge. */
  readonly gauges: Readonly<Record<string, readonly number[]>>;
  /** Counts and rates of all subtasks, added up. */
  readonly meters: Readonly<Record<string, MeterValues>>;
  /** Of those that have a value. */
  readonly histograms: Readonly<Record<string, HistogramValues>>;
};

export type MeterValues = {
  readonly count: number;
  /** Events a second, on the average of about the last minute. */
  readonly rate: number;
};

/** As of a time, in ms since 1970. */
export function readMetrics(cells: readonly MetricCell[], nowMs: number): MetricValues {
  return {
    counters: byName(cells, 'counter', (all) => all.reduce((sum, [value]) => sum + value!, 0)),
    gauges: byName(cells, 'gauge', (all) => {
      const set = all.map(([value]) => value!).filter((value) => !Number.isNaN(value));
      return set.length === 0 ? null : set;
    }),
    meters: byName(cells, 'meter', (all) => ({
      count: all.reduce((sum, words) => sum + countOf(words), 0),
      rate: all.reduce((sum, words) => sum + rateOf(words, nowMs), 0),
    })),
    histograms: byName(cells, 'histogram', histogramValues),
  };
}

/** What all metrics of one kind and name say together; null for nothing yet. */
function byName<T>(
  cells: readonly MetricCell[],
  kind: MetricKind,
  together: (all: readonly Float64Array[]) => T | null,
): Record<string, T> {
  const own = cells.filter((cell) => cell.kind === kind);
  const found: [string, T][] = [];
  for (const [name, same] of groupBy(own, (cell) => cell.name)) {
    const value = together(same.map(wordsOf));
    if (value !== null) found.push([name, value]);
  }
  return Object.fromEntries(found);
}
