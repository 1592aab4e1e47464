/** What the engine and its peers have in common: the file, and the checksum of its hours in whatever order. */

export const FLIGHTS_FILE = 'node_modules/vega-datasets/data/flights-3m.parquet';
export const LATE_MINUTES = 15;
export const HOUR_MS = 3_600_000;
export const THREADS = 2;

export type Hour = {
  readonly origin: string;
  readonly windowStart: number;
  readonly flights: number;
  readonly mean: number;
  readonly worst: number;
  readonly best: number;
  readonly late: number;
};

export class Hours {
  rows = 0;
  checksum = 0;

  /** A mean counts as the sum that it comes from: libraries may divide in different ways. */
  add({ origin, windowStart, flights, mean, worst, best, late }: Hour): void {
    const sums = [Math.round(mean * flights), Math.round(late * flights)];
    this.rows++;
    this.checksum += hashOf(
      `${origin}|${windowStart}|${flights}|${sums.join('|')}|${worst}|${best}`,
    );
    this.checksum %= 2 ** 52;
  }

  merge({ rows, checksum }: Pick<Hours, 'rows' | 'checksum'>): void {
    this.rows += rows;
    this.checksum = (this.checksum + checksum) % 2 ** 52;
  }
}

/** FNV-1a of 32 bits, over the units of the text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++)
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** Prints what a run has cost: { ms, cpuSeconds, peakMb, results }, or { results, checksum } of one that is verified. */
export function report(ms: number, { rows, checksum }: Hours, isVerified: boolean): void {
  const { user, system } = process.cpuUsage();
  const cost = {
    ms,
    cpuSeconds: (user + system) / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
  console.log(
    JSON.stringify(isVerified ? { results: rows, checksum } : { ...cost, results: rows }),
  );
}
