/**
 * A generated scan for JSON objects in the one form that a program writes over and over: all fields of the schema, in its
 * order, with at most one space behind a colon or comma. For `{ n: int32, s: string }`:
 *
 *   if (bytes[at] !== 34 || bytes[at + 1] !== 110 || ...) return false;      "n":
 *   let x = 0; while (digit) x = x * 10 + digit; v0[row] = x;
 *   while (bytes[at] !== 34) ...; v1.appendLatin1(bytes, start, at);
 *
 * Names are compared byte by byte with constants, and numbers are built as in plain-number.ts, all in local variables.
 */
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { Field, FieldKind, Schema } from '../../data/schema.ts';

/** Writes the object in bytes start to end - 1 as row `row` of its builder; false when it has another form. */
export type LineScan = (bytes: Uint8Array, start: number, end: number, row: number) => boolean;

/** Makes the scan of a builder. */
export type MakeLineScan = (builder: BatchBuilder) => LineScan;

const KINDS: ReadonlySet<FieldKind> = new Set([
  'int32',
  'float64',
  'timestamp',
  'string',
  'boolean',
]);

/** Null for schemas with other kinds of fields, or with names that JSON writes with escapes. */
export function generateLineScan({ fields }: Schema): MakeLineScan | null {
  const isSimple = fields.every(
    ({ name, kind }) => KINDS.has(kind) && JSON.stringify(name) === `"${name}"`,
  );
  if (!isSimple || fields.length === 0) return null;
  const columns = fields.map(({ kind }, c) =>
    kind === 'string'
      ? `const v${c} = builder.strings(${c});\n`
      : `const v${c} = builder.fixed(${c}).values;\n`,
  );
  const steps = fields.map((field, c) => fieldSource(field, c, c === 0 ? '{' : ','));
  const source = `'use strict';
${columns.join('')}return (bytes, start, end, row) => {
let at = start, b = 0, x = 0, digits = 0, from = 0, bits = 0, isNegative = false;
${steps.join('')}return bytes[at] === 125 && at + 1 === end;
};
//# sourceURL=millrace-generated:json-lines`;
  const make = new Function('builder', 'POWERS', source);
  return (builder) => make(builder, POWERS) as LineScan;
}

const DIGITS_MAX = 15;
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);

/** Bytes at the place, one after the other. */
function expect(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  const differs = bytes.map((byte, i) => `bytes[at + ${i}] !== ${byte}`).join(' || ');
  return `if (${differs}) return false;\nat += ${bytes.length};\n`;
}

const SKIP_SPACE = 'if (bytes[at] === 32) at++;\n';

function fieldSource({ name, kind, nullable }: Field, c: number, before: string): string {
  const value =
    kind === 'string'
      ? stringSource(c)
      : kind === 'boolean'
        ? booleanSource(c)
        : numberSource(kind, c);
  const setNull = `${expect('null')}builder.setNull(${c}, row);
${kind === 'string' ? `v${c}.appendEmpty();\n` : ''}`;
  return `${expect(before)}${SKIP_SPACE}${expect(`"${name}":`)}${SKIP_SPACE}${
    nullable ? `if (bytes[at] === 110) {\n${setNull}} else {\n${value}}\n` : value
  }`;
}

function stringSource(c: number): string {
  return `if (bytes[at] !== 34) return false;
from = ++at; bits = 0;
while ((b = bytes[at]) !== 34) {
if (b < 32 || b === 92 || at >= end) return false;
bits |= b; at++;
}
if (bits < 128) v${c}.appendLatin1(bytes, from, at);
else v${c}.appendUtf8(bytes, from, at);
at++;
`;
}

function booleanSource(c: number): string {
  return `if (bytes[at] === 116) {\n${expect('true')}v${c}[row] = 1;\n} else {\n${expect('false')}v${c}[row] = 0;\n}\n`;
}

function numberSource(kind: FieldKind, c: number): string {
  const check = kind === 'int32' ? 'if ((x | 0) !== x) return false;\n' : '';
  return `b = bytes[at];
isNegative = b === 45;
if (isNegative) b = bytes[++at];
x = b - 48;
if (x < 0 || x > 9) return false;
from = at;
while ((b = bytes[++at] - 48) >= 0 && b <= 9) x = x * 10 + b;
digits = at - from;
if (digits > 1 && bytes[from] === 48) return false;
if (b === -2) {
from = at + 1;
while ((b = bytes[++at] - 48) >= 0 && b <= 9) x = x * 10 + b;
if (at === from) return false;
digits += at - from;
if (digits > ${DIGITS_MAX}) return false;
x /= POWERS[at - from];
} else if (digits > ${DIGITS_MAX}) return false;
if (isNegative) { if (x === 0) return false; x = -x; }
${check}v${c}[row] = x;
`;
}
