/**
 * Code that is generated as source, with functions of the user in it.
 *
 * V8 keeps what it learns of a function by its source: two loops of one text share it, even if each was made by itself. Where
 * they call different functions, the call has several targets then, none is inlined, and rows that would have been no more than
 * their values become objects. So the name of a loop says which functions it calls.
 */

const numbers = new WeakMap<object, number>();
/** Of texts; null where each function is one of its own. */
let textNumbers: Map<string, number> | null = null;
/** What makes loops, by source, where functions count by their text. */
const makers = new Map<string, Make>();
let known = 0;

/** Sources that are kept, and texts of functions: far more than those of all tests of a file. */
const KEPT_MAX = 10_000;

type Make = (...values: readonly unknown[]) => unknown;

/**
 * From now on functions of one text count as the same, in this thread. For harnesses and simulations, which make a dataflow and
 * its functions anew after each restart: to compile its loops each time would take longer than all that they do.
 */
export function shareLoopsByText(): void {
  textNumbers ??= new Map();
}

/** The source, which ends in its sourceURL, for these functions: the same for the same ones, so that subtasks share it. */
export function sourceOf(source: string, functions: readonly unknown[]): string {
  return source + functions.map((one) => `-${numberOf(one)}`).join('');
}

/** Of a function; 0 where there is none. */
function numberOf(one: unknown): number {
  if (typeof one !== 'function') return 0;
  let number = numbers.get(one);
  if (number === undefined) {
    number = textNumbers === null ? ++known : numberOfText(String(one), textNumbers);
    numbers.set(one, number);
  }
  return number;
}

function numberOfText(text: string, ofTexts: Map<string, number>): number {
  const number = ofTexts.get(text) ?? ++known;
  // A text that is forgotten has another number later: then its loops are compiled once more.
  if (ofTexts.size >= KEPT_MAX) ofTexts.clear();
  ofTexts.set(text, number);
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
  const names = Object.keys(values);
  return makerOf(names, sourceOf(source, functions))(...Object.values(values));
}

/** The function of these parameters with this body; V8 has what it learns of it shared by all of one source anyway. */
export function makerOf(names: readonly string[], source: string): Make {
  if (textNumbers === null) return new Function(...names, source) as Make;
  const key = `${names}\n${source}`;
  let make = makers.get(key);
  if (make === undefined) {
    make = new Function(...names, source) as Make;
    if (makers.size >= KEPT_MAX) makers.clear();
    makers.set(key, make);
  }
  return make;
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
