/** Values of fields of a message, as rows have them, and back. */
import type { Field as MessageField, Type } from 'protobufjs';
import { EngineError } from '../../../base/errors.ts';
import { fieldTypeError } from '../../../data/field-check.ts';
import type { Field, FieldKind } from '../../../data/schema.ts';
import { type Protobufjs, TIMESTAMP } from './message-type.ts';

type Message = Readonly<Record<string, unknown>>;
type Long = { readonly low: number; readonly high: number; readonly unsigned: boolean };

const WHOLE_32 = ['int32', 'sint32', 'sfixed32', 'uint32', 'fixed32'];
const WHOLE_64 = ['int64', 'sint64', 'sfixed64', 'uint64', 'fixed64'];
const UNSIGNED = new Set(['uint32', 'fixed32', 'uint64', 'fixed64']);
const TIMES = [...WHOLE_64, 'double', TIMESTAMP];

/** Types that a field of a kind is read from. */
const READ: Readonly<Record<FieldKind, readonly string[]>> = {
  int32: [...WHOLE_32, ...WHOLE_64],
  int64: [...WHOLE_32, ...WHOLE_64],
  float64: ['double', 'float', ...WHOLE_32, ...WHOLE_64],
  boolean: ['bool'],
  string: ['string', 'enum'],
  timestamp: TIMES,
  date: TIMES,
  dynamic: [],
};

/** Types that hold every value of a kind, but for the sign. */
const WRITTEN: Readonly<Record<FieldKind, readonly string[]>> = {
  ...READ,
  int64: WHOLE_64,
  float64: ['double', 'float'],
};

/** The type of a field: of a scalar, 'enum', the full name of a message, or 'repeated' and 'map'. */
function typeOf(field: MessageField): string {
  if (field.map) return 'map';
  if (field.repeated) return 'repeated';
  const resolved = field.resolvedType;
  if (resolved === null) return field.type;
  return 'values' in resolved ? 'enum' : resolved.fullName;
}

/** The field of the message for a field of rows. EngineErrors FIELD_UNKNOWN and JOB_DEFINITION. */
export function messageField(type: Type, field: Field, use: 'read' | 'written'): MessageField {
  const found = memberOf(type, field.name);
  const wanted = (use === 'read' ? READ : WRITTEN)[field.kind];
  if (field.kind === 'dynamic' || wanted.includes(typeOf(found))) return found;
  throw new EngineError(
    'JOB_DEFINITION',
    `protobuf: field '${field.name}' of ${type.name} is ${typeOf(found)}, which does not fit ${field.kind}`,
  );
}

export function memberOf(type: Type, name: string): MessageField {
  const found = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
  if (found !== undefined) return found;
  const known = type.fieldsArray.map((field) => field.name).join(', ');
  throw new EngineError(
    'FIELD_UNKNOWN',
    `protobuf: message ${type.name} has no field '${name}'; it has ${known}`,
  );
}

export type ReadField = (message: Message, plain: Message | null) => unknown;

/** Reads a field; `plain` is the message as plain data, made where a field of any shape is read. */
export function fieldReader(field: Field, member: MessageField): ReadField {
  const { name, kind, nullable } = field;
  if (kind === 'dynamic') return (_, plain) => plain![name] ?? null;
  const isAbsent = (message: Message): boolean =>
    !Object.hasOwn(message, name) || message[name] === null;
  const convert = converter(kind, member);
  const canBeNull = nullable && member.hasPresence;
  return (message) => {
    if (canBeNull && isAbsent(message)) return null;
    return convert(message[name]);
  };
}

function converter(kind: FieldKind, member: MessageField): (value: unknown) => unknown {
  switch (kind) {
    case 'int64':
      return (value) => (typeof value === 'number' ? BigInt(value) : bigintOf(value as Long));
    case 'string': {
      const symbols = enumOf(member);
      return symbols === null ? (value) => value : (value) => symbols[value as number];
    }
    case 'boolean':
      return (value) => value;
    case 'date':
      return (value) => new Date(timeOf(value));
    case 'timestamp':
      return timeOf;
    default:
      return numberOf;
  }
}

function enumOf({ resolvedType }: MessageField): Readonly<Record<number, string>> | null {
  return resolvedType !== null && 'valuesById' in resolvedType ? resolvedType.valuesById : null;
}

function bigintOf({ low, high, unsigned }: Long): bigint {
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return unsigned ? value : BigInt.asIntN(64, value);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(bigintOf(value as Long));
}

/** Milliseconds; a Timestamp that is absent is the start of 1970. */
function timeOf(value: unknown): number {
  if (value === null) return 0;
  if (typeof value === 'object' && 'nanos' in value) {
    const { seconds, nanos } = value as { seconds: unknown; nanos: number };
    return numberOf(seconds) * 1000 + nanos / 1e6;
  }
  return numberOf(value);
}

/** A message as plain data: enums by name, longs as numbers where one holds them exactly, else as bigints. */
export function plainMessage(type: Type, message: Message): Message {
  const options = { enums: String, arrays: true, objects: true };
  return withoutLongs(type.toObject(message as never, options)) as Message;
}

function withoutLongs(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutLongs);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if ('low' in value && 'high' in value && 'unsigned' in value) {
    const exact = bigintOf(value as Long);
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, withoutLongs(part)]),
  );
}

/** The value of a field for a message. EngineError FIELD_TYPE. */
export function valueForMessage(
  library: Protobufjs,
  member: MessageField,
  value: unknown,
): unknown {
  const type = typeOf(member);
  const isNegative = (typeof value === 'number' || typeof value === 'bigint') && value < 0;
  if (UNSIGNED.has(type) && isNegative) throw misfit(member, type, value);
  if (typeof value === 'bigint') return longOf(library, value, UNSIGNED.has(type));
  if (type === TIMESTAMP && (value instanceof Date || typeof value === 'number')) {
    return timestampOf(member, Number(value));
  }
  if (value instanceof Date) return wholeTime(member, value.getTime(), type);
  if (typeof value === 'number' && WHOLE_64.includes(type)) return wholeTime(member, value, type);
  if (type === 'enum' && typeof value === 'string') return symbolOf(member, value);
  return wellFormed(value);
}

/** A lone surrogate would make a message that no reader takes: it becomes U+FFFD. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([name, part]) => [name, wellFormed(part)]),
  );
}

function longOf({ util }: Protobufjs, value: bigint, unsigned: boolean): unknown {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return new util.Long(low, high, unsigned);
}

function timestampOf(member: MessageField, ms: number): unknown {
  if (!Number.isFinite(ms)) throw misfit(member, TIMESTAMP, ms);
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** Times may have parts of a millisecond, which whole numbers have not. */
function wholeTime(member: MessageField, ms: number, type: string): number {
  if (!Number.isFinite(ms)) throw misfit(member, type, ms);
  return type === 'double' ? ms : Math.trunc(ms);
}

function symbolOf(member: MessageField, name: string): number {
  const { values } = member.resolvedType as { values: Readonly<Record<string, number>> };
  if (!Object.hasOwn(values, name)) throw misfit(member, 'enum', name);
  return values[name]!;
}

function misfit({ name }: MessageField, type: string, value: unknown): EngineError {
  return fieldTypeError({ name, kind: type as FieldKind, nullable: false }, value);
}
