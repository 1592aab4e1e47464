/** A line of JSON to a row of a state. */
import { valueFromJson } from '../../connector/file/field-text.ts';
import { exactJson } from '../../connector/file/json-lines.ts';
import type { LineFrames, RecordParser } from '../../connector/file/text-reader.ts';
import { describe } from '../../data/field-check.ts';
import type { Field } from '../../data/schema.ts';
import type { GivenRow } from './given-rows.ts';
import type { KeyedShape } from './keyed-shape.ts';
import { fromJson } from './state-json.ts';

export class StateLineParser implements RecordParser<LineFrames> {
  readonly #shape: KeyedShape;

  constructor(shape: KeyedShape) {
    this.#shape = shape;
  }

  parse(line: LineFrames): GivenRow | undefined {
    const text = line.buffer.toString('utf8', line.start, line.end);
    if (text.trim() === '') return undefined;
    const value: unknown = JSON.parse(text);
    const exact = exactJson(this.#shape.schema, text, value);
    return { row: rowOf(this.#shape, value, exact), at: line.line! };
  }
}

/** The row of what JSON.parse gave; throws what is wrong with it. */
function rowOf(shape: KeyedShape, value: unknown, exact: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`wanted an object, got ${describe(value)}`);
  }
  checkNames(shape, Object.keys(value));
  const entries = shape.schema.fields.map((field) => {
    const from = (field.kind === 'int64' ? exact : value) as Readonly<Record<string, unknown>>;
    const given = Object.hasOwn(from, field.name) ? from[field.name] : undefined;
    const isLeftOut = given === undefined && shape.optional.has(field.name);
    return [field.name, isLeftOut ? undefined : fieldFromJson(field, given)] as const;
  });
  return Object.fromEntries(entries);
}

function fieldFromJson(field: Field, given: unknown): unknown {
  const { kind } = field;
  const isNumber = kind === 'float64' || kind === 'timestamp';
  // A number may be one that JSON does not have.
  const isTagged = kind === 'dynamic' || (isNumber && typeof given === 'object' && given !== null);
  return isTagged && given !== undefined ? fromJson(given) : valueFromJson(field, given);
}

/** Refuses names that are none of the fields of a state; throws what is wrong. */
export function checkNames({ schema, ignored }: KeyedShape, names: readonly string[]): void {
  const known = schema.fields.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name) && !ignored.has(name));
  if (unknown !== undefined) {
    throw new Error(`there is no field '${unknown}'; the state has ${known.join(', ')}`);
  }
}
