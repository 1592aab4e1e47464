/**
 * Whether a function of two rows picks one of them, as its source tells, and does nothing else with the rows than read fields
 * to decide:
 *
 *   (last, bid) => (bid.time >= last.time ? bid : last)              reads time
 *   (best, bid) => { return isBetter(bid.price, best.price) ? bid : best; }
 *
 * Such a function can do with rows that have these fields alone. Wherever the source leaves a doubt it is taken for any other.
 */
import { type FieldsRead, fieldsOf } from './fields-read.ts';
import type { Schema } from './schema.ts';

const NAME = '([A-Za-z_$][\\w$]*)';
/** An arrow or a function of two names, and what is behind them. */
const TWO_ROWS = new RegExp(
  `^(?:function\\b\\s*[\\w$]*\\s*)?\\(\\s*${NAME}\\s*,\\s*${NAME}\\s*\\)\\s*(?:=>)?\\s*(.*)$`,
  's',
);
/** The value begins on the line of `return`, or it would be none. */
const RETURN = /^\{\s*return\b[ \t]*(\S.*?);?\s*\}$/s;
const CHOICE = new RegExp(`^([^?]+)\\?\\s*${NAME}\\s*:\\s*${NAME}$`, 's');
/** What a condition that only looks does not need: texts and comments too, which could hide anything. */
const DOUBTS = /["'`/\\{};]|=>|\+\+|--|\b(?:arguments|eval|delete|function|class|this)\b/;
const COMPARISONS = /[=!]==?|[<>]=/g;

/** The fields that a function reads of both rows, where it picks one of them; else null. */
export function fieldsToPick(fn: unknown, schema: Schema): FieldsRead {
  if (typeof fn !== 'function') return null;
  const [, first, second, body] = TWO_ROWS.exec(Function.prototype.toString.call(fn)) ?? [];
  if (first === undefined || second === undefined || first === second) return null;
  const returned = RETURN.exec(body!)?.[1] ?? body!;
  const choice = CHOICE.exec(withoutParentheses(returned.trim()));
  if (choice === null) return null;
  const [condition, ...picked] = choice.slice(1) as [string, string, string];
  if (!picked.every((name) => name === first || name === second)) return null;
  if (DOUBTS.test(condition) || condition.replace(COMPARISONS, '').includes('=')) return null;
  if (!isBalanced(condition)) return null;
  const ofFirst = fieldsOf(first, condition);
  const ofSecond = fieldsOf(second, condition);
  if (ofFirst === null || ofSecond === null) return null;
  const names = new Set(schema.fields.map(({ name }) => name));
  const read = [...ofFirst, ...ofSecond];
  return read.every((name) => names.has(name)) ? new Set(read) : null;
}

/** Without those around all of it. */
function withoutParentheses(source: string): string {
  const inner = source.startsWith('(') && source.endsWith(')') ? source.slice(1, -1) : null;
  return inner === null || !isBalanced(inner) ? source : withoutParentheses(inner.trim());
}

/** Whether each bracket that is opened is closed behind. */
function isBalanced(source: string): boolean {
  let open = 0;
  for (const letter of source) {
    if (letter === '(' || letter === '[') open++;
    else if ((letter === ')' || letter === ']') && --open < 0) return false;
  }
  return open === 0;
}
