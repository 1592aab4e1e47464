/**
 * A generated decoder for the records of a block, from bytes straight into columns. For `{ n: int, s: ["null", string] }`:
 *
 *   while (row < rowEnd && weight.bytes < BATCH_BYTES) {
 *     x = bytes[at++]; if (x > 127) { ... }         n: a varint, up to four bytes in one integer
 *     v0[row] = (x >>> 1) ^ -(x & 1);
 *     ...                                           s: its branch, then its length and its bytes, copied while looked at
 *     block.at = at; block.row = ++row;
 *   }
 *
 * Fields of the file that no column takes are passed over; columns that the file has not are null, or what the user has
 * given for them. A value that does not fit its column leaves the record whole: it is read to its end and refused alone.
 * Benchmark: figure avro-columns.
 */
import { BATCH_BYTES } from '../../../base/limits.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import { SAMPLE_ROWS } from '../../../data/batch-weight.ts';
import type { GeneratedLoop } from '../../../data/generated-loop.ts';
import type { Field, FieldKind, Schema } from '../../../data/schema.ts';
import { msOfHalves } from '../int64-time.ts';
import type { AvroRecord, AvroType } from './avro-schema.ts';
import { type BlockBytes, type ReadValue, unitsPerMs, valueReader } from './values.ts';

export type DecodedBlock = BlockBytes & {
  /** Behind the last row that is whole. */
  row: number;
  /** Number of the column that the record before `at` does not fit, and where that record begins; -1 when it fits. */
  misfit: number;
  misfitAt: number;
};

/**
 * Writes records from `block.at` on as rows `row` to `rowEnd` - 1, until the batch is heavy, or a record does not fit. Throws
 * where bytes are no record; rows before it are there.
 */
export type DecodeRecords = (block: DecodedBlock, row: number, rowEnd: number) => void;

/** Values for columns that a file does not have, by name. */
export type Defaults = Readonly<Record<string, unknown>>;

export type DecoderPlan = {
  readonly source: string;
  /** The decoder that writes into a builder. All are of one function, which is compiled well once. */
  readonly make: (builder: BatchBuilder) => DecodeRecords;
};

/** How records of a file become rows; an Error where a field is missing, or of a type that does not fit. */
export function planDecoder(record: AvroRecord, schema: Schema, defaults: Defaults): DecoderPlan {
  const readers: ReadValue[] = [];
  const values: unknown[] = [];
  const call = (type: AvroType): string => {
    readers.push(valueReader(type));
    return `block.at = at; w = R[${readers.length - 1}](block); at = block.at;\n`;
  };
  const steps = record.fields.map(({ name, type }) => {
    const c = schema.fields.findIndex((field) => field.name === name);
    return c < 0 ? skipSource(type, call) : valueSource(type, schema.fields[c]!, c, call);
  });
  const missing = schema.fields.map((field, c) => {
    if (record.fields.some(({ name }) => name === field.name)) return '';
    if (Object.hasOwn(defaults, field.name)) {
      values.push(defaults[field.name]);
      return defaultSource(field, c, values.length - 1);
    }
    if (field.nullable) return nullSource(field, c);
    const known = record.fields.map(({ name }) => name).join(', ');
    throw new Error(`it has no field '${field.name}'; it has ${known}`);
  });
  const source = loopSource(schema, `${steps.join('')}${missing.join('')}`);
  const make = new Function('builder', 'R', 'D', 'msOfHalves', source);
  return { source, make: (builder) => make(builder, readers, values, msOfHalves) as DecodeRecords };
}

/** The decoder of files that were written with this schema, as people are shown it. */
export function generatedDecoder(record: AvroRecord, schema: Schema): GeneratedLoop {
  return {
    title: 'records of a block, of files with the fields of the schema',
    source: planDecoder(record, schema, {}).source,
  };
}

function loopSource({ fields }: Schema, body: string): string {
  const columns = fields.map(({ kind }, c) => {
    if (kind === 'string') return `const v${c} = builder.strings(${c});\n`;
    if (kind === 'dynamic') return `const v${c} = builder.dynamic(${c}).values;\n`;
    const values = `builder.fixed(${c}).values`;
    return kind === 'int64'
      ? `const v${c} = new Int32Array(${values}.buffer);\n`
      : `const v${c} = ${values};\n`;
  });
  return `'use strict';
const weight = builder.weight;
${columns.join('')}return (block, row, rowEnd) => {
const bytes = block.bytes, end = bytes.length;
const view = new DataView(bytes.buffer, bytes.byteOffset, end);
let at = block.at, x = 0, y = 0, z = 0, h = 0, n = 0, b = 0, to = 0, from = 0, bits = 0, misfit = -1, start = 0, target = view, w;
while (row < rowEnd && weight.bytes < ${BATCH_BYTES}) {
start = at;
${body}if (at > end) throw new RangeError('a record is cut off');
block.at = at;
if (misfit >= 0) { block.misfit = misfit; block.misfitAt = start; return; }
block.row = ++row;
}
};
//# sourceURL=millrace-generated:avro`;
}

