/** What the runs of variants say together. */
import type { Measurement, Spread, Variant, VariantReport } from './bench.ts';

/** Runs of a variant, one for each round. */
export type VariantRuns = { readonly variant: Variant; readonly runs: readonly Measurement[] };

export function summarize(all: readonly VariantRuns[]): readonly VariantReport[] {
  const first = all[0]!.runs;
  return all.map(({ variant, runs }) => {
    const medianOf = (of: (run: Measurement) => number): number => median(runs.map(of));
    const startUps = runs.flatMap(({ startUpMs }) => startUpMs ?? []);
    return {
      ...variant,
      records: medianOf(({ records }) => records),
      wallMs: spread(runs.map(({ wallMs }) => wallMs)),
      recordsPerSecond: spread(runs.map(recordsPerSecond)),
      recordsPerCpuSecond: spread(runs.map(recordsPerCpuSecond)),
      peakMemoryBytes: medianOf(({ peakMemoryBytes }) => peakMemoryBytes),
      gcShare: medianOf(({ gcShare }) => gcShare),
      startUpMs: startUps.length === 0 ? null : median(startUps),
      busiest: typicalRun(runs).busiest,
      ratio: ratioTo(first, runs),
      runs,
    };
  });
}

/** From its first record on. */
export function recordsPerSecond({ records, wallMs }: Measurement): number {
  return (records / wallMs) * 1000;
}

function recordsPerCpuSecond({ records, cpuMs }: Measurement): number {
  return (records / cpuMs) * 1000;
}

/** Round by round, so that what slows a whole round down falls out. */
function ratioTo(first: readonly Measurement[], runs: readonly Measurement[]): Spread | null {
  const ratios = runs.map((run, n) => recordsPerSecond(run) / recordsPerSecond(first[n]!));
  return ratios.every(Number.isFinite) ? spread(ratios) : null;
}

/** The one in the middle, by records a second. */
function typicalRun(runs: readonly Measurement[]): Measurement {
  const sorted = [...runs].sort((a, b) => recordsPerSecond(a) - recordsPerSecond(b));
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The mean of the two in the middle, where there are two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
