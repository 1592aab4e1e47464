/**
 * Writes row objects into the columns of a schema, checking each value, by one generated function per schema.
 * Benchmark: figure codec-columns.
 */
import { makerOf } from '../base/generated-code.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { SAMPLE_ROWS } from './batch-weight.ts';
import type { GeneratedLoop } from './generated-loop.ts';
import type { Field, FieldKind, Schema } from './schema.ts';

/** Writes a row as row `at` of its builder; the number of the first field whose value does not fit, or -1. */
export type AppendRow = (row: unknown, at: number) => number;

type MakeAppender = (builder: BatchBuilder) => AppendRow;

const cache = new WeakMap<Schema, MakeAppender>();

/** The function that writes rows into a builder of a schema. */
export function rowAppender(schema: Schema, builder: BatchBuilder): AppendRow {
  let make = cache.get(schema);
  if (make === undefined) {
    make = makerOf(['builder'], appenderSource(schema)) as MakeAppender;
    cache.set(schema, make);
  }
  return make(builder);
}

/** The function, as people are shown it. */
export function generatedAppender(schema: Schema): GeneratedLoop {
  return { title: 'a row into columns', source: appenderSource(schema) };
}

function appenderSource(schema: Schema): string {
  const columns = schema.fields.map(({ kind }, c) => `const v${c} = ${columnSource(kind, c)};\n`);
  const stores = schema.fields.map(storeSource);
  return `'use strict';
${columns.join('')}return (row, at) => {
${stores.join('')}return -1;
};
//# sourceURL=millrace-generated:row-appender`;
}

function columnSource(kind: FieldKind, c: number): string {
  if (kind === 'string') return `builder.strings(${c})`;
  if (kind === 'dynamic') return `builder.dynamic(${c}).values`;
  return `builder.fixed(${c}).values`;
}

/** Source of whether a value fits a field of a kind that is not null. */
export const FITS: Readonly<Record<FieldKind, (x: string) => string>> = {
  int32: (x) => `typeof ${x} === 'number' && (${x} | 0) === ${x}`,
  float64: (x) => `typeof ${x} === 'number'`,
  timestamp: (x) => `typeof ${x} === 'number'`,
  boolean: (x) => `typeof ${x} === 'boolean'`,
  string: (x) => `typeof ${x} === 'string'`,
  int64: (x) => `typeof ${x} === 'bigint' && BigInt.asIntN(64, ${x}) === ${x}`,
  date: (x) => `${x} instanceof Date`,
  dynamic: () => 'true',
};

/** Source of what a column keeps of a value that fits; see readExpression. */
export function storeExpression(kind: FieldKind, x: string): string {
  return kind === 'boolean' ? `${x} ? 1 : 0` : kind === 'date' ? `${x}.getTime()` : x;
}

function storeSource({ name, kind, nullable }: Field, c: number): string {
  const x = `x${c}`;
  const value = storeExpression(kind, x);
  const weigh =
    kind === 'dynamic'
      ? ` if (at % ${SAMPLE_ROWS} === ${SAMPLE_ROWS - 1}) builder.weight.addSample(${x});`
      : '';
  const store = kind === 'string' ? `v${c}.append(${x});` : `v${c}[at] = ${value};${weigh}`;
  const setNull = `builder.setNull(${c}, at);${kind === 'string' ? ` v${c}.appendEmpty();` : ''}`;
  return `const ${x} = row[${JSON.stringify(name)}];
${nullable ? `if (${x} === null) { ${setNull} } else ` : ''}if (${FITS[kind](x)}) { ${store} }
else return ${c};
`;
}
