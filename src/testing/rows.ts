/** Rows in comparisons and messages. */
import { inspect } from 'node:util';

/** A row as text: the same for equal rows. */
export function textOf(row: unknown): string {
  return inspect(row, { depth: null, sorted: true, breakLength: Infinity, maxArrayLength: null });
}

/** Rows of one that the other does not have, as often as it does not. */
export function without(rows: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(row) ?? 0;
    left.set(row, count - 1);
    return count <= 0;
  });
}

const SHOWN_ROWS = 3;

/** The first of some rows, for a message. */
export function shownRows(rows: readonly string[]): string {
  if (rows.length === 0) return 'none';
  const more = rows.length > SHOWN_ROWS ? `, and ${rows.length - SHOWN_ROWS} more` : '';
  return `${rows.slice(0, SHOWN_ROWS).join(', ')}${more}`;
}
