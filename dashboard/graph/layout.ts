/** Where the boxes and lines of a graph go, from left to right. Sizes are in pixels of a graph that is drawn at its full size. */
import { Graph, layout } from '@dagrejs/dagre';
import { chainOf, type Edge, edgesOf } from '../data/edges.ts';
import type { Job } from '../data/shapes.ts';
import { shortened, textWidth } from './measure.ts';

/** In a box: names, a line of rates, a line of time, the meter. */
export const PADDING = 12;
export const LINE_HEIGHT = 17;
const NAME_LINES_MAX = 5;
const WIDTH_MIN = 208;
const WIDTH_MAX = 288;
/** Below the names. */
const NUMBERS_HEIGHT = 62;
/** Of the parallelism, right of the first name. */
const CORNER = 40;
const LABEL = { width: 84, height: 32 };
const MARGIN = 12;
/** Half of what a label is wide at most times. */
const LEVEL = 26;
/** Between wires of one side of a box, where it has room. */
const PORT_GAP = 20;

export type Box = {
  readonly id: string;
  /** Upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Names of the chain, as long as there is room. */
  readonly names: readonly string[];
};

export type Wire = Edge & {
  readonly path: string;
  /** Centre of its label. */
  readonly x: number;
  readonly y: number;
};

export type GraphLayout = {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly wires: readonly Wire[];
};

export function layoutOf(job: Job): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 28,
    edgesep: 14,
    ranksep: 44,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  const names = new Map(job.vertices.map(({ id, name }) => [id, namesOf(name)]));
  for (const [id, lines] of names) graph.setNode(id, sizeOf(lines));
  const edges = edgesOf(job);
  for (const { id, from, to } of edges) {
    graph.setEdge(from, to, { ...LABEL, labelpos: 'c' }, id);
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const boxes = [...names].map(([id, lines]) => {
    const { x, y } = graph.node(id) as Point;
    const size = sizeOf(lines);
    return { id, x: x - size.width / 2, y: y - size.height / 2, ...size, names: lines };
  });
  const placed = edges.map((edge) => ({
    ...edge,
    ...(graph.edge(edge.from, edge.to, edge.id) as PlacedEdge),
  }));
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const wires = placed.map(({ points, ...wire }) => {
    const starts = placed.filter(({ from }) => from === wire.from);
    const ends = placed.filter(({ to }) => to === wire.to);
    const from = byId.get(wire.from)!;
    const to = byId.get(wire.to)!;
    const path = curve([
      { x: from.x + from.width, y: portOf(from, starts, wire.id) },
      ...points.slice(1, -1).flatMap((point) => (point.x === wire.x ? levelBelow(point) : point)),
      { x: to.x, y: portOf(to, ends, wire.id) },
    ]);
    return { ...wire, path };
  });
  return { width, height, boxes, wires };
}

/** A wire is level where its label stands. */
function levelBelow({ x, y }: Point): Point[] {
  return [
    { x: x - LEVEL, y },
    { x: x + LEVEL, y },
  ];
}

/** Wires of one side of a box lie below each other as their labels do, so that they do not cross there. */
function portOf(
  { y, height }: Pick<Box, 'y' | 'height'>,
  wires: readonly (Point & { readonly id: string })[],
  id: string,
): number {
  const sorted = wires.toSorted((a, b) => a.y - b.y);
  const gap = Math.min(PORT_GAP, height / (wires.length + 1));
  const place = sorted.findIndex((wire) => wire.id === id) - (wires.length - 1) / 2;
  return y + height / 2 + place * gap;
}

type Point = { readonly x: number; readonly y: number };
type PlacedEdge = Point & { readonly points: readonly Point[] };

function namesOf(name: string): string[] {
  const room = WIDTH_MAX - 2 * PADDING;
  const chain = chainOf(name);
  const shown = chain.length > NAME_LINES_MAX ? chain.slice(0, NAME_LINES_MAX - 1) : chain;
  const lines = shown.map((one, n) => shortened(one, n === 0 ? room - CORNER : room));
  return shown.length < chain.length ? [...lines, `… ${chain.length - shown.length} more`] : lines;
}

function sizeOf(names: readonly string[]): { width: number; height: number } {
  const widest = Math.max(...names.map((name, n) => textWidth(name) + (n === 0 ? CORNER : 0)));
  return {
    width: Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.ceil(widest) + 2 * PADDING)),
    height: PADDING + names.length * LINE_HEIGHT + NUMBERS_HEIGHT,
  };
}

/** Through all points, level at each of them, as suits what goes from left to right. */
function curve([first, ...rest]: readonly Point[]): string {
  if (first === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  let last = first;
  for (const point of rest) {
    const middle = round((last.x + point.x) / 2);
    path += `C${middle} ${round(last.y)} ${middle} ${round(point.y)} ${round(point.x)} ${round(point.y)}`;
    last = point;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
