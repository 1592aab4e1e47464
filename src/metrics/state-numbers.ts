/**
 * How many keys a subtask has in one of its states, in shared memory: the thread of the subtask writes it, anyone may read it.
 * Where the numbers lie is told once, when the state is first seen.
 */
export type StateCell = {
  readonly name: string;
  readonly kind: string;
  readonly memory: SharedArrayBuffer;
};

export type StateCounts = {
  /** Keys that have something in it; null where they are too many to count. */
  readonly keys: number | null;
  /** Windows that are open, or panes of them, each as often as keys have something in it; null for a state that has none. */
  readonly windows: number | null;
};

const NUMBERS = 2;

export function newStateCell(name: string, kind: string): StateCell {
  return { name, kind, memory: new SharedArrayBuffer(NUMBERS * 8) };
}

export function writeStateCounts({ memory }: StateCell, { keys, windows }: StateCounts): void {
  const numbers = new Float64Array(memory);
  numbers[0] = keys ?? Number.NaN;
  numbers[1] = windows ?? Number.NaN;
}

export function readStateCounts({ memory }: StateCell): StateCounts {
  const [keys, windows] = new Float64Array(memory) as unknown as [number, number];
  return { keys: known(keys), windows: known(windows) };
}

function known(count: number): number | null {
  return Number.isNaN(count) ? null : count;
}
