/**
 * Code that is generated as source, with functions of the user in it.
 *
 * V8 keeps what it learns of a function by its source: two loops of one text share it, even if each was made by itself. Where
 * they call different functions, the call has several targets then, none is inlined, and rows that would have been no more than
 * their values become objects. So the name of a loop says which functions it calls.
 */

const numbers = new WeakMap<object, number>();
let known = 0;

/** The source, which ends in its sourceURL, for these functions: the same for the same ones, so that subtasks share it. */
export function sourceOf(source: string, functions: readonly unknown[]): string {
  return source + functions.map((one) => `-${numberOf(one)}`).join('');
}

/** Of a function; 0 where there is none. */
function numberOf(one: unknown): number {
  if (typeof one !== 'function') return 0;
  let number = numbers.get(one);
  if (number === undefined) {
    number = ++known;
    numbers.set(one, number);
  }
  return number;
}

/**
 * Compiles the source of a function body, which sees `values` by their names and calls some of `functions`:
 *
 *   compiled("return (row) => of(row) + 1;\n//# sourceURL=millrace-generated:next", { of }, [of]);
 */
export function compiled(
  source: string,
  values: Readonly<Record<string, unknown>>,
  functions: readonly unknown[],
): unknown {
  const make = new Function(...Object.keys(values), sourceOf(source, functions));
  return make(...Object.values(values));
}

const ROWS_AT_ONCE = 4;

/**
 * Source of a loop over rows `i` to before `end` by the block for row i. Where it is short, it stands there four times: going on to
 * the next row, when V8 also looks for interrupts, takes as long as a short block does.
 */
export function rowLoop(block: string, end: string, isShort: boolean): string {
  const rest = `for (; i < ${end}; i++) ${block}\n`;
  if (!isShort) return rest;
  const several = `${block}\ni++;\n`.repeat(ROWS_AT_ONCE);
  return `for (const last = ${end} - ${ROWS_AT_ONCE}; i <= last; ) {\n${several}}\n${rest}`;
}
