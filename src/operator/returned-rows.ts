/** Rows that a function of the user returns, where it may return any number of them. */
import { answeredNow } from '../base/thenable.ts';
import { describe } from '../data/field-check.ts';

/** TypeError for what is no iterable, and for a promise of one, told as one of the function. */
export function iteratorOf(returned: unknown, verb = 'returned'): Iterator<unknown> {
  const rows = returned as Iterable<unknown> | null | undefined;
  if (typeof rows?.[Symbol.iterator] === 'function') return rows[Symbol.iterator]();
  answeredNow(returned);
  throw new TypeError(`the function ${verb} ${describe(returned)}, which is no iterable of rows`);
}

/** Of a function that may push rows instead: none where it returns nothing, or what `isWanted(row) && out(row)` gives. */
export function iteratorOrNone(returned: unknown): Iterator<unknown> {
  return iteratorOf(!returned || returned === true ? [] : returned);
}

/** Emits what an iterator gives. */
export function emitEach<Out>(rows: Iterator<unknown>, emit: (row: Out) => void): void {
  for (let next = rows.next(); next.done !== true; next = rows.next()) emit(next.value as Out);
}
