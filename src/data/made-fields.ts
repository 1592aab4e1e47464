/**
 * Which fields the row has that a function of the user makes of another, as its source tells: so that they can be written into
 * columns, and those that it only hands on need not be looked at. Null wherever the source leaves a doubt.
 *
 *   ({ id, price, note }) => ({ id, price: price * 2, note })   id, price, note; of these, id and note are handed on
 *   (bid) => ({ ...bid, price: bid.price * 2 })                 all fields of the bid; all but price are handed on
 *   (bid) => { ...; return { id: bid.id }; }                    id, handed on
 *   ({ id, price }) => [id, price * 2]                          the elements 0 and 1; 0 is the id, handed on
 *
 * The function has to end in the only literal that it returns. A field is handed on when its value is the name of the
 * field and nothing else is done to that name, or when its value is a field of the row and the row is only read.
 */
import { ELEMENTS_MAX } from '../base/limits.ts';
import type { Schema } from './schema.ts';
import { isName, type Token, tokensOf } from './tokens.ts';

export type MadeFields = {
  /** Whether the row is an object or an array. */
  readonly form: Literal['form'];
  /** In the order of the row. */
  readonly names: readonly string[];
  /** Those that are handed on: by their name, the field of the input. */
  readonly handedOn: ReadonlyMap<string, string>;
  /** The fields of the input that the function looks at otherwise. */
  readonly reads: ReadonlySet<string>;
};

/** Of the row that a function makes of its only parameter, a row of the schema, if it has one; without a schema nothing is handed on. */
export function madeFields(fn: unknown, schema: Schema | null): MadeFields | null {
  if (typeof fn !== 'function') return null;
  const tokens = tokensOf(Function.prototype.toString.call(fn));
  const parts = tokens && functionParts(tokens);
  if (parts === null) return null;
  const { form } = parts.literal;
  const properties = propertiesOf(parts.literal);
  if (properties === null) return null;
  if (schema === null) return properties.spread === null ? { form, ...computed(properties) } : null;
  const known = new Set(schema.fields.map(({ name }) => name));
  const input = typeof parts.parameter === 'string' ? rowByName : rowByFields;
  const columns = input(parts as never, properties, known);
  return columns && { form, ...columns };
}

/** The names of the object that a function makes of its parameters, whatever they are, and how many. */
export function madeNames(fn: unknown): readonly string[] | null {
  if (typeof fn !== 'function') return null;
  const tokens = tokensOf(Function.prototype.toString.call(fn));
  const end = tokens === null ? -1 : parametersEnd(tokens);
  if (end < 0) return null;
  const properties = fieldsMade(bodyParts(tokens!, end));
  return properties === null || properties.spread !== null ? null : [...properties.values.keys()];
}

/**
 * The fields of its first parameter that a function of several hands on under their own names: of
 * `(sum, { n }) => ({ key: sum.key, n: sum.n + n })` and `({ key, n }, b) => ({ key, n: n + b.n })`, key. None where the source
 * leaves a doubt.
 */
export function handedOnOfFirst(fn: unknown): ReadonlySet<string> {
  const none = new Set<string>();
  if (typeof fn !== 'function') return none;
  const tokens = tokensOf(Function.prototype.toString.call(fn));
  const start = tokens === null ? -1 : parametersStart(tokens);
  if (start < 0) return none;
  const end = parametersEnd(tokens!);
  const parts = bodyParts(tokens!, end);
  const properties = fieldsMade(parts);
  if (properties === null) return none;
  const first = tokens![start + 1];
  const pattern = patternOf(tokens!, start + 1);
  const behindFirst = pattern?.end ?? start + 2;
  if (tokens![behindFirst] !== ',') return none;
  const behind = [...tokens!.slice(behindFirst, end), ...parts!.body];
  if (pattern !== null) return handedOnByName(pattern.fields, properties, behind);
  if (!isName(first) || fieldsOf(first!, behind, false) === null) return none;
  const handedOn = [...properties.values].filter(([name, value]) => {
    const [row, dot, field] = value;
    return value.length === 3 && row === first && dot === '.' && field === name;
  });
  return new Set(handedOn.map(([name]) => name));
}

