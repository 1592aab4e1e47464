/**
 * A generated scan for JSON objects in the one form that a program writes over and over: all fields of the schema, in its
 * order, with at most one space behind a colon or comma. For `{ n: int32, s: string }`:
 *
 *   if (bytes[at] !== 34 || bytes[at + 1] !== 110 || ...) return false;      "n":
 *   let x = 0; while (digit) x = x * 10 + digit; v0[row] = x;
 *   while (bytes[at] !== 34) target[to++] = bytes[at++]; v1.closeEntry(to);
 *
 * Names are compared byte by byte with constants, and numbers are built as in plain-number.ts, all in local variables.
 */
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { Field, Schema } from '../../data/schema.ts';
import {
  expectSource,
  fixedSource,
  type MakeLineScan,
  makeScan,
  SCAN_LOCALS,
  textSource,
} from './scan-codegen.ts';

/** Null for schemas with other kinds of fields, or with names that JSON writes with escapes. */
export function generateLineScan(schema: Schema): MakeLineScan | null {
  const source = lineScanSource(schema);
  return source === null ? null : makeScan(source);
}

/** The scan, as people are shown it. */
export function generatedLineScans(schema: Schema): readonly GeneratedLoop[] {
  const source = lineScanSource(schema);
  return source === null
    ? []
    : [{ title: 'a line, with fields in the order of the schema', source }];
}

function lineScanSource({ fields }: Schema): string | null {
  const isSimple = fields.every(
    ({ name, kind }) => kind !== 'dynamic' && JSON.stringify(name) === `"${name}"`,
  );
  if (!isSimple || fields.length === 0) return null;
  const columns = fields.map(({ kind }, c) =>
    kind === 'string'
      ? `const v${c} = builder.strings(${c});\n`
      : `const v${c} = builder.fixed(${c}).values;\n`,
  );
  const steps = fields.map((field, c) => fieldSource(field, c, c === 0 ? '{' : ','));
  return `'use strict';
${columns.join('')}return (bytes, start, end, row) => {
${SCAN_LOCALS}
${steps.join('')}return bytes[at] === 125 && at + 1 === end;
};
//# sourceURL=millrace-generated:json-lines`;
}

const SKIP_SPACE = 'if (bytes[at] === 32) at++;\n';

function fieldSource({ name, kind, nullable }: Field, c: number, before: string): string {
  const value = kind === 'string' ? stringSource(c) : fixedSource(kind, c, true);
  const setNull = `${expectSource('null')}builder.setNull(${c}, row);
${kind === 'string' ? `v${c}.appendEmpty();\n` : ''}`;
  return `${expectSource(before)}${SKIP_SPACE}${expectSource(`"${name}":`)}${SKIP_SPACE}${
    nullable ? `if (bytes[at] === 110) {\n${setNull}} else {\n${value}}\n` : value
  }`;
}

function stringSource(c: number): string {
  const isInside = '(b = bytes[at]) !== 34';
  const isRefused = 'b < 32 || b === 92 || at >= end';
  return `if (bytes[at] !== 34) return false;\nat++;\n${textSource(c, isInside, isRefused)}at++;\n`;
}
