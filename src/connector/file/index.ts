/** millrace/connectors/files: files as sources and sinks. */
import { openDoor } from '../../base/doors.ts';

openDoor(import.meta.url);

export { type ArrowOptions, arrow } from './arrow/arrow.ts';
export { type AvroOptions, avro } from './avro/avro.ts';
export type { AvroCodec } from './avro/codec.ts';
export type { CompactOptions } from './compact/compact-options.ts';
export { type CsvRow, csv } from './csv.ts';
export type { CsvOptions } from './csv-dialect.ts';
export type { ExistingPolicy } from './file-sink.ts';
export { type Files, type FilesOptions, files } from './files.ts';
export type {
  FileEncoder,
  FileFormat,
  FileRange,
  InputFile,
  MalformedPolicy,
  ReadContext,
} from './format.ts';
export { jsonLines } from './json-lines.ts';
export { parquet } from './parquet/parquet.ts';
export { type ProtobufOptions, protobuf } from './protobuf/protobuf.ts';
export type { ProtobufRoot } from './protobuf/protobuf-root.ts';
export type { BucketBy } from './sink/bucket.ts';
export type { CommittedFile, CommittedFiles, OnCommit } from './sink/on-commit.ts';
export type { RollingOptions } from './sink/rolling-policy.ts';
export { byTime, type TimeBucket, type TimeBucketOptions } from './sink/time-bucket.ts';
export { type TextOptions, type TextRow, text } from './text.ts';
export type { WatchOptions } from './watch/watch-options.ts';
