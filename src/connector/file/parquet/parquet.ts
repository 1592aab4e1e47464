/**
 * Parquet: flat columns straight into batches. Metadata, page headers, decompression and the rarer encodings are
 * hyparquet's; plain and dictionary pages, which nearly all files consist of, are decoded here into typed arrays.
 *
 *   footer → row group (one range) → column chunk → pages (page.ts) → columns of a batch (row-group-reader.ts)
 */
import { EngineError } from '../../../base/errors.ts';
import { aSchema, type Schema } from '../../../data/schema.ts';
import type { FileFormat } from '../format.ts';
import { columnsOf, readFooter } from './footer.ts';
import { ParquetEncoder } from './parquet-encoder.ts';
import { RowGroupReader } from './row-group-reader.ts';

/**
 * Parquet as a format for `files`: `parquet(Flight)`. Reading takes the columns of the schema, in parallel by row group:
 * int32 and int64 from integers, float64 from numbers, timestamp and date from timestamps, dates, integers (ms) and times of
 * day (since 1970 began), string from UTF-8, dynamic from UTF-8 that is JSON or, where it is none, as it stands. Writing needs no schema: `parquet()`;
 * the fields are then those of the first rows of a file, and a row with another one ends the job.
 */
export function parquet<Row = unknown>(schema: Schema<Row> | null = null): FileFormat<Row> {
  if (schema !== null) aSchema('parquet: the schema', schema);
  const toRead = (): Schema => {
    if (schema !== null) return schema;
    throw new EngineError(
      'JOB_DEFINITION',
      'reading Parquet needs a schema: parquet(record({ ... }))',
    );
  };
  return {
    name: 'parquet',
    extension: 'parquet',
    options: { fields: schema?.fields ?? null },
    schema,
    split(file) {
      const metadata = readFooter(file);
      columnsOf(file, metadata, toRead());
      return metadata.row_groups.map((group, start) => ({
        start,
        end: start + 1,
        weight: Number(group.num_rows),
      }));
    },
    open: (file, range, position, context) =>
      new RowGroupReader(file, range.start, toRead(), position, context),
    createEncoder: (rows) => new ParquetEncoder(rows),
    of: (rows) => parquet(rows) as FileFormat,
  };
}
