/**
 * A sink of our own: keeps the rows with the greatest value of a field, and prints them as a table when the job is
 * complete. Each subtask hands over its best rows; the calling thread joins them.
 */
import type { Batch, PlainData, Sink } from 'millrace';

type Row = Readonly<Record<string, PlainData>>;
/** The best rows of one subtask. */
type Table = { readonly subtask: number; readonly rows: readonly Row[] };

export function topTable(title: string, field: string, size: number, folder: string): Sink {
  const best = (rows: readonly Row[]): Row[] =>
    rows.toSorted((a, b) => Number(b[field]) - Number(a[field])).slice(0, size);
  const committed = new Map<number, readonly Row[]>();
  return {
    name: 'top',
    descriptor: { title, field, size },
    createWriter({ subtask, restored }) {
      let kept = best(restored as readonly Row[]);
      return {
        isBusy: false,
        write(batch: Batch) {
          const floor = kept.length < size ? -Infinity : Number(kept[size - 1]![field]);
          const better = (batch.rowObjects() as readonly Row[]).filter(
            (row) => Number(row[field]) > floor,
          );
          if (better.length > 0) kept = best([...kept, ...better]);
        },
        // The best are known at the end; until then they are state.
        preCommit: (isEnd) => (isEnd ? [{ subtask, rows: kept }] : []),
        snapshot: () => kept,
        close() {},
      };
    },
    async commit(tables) {
      // Under checkpoints subtasks that end early are committed before the others, and any may be committed again.
      for (const { subtask, rows } of tables as readonly Table[]) committed.set(subtask, rows);
      console.log(`\n${title}; all are in ${folder}`);
      console.table(best([...committed.values()].flat()).map(readable));
    },
  };
}

function readable(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, readableValue(name, value)]),
  );
}

function readableValue(name: string, value: PlainData): PlainData {
  if (typeof value !== 'number') return value;
  if (name.startsWith('window'))
    return new Date(value).toISOString().slice(0, 16).replace('T', ' ');
  return Math.round(value * 100) / 100;
}
