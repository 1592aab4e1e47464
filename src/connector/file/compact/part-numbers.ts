/**
 * Which parts have been dealt with, in little room: writers number their parts, and in the end all of them are, so that of
 * each writer a few runs of numbers are kept.
 */

/** By writer: the first and the last number of each run, rising, with gaps between them. */
export type PartNumbers = Readonly<Record<string, readonly (readonly [number, number])[]>>;

/** The writer and the number in a name: part-<run>-<subtask>-<n>.<ext>. */
function numberOf(path: string): { readonly writer: string; readonly n: number } {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const [stem] = name.split('.', 1);
  const at = stem!.lastIndexOf('-');
  return { writer: stem!.slice(0, at), n: Number(stem!.slice(at + 1)) };
}

export function hasPart(numbers: PartNumbers, path: string): boolean {
  const { writer, n } = numberOf(path);
  return (numbers[writer] ?? []).some(([first, last]) => first <= n && n <= last);
}

export function withParts(numbers: PartNumbers, paths: readonly string[]): PartNumbers {
  const all: Record<string, readonly (readonly [number, number])[]> = { ...numbers };
  for (const path of paths) {
    const { writer, n } = numberOf(path);
    all[writer] = joinedRuns([...(all[writer] ?? []), [n, n]]);
  }
  return all;
}

function joinedRuns(
  runs: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  const joined: [number, number][] = [];
  for (const [first, last] of runs.toSorted((a, b) => a[0] - b[0])) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}
