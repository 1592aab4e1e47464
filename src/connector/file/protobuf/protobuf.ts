/** Protocol Buffers: files of messages of one type, each behind its length, by protobufjs. */
import type { Type } from 'protobufjs';
import { EngineError } from '../../../base/errors.ts';
import { checkOptions, type OptionRules, someText } from '../../../base/options.ts';
import type { Batch } from '../../../data/batch.ts';
import { aSchema, type Schema } from '../../../data/schema.ts';
import type { FileEncoder, FileFormat } from '../format.ts';
import { wholeFile } from '../line-reader.ts';
import { type FieldRow, rowsWithFields } from '../row-fields.ts';
import { FrameReader, type RecordParser } from '../text-reader.ts';
import {
  fieldReader,
  memberOf,
  messageField,
  plainMessage,
  type ReadField,
  valueForMessage,
} from './field-values.ts';
import { messageType, type Protobufjs } from './message-type.ts';
import { Messages } from './messages.ts';
import type { ProtobufRoot } from './protobuf-root.ts';

export type ProtobufOptions = {
  /** The name of the message, with its package where it has one. */
  readonly message: string;
  /** The text of the .proto file that it is in; of others it may import google/protobuf/timestamp.proto. */
  readonly proto?: string;
  /** In place of the text: a Root of protobufjs. */
  readonly root?: ProtobufRoot;
};

const PROTOBUF_OPTIONS: OptionRules<ProtobufOptions> = {
  message: someText,
  proto: someText,
  root: true,
};

/**
 * Protocol Buffers as a format for `files`: messages of one type, each behind its length as a varint (`writeDelimitedTo`).
 * Needs the package protobufjs. Reading takes the fields of the schema by name: timestamp and date from a Timestamp or
 * whole milliseconds, string from strings and enums, dynamic from anything. A field that a message does not have is null
 * where it may be and the file can tell, else the default of its type. Without a schema rows are objects. A file is
 * read by one subtask. EngineErrors: LIBRARY_MISSING, JOB_DEFINITION, FIELD_UNKNOWN, FIELD_TYPE, INPUT_MALFORMED.
 *
 *   const proto = 'syntax = "proto3"; message Bid { int32 auction = 1; double price = 2; }';
 *   const Bid = record({ auction: t.int32, price: t.float64 });
 *   flow.from(files('bids.binpb', protobuf(Bid, { proto, message: 'Bid' })));
 */
export function protobuf<Row = unknown>(
  schema: Schema<Row> | null,
  options: ProtobufOptions,
): FileFormat<Row> {
  if (schema !== null) aSchema('protobuf: the schema', schema);
  checkOptions('protobuf', options, PROTOBUF_OPTIONS);
  const { message, proto, root } = options;
  someText('protobuf: message', message);
  const { type, library } = messageType(proto, root, message);
  for (const field of schema?.fields ?? []) messageField(type, field, 'read');
  return {
    name: 'protobuf',
    extension: 'binpb',
    options: { fields: schema?.fields ?? null, message: type.fullName },
    schema,
    split: (file) => [wholeFile(file)],
    open(file, range, position, context) {
      const messages = new Messages(file, range, position as { readonly byte: number } | null);
      return new FrameReader(
        file,
        range,
        context,
        schema,
        messages,
        new MessageParser(schema, type),
      );
    },
    createEncoder: (rows) => new MessageEncoder(rows, type, library),
    headBytes: () => 0,
  };
}

class MessageParser implements RecordParser<Messages> {
  readonly #type: Type;
  readonly #fields: readonly (readonly [string, ReadField])[] | null;
  readonly #hasDynamic: boolean;

  constructor(schema: Schema | null, type: Type) {
    this.#type = type;
    this.#hasDynamic = schema?.fields.some(({ kind }) => kind === 'dynamic') ?? true;
    this.#fields =
      schema?.fields.map(
        (field) => [field.name, fieldReader(field, messageField(type, field, 'read'))] as const,
      ) ?? null;
  }

  parse({ buffer, start, end }: Messages): FieldRow {
    const message = this.#type.decode(buffer.subarray(start, end)) as unknown as FieldRow;
    const plain = this.#hasDynamic ? plainMessage(this.#type, message) : null;
    if (this.#fields === null) return plain!;
    const row: Record<string, unknown> = {};
    for (const [name, read] of this.#fields) row[name] = read(message, plain);
    return row;
  }
}

class MessageEncoder implements FileEncoder {
  readonly #type: Type;
  readonly #library: Protobufjs;

  constructor(schema: Schema | null, type: Type, library: Protobufjs) {
    this.#type = type;
    this.#library = library;
    for (const field of schema?.fields ?? []) messageField(type, field, 'written');
  }

  encode(batch: Batch): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const row of rowsWithFields('protobuf', batch)) {
      const message = this.#message(row);
      const mistake = this.#type.verify(message);
      if (mistake !== null) {
        throw new EngineError(
          'FIELD_TYPE',
          `a row does not fit message ${this.#type.name}: ${mistake}`,
        );
      }
      parts.push(this.#type.encodeDelimited(this.#type.fromObject(message)).finish());
    }
    return Buffer.concat(parts);
  }

  #message(row: FieldRow): Record<string, unknown> {
    const message: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row)) {
      const member = memberOf(this.#type, name);
      if (value === null || value === undefined) continue;
      message[name] = valueForMessage(this.#library, member, value);
    }
    return message;
  }

  snapshot(): null {
    return null;
  }

  finish(): Uint8Array {
    return new Uint8Array(0);
  }
}
