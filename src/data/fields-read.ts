/**
 * Which fields of its row a function of the user reads, as its source tells: so that the others need not be made of columns,
 * texts above all. Null, which stands for all, wherever the source leaves a doubt.
 *
 *   ({ price, time }) => ...        price, time: the row itself has no name
 *   (bid) => bid.price > 100        price: every `bid` is followed by a field
 *   (bid) => ({ ...bid })           all
 *
 * The name of the row may also stand in a text, a comment, or for something else within: then there is a field too many, or
 * a doubt. What could reach the row without its name (`arguments`, `eval`, an escape in a name) is a doubt as well.
 */
import type { Schema } from './schema.ts';

/** Names of fields; null for all. */
export type FieldsRead = ReadonlySet<string> | null;

/** An arrow, a function or a method, up to its first parameter; not what is async or makes a generator. */
const HEAD = /^(?:function\b\s*)?(?!async\b)[\w$]*\s*\(\s*|^(?=[\w$]+\s*=>)/;
const NAME = /^([A-Za-z_$][\w$]*)\s*(?:[,)]|=>)/;
const PATTERN = /^\{([^{}=.[\]/'"]*)\}\s*[,)]/;
const DOUBTS = /\barguments\b|\beval\b|\\u/;

/** The fields that a function reads of its first parameter, a row of the schema. */
export function fieldsRead(fn: unknown, schema: Schema | null): FieldsRead {
  if (typeof fn !== 'function' || schema === null) return null;
  const source = Function.prototype.toString.call(fn);
  const head = HEAD.exec(source);
  if (head === null || DOUBTS.test(source)) return null;
  const rest = source.slice(head[0].length);
  const read = ofPattern(rest) ?? ofName(rest);
  if (read === null) return null;
  const names = new Set(schema.fields.map(({ name }) => name));
  return read.every((name) => names.has(name)) ? new Set(read) : null;
}

function ofPattern(rest: string): readonly string[] | null {
  const pattern = PATTERN.exec(rest)?.[1];
  if (pattern === undefined) return null;
  const parts = pattern.split(',').map((part) => part.split(':')[0]!.trim());
  return parts.filter((part) => part !== '');
}

function ofName(rest: string): readonly string[] | null {
  const name = NAME.exec(rest)?.[1];
  if (name === undefined) return null;
  return fieldsOf(name, rest.slice(name.length));
}

/** The fields that source reads of what has this name; null where it does anything else with it. */
export function fieldsOf(name: string, body: string): readonly string[] | null {
  const quoted = name.replaceAll('$', '\\$');
  const fields: string[] = [];
  for (const { index } of body.matchAll(new RegExp(`(?<![\\w$])${quoted}(?![\\w$])`, 'g'))) {
    // A field that is called, or tagged, would get the row as `this`; a comment may stand between.
    const field = /^\s*\??\.\s*([A-Za-z_$][\w$]*)(?![\w$])(?!\s*(?:\?\.\s*)?(?:[(`]|\/[/*]))/.exec(
      body.slice(index + name.length),
    )?.[1];
    if (field === undefined) return null;
    fields.push(field);
  }
  return fields;
}

/** What both read. */
export function allRead(a: FieldsRead, b: FieldsRead): FieldsRead {
  return a === null || b === null ? null : new Set([...a, ...b]);
}
