/** JSON Schema of what the server takes and gives, as plain data: closed objects, all of whose fields are there. */

export type JsonSchema = { readonly [key: string]: unknown };

export const aText: JsonSchema = { type: 'string' };
export const aNumber: JsonSchema = { type: 'number' };
export const aFlag: JsonSchema = { type: 'boolean' };
/** Milliseconds since 1970 UTC; -1 where there is none. */
export const aTime: JsonSchema = { type: 'number' };

export const anything: JsonSchema = {};

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

export function oneOf(...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values };
}

export function byName(values: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: values };
}

export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

export const ERROR_ANSWER = object({ errors: list(aText), code: orNull(aText) });