/** The fields, by local names, that are properties under their own names, and whose local names stand nowhere else. */
function handedOnByName(
  fields: ReadonlyMap<string, string>,
  { values }: Properties,
  body: readonly Token[],
): ReadonlySet<string> {
  const handedOn = [...values].filter(([name, value]) => {
    const local = value[0]!;
    const isField = value.length === 1 && fields.get(local) === name;
    return isField && usesOf(local, body) === 1;
  });
  return new Set(handedOn.map(([name]) => name));
}

function usesOf(local: string, body: readonly Token[]): number {
  return body.filter((token) => token === local).length;
}

type Properties = {
  /** The row that is spread at the front. */
  readonly spread: string | null;
  /** Values by name, in order. */
  readonly values: ReadonlyMap<string, readonly Token[]>;
};

type Parts<P> = {
  /** The name of the row, or the local names of its fields. */
  readonly parameter: P;
  /** What stands behind the parameter, up to the end of the function. */
  readonly body: readonly Token[];
  readonly literal: Literal;
};

/** What stands between the braces of the object, or the brackets of the array, that a function returns. */
type Literal = { readonly form: 'fields' | 'elements'; readonly inside: readonly Token[] };

/** Of a function whose form is known. */
type Columns = Omit<MadeFields, 'form'>;

function computed({ values }: Properties): Columns {
  return { names: [...values.keys()], handedOn: new Map(), reads: new Set() };
}

/** `({ a, b: c }) => ...`: fields are handed on whose local name stands nowhere else. */
function rowByFields(
  { parameter, body }: Parts<ReadonlyMap<string, string>>,
  { spread, values }: Properties,
  known: ReadonlySet<string>,
): Columns | null {
  if (spread !== null) return null;
  if (![...parameter.values()].every((field) => known.has(field))) return null;
  const reads = new Map(parameter);
  const handedOn = new Map<string, string>();
  for (const [name, value] of values) {
    const local = value[0]!;
    const field = value.length === 1 ? parameter.get(local) : undefined;
    if (field === undefined || usesOf(local, body) !== 1) continue;
    handedOn.set(name, field);
    reads.delete(local);
  }
  return { names: [...values.keys()], handedOn, reads: new Set(reads.values()) };
}

/** `(row) => ...`: every `row` is followed by a field, which is read, or spread at the front of the literal. */
function rowByName(
  { parameter, body }: Parts<string>,
  { spread, values }: Properties,
  known: ReadonlySet<string>,
): Columns | null {
  if (spread !== null && spread !== parameter) return null;
  const handedOn = new Map<string, string>();
  if (spread !== null) for (const name of known) handedOn.set(name, name);
  for (const [name, value] of values) {
    handedOn.delete(name);
    const [row, dot, field] = value;
    if (value.length === 3 && row === parameter && dot === '.') handedOn.set(name, field!);
  }
  const read = fieldsOf(parameter, body, spread !== null);
  if (read === null || !read.every((field) => known.has(field))) return null;
  // Each place where a field is handed on is one where it is named.
  const reads = [...read];
  for (const [name, field] of handedOn) {
    if (values.has(name)) reads.splice(reads.indexOf(field), 1);
  }
  const names = spread === null ? values.keys() : new Set([...known, ...values.keys()]);
  return { names: [...names], handedOn, reads: new Set(reads) };
}

