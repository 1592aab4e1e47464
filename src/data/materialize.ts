/**
 * Row objects from columns, by one generated loop per schema and set of columns that have absent values: an
 * object literal with constant fields is the cheapest object V8 can make, and its shape is the same for all
 * rows of a schema. A MISSING field (free-form rows only) is deleted from the literal.
 */
import { makerOf } from '../base/generated-code.ts';
import { type Column, NULL, PRESENT, UNDEFINED } from './column.ts';
import type { FieldsRead } from './fields-read.ts';
import { freeFormOf } from './free-form.ts';
import type { FieldKind, Schema } from './schema.ts';

export type Materializer = (columns: readonly Column[], rowCount: number) => unknown[];

/** A field, and source that reads it. */
export type FieldSource = { readonly name: string; readonly expression: string };

const cache = new WeakMap<Schema, Materializer>();

/** The materializer of a schema; one per schema object. */
export function materializer(schema: Schema): Materializer {
  let found = cache.get(schema);
  if (found === undefined) {
    found = makeMaterializer(schema);
    cache.set(schema, found);
  }
  return found;
}

function makeMaterializer(schema: Schema): Materializer {
  const byAbsence = new Map<string, Materializer>();
  return (columns, rowCount) => {
    const signature = columnSignature(columns);
    let loop = byAbsence.get(signature);
    if (loop === undefined) {
      const { prelude, fields } = rowExpressions(schema, signature, 'columns');
      loop = makerOf(
        ['columns', 'rowCount'],
        `'use strict';\n${prelude}const rows = new Array(rowCount);
for (let i = 0; i < rowCount; i++) {
  const row = ${rowLiteral(schema, fields)};
${missingDeletes(schema, signature)}  rows[i] = row;
}
return rows;\n//# sourceURL=millrace-generated:rows`,
      ) as Materializer;
      byAbsence.set(signature, loop);
    }
    return loop(columns, rowCount);
  };
}

/** One letter a column: 'a' when it has absent values, 'd' when it is a dictionary, 'b' both, '.' neither. */
export function columnSignature(columns: readonly Column[]): string {
  let signature = '';
  for (const column of columns) {
    const isDictionary = column.kind === 'string' && column.codes !== null;
    signature += column.absent === null ? (isDictionary ? 'd' : '.') : isDictionary ? 'b' : 'a';
  }
  return signature;
}

/**
 * JavaScript source that reads row `i` of columns: statements to run once a batch, and one expression a field. Strings are
 * decoded all at once, or each where it is read, or so that each may be kept without the others; those of `late` where it is
 * read, as long as few of them are. Fields that nobody reads are left out. Shared by every generated loop, so that a value
 * reads the same wherever it is used.
 */
export function rowExpressions(
  schema: Schema,
  signature: string,
  columns: string,
  strings: 'at once' | 'each' | 'own' = 'at once',
  reads: FieldsRead = null,
  late: ReadonlySet<string> = NONE,
): { prelude: string; fields: readonly FieldSource[] } {
  let prelude = '';
  const fields = schema.fields.flatMap((field, c) => {
    if (reads !== null && !reads.has(field.name)) return [];
    const mark = signature[c]!;
    const value = `v${c}`;
    if (field.kind === 'string') {
      const all = strings === 'at once' && !late.has(field.name) ? '.all()' : '';
      prelude += `const ${value} = ${columns}[${c}].entries${all};\n`;
      if (mark === 'd' || mark === 'b') prelude += `const k${c} = ${columns}[${c}].codes;\n`;
    } else {
      prelude += `const ${value} = ${columns}[${c}].values;\n`;
    }
    const at = mark === 'd' || mark === 'b' ? `k${c}[i]` : 'i';
    const text = late.has(field.name) ? 'few' : strings;
    const read = field.kind === 'string' ? TEXT_READS[text](value, at) : `${value}[${at}]`;
    let expression = readExpression(field.kind, read);
    if (mark === 'a' || mark === 'b') {
      prelude += `const n${c} = ${columns}[${c}].absent;\n`;
      expression = `(n${c}[i] === ${PRESENT} ? ${expression} : n${c}[i] === ${NULL} ? null : undefined)`;
    }
    return [{ name: field.name, expression }];
  });
  return { prelude, fields };
}

const NONE: ReadonlySet<string> = new Set();

const TEXT_READS = {
  'at once': (texts: string, at: string) => `${texts}[${at}]`,
  each: (texts: string, at: string) => `${texts}.one(${at})`,
  own: (texts: string, at: string) => `${texts}.own(${at})`,
  few: (texts: string, at: string) => `${texts}.few(${at})`,
};

/** Source of a value as the user sees it, of what its column has. */
export function readExpression(kind: FieldKind, value: string): string {
  if (kind === 'boolean') return `${value} === 1`;
  if (kind === 'date') return `new Date(${value})`;
  return value;
}

/** The row of a schema: an object, or what free-form rows were. */
export function rowLiteral(schema: Schema, fields: readonly FieldSource[]): string {
  switch (freeFormOf(schema)) {
    case 'values':
      return fields[0]!.expression;
    case 'elements':
      return `[${fields.map(({ expression }) => expression).join(', ')}]`;
    default:
      return objectLiteral(fields);
  }
}

/** `{"a": ..., "b": ...}`; a field named __proto__ is computed, or it would set the prototype. */
export function objectLiteral(fields: readonly FieldSource[]): string {
  const parts = fields.map(({ name, expression }) => {
    const key = name === '__proto__' ? `['__proto__']` : JSON.stringify(name);
    return `${key}: ${expression}`;
  });
  return `{ ${parts.join(', ')} }`;
}

function missingDeletes(schema: Schema, signature: string): string {
  return schema.fields
    .map((field, c) =>
      signature[c] === 'a' || signature[c] === 'b'
        ? `  if (n${c}[i] > ${UNDEFINED}) delete row[${JSON.stringify(field.name)}];\n`
        : '',
    )
    .join('');
}
