/**
 * Reads CSV records from bytes straight into columns by a generated scan: no text is split, and no string is made. For
 * values of `{ n: int32, s: string }`:
 *
 *   let x = 0; while (digit) x = x * 10 + digit; v0[row] = x;
 *   if (bytes[at] !== 44) return false;
 *   while (bytes[at] !== 44) target[to++] = bytes[at++]; v1.closeEntry(to);
 *
 * It takes records without quotes whose values are plain decimal numbers, times of ISO 8601 in UTC, true, false, text, or
 * nothing. At anything else it gives up on the line, which is then read as text; so there is one place that decides what is
 * wrong and how it is told. Benchmark: figure csv-lines.
 */
import type { BatchBuilder } from '../../data/batch-builder.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { Field } from '../../data/schema.ts';
import {
  fixedSource,
  type LineScan,
  type MakeLineScan,
  makeScan,
  SCAN_LOCALS,
  textSource,
} from './scan-codegen.ts';

const ASCII_END = 0x80;

/** A value of a record that somebody wants. */
type Target = { readonly column: number; readonly field: Field };

export class CsvScanner {
  readonly #source: string | null;
  readonly #makeScan: MakeLineScan | null;
  #scan: LineScan | null = null;
  #scanOf: BatchBuilder | null = null;

  constructor(
    fields: readonly { readonly field: Field; readonly at: number }[],
    valueCount: number,
    delimiter: string,
  ) {
    this.#source = scanSource(fields, valueCount, delimiter);
    this.#makeScan = this.#source === null ? null : makeScan(this.#source);
  }

  /** The scan; none for records that have to be read as text. */
  generatedLoops(): readonly GeneratedLoop[] {
    if (this.#source === null) return [];
    return [{ title: 'a line, with columns in the order of the schema', source: this.#source }];
  }

  /** Appends the record in bytes start to end - 1; false, with nothing appended, when it is not that simple. */
  append(bytes: Uint8Array, start: number, end: number, builder: BatchBuilder): boolean {
    if (this.#makeScan === null || start === end) return false;
    if (this.#scanOf !== builder) {
      this.#scan = this.#makeScan(builder);
      this.#scanOf = builder;
    }
    const row = builder.rowCount;
    if (this.#scan!(bytes, start, end, row)) {
      builder.advance(1);
      return true;
    }
    builder.abandonRow(row);
    return false;
  }
}

/** Null for records that have to be read as text. */
function scanSource(
  fields: readonly { readonly field: Field; readonly at: number }[],
  valueCount: number,
  delimiter: string,
): string | null {
  const unit = delimiter.charCodeAt(0);
  const targets = new Array<Target | null>(valueCount).fill(null);
  fields.forEach(({ field, at }, column) => {
    targets[at] = { column, field };
  });
  const areApart = targets.filter((target) => target !== null).length === fields.length;
  const areSimple = fields.every(({ field }) => field.kind !== 'dynamic');
  if (fields.length === 0 || unit >= ASCII_END || !areApart || !areSimple) return null;
  const columns = fields.map(({ field }, c) =>
    field.kind === 'string'
      ? `const v${c} = builder.strings(${c});\n`
      : `const v${c} = builder.fixed(${c}).values;\n`,
  );
  const values = targets.map((target) => valueSource(target, unit));
  const between = `if (at >= end || bytes[at] !== ${unit}) return false;\nat++;\n`;
  return `'use strict';
${columns.join('')}return (bytes, start, end, row) => {
${SCAN_LOCALS}
${values.join(between)}return at === end;
};
//# sourceURL=millrace-generated:csv-lines`;
}

function valueSource(target: Target | null, delimiter: number): string {
  const isInside = `at < end && (b = bytes[at]) !== ${delimiter}`;
  if (target === null) return `while (${isInside}) { if (b === 34) return false; at++; }\n`;
  const { column: c, field } = target;
  if (field.kind !== 'string') {
    const isEmpty = `at === end || bytes[at] === ${delimiter}`;
    const value = fixedSource(field.kind, c, false);
    const empty = field.nullable ? `builder.setNull(${c}, row);` : 'return false;';
    return `if (${isEmpty}) { ${empty} } else {\n${value}}\n`;
  }
  const setNull = field.nullable ? `if (at === from) builder.setNull(${c}, row);\n` : '';
  return `${textSource(c, isInside, 'b === 34')}${setNull}`;
}
