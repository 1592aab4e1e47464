/** The edges of a job by their ids, which are the numbers of their vertices: `0-1`, then `0-1-2` for a second one between them. */
import type { Job } from './shapes.ts';

type Ends = { readonly from: string; readonly to: string };

export type Edge = Ends & {
  readonly id: string;
  /** How records are dealt: hash, forward, and so on. */
  readonly strategy: string;
};

export function edgesOf({ plan }: Job): Edge[] {
  const edges = plan.nodes.flatMap(({ id: to, inputs }) =>
    inputs.map(({ id: from, ship_strategy }) => ({ from, to, strategy: ship_strategy })),
  );
  return withIds(edges).map((edge) => ({ ...edge, strategy: edge.strategy.toLowerCase() }));
}

function withIds<T extends Ends>(edges: readonly T[]): (T & { readonly id: string })[] {
  const counts = new Map<string, number>();
  return edges.map((edge) => {
    const ends = `${edge.from}-${edge.to}`;
    const count = (counts.get(ends) ?? 0) + 1;
    counts.set(ends, count);
    return { ...edge, id: count === 1 ? ends : `${ends}-${count}` };
  });
}

/** The operators of a vertex, in the order of its chain. */
export function chainOf(name: string): string[] {
  return name.split(' > ');
}

/** What was said of the steps of a vertex, as its plan has it; null where its name says the same. */
export function descriptionOf({ vertices, plan }: Job, vertexId: string): string | null {
  const said = plan.nodes.find(({ id }) => id === vertexId)?.description;
  const name = vertices.find(({ id }) => id === vertexId)?.name;
  return said === undefined || said === name ? null : said;
}

/** `ticks → totals`, by the heads of their chains. */
export function edgeTitle({ vertices }: Job, { from, to }: Ends): string {
  const headOf = (id: string): string =>
    chainOf(vertices.find((one) => one.id === id)?.name ?? id)[0]!;
  return `${headOf(from)} → ${headOf(to)}`;
}
