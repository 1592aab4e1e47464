/** Values of fields in text formats: from the JSON value or the text of a file to the value of the row, and back. */
import { describe } from '../../data/field-check.ts';
import type { Field } from '../../data/schema.ts';
import { timeOfNumber, timeOfText } from './time-text.ts';

/** Sets a field of a row. One that is called __proto__ is defined: an assignment would set the prototype. */
export function setField(row: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') row[name] = value;
  else Object.defineProperty(row, name, { value, ...ASSIGNED });
}

const ASSIGNED = { configurable: true, enumerable: true, writable: true } as const;

/** The value of a field from a JSON value; throws what is wrong. */
export function valueFromJson(field: Field, value: unknown): unknown {
  if (value === null || value === undefined) {
    if (field.nullable || (field.kind === 'dynamic' && value === null)) return null;
    throw new Error(`field '${field.name}' is ${value === null ? 'null' : 'missing'}`);
  }
  switch (field.kind) {
    case 'int64':
      return bigintFrom(field, value);
    case 'timestamp':
      return timeFromJson(field, value);
    case 'date':
      return new Date(timeFromJson(field, value));
    default:
      return value;
  }
}

function timeFromJson(field: Field, value: unknown): number {
  if (typeof value === 'string') return timeFromText(field, value);
  const time = typeof value === 'number' ? timeOfNumber(value) : Number.NaN;
  if (Number.isNaN(time)) throw wrong(field, value);
  return time;
}

function bigintFrom(field: Field, value: unknown): unknown {
  const isExact = typeof value === 'string' ? /^-?\d+$/.test(value) : Number.isSafeInteger(value);
  if (!isExact) throw wrong(field, value);
  return BigInt(value as string | number);
}

/** The value of a field from its text in a CSV file; throws what is wrong. Null has a text of its own, or none. */
export function valueFromText(
  field: Field,
  text: string,
  isQuoted: boolean,
  nullText = '',
): unknown {
  if (!isQuoted && field.nullable) {
    if (text === nullText || (text === '' && field.kind !== 'string')) return null;
  }
  if (!isQuoted && text === '' && field.kind !== 'string') {
    throw new Error(`field '${field.name}' is empty`);
  }
  switch (field.kind) {
    case 'string':
      return text;
    case 'int32':
    case 'float64':
      return numberFromText(field, text);
    case 'int64':
      return bigintFrom(field, text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw wrong(field, text);
      return text === 'true';
    case 'timestamp':
      return timeFromText(field, text);
    case 'date':
      return new Date(timeFromText(field, text));
    case 'dynamic':
      return dynamicFromText(field, text);
  }
}

/** JSON; or text that does not look like it, which is itself the value. The inverse of `dynamicText`. */
function dynamicFromText(field: Field, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (looksLikeJson(text)) throw wrong(field, text);
    return text;
  }
}

/** A value of a dynamic field: as `textOf`, but a string that would be read as something else is JSON. */
export function dynamicText(value: unknown): string {
  if (typeof value !== 'string') return textOf(value);
  return looksLikeJson(value) || isJson(value) ? JSON.stringify(value) : value;
}

function looksLikeJson(text: string): boolean {
  return text === '' || /^\s*["[{]/.test(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Decimal numbers only: 0x10 is a text that looks like one. */
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+|Infinity)(?:e[+-]?\d+)?\s*$/i;

function numberFromText(field: Field, text: string): number {
  const number = Number(text);
  const isNumber = !Number.isNaN(number) && NUMBER.test(text);
  if (!isNumber && text !== 'NaN') throw wrong(field, text);
  return number;
}

function timeFromText(field: Field, text: string): number {
  const time = timeOfText(text);
  if (Number.isNaN(time)) throw wrong(field, text);
  return time;
}

function wrong(field: Field, value: unknown): Error {
  return new Error(`field '${field.name}' wants ${field.kind}, got ${describe(value)}`);
}

/** A value as text: dates as ISO 8601, objects as JSON, nothing for null and undefined. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  if (typeof value === 'object') return jsonOf(value);
  return String(value);
}

/** JSON text; bigints that a number holds exactly as digits, others as text. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'bigint') return part;
    const number = Number(part);
    return Number.isSafeInteger(number) ? number : String(part);
  });
}
