/** What Kafka knows of a record beside its value, as fields of the row. */
import { wrong } from '../../../base/options.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import { type Field, type FieldKind, type Schema, schemaOf } from '../../../data/schema.ts';
import { setField } from '../../file/field-text.ts';
import type { RecordParser } from '../../file/text-reader.ts';
import type { KafkaRecord } from './committed-records.ts';
import type { PartitionRecords } from './partition-records.ts';

/** What there is, and its type as a field. */
export type KafkaMetadata = {
  /** As UTF-8; null for a record without one. */
  readonly key: string | null;
  /** By name, as UTF-8; of several of one name the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970: of the record's making, or of its appending where the topic is kept so. */
  readonly timestamp: number;
};

/** Fields by name, each with what it has: `{ at: 'timestamp', customer: 'key' }`. */
export type MetadataFields = Readonly<Record<string, keyof KafkaMetadata>>;

export type NoMetadata = Readonly<Record<never, never>>;

/** The fields, typed. */
export type RowWith<Row, Fields extends MetadataFields> = keyof Fields extends never
  ? Row
  : Row & { -readonly [Name in keyof Fields]: KafkaMetadata[Fields[Name]] };

const KINDS: Readonly<Record<keyof KafkaMetadata, { kind: FieldKind; nullable: boolean }>> = {
  key: { kind: 'string', nullable: true },
  headers: { kind: 'dynamic', nullable: false },
  topic: { kind: 'string', nullable: false },
  partition: { kind: 'int32', nullable: false },
  offset: { kind: 'float64', nullable: false },
  timestamp: { kind: 'timestamp', nullable: false },
};

export type PartitionPlace = { readonly topic: string; readonly partition: number };

export function checkMetadata(what: string, value: unknown): void {
  const kinds = Object.keys(KINDS);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && Object.values(value).every((kind) => kinds.includes(kind as string))) return;
  throw wrong(what, `names a field for each of what is wanted of ${kinds.join(', ')}`, value);
}

/** With the fields behind those of the format; null where that has none. */
export function schemaWith(schema: Schema | null, metadata: MetadataFields): Schema | null {
  if (schema === null) return null;
  const fields = Object.entries(metadata).map(([name, kind]): Field => ({ name, ...KINDS[kind] }));
  return schemaOf([...schema.fields, ...fields]);
}

/** A format's parser that appends the fields, without making a row where the format needs none. */
export class MetadataParser implements RecordParser<PartitionRecords> {
  readonly #values: RecordParser<PartitionRecords>;
  readonly #metadata: readonly (readonly [string, keyof KafkaMetadata])[];
  readonly #place: PartitionPlace;
  /** Number of the first of the fields. */
  readonly #firstColumn: number;

  constructor(
    values: RecordParser<PartitionRecords>,
    metadata: MetadataFields,
    place: PartitionPlace,
    schema: Schema | null,
  ) {
    this.#values = values;
    this.#metadata = Object.entries(metadata);
    this.#place = place;
    this.#firstColumn = schema?.fields.length ?? 0;
  }

  append(records: PartitionRecords, builder: BatchBuilder): boolean {
    if (this.#values.append?.(records, builder) !== true) return false;
    const row = builder.rowCount - 1;
    for (const [n, [, kind]] of this.#metadata.entries()) {
      this.#fill(
        builder,
        this.#firstColumn + n,
        row,
        metadataOf(kind, records.record!, this.#place),
      );
    }
    return true;
  }

  #fill(builder: BatchBuilder, column: number, row: number, value: unknown): void {
    if (value === null) {
      builder.setNull(column, row);
      builder.strings(column).appendEmpty();
    } else if (typeof value === 'string') builder.strings(column).append(value);
    else if (typeof value === 'number') builder.fixed(column).values[row] = value;
    else builder.dynamic(column).values[row] = value;
  }

  parse(records: PartitionRecords): unknown {
    const row = this.#values.parse(records);
    if (row === undefined) return undefined;
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new Error('metadata are fields of an object, and the value is none');
    }
    const whole: Record<string, unknown> = { ...row };
    for (const [name, kind] of this.#metadata) {
      setField(whole, name, metadataOf(kind, records.record!, this.#place));
    }
    return whole;
  }
}

function metadataOf(
  kind: keyof KafkaMetadata,
  record: KafkaRecord,
  place: PartitionPlace,
): unknown {
  switch (kind) {
    case 'key':
      return record.key?.toString('utf8') ?? null;
    case 'headers':
      return headersOf(record);
    case 'topic':
      return place.topic;
    case 'partition':
      return place.partition;
    default:
      return record[kind];
  }
}

function headersOf({ headers }: KafkaRecord): Readonly<Record<string, string>> {
  const byName: Record<string, unknown> = {};
  for (const [name, value] of headers) {
    setField(byName, name?.toString('utf8') ?? '', value?.toString('utf8') ?? '');
  }
  return byName as Record<string, string>;
}
