/**
 * Partial matches of one key, and the buffer of records that they share.
 *
 *   run ──▶ node ──▶ node ──▶ null        a record that was taken, for which step, and what was taken before
 *   run ────────────▶┘                    runs with a common past have its nodes in common
 *
 * Nodes never change, and point back only, so that each run is one path: there is nothing to count and no version to compare.
 * What no run reaches any more is garbage. In a snapshot a node stands once, and so does a record.
 */

/** A record that was taken. */
export type MatchNode = {
  readonly row: unknown;
  /** Place of the record among those of its key. */
  readonly place: number;
  readonly step: number;
  readonly previous: MatchNode | null;
};

/** A partial match. */
export type Run = {
  readonly state: number;
  readonly node: MatchNode;
  /** Place of its first record. */
  readonly start: number;
  readonly startTime: number;
  readonly lastTime: number;
};

/** A match that waits for the end of runs which began earlier: they may make it impossible. */
export type HeldMatch = {
  readonly node: MatchNode;
  readonly start: number;
  readonly time: number;
};

export type KeyRuns = {
  /** In the order of their first records. */
  runs: Run[];
  held: HeldMatch[];
  nextPlace: number;
};

export function noRuns(): KeyRuns {
  return { runs: [], held: [], nextPlace: 0 };
}

/** Runs as plain data: rows, [row, place, step, previous] of each node, and [state, node, ...] of each run. */
export type PackedRuns = {
  readonly rows: readonly unknown[];
  readonly nodes: readonly number[];
  readonly runs: readonly number[];
  readonly held: readonly number[];
  readonly nextPlace: number;
};

const NODE_NUMBERS = 4;
const RUN_NUMBERS = 5;
const HELD_NUMBERS = 3;

export function packRuns({ runs, held, nextPlace }: KeyRuns): PackedRuns {
  const rows: unknown[] = [];
  const rowByPlace = new Map<number, number>();
  const nodes: number[] = [];
  const numbers = new Map<MatchNode, number>();
  const rowOf = ({ row, place }: MatchNode): number => {
    const known = rowByPlace.get(place) ?? rows.push(row) - 1;
    rowByPlace.set(place, known);
    return known;
  };
  const numberOf = (last: MatchNode): number => {
    // Not by recursion: a run may be as long as its input.
    const path: MatchNode[] = [];
    for (let node: MatchNode | null = last; node !== null && !numbers.has(node); ) {
      path.push(node);
      node = node.previous;
    }
    for (const node of path.reverse()) {
      const previous = node.previous === null ? -1 : numbers.get(node.previous)!;
      numbers.set(node, nodes.length / NODE_NUMBERS);
      nodes.push(rowOf(node), node.place, node.step, previous);
    }
    return numbers.get(last)!;
  };
  return {
    runs: runs.flatMap((run) => [
      run.state,
      numberOf(run.node),
      run.start,
      run.startTime,
      run.lastTime,
    ]),
    held: held.flatMap(({ node, start, time }) => [numberOf(node), start, time]),
    rows,
    nodes,
    nextPlace,
  };
}

export function unpackRuns(packed: PackedRuns): KeyRuns {
  const nodes: MatchNode[] = [];
  for (let n = 0; n < packed.nodes.length; n += NODE_NUMBERS) {
    const [row, place, step, previous] = packed.nodes.slice(n, n + NODE_NUMBERS) as Four;
    nodes.push({ row: packed.rows[row], place, step, previous: nodes[previous] ?? null });
  }
  const runs: Run[] = [];
  for (let r = 0; r < packed.runs.length; r += RUN_NUMBERS) {
    const [state, node, start, startTime, lastTime] = packed.runs.slice(r, r + RUN_NUMBERS) as Five;
    runs.push({ state, node: nodes[node]!, start, startTime, lastTime });
  }
  const held: HeldMatch[] = [];
  for (let h = 0; h < packed.held.length; h += HELD_NUMBERS) {
    const [node, start, time] = packed.held.slice(h, h + HELD_NUMBERS) as Three;
    held.push({ node: nodes[node]!, start, time });
  }
  return { runs, held, nextPlace: packed.nextPlace };
}

type Three = [number, number, number];
type Four = [number, number, number, number];
type Five = [number, number, number, number, number];
