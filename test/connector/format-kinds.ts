/** Every format there is, as the suites need it: one made for a schema, and what it cannot do. */
import { arrow } from '../../src/connector/file/arrow/arrow.ts';
import { avro } from '../../src/connector/file/avro/avro.ts';
import { csv } from '../../src/connector/file/csv.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { protobuf } from '../../src/connector/file/protobuf/protobuf.ts';
import type { FieldKind, Schema } from '../../src/data/schema.ts';

export type FormatKind = {
  readonly name: string;
  /** For rows of this schema, to read and to write. */
  readonly of: <Row>(schema: Schema<Row>) => FileFormat<Row>;
  /** Whether a lone surrogate comes back; else it is U+FFFD. */
  readonly keepsSurrogates: boolean;
  /** Whether NaN, infinite numbers and -0 come back. */
  readonly keepsOddNumbers: boolean;
  /** Whether fields of any shape can be read. */
  readonly hasDynamic: boolean;
  /** Whether a file may be cut anywhere into ranges. */
  readonly isCutByBytes: boolean;
  /** Whether a file may be compressed as a whole. */
  readonly mayBeZipped: boolean;
  /** Whether a cut or damage in the middle can change values without being seen. */
  readonly isText: boolean;
};

const BINARY = {
  keepsSurrogates: false,
  keepsOddNumbers: true,
  hasDynamic: true,
  isCutByBytes: true,
  mayBeZipped: true,
  isText: false,
};

const TEXT = { ...BINARY, keepsOddNumbers: false, isText: true };

export const FORMAT_KINDS: readonly FormatKind[] = [
  { ...TEXT, name: 'csv', of: (schema) => csv(schema) },
  { ...TEXT, name: 'jsonLines', of: (schema) => jsonLines(schema), keepsSurrogates: true },
  {
    ...BINARY,
    name: 'parquet',
    of: (schema) => parquet(schema),
    hasDynamic: false,
    isCutByBytes: false,
    mayBeZipped: false,
  },
  { ...BINARY, name: 'avro', of: (schema) => avro(schema) },
  { ...BINARY, name: 'avro, not compressed', of: (schema) => avro(schema, { codec: 'null' }) },
  { ...BINARY, name: 'arrow', of: (schema) => arrow(schema) },
  { ...BINARY, name: 'arrow stream', of: (schema) => arrow(schema, { layout: 'stream' }) },
  {
    ...BINARY,
    name: 'protobuf',
    of: (schema) => protobuf(schema, { proto: protoOf(schema), message: 'Row' }),
    hasDynamic: false,
    isCutByBytes: false,
  },
];

const PROTO_TYPES: Readonly<Record<FieldKind, string>> = {
  int32: 'sint32',
  int64: 'int64',
  float64: 'double',
  boolean: 'bool',
  string: 'string',
  timestamp: 'double',
  date: 'google.protobuf.Timestamp',
  dynamic: 'bytes',
};

/** A message with the fields of a schema. */
export function protoOf({ fields }: Schema): string {
  const members = fields.map(
    ({ name, kind, nullable }, n) =>
      `${nullable ? 'optional ' : ''}${PROTO_TYPES[kind]} ${name} = ${n + 1};`,
  );
  return `syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Row { ${members.join(' ')} }`;
}
