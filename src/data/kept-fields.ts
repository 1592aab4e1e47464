/**
 * Whether a function of the user leaves its first parameter the fields that it has, as its source tells: it may read and write
 * them, and return the object itself.
 *
 *   (totals, row) => { totals.sum += row.value; return totals; }      sum is kept
 *   (totals, row) => { totals.last = row; return totals; }            a field more, unless there is one of this name
 *   (totals, row) => Object.assign(totals, row)                       a doubt, which is a no
 */
import { isName, type Token, tokensOf } from './tokens.ts';

export function keepsFields(fn: unknown, names: readonly string[]): boolean {
  if (typeof fn !== 'function') return false;
  const tokens = tokensOf(Function.prototype.toString.call(fn));
  if (tokens === null) return false;
  const parameter = firstParameter(tokens);
  if (parameter < 0) return false;
  const name = tokens[parameter]!;
  return tokens.every((token, at) => {
    if (token !== name || at === parameter || isFieldName(tokens, at)) return true;
    return isReturned(tokens, at) || isKnownField(tokens, at, names);
  });
}

/** Where the name of the first parameter is; -1 where it has none, or a value to begin with. */
function firstParameter(tokens: readonly Token[]): number {
  if (isName(tokens[0]) && tokens[1] === '=>') return 0;
  let at = tokens[0] === 'function' ? 1 : 0;
  if (isName(tokens[at])) at++;
  const isOne = tokens[at] === '(' && isName(tokens[at + 1]);
  return isOne && (tokens[at + 2] === ',' || tokens[at + 2] === ')') ? at + 1 : -1;
}

function isFieldName(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1] === '.' || tokens[at - 1] === '?.';
}

function isReturned(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1] === 'return' && (tokens[at + 1] === ';' || tokens[at + 1] === '}');
}

/** A field that is called, or tagged, would get the object as `this`. */
function isKnownField(tokens: readonly Token[], at: number, names: readonly string[]): boolean {
  const [dot, field, next] = tokens.slice(at + 1, at + 4);
  if (dot !== '.' || !names.includes(field!) || tokens[at - 1] === 'delete') return false;
  return next !== '(' && next !== '?.' && next?.startsWith('`') !== true;
}