type Call = (type: AvroType) => string;

function nullSource({ kind }: Field, c: number): string {
  return `builder.setNull(${c}, row);${kind === 'string' ? ` v${c}.appendEmpty();` : ''}\n`;
}

function defaultSource({ kind, nullable }: Field, c: number, n: number): string {
  const value = `D[${n}]`;
  const store: Readonly<Record<FieldKind, string>> = {
    int32: `v${c}[row] = ${value};`,
    float64: `v${c}[row] = ${value};`,
    timestamp: `v${c}[row] = ${value};`,
    date: `v${c}[row] = ${value}.getTime();`,
    boolean: `v${c}[row] = ${value} ? 1 : 0;`,
    int64: `builder.fixed(${c}).values[row] = ${value};`,
    string: `v${c}.append(${value});`,
    dynamic: `v${c}[row] = ${value};`,
  };
  if (!nullable) return `${store[kind]}\n`;
  return `if (${value} === null) { ${nullSource({ name: '', kind, nullable }, c).trim()} } else { ${store[kind]} }\n`;
}

/** Reads a varint into x (its lowest 28 bits), y (28) and z (8). */
const LONG = `x = bytes[at++]; y = 0; z = 0;
if (x > 127) {
x = (x & 127) | ((b = bytes[at++]) & 127) << 7;
if (b > 127) { x |= ((b = bytes[at++]) & 127) << 14;
if (b > 127) { x |= ((b = bytes[at++]) & 127) << 21;
if (b > 127) { y = (b = bytes[at++]) & 127;
if (b > 127) { y |= ((b = bytes[at++]) & 127) << 7;
if (b > 127) { y |= ((b = bytes[at++]) & 127) << 14;
if (b > 127) { y |= ((b = bytes[at++]) & 127) << 21;
if (b > 127) { z = (b = bytes[at++]) & 127;
if (b > 127) { z |= ((b = bytes[at++]) & 1) << 7;
if (b > 1) throw new RangeError('a number is longer than 64 bits');
} } } } } } } } }
`;

/** Source that reads LONG and stores it: most numbers are short, and stay integers on the way. */
function longSource(store: (n: string) => string): string {
  return `${LONG}if ((y | z) === 0) ${store('((x >>> 1) ^ -(x & 1))')}
else {
w = (x >>> 1) + y * ${2 ** 27} + z * ${2 ** 55};
if ((x & 1) === 1) w = -w - 1;
${store('w')}
}
`;
}

/** What LONG has read as the halves of a 64-bit integer, b and h. */
const HALVES = `b = x | y << 28; h = y >>> 4 | z << 24; n = -(b & 1);
b = (b >>> 1 | h << 31) ^ n; h = h >>> 1 ^ n;
`;

function int64Source(c: number): string {
  return `${LONG}${HALVES}v${c}[2 * row] = b; v${c}[2 * row + 1] = h;\n`;
}

/** A length into n, of bytes that are there. */
const LENGTH = `${LONG}n = x >>> 1;
if ((x & 1) === 1 || (y | z) !== 0 || n > end - at) throw new RangeError('a value is cut off');
`;

function skipSource(type: AvroType, call: Call): string {
  switch (type.kind) {
    case 'null':
      return '';
    case 'boolean':
      return 'at++;\n';
    case 'float':
      return 'at += 4;\n';
    case 'double':
      return 'at += 8;\n';
    case 'fixed':
      return `at += ${type.size};\n`;
    case 'int':
    case 'long':
    case 'enum':
      return LONG;
    case 'string':
    case 'bytes':
      return `${LENGTH}at += n;\n`;
    case 'union':
      return unionSource(type.branches.map((branch) => skipSource(branch, call)));
    default:
      return call(type);
  }
}

function unionSource(branches: readonly string[]): string {
  const cases = branches.map((source, n) => `case ${n}: {\n${source}break;\n}\n`);
  return `${LONG}switch ((x & 1) === 1 || (y | z) !== 0 ? -1 : x >>> 1) {
${cases.join('')}default: throw new RangeError('a union has no such branch');
}
`;
}