/** The fields of the row, wherever one is named; null when anything else may happen to the row. */
function fieldsOf(
  row: string,
  body: readonly Token[],
  isSpread: boolean,
): readonly string[] | null {
  const fields: string[] = [];
  let spreads = 0;
  for (let at = 0; at < body.length; at++) {
    if (body[at] !== row || body[at - 1] === '.' || body[at - 1] === '?.') continue;
    if (body[at - 1] === '...' && body[at + 1] !== '.' && ++spreads === 1 && isSpread) continue;
    const [dot, field, next] = body.slice(at + 1, at + 4);
    const isField = (dot === '.' || dot === '?.') && isName(field);
    // A field that is called would get the row as `this`; one that is written would not be that of the input any more.
    const isCalled = next === '(' || next === '?.' || next?.startsWith('`') === true;
    if (!isField || isCalled || isWrite(body, at)) return null;
    fields.push(field!);
  }
  return fields;
}

const WRITES = /^(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)?=$/;

/** Whether the field of the row at a place is written, or taken away. */
function isWrite(body: readonly Token[], at: number): boolean {
  const before = body[at - 1];
  const behind = body[at + 3];
  // Of a pattern that is assigned to, or a loop over values, it may be the target.
  if (behind === 'of' || behind === 'in') return true;
  if (body.some((token, n) => token === '=' && /^[\]}]$/.test(body[n - 1]!))) return true;
  if (before === '++' || before === '--' || before === 'delete') return true;
  return behind === '++' || behind === '--' || (behind !== undefined && WRITES.test(behind));
}

/** Takes apart an arrow, a function or a method that ends in the literal it returns. */
function functionParts(
  tokens: readonly Token[],
): Parts<string | ReadonlyMap<string, string>> | null {
  const head = parameterOf(tokens);
  if (head === null) return null;
  const parts = bodyParts(tokens, head.end);
  return parts && { parameter: head.parameter, ...parts };
}

/** What stands behind the parameters, which end before `end`. */
function bodyParts(
  tokens: readonly Token[],
  end: number,
): Omit<Parts<unknown>, 'parameter'> | null {
  const isArrow = tokens[end] === '=>';
  const body = tokens.slice(isArrow ? end + 1 : end);
  const literal =
    body[0] === '('
      ? literalOf(body, 1, ')')
      : isArrow && body[0] === '['
        ? literalOf(body, 0, undefined)
        : returnedLiteral(body);
  return literal && { body, literal };
}

/** Behind the parameters; -1 where there are none. */
function parametersEnd(tokens: readonly Token[]): number {
  if (isName(tokens[0]) && tokens[1] === '=>') return 1;
  const open = parametersStart(tokens);
  if (open < 0) return -1;
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    depth += depthOf(tokens[at]!);
    if (depth === 0) return at + 1;
  }
  return -1;
}

/** Where the parenthesis of the parameters is; -1 where the function is of another kind. */
function parametersStart(tokens: readonly Token[]): number {
  let at = tokens[0] === 'function' ? 1 : 0;
  if (isName(tokens[at]) && tokens[at] !== 'async') at++;
  return tokens[at] === '(' ? at : -1;
}

function parameterOf(
  tokens: readonly Token[],
): { parameter: string | ReadonlyMap<string, string>; end: number } | null {
  if (isName(tokens[0]) && tokens[1] === '=>') return { parameter: tokens[0]!, end: 1 };
  let at = parametersStart(tokens) + 1;
  if (at === 0) return null;
  if (tokens[at] === ')') return { parameter: new Map(), end: at + 1 };
  if (isName(tokens[at]) && tokens[at + 1] === ')') {
    return { parameter: tokens[at]!, end: at + 2 };
  }
  const pattern = patternOf(tokens, at);
  if (pattern === null) return null;
  at = tokens[pattern.end] === ',' ? pattern.end + 1 : pattern.end;
  return tokens[at] === ')' ? { parameter: pattern.fields, end: at + 1 } : null;
}

/** The pattern that begins at a place: its fields by their local names, and where it ends; null when it has more than names. */
function patternOf(
  tokens: readonly Token[],
  open: number,
): { fields: ReadonlyMap<string, string>; end: number } | null {
  if (tokens[open] !== '{') return null;
  const fields = new Map<string, string>();
  let at = open + 1;
  while (tokens[at] !== '}') {
    const field = tokens[at++];
    let local = field;
    if (tokens[at] === ':') {
      local = tokens[at + 1];
      at += 2;
    }
    if (!isName(field) || !isName(local)) return null;
    fields.set(local!, field!);
    if (tokens[at] === ',') at++;
    else if (tokens[at] !== '}') return null;
  }
  return { fields, end: at + 1 };
}

