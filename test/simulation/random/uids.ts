/**
 * Uids for the code of random jobs: each step that keeps state, each source and each sink gets one of its own by its place in the
 * code of its line, so that a job that is changed elsewhere finds its state again. Steps without state have none: theirs are made from
 * their place, and change with it.
 */

/** Calls that make a step with state, whatever they are called on. */
const WITH_STATE: ReadonlySet<string> = new Set(
  (
    'from eventTime process aggregate reduce sum min max minBy maxBy select apply mapAsync mapParallel ' +
    'keyedMap to'
  ).split(' '),
);
/** On all rows of a partition they do. */
const OF_PARTITIONS: ReadonlySet<string> = new Set(['map', 'sort']);
/** What chains of steps begin with: streams by their names, and those within steps that are made of several. */
const ROOT = /(?:s\d+|flow|main|counted)(?=\.)/y;
const CALL = /\.(\w+)/y;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

/** `name`: of the line, which uids begin with. */
export function withUids(name: string, code: string): string {
  let made = 0;
  const scanned = (from: number, to: number): string => {
    let out = '';
    for (let at = from; at < to; ) {
      ROOT.lastIndex = at;
      const root = /[\w.'$]/.test(code[at - 1] ?? ' ') ? null : ROOT.exec(code);
      if (root === null) {
        out += code[at++];
        continue;
      }
      out += root[0];
      at += root[0].length;
      let before = '';
      for (;;) {
        CALL.lastIndex = at;
        const call = at < to ? CALL.exec(code) : null;
        if (call === null) break;
        const [text, method] = call;
        at += text.length;
        out += text;
        if (code[at] !== '(') break;
        const end = endOf(code, at);
        out += `(${scanned(at + 1, end)})`;
        at = end + 1;
        const ofPartition = before === 'fullPartition' && OF_PARTITIONS.has(method!);
        // That is one step with its source.
        const isHalf = method === 'from' && code.startsWith('.eventTime(', at);
        if ((WITH_STATE.has(method!) && !isHalf) || ofPartition) out += `.uid('${name}.${made++}')`;
        before = method!;
      }
    }
    return out;
  };
  return scanned(0, code.length);
}

/** Where the bracket at a place is closed. */
export function endOf(code: string, open: number): number {
  const closing = CLOSING[code[open]!]!;
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "'") at = code.indexOf("'", at + 1);
    else if (code[at] === code[open]) depth++;
    else if (code[at] === closing && --depth === 0) return at;
  }
  throw new Error(`no ${closing} in: ${code.slice(open)}`);
}

/** The parts of a text between commas that stand in no bracket. */
export function partsOf(code: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < code.length; at++) {
    if (code[at] === "'") at = code.indexOf("'", at + 1);
    else if (code[at]! in CLOSING) at = endOf(code, at);
    else if (code[at] === ',') {
      parts.push(code.slice(from, at).trim());
      from = at + 1;
    }
  }
  return [...parts, code.slice(from).trim()].filter((part) => part !== '');
}
