/** Values of one shape, from the columns they were written as: see value-shape.ts and COLUMN_SHAPED in codec-layout.ts. */
import { makerOf } from '../base/generated-code.ts';
import type { Batch } from './batch.ts';
import { KIND_CODES } from './codec-layout.ts';
import { decodeSchema } from './codec-schema.ts';
import type { Column } from './column.ts';
import { freeFormOf } from './free-form.ts';
import { columnSignature, rowExpressions, rowLiteral } from './materialize.ts';
import type { Field, Schema } from './schema.ts';

/** Schemas that a thread knows; then it begins anew. */
const SCHEMAS_MAX = 256;

type ReadValues = (columns: readonly Column[], rowCount: number) => unknown[];

const schemas = new Map<string, Schema>();
const loops = new WeakMap<Schema, Map<string, ReadValues>>();

/** The schema of values of one shape; the same object for the same bytes. Throws what JSON.parse does, or an Error. */
export function shapeSchema(bytes: Uint8Array): Schema {
  const own = bytes.slice();
  const text = Buffer.from(own.buffer).toString('latin1');
  let schema = schemas.get(text);
  if (schema === undefined) {
    schema = checked(decodeSchema(own));
    if (schemas.size === SCHEMAS_MAX) schemas.clear();
    schemas.set(text, schema);
  }
  return schema;
}

function checked(schema: Schema): Schema {
  const form = freeFormOf(schema);
  const isKnown = ({ name, kind }: Field): boolean =>
    typeof name === 'string' && Object.hasOwn(KIND_CODES, kind);
  const count = schema.fields.length;
  if (form === null || count === 0 || (form === 'values' && count > 1)) {
    throw new TypeError('no schema of values');
  }
  if (!schema.fields.every(isKnown)) throw new TypeError('no schema of values');
  return schema;
}

/** The values, one a row; each may be kept without the others. */
export function shapedValues({ schema, columns, rowCount }: Batch): unknown[] {
  let bySignature = loops.get(schema!);
  if (bySignature === undefined) {
    bySignature = new Map();
    loops.set(schema!, bySignature);
  }
  const signature = columnSignature(columns);
  let loop = bySignature.get(signature);
  if (loop === undefined) {
    loop = generate(schema!, signature);
    bySignature.set(signature, loop);
  }
  return loop(columns, rowCount);
}

function generate(schema: Schema, signature: string): ReadValues {
  const { prelude, fields } = rowExpressions(schema, signature, 'columns', 'own');
  const source = `'use strict';
return function (columns, rowCount) {
${prelude}const values = new Array(rowCount);
for (let i = 0; i < rowCount; i++) values[i] = ${rowLiteral(schema, fields)};
return values;
};
//# sourceURL=millrace-generated:shaped-values`;
  return makerOf([], source)() as ReadValues;
}
