/** The last minutes of the numbers that every page may plot, second by second. */
import type { Rates } from './rates.ts';
import type { Progress } from './shapes.ts';

/** Ten minutes. */
export const HISTORY_POINTS = 600;

export const SERIES = ['in', 'out', 'lag', 'busy', 'held', 'gc'] as const;
export type SeriesName = (typeof SERIES)[number];

/** Times in seconds since 1970, and a value for each, null where there is none. */
export type Points = {
  readonly times: readonly number[];
  readonly values: Readonly<Record<SeriesName, readonly (number | null)[]>>;
};

export const NO_POINTS: Points = {
  times: [],
  values: { in: [], out: [], lag: [], busy: [], held: [], gc: [] },
};

export function withPoint(points: Points, progress: Progress, rates: Rates | null): Points {
  const vertices = [...(rates?.vertices.values() ?? [])];
  const now: Record<SeriesName, number | null> = {
    in: rates?.read ?? null,
    out: rates?.written ?? null,
    lag: lagOf(progress),
    busy: greatest(vertices.map(({ busy }) => busy)),
    held: greatest(vertices.map(({ held }) => held)),
    gc: rates?.gc ?? null,
  };
  const values = Object.fromEntries(
    SERIES.map((name) => [name, appended(points.values[name], now[name])]),
  );
  return {
    times: appended(points.times, progress.now / 1000),
    values: values as Record<SeriesName, (number | null)[]>,
  };
}

/** How far behind the newest record the slowest vertex is, in ms of event time; null without event time. */
export function lagOf({ vertices }: Progress): number | null {
  return greatest(vertices.flatMap(({ watermarkLag }) => watermarkLag ?? []));
}

function greatest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function appended<T>(list: readonly T[], value: T): T[] {
  return [...list.slice(1 - HISTORY_POINTS), value];
}
