/** The schema of an Avro file: parsed from its JSON, and made for rows that are written. */
import { EngineError } from '../../../base/errors.ts';
import type { Field, FieldKind } from '../../../data/schema.ts';

export type AvroPrimitive =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes';

export type AvroField = { readonly name: string; readonly type: AvroType };

export type AvroType =
  | { readonly kind: AvroPrimitive; readonly logical: string | null }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'array' | 'map'; readonly items: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | { readonly kind: 'record'; readonly fields: readonly AvroField[] };

export type AvroRecord = Extract<AvroType, { kind: 'record' }>;

const PRIMITIVES: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  'bytes',
]);

/** A text field that holds the JSON of a value of any shape; other programs read it as text. */
export const JSON_TYPE = 'json';

type Json = Readonly<Record<string, unknown>>;

/** The record that a file consists of; an Error when its schema is another or none. */
export function parseRecord(json: string): AvroRecord {
  const type = new Parser().type(JSON.parse(json), '');
  if (type.kind !== 'record') throw new Error(`its schema is ${type.kind}, not a record`);
  return type;
}

class Parser {
  readonly #named = new Map<string, AvroType>();

  type(json: unknown, space: string): AvroType {
    if (typeof json === 'string') return this.#byName(json, space);
    if (Array.isArray(json)) {
      return { kind: 'union', branches: json.map((branch) => this.type(branch, space)) };
    }
    if (typeof json !== 'object' || json === null) throw new Error('its schema has no type');
    const { type, logicalType } = json as Json;
    if (typeof type !== 'string') return this.type(type, space);
    if (PRIMITIVES.has(type)) {
      const logical = typeof logicalType === 'string' ? logicalType : null;
      return { kind: type as AvroPrimitive, logical };
    }
    return this.#complex(type, json as Json, space);
  }

  #byName(name: string, space: string): AvroType {
    if (PRIMITIVES.has(name)) return { kind: name as AvroPrimitive, logical: null };
    const found = this.#named.get(fullName(name, space)) ?? this.#named.get(name);
    if (found === undefined) throw new Error(`its schema has no type '${name}'`);
    return found;
  }

  #complex(type: string, json: Json, space: string): AvroType {
    switch (type) {
      case 'array':
        return { kind: 'array', items: this.type(json.items, space) };
      case 'map':
        return { kind: 'map', items: this.type(json.values, space) };
      case 'enum':
        return this.#name(json, space, { kind: 'enum', symbols: listOf(json.symbols) as string[] });
      case 'fixed': {
        const size = Number(json.size);
        if (!Number.isSafeInteger(size) || size < 0) throw new Error(`a fixed of ${size} bytes`);
        return this.#name(json, space, { kind: 'fixed', size });
      }
      case 'record':
      case 'error': {
        const fields: AvroField[] = [];
        const record = this.#name(json, space, { kind: 'record', fields });
        const inner = spaceOf(json, space);
        for (const field of listOf(json.fields) as readonly Json[]) {
          fields.push({ name: String(field.name), type: this.type(field.type, inner) });
        }
        return record;
      }
      default:
        return this.#byName(type, space);
    }
  }

  /** Fields of a record may be of the record itself: it has its name before them. */
  #name<Type extends AvroType>(json: Json, space: string, type: Type): Type {
    this.#named.set(fullName(String(json.name), spaceOf(json, space)), type);
    return type;
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('its schema lacks a list');
  return value;
}

function spaceOf(json: Json, space: string): string {
  const name = String(json.name);
  const dot = name.lastIndexOf('.');
  if (dot >= 0) return name.slice(0, dot);
  return typeof json.namespace === 'string' ? json.namespace : space;
}

function fullName(name: string, space: string): string {
  return name.includes('.') || space === '' ? name : `${space}.${name}`;
}

const WRITTEN: Readonly<Record<FieldKind, unknown>> = {
  int32: 'int',
  int64: 'long',
  float64: 'double',
  boolean: 'boolean',
  string: 'string',
  timestamp: { type: 'long', logicalType: 'timestamp-millis' },
  date: { type: 'long', logicalType: 'timestamp-millis' },
  dynamic: { type: 'string', logicalType: JSON_TYPE },
};

/** Whether a field of a written file may be null: a value of any shape always may. */
export function mayBeNull({ kind, nullable }: Field): boolean {
  return nullable || kind === 'dynamic';
}

/** The JSON of the schema of rows that are written. */
export function schemaJson(fields: readonly Field[]): string {
  const written = fields.map((field) => {
    const type = WRITTEN[field.kind];
    return { name: field.name, type: mayBeNull(field) ? ['null', type] : type };
  });
  return JSON.stringify({ type: 'record', name: 'Row', fields: written });
}

/** EngineError JOB_DEFINITION for a name that no field of a file can have. */
export function checkNames(fields: readonly Field[]): void {
  const bad = fields.find(({ name }) => !/^[A-Za-z_]\w*$/.test(name));
  if (bad === undefined) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `avro: no field can have the name '${bad.name}': give it one of letters, digits and _ in a map before`,
  );
}
