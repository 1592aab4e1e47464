/**
 * Arrow IPC, the file and the stream format, by apache-arrow: columns to columns, without a row between.
 *
 *   messages (ipc.ts) → record batch → columns (vector-columns.ts) → batches (arrow-reader.ts)
 */
import { EngineError, messageOf } from '../../../base/errors.ts';
import { checkOptions, choice, type OptionRules } from '../../../base/options.ts';
import { aSchema, type Schema } from '../../../data/schema.ts';
import { contentEnd } from '../file-bytes.ts';
import type { FileFormat, FileRange, InputFile } from '../format.ts';
import { wholeFile } from '../line-reader.ts';
import { ArrowEncoder } from './arrow-encoder.ts';
import type { ArrowLayout } from './arrow-layout.ts';
import { ArrowReader } from './arrow-reader.ts';
import { readSchemaMessage } from './footer.ts';
import { type ArrowLibrary, arrowLibrary, type MessagePlace, MessageWalker } from './ipc.ts';
import { vectorReaders } from './vector-columns.ts';

export type ArrowOptions = {
  /** Writing: 'file' (default), which ends at each checkpoint, or 'stream', which goes on. Either is read. */
  readonly layout?: ArrowLayout;
};

const ARROW_OPTIONS: OptionRules<ArrowOptions> = { layout: choice('file', 'stream') };

/** A range has at least one record batch, and more up to this. */
const RANGE_BYTES = 16 * 1024 * 1024;

/**
 * Arrow as a format for `files`. Needs the package apache-arrow. Reading takes the columns of the schema by name, in
 * parallel by record batches: int32 and int64 from integers, float64 from numbers, timestamp and date from timestamps,
 * dates and integers (ms), string from texts and dictionaries of them, dynamic from anything; it is written as JSON in texts
 * that are marked as such (`arrow.json`). A record batch that cannot be decoded is one malformed record; a file whose messages
 * break off, or whose footer cannot be read, is an error. Buffers of record batches may not be
 * compressed. Writing needs no schema: the fields are then those of the first rows of a file, and a row with another one ends the job. A lone surrogate is written as U+FFFD.
 * EngineErrors: LIBRARY_MISSING, INPUT_MALFORMED, FIELD_TYPE, OUTPUT_FAILED.
 *
 *   flow.from(files('flights.arrow', arrow(Flight)));
 *   bids.to(files('out', arrow(null, { layout: 'stream' })));
 */
export function arrow<Row = unknown>(
  schema: Schema<Row> | null = null,
  options: ArrowOptions = {},
): FileFormat<Row> {
  if (schema !== null) aSchema('arrow: the schema', schema);
  checkOptions('arrow', options, ARROW_OPTIONS);
  const { layout = 'file' } = options;
  const library = arrowLibrary();
  const toRead = (): Schema => {
    if (schema !== null) return schema;
    throw new EngineError('JOB_DEFINITION', 'reading Arrow needs a schema: arrow(record({ ... }))');
  };
  return {
    name: 'arrow',
    extension: layout === 'file' ? 'arrow' : 'arrows',
    options: { fields: schema?.fields ?? null, layout },
    schema,
    split(file) {
      const wanted = toRead();
      const batches = batchesOf(file, library, wanted);
      return contentEnd(file) === file.sizeBytes ? rangesOf(batches) : [wholeFile(file)];
    },
    open: (file, range, position, context) =>
      new ArrowReader(file, range, toRead(), position, context, library),
    createEncoder: (rows, restored) => new ArrowEncoder(library, rows, layout, restored),
    of: (rows) => arrow(rows, options) as FileFormat,
  };
}

/** The record batches of a file that has the columns of the schema. EngineErrors INPUT_NOT_FOUND and INPUT_MALFORMED. */
function batchesOf(file: InputFile, library: ArrowLibrary, schema: Schema): MessagePlace[] {
  const walker = new MessageWalker(file, library);
  try {
    const head = readSchemaMessage(file, walker, library);
    const { schema: found } = library.RecordBatchReader.from([head]).open();
    vectorReaders(library, schema, found);
    const batches: MessagePlace[] = [];
    if (contentEnd(file) !== file.sizeBytes) return batches;
    for (let next = walker.next(); next !== null; next = walker.next()) {
      if (next.end > file.sizeBytes)
        throw new Error(`it ends within the message at byte ${next.start}`);
      if (next.kind === 'batch') batches.push(next);
    }
    return batches;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('INPUT_MALFORMED', `'${file.path}': ${messageOf(error)}`);
  } finally {
    walker.close();
  }
}

function rangesOf(batches: readonly MessagePlace[]): FileRange[] {
  const ranges: FileRange[] = [];
  for (const { start, end } of batches) {
    const last = ranges.at(-1);
    if (last === undefined || end - last.start > RANGE_BYTES)
      ranges.push({ start, end, weight: end - start });
    else ranges[ranges.length - 1] = { start: last.start, end, weight: end - last.start };
  }
  return ranges;
}
