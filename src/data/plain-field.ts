/**
 * Functions of the user that read one field of their row and do nothing else, as their source tells: then the column is what they
 * would give, and they need not be called. Null wherever the source leaves a doubt.
 *
 *   (row) => row.key        key
 *   ({ key: k }) => k       key
 *   (row) => row.key | 0    null
 */
import type { Schema } from './schema.ts';
import { isName, type Token, tokensOf } from './tokens.ts';

/** Index of the field that a function reads of its only parameter, a row of the schema. */
export function plainField(fn: unknown, schema: Schema | null): number | null {
  if (typeof fn !== 'function' || schema === null) return null;
  const tokens = tokensOf(Function.prototype.toString.call(fn));
  const name = tokens && fieldOf(tokens);
  const field = schema.fields.findIndex((one) => one.name === name);
  return field < 0 ? null : field;
}

function fieldOf(tokens: readonly Token[]): string | null {
  const arrow = tokens.indexOf('=>');
  if (arrow < 0) return null;
  const parameter = tokens.slice(0, arrow);
  const value = returned(tokens.slice(arrow + 1));
  if (parameter[0] !== '(') return ofRow(parameter, value);
  if (parameter.at(-1) !== ')') return null;
  const inner = parameter.slice(1, -1);
  return inner[0] === '{' ? ofPattern(inner, value) : ofRow(inner, value);
}

/** What an arrow gives: the expression behind it, or what its only statement returns. */
function returned(body: readonly Token[]): readonly Token[] {
  if (body[0] !== '{' || body[1] !== 'return' || body.at(-1) !== '}') return body;
  return body.slice(2, body.at(-2) === ';' ? -2 : -1);
}

/** `row` and `row.field`. */
function ofRow(parameter: readonly Token[], value: readonly Token[]): string | null {
  const [row, dot, field] = value;
  const isField = value.length === 3 && dot === '.' && isName(field);
  return isField && parameter.length === 1 && isName(row) && parameter[0] === row ? field! : null;
}

/** `{ field }` or `{ field: name }`, and the name. */
function ofPattern(pattern: readonly Token[], value: readonly Token[]): string | null {
  const [, field, colon] = pattern;
  const isRenamed = colon === ':';
  const local = isRenamed ? pattern[3] : field;
  const isWhole = pattern.length === (isRenamed ? 5 : 3) && pattern.at(-1) === '}';
  const isPlain = isWhole && isName(field) && isName(local);
  return isPlain && value.length === 1 && value[0] === local ? field! : null;
}
