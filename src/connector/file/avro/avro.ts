/**
 * Avro: object container files, straight into batches and back.
 *
 *   header (container.ts) → blocks (BlockReader) → records into columns (record-decoder.ts), or into rows (values.ts)
 */
import { messageOf } from '../../../base/errors.ts';
import { checkOptions, choice, type OptionRules, wrong } from '../../../base/options.ts';
import { fitsField } from '../../../data/field-check.ts';
import { aSchema, fieldIndex, type Schema } from '../../../data/schema.ts';
import type { FileFormat, InputFile } from '../format.ts';
import { byteRanges } from '../line-reader.ts';
import { AvroEncoder } from './avro-encoder.ts';
import { AvroReader, type AvroTarget } from './avro-reader.ts';
import { parseRecord, schemaJson } from './avro-schema.ts';
import { type AvroCodec, checkWritable } from './codec.ts';
import { type Container, malformed, readContainer } from './container.ts';
import {
  type DecoderPlan,
  type Defaults,
  generatedDecoder,
  planDecoder,
} from './record-decoder.ts';

export type AvroOptions<Row = unknown> = {
  /** Writing: what blocks are compressed with; 'deflate'. 'zstandard' needs Node 22.15; all are read by any Node. */
  readonly codec?: AvroCodec;
  /** Reading: values for fields that a file does not have. */
  readonly defaults?: Partial<Row>;
};

const AVRO_OPTIONS: OptionRules<AvroOptions> = {
  codec: choice('null', 'deflate', 'zstandard'),
  defaults: true,
};

/**
 * Avro as a format for `files`. Reading takes the fields of the schema by name, in parallel by blocks: int32 and int64
 * from int and long, float64 from any number, timestamp and date from timestamps, dates, times of day and longs (ms), string from
 * strings and enums, dynamic from anything. A field that a file does not have is its default, else null. Without a schema
 * rows are objects; such rows are written with the fields of the first ones of a file, and one with another field ends
 * the job. A lone surrogate is written as U+FFFD. EngineErrors: INPUT_MALFORMED, JOB_DEFINITION, FIELD_TYPE, OUTPUT_FAILED.
 *
 *   flow.from(files('bids.avro', avro(Bid, { defaults: { name: 'none' } })))
 */
export function avro<Row = unknown>(
  schema: Schema<Row> | null = null,
  options: AvroOptions<Row> = {},
): FileFormat<Row> {
  if (schema !== null) aSchema('avro: the schema', schema);
  checkOptions('avro', options, AVRO_OPTIONS as OptionRules<AvroOptions<Row>>);
  const { codec = 'deflate' } = options;
  const defaults = (options.defaults ?? {}) as Defaults;
  checkDefaults(schema, defaults);
  checkWritable(codec);
  /** How files of one schema are read; most have that of the file before. */
  let known: { readonly of: string; readonly target: AvroTarget } | null = null;
  const targetOf = (file: InputFile, container: Container): AvroTarget => {
    if (schema === null) return null;
    if (known?.of !== container.schema) {
      known = { of: container.schema, target: { schema, plan: planOf(file, container, schema) } };
    }
    return known.target;
  };
  const planOf = (file: InputFile, { record }: Container, wanted: Schema): DecoderPlan => {
    try {
      return planDecoder(record, wanted, defaults);
    } catch (error) {
      throw malformed(file, messageOf(error));
    }
  };
  return {
    name: 'avro',
    extension: 'avro',
    options: { fields: schema?.fields ?? null, codec, defaults: Object.keys(defaults) },
    schema,
    split(file) {
      targetOf(file, readContainer(file));
      return byteRanges(file);
    },
    open(file, range, position, context) {
      const container = readContainer(file);
      const target = targetOf(file, container);
      return new AvroReader(file, container, range, target, position, context);
    },
    createEncoder: (rows, restored) => new AvroEncoder(rows, codec, restored),
    // Files of equal fields have equal markers.
    headBytes: (file) => readContainer(file).bodyStart,
    readLoops() {
      if (schema === null) return [];
      return [generatedDecoder(parseRecord(schemaJson(schema.fields)), schema)];
    },
  };
}

function checkDefaults(schema: Schema | null, defaults: Defaults): void {
  if (typeof defaults !== 'object' || defaults === null) {
    throw wrong('avro: defaults', 'are an object', defaults);
  }
  for (const [name, value] of Object.entries(defaults)) {
    if (schema === null) throw wrong('avro: defaults', 'need a schema', defaults);
    const field = schema.fields[fieldIndex(schema, name, 'avro: defaults')]!;
    if (!fitsField(field, value))
      throw wrong(`avro: defaults: ${name}`, `fits ${field.kind}`, value);
  }
}