/** Of a body in braces: what its only `return` gives, as its last statement. */
function returnedLiteral(body: readonly Token[]): Literal | null {
  const at = body.indexOf('return');
  if (body[0] !== '{' || at < 0 || at !== body.lastIndexOf('return')) return null;
  const literal = literalOf(body, at + 1, ';') ?? literalOf(body, at + 1, '}');
  if (literal === null) return null;
  const end = at + literal.inside.length + 3;
  const rest = body.slice(body[end] === ';' ? end + 1 : end);
  return rest.length === 1 && rest[0] === '}' ? literal : null;
}

/** The literal that begins at a place, when it is followed by `behind`; undefined for the end of the function. */
function literalOf(
  tokens: readonly Token[],
  open: number,
  behind: Token | undefined,
): Literal | null {
  if (tokens[open] !== '{' && tokens[open] !== '[') return null;
  const form = tokens[open] === '{' ? 'fields' : 'elements';
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    depth += depthOf(tokens[at]!);
    if (depth > 0) continue;
    const isWhole = tokens[at + 1] === behind && (behind !== ')' || at + 2 === tokens.length);
    return isWhole ? { form, inside: tokens.slice(open + 1, at) } : null;
  }
  return null;
}

function depthOf(token: Token): number {
  if (token === '{' || token === '(' || token === '[') return 1;
  return token === '}' || token === ')' || token === ']' ? -1 : 0;
}

/** The properties of an object literal that a function ends in; null where it ends in something else. */
function fieldsMade(parts: Omit<Parts<unknown>, 'parameter'> | null): Properties | null {
  return parts?.literal.form === 'fields' ? propertiesOf(parts.literal) : null;
}

/** The properties of a literal: names with values, and at the front a row that is spread; of an array, places with values. */
function propertiesOf({ form, inside }: Literal): Properties | null {
  return form === 'fields' ? fieldsOfLiteral(inside) : elementsOf(inside);
}

/** Null for an array that is empty, leaves an element out, or spreads another. */
function elementsOf(literal: readonly Token[]): Properties | null {
  const elements = splitByComma(literal);
  const areValues = elements.every((value) => value.length > 0 && value[0] !== '...');
  if (!areValues || elements.length === 0 || elements.length > ELEMENTS_MAX) return null;
  return { spread: null, values: new Map(elements.map((value, n) => [`${n}`, value])) };
}

function fieldsOfLiteral(literal: readonly Token[]): Properties | null {
  let spread: string | null = null;
  const values = new Map<string, readonly Token[]>();
  for (const property of splitByComma(literal)) {
    const [first, second] = property;
    if (first === '...' && property.length === 2 && values.size === 0 && spread === null) {
      spread = second!;
      continue;
    }
    const name = nameOf(first!);
    const value = property.length === 1 && isName(first) ? property : property.slice(2);
    const hasValue = property.length === 1 || (second === ':' && property.length > 2);
    if (name === null || !hasValue || value.length === 0 || values.has(name)) return null;
    values.set(name, value);
  }
  return values.size === 0 ? null : { spread, values };
}

/** The name of a property; null for what would not be a field in the order of the source. */
function nameOf(token: Token): string | null {
  const name = /^'[^'\\]*'$|^"[^"\\]*"$/.test(token) ? token.slice(1, -1) : token;
  const isField = isName(token) || name !== token;
  return isField && name !== '__proto__' && !/^\d+$/.test(name) ? name : null;
}

function splitByComma(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    depth += depthOf(token);
    if (token === ',' && depth === 0) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  if (parts.at(-1)!.length === 0) parts.pop();
  return parts;
}
