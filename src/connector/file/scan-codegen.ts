/** What generated scans of lines have in common: their shape, their variables, and numbers. */
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { FieldKind } from '../../data/schema.ts';
import { timeLength, timeOfBytes } from './time-text.ts';

/** Writes the record in bytes start to end - 1 as row `row` of its builder; false when it has another form. */
export type LineScan = (bytes: Uint8Array, start: number, end: number, row: number) => boolean;

/** Makes the scan of a builder. */
export type MakeLineScan = (builder: BatchBuilder) => LineScan;

/** Powers of ten and times are all that a scan needs beside its builder. */
export function makeScan(source: string): MakeLineScan {
  const make = new Function('builder', 'POWERS', 'timeOfBytes', 'timeLength', source);
  return (builder) => make(builder, POWERS, timeOfBytes, timeLength) as LineScan;
}

/** Variables of a scan: all local, which is what makes it fast. */
export const SCAN_LOCALS =
  'let at = start, b = 0, x = 0, digits = 0, from = 0, to = 0, bits = 0, isNegative = false, target = bytes;';

const DIGITS_MAX = 15;
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);

/**
 * Source that reads text at `at` into v<c>, as long as `isInside` holds, which reads `b`; false where `isRefused` does.
 * Bytes are copied while they are looked at; only text that is not ASCII is decoded.
 */
export function textSource(c: number, isInside: string, isRefused: string): string {
  const loop = (copy: string): string => `while (${isInside}) {
if (${isRefused}) return false;
bits |= b; at++;${copy}
}
`;
  return `from = at; bits = 0;
to = v${c}.openEntry(end - at);
if (to < 0) {
${loop('')}v${c}.appendUtf8(bytes, from, at);
} else {
target = v${c}.target;
${loop(' target[to++] = b;')}if (bits < 128) v${c}.closeEntry(to);
else v${c}.appendUtf8(bytes, from, at);
}
`;
}

/**
 * Source that reads a plain number at `at` into row `row` of v<c>, and moves behind it; times are milliseconds. Where
 * `isJson`, a leading zero stands alone.
 */
function numberSource(kind: FieldKind, c: number, isJson: boolean): string {
  const isWhole = kind === 'int64' || kind === 'date';
  const check = kind === 'int32' ? 'if ((x | 0) !== x) return false;\n' : '';
  const value = kind === 'int64' ? 'BigInt(x)' : 'x';
  return `b = bytes[at];
isNegative = b === 45;
if (isNegative) b = bytes[++at];
x = b - 48;
if (x < 0 || x > 9) return false;
from = at;
while ((b = bytes[++at] - 48) >= 0 && b <= 9) x = x * 10 + b;
digits = at - from;
${isJson ? 'if (digits > 1 && bytes[from] === 48) return false;\n' : ''}${isWhole ? '' : fractionSource()}if (digits > ${DIGITS_MAX}) return false;
if (isNegative) { if (x === 0) return false; x = -x; }
${check}v${c}[row] = ${value};
`;
}

function fractionSource(): string {
  return `if (b === -2) {
from = at + 1;
while ((b = bytes[++at] - 48) >= 0 && b <= 9) x = x * 10 + b;
if (at === from) return false;
digits += at - from;
if (digits > ${DIGITS_MAX}) return false;
x /= POWERS[at - from];
}
`;
}

/** Source that reads a time at `at` into row `row` of v<c>, and moves behind it: milliseconds, or ISO 8601. */
function timeSource(kind: FieldKind, c: number, isJson: boolean): string {
  const quote = isJson ? expectSource('"') : '';
  return `if (bytes[${isJson ? 'at] === 34' : 'at + 4] === 45'}) {
${quote}x = timeOfBytes(bytes, at);
if (x !== x) return false;
at += timeLength(bytes, at);
${quote}v${c}[row] = x;
} else {
${numberSource(kind, c, isJson)}}
`;
}

/** Source that moves behind a text at `at`; false where another one stands there. */
export function expectSource(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  const differs = bytes.map((byte, i) => `bytes[at + ${i}] !== ${byte}`).join(' || ');
  return `if (${differs}) return false;\nat += ${bytes.length};\n`;
}

/** Source that reads a value of a fixed kind at `at` into row `row` of v<c>, and moves behind it. */
export function fixedSource(kind: FieldKind, c: number, isJson: boolean): string {
  if (kind === 'boolean') return booleanSource(c);
  const isTime = kind === 'timestamp' || kind === 'date';
  return isTime ? timeSource(kind, c, isJson) : numberSource(kind, c, isJson);
}

/** Source that reads true or false at `at` into row `row` of v<c>, and moves behind it. */
function booleanSource(c: number): string {
  return `if (bytes[at] === 116) {
${expectSource('true')}v${c}[row] = 1;
} else {
${expectSource('false')}v${c}[row] = 0;
}
`;
}
