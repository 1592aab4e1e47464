/** Records a second, from two moments of counters. */
import type { Job, Progress } from './shapes.ts';

export type VertexRates = {
  readonly in: number;
  /** To other vertices. */
  readonly out: number;
  /** To the outside. */
  readonly written: number;
};

export type Rates = {
  /** Records a second that came to sinks. */
  readonly written: number;
  readonly vertices: ReadonlyMap<string, VertexRates>;
};

/** Null where no time lies between them, or a new attempt has begun. */
export function ratesBetween(before: Progress | null, now: Progress): Rates | null {
  const seconds = before === null ? 0 : (now.now - before.now) / 1000;
  if (before === null || seconds <= 0 || before.restarts !== now.restarts) return null;
  const vertices = new Map<string, VertexRates>();
  let written = 0;
  for (const [n, vertex] of now.vertices.entries()) {
    const last = before.vertices[n];
    if (last?.id !== vertex.id) return null;
    const rates = {
      in: (vertex.recordsIn - last.recordsIn) / seconds,
      out: (vertex.recordsOut - last.recordsOut) / seconds,
      written: (vertex.recordsWritten - last.recordsWritten) / seconds,
    };
    // Counts of an attempt that has begun anew.
    if (rates.in < 0 || rates.out < 0) return null;
    vertices.set(vertex.id, rates);
    written += rates.written;
  }
  return { written, vertices };
}

type Ends = { readonly from: string; readonly to: string };

/**
 * Records a second on an edge: what its source gives, where it is the only way from it; otherwise what its target takes, less
 * what comes by its other edges. Null where that says nothing.
 */
export function edgeRate({ plan }: Job, rates: Rates | null, { from, to }: Ends): number | null {
  const edges = plan.nodes.flatMap((node) =>
    node.inputs.map(({ id }) => ({ from: id, to: node.id })),
  );
  const isOnlyWay = (source: string): boolean =>
    edges.filter((edge) => edge.from === source).length === 1;
  const given = (source: string): number => rates?.vertices.get(source)?.out ?? 0;
  if (rates === null) return null;
  const inputs = edges.filter((edge) => edge.to === to);
  const others = inputs.filter((edge) => edge.from !== from);
  const isKnown =
    inputs.length === others.length + 1 && others.every((edge) => isOnlyWay(edge.from));
  if (isKnown) {
    const taken = rates.vertices.get(to)?.in ?? 0;
    return Math.max(0, taken - others.reduce((sum, edge) => sum + given(edge.from), 0));
  }
  return isOnlyWay(from) ? given(from) : null;
}
