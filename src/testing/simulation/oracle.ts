/**
 * What the sinks of a job are to commit: by the naive evaluation of the job (naive/evaluate.ts), or, where it has none, what an
 * undisturbed run commits.
 */
import type { LogicalGraph } from '../../graph/graph.ts';
import type { BuiltJob } from '../../graph/job-registry.ts';
import { evaluate } from '../naive/evaluate.ts';
import { shownRows, textOf, without } from '../rows.ts';
import type { SimulatedWorld, WrittenRow } from './simulated-sink.ts';

export type OracleKind = 'naive' | 'undisturbed';

export type Oracle = {
  readonly kind: OracleKind;
  /** Why there is no naive evaluation; null where there is one, or nobody has asked for it. */
  readonly because: string | null;
  /** What is wrong with the rows that have been committed; null when nothing is. `except`: ends that are not looked at. */
  differenceOf(world: SimulatedWorld, except?: ReadonlySet<number>): string | null;
};

/** A sink or output: the rows to come, as text, and how those that have come are looked at. */
type End = {
  readonly node: number;
  readonly expected: readonly string[];
  readonly of: (world: SimulatedWorld) => readonly string[];
};

/** `undisturbed`: what the job has committed when nothing happened. */
export async function oracleOf(
  built: BuiltJob,
  undisturbed: SimulatedWorld,
  wanted: OracleKind | null,
): Promise<Oracle> {
  const naive = wanted === 'undisturbed' ? null : await evaluate(built);
  if (naive === null || naive.ends === null) {
    const ends = endsOf(built.graph).map((node): End => {
      const of = (world: SimulatedWorld): readonly string[] => world.rowsOf(node);
      return { node, expected: of(undisturbed), of };
    });
    return { kind: 'undisturbed', because: naive?.because ?? null, differenceOf: differ(ends, '') };
  }
  const ends = [...naive.ends].map(([node, { rows, keyOf }]): End => {
    if (keyOf === null) {
      return { node, expected: rows.map(textOf), of: (world) => world.rowsOf(node) };
    }
    const sure = surelyOfKeys(
      rows.map((row) => ({ row, text: textOf(row) })),
      keyOf,
    );
    const isLast = new Map([...sure].map(([key, { last }]) => [key, nearTo(last)]));
    return {
      node,
      expected: linesOf(sure),
      of: (world) => linesOf(surelyOfKeys(world.writtenTo(node), keyOf, isLast)),
    };
  });
  return {
    kind: 'naive',
    because: null,
    differenceOf: differ(ends, ' by a naive evaluation of the job'),
  };
}

/** Sinks and outputs. */
export function endsOf(graph: LogicalGraph): readonly number[] {
  return graph.nodes
    .filter(({ operator }) => operator.type === 'sink' || operator.type === 'collect')
    .map(({ id }) => id);
}

/** What is sure of a rolling aggregation where records of a key come in any order. */
type SureOfKey = {
  /** Rows of the key. */
  count: number;
  /** That which all records are in. */
  last: string;
};

/** By key; `isLast`: of the last rows, which may come anywhere, as results of different subtasks have no order. */
function surelyOfKeys(
  written: readonly WrittenRow[],
  keyOf: (row: unknown) => string,
  isLast: ReadonlyMap<string, IsNear> = new Map(),
): ReadonlyMap<string, SureOfKey> {
  const keys = new Map<string, SureOfKey>();
  for (const { row, text } of written) {
    const key = keyOf(row);
    const before = keys.get(key);
    if (before === undefined) keys.set(key, { count: 1, last: text });
    else {
      before.count++;
      if (isLast.get(key)?.(before.last) !== true) before.last = text;
    }
  }
  return keys;
}

function linesOf(keys: ReadonlyMap<string, SureOfKey>): string[] {
  return [...keys.values()].map(({ count, last }) => `the last of ${count} rows of a key: ${last}`);
}

function differ(ends: readonly End[], how: string): Oracle['differenceOf'] {
  return (world, except) => {
    for (const { node, expected, of } of ends) {
      if (except?.has(node)) continue;
      const got = of(world);
      const [missing, extra] = withoutNear(without(expected, got), without(got, expected));
      if (missing.length === 0 && extra.length === 0) continue;
      return (
        `sink ${node} committed ${got.length} rows where${how} ${expected.length} were to come; ` +
        `missing ${shownRows(missing)}; too many ${shownRows(extra)}`
      );
    }
    return null;
  };
}

/** Numbers in the text of a row, and texts, whose digits are no numbers. */
const PARTS =
  /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;
const NUMBER = /^-?\d/;
const WHOLE = /^-?\d+$/;
/** Sums of fractions are as exact as this, in whichever order they are added up. */
const NEAR = 1e-9;

/** Both without rows that differ by how fractions have been rounded. */
function withoutNear(
  missing: readonly string[],
  extra: readonly string[],
): [readonly string[], readonly string[]] {
  const left = [...extra];
  const stillMissing = missing.filter((row) => {
    const at = left.findIndex(nearTo(row));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [stillMissing, left];
}

/** Whether a text differs from a certain one by no more than how fractions have been rounded. */
type IsNear = (text: string) => boolean;

function nearTo(text: string): IsNear {
  const frame = withoutNumbers(text);
  const numbers = numbersOf(text);
  return (other) =>
    other === text ||
    (withoutNumbers(other) === frame &&
      numbersOf(other).every((number, n) => areNear(number, numbers[n]!)));
}

function withoutNumbers(row: string): string {
  return row.replace(PARTS, (part) => (NUMBER.test(part) ? '#' : part));
}

function numbersOf(row: string): readonly string[] {
  return (row.match(PARTS) ?? []).filter((part) => NUMBER.test(part));
}

/** Whole numbers are compared digit by digit: those of int64 may be larger than a number is exact. */
function areNear(a: string, b: string): boolean {
  if (WHOLE.test(a) && WHOLE.test(b)) return BigInt(a) === BigInt(b);
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= NEAR * Math.max(Math.abs(x), Math.abs(y));
}
