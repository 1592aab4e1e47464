/**
 * Records a second and shares of time over the last few seconds. A slow step takes a whole batch at once, so that the numbers of
 * one second are all or nothing.
 */
import type { Progress, VertexProgress } from './shapes.ts';

export type VertexRates = {
  readonly in: number;
  /** To other vertices. */
  readonly out: number;
  /** To the outside. */
  readonly written: number;
  /** Bytes a second, outside. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Shares of time, 0 to 1. */
  readonly busy: number;
  readonly held: number;
};

export type Rates = {
  /** Records a second that sources have read. */
  readonly read: number;
  /** Records a second that came to sinks. */
  readonly written: number;
  /** Of the time of the thread that has collected most garbage. */
  readonly gc: number;
  readonly vertices: ReadonlyMap<string, VertexRates>;
  /** Rows a second that cross an edge, by its id. */
  readonly edges: ReadonlyMap<string, number>;
};

const SECONDS = 5;

/** The moments that rates are made of; where another attempt begins to count, so do they. */
export function withRecent(recent: readonly Progress[], now: Progress): readonly Progress[] {
  const last = recent.at(-1);
  const goesOn =
    last?.restarts === now.restarts &&
    last.records <= now.records &&
    last.vertices.length === now.vertices.length;
  if (!goesOn) return [now];
  return last.now === now.now ? recent : [...recent.slice(-SECONDS), now];
}

/** Null for a single moment. */
export function ratesOver(recent: readonly Progress[]): Rates | null {
  const [first] = recent;
  const last = recent.at(-1);
  if (first === undefined || last === undefined || first === last) return null;
  const seconds = (last.now - first.now) / 1000;
  const all = last.vertices.map((vertex, n): [string, VertexRates] => {
    const before = first.vertices[n]!;
    const perSecond = (count: (one: VertexProgress) => number): number =>
      (count(vertex) - count(before)) / seconds;
    const mean = (share: (one: VertexProgress) => number): number =>
      recent.slice(1).reduce((sum, one) => sum + share(one.vertices[n]!), 0) / (recent.length - 1);
    return [
      vertex.id,
      {
        in: perSecond(({ recordsIn }) => recordsIn),
        out: perSecond(({ recordsOut }) => recordsOut),
        written: perSecond(({ recordsWritten }) => recordsWritten),
        bytesRead: perSecond(({ bytesRead }) => bytesRead),
        bytesWritten: perSecond(({ bytesWritten }) => bytesWritten),
        busy: mean(({ busyRatio }) => busyRatio),
        held: mean(({ backPressuredRatio }) => backPressuredRatio),
      },
    ];
  });
  return {
    read: (last.records - first.records) / seconds,
    written: all.reduce((sum, [, { written }]) => sum + written, 0),
    gc: Math.max(0, ...last.gcMs.map((ms, n) => (ms - (first.gcMs[n] ?? ms)) / 1000 / seconds)),
    vertices: new Map(all),
    edges: new Map(
      last.edges.map(({ id, rows }, n) => [id, (rows - first.edges[n]!.rows) / seconds]),
    ),
  };
}