/** Reads a value of a type into column c; an Error when no value of it can fit. */
function valueSource(type: AvroType, field: Field, c: number, call: Call): string {
  if (type.kind === 'union') {
    return unionSource(type.branches.map((branch) => valueSource(branch, field, c, call)));
  }
  if (type.kind === 'null') return field.nullable ? nullSource(field, c) : absentSource(field, c);
  const source = SOURCES[field.kind](type, c, call);
  if (source !== null) return source;
  const name = 'logical' in type && type.logical !== null ? type.logical : type.kind;
  throw new Error(`field '${field.name}' is ${name}, which does not fit ${field.kind}`);
}

/** A value of any shape may be null without being nullable. */
function absentSource({ kind }: Field, c: number): string {
  return kind === 'dynamic' ? `v${c}[row] = null;\n` : `misfit = ${c};\n`;
}

type ValueSource = (type: AvroType, c: number, call: Call) => string | null;

const isInteger = (type: AvroType): boolean => type.kind === 'int' || type.kind === 'long';

/** A short number always fits. */
function int32Source(n: string, c: number): string {
  return n === 'w' ? `{ if ((w | 0) !== w) misfit = ${c}; v${c}[row] = w; }` : `v${c}[row] = ${n};`;
}

function numberSource(type: AvroType, c: number): string | null {
  if (isInteger(type)) return longSource((n) => `v${c}[row] = ${n};`);
  if (type.kind === 'float') return `v${c}[row] = view.getFloat32(at, true); at += 4;\n`;
  return type.kind === 'double' ? `v${c}[row] = view.getFloat64(at, true); at += 8;\n` : null;
}

function timeSource(type: AvroType, c: number): string | null {
  if (type.kind !== 'int' && type.kind !== 'long') return null;
  const perMs = unitsPerMs(type.logical) ?? 1;
  if (perMs === 1) return longSource((n) => `v${c}[row] = ${n};`);
  if (perMs < 1) return longSource((n) => `v${c}[row] = ${n} * ${Math.round(1 / perMs)};`);
  return `${LONG}if ((y | z) === 0) v${c}[row] = ((x >>> 1) ^ -(x & 1)) / ${perMs};
else {
${HALVES}v${c}[row] = msOfHalves(h, b >>> 0, ${perMs});
}
`;
}

/** Bits of four bytes that none of them has when all are ASCII. */
const NOT_ASCII = 0x80808080 | 0;

/** Texts are copied four bytes at a time, the last four once more where they are not a multiple of that. */
function stringSource(type: AvroType, c: number): string | null {
  if (type.kind === 'enum') {
    return `${LONG}w = ${JSON.stringify(type.symbols)}[(x & 1) === 1 || (y | z) !== 0 ? -1 : x >>> 1];
if (w === undefined) throw new RangeError('an enum has no such symbol');
v${c}.append(w);
`;
  }
  if (type.kind !== 'string') return null;
  return `${LENGTH}from = at; at += n; bits = 0;
to = v${c}.openEntry(n);
if (to < 0) v${c}.appendUtf8(bytes, from, at);
else {
target = v${c}.targetView;
if (n < 4) for (h = 0; h < n; h++) { b = bytes[from + h]; bits |= b; target.setUint8(to + h, b); }
else {
for (h = 0; h < n - 4; h += 4) { b = view.getInt32(from + h, true); bits |= b; target.setInt32(to + h, b, true); }
b = view.getInt32(at - 4, true); bits |= b; target.setInt32(to + n - 4, b, true);
}
if ((bits & ${NOT_ASCII}) === 0) v${c}.closeEntry(to + n);
else v${c}.appendUtf8(bytes, from, at);
}
`;
}

const SOURCES: Readonly<Record<FieldKind, ValueSource>> = {
  int32: (type, c) => (isInteger(type) ? longSource((n) => int32Source(n, c)) : null),
  int64: (type, c) => (isInteger(type) ? int64Source(c) : null),
  float64: numberSource,
  boolean: (type, c) => (type.kind === 'boolean' ? `v${c}[row] = bytes[at++];\n` : null),
  timestamp: timeSource,
  date: timeSource,
  string: stringSource,
  dynamic: (type, c, call) =>
    `${call(type)}v${c}[row] = w;
if (row % ${SAMPLE_ROWS} === ${SAMPLE_ROWS - 1}) weight.addSample(w);
`,
};
