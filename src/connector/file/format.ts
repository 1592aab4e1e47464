/**
 * A file format: how bytes become batches and back. One object serves both directions; `files(path, format)` does
 * everything that formats have in common: finding files, handing out ranges, part files, commit.
 *
 *   reading   split (once a file, in the calling thread) → open (once a range, in the thread that reads it)
 *   writing   createEncoder → (encode* → snapshot)* → encode* → finish, for each part file
 *
 * Reading is synchronous, a bounded piece at a time: a worker thread has nothing better to do than to wait for the
 * disk, and the page cache answers in microseconds.
 */
import type { Batch } from '../../data/batch.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { Field, Schema } from '../../data/schema.ts';
import type { DeadLetter, PlainData, SplitReader } from '../../operator/source.ts';
import type { LineFrames, RecordParser } from './text-reader.ts';

export type InputFile = { readonly path: string; readonly sizeBytes: number };

/** A file that counts the bytes that are read of it; `onRead` is left out where nobody counts. */
export type CountedFile = InputFile & { readonly onRead?: (bytes: number) => void };

/**
 * A part of a file that can be read by itself: bytes from start to end - 1 of a text file (the lines that begin
 * there), row group `start` to `end` - 1 of a Parquet file, or the blocks that begin between two bytes.
 */
export type FileRange = { readonly start: number; readonly end: number; readonly weight: number };

/** What to do with a record that is malformed: end the job with its place, or count it and go on, or also hand it over. */
export type MalformedPolicy = 'fail' | 'skip' | 'deadLetter';

export interface ReadContext {
  readonly onMalformed: MalformedPolicy;
  /** Takes a record that was left out. */
  malformed(record: DeadLetter): void;
}

export interface FileFormat<Row = unknown> {
  /** 'csv', 'jsonLines', 'avro'. */
  readonly name: string;
  /** Of file names, without the dot. */
  readonly extension: string;
  /** What distinguishes two formats of one name, for the graph. */
  readonly options: PlainData;
  /** Of the rows that are read; null for free-form rows. */
  readonly schema: Schema<Row> | null;
  /** Cuts a file into ranges, in the order of the file. EngineError INPUT_MALFORMED for a broken file. */
  split(file: InputFile): readonly FileRange[];
  /**
   * A reader of one range, which continues at a `position` that an earlier reader gave, or begins when it is null.
   * EngineErrors: INPUT_NOT_FOUND, INPUT_MALFORMED with file and line or byte.
   */
  open(file: CountedFile, range: FileRange, position: PlainData, context: ReadContext): SplitReader;
  /**
   * An encoder for one file of rows of this schema; null for free-form rows, whose first row gives the fields. `restored`
   * is what another encoder gave to `snapshot`: this one goes on with its file.
   */
  createEncoder(schema: Schema | null, restored?: PlainData): FileEncoder;
  /**
   * How many bytes at the start of a complete file stand once where several of equal fields become one: the bytes behind them
   * follow each other. Left out where that makes no file; then rows are read and written again, by `of`.
   */
  headBytes?(file: InputFile): number;
  /** The same format for rows of another schema; left out, with `headBytes`, where files cannot become one. */
  of?(schema: Schema): FileFormat;
  /** How lines, or messages, are read that come from elsewhere than a file; left out where records do not stand alone. */
  readonly lines?: LineFormat;
  /** The loops that reading generates, without looking at a file; left out where there are none. */
  readLoops?(): readonly GeneratedLoop[];
  /** The loops that writing generates for rows of a schema; left out where there are none. */
  writeLoops?(schema: Schema | null): readonly GeneratedLoop[];
}

export type LineFormat = {
  /** Whether lines come first that are no records, so that not every line can be read alone. */
  readonly hasHead: boolean;
  /** For lines one by one, the first one first; `path` names where they come from. */
  parser(path: string): RecordParser<LineFrames>;
};

export interface FileEncoder {
  /** Bytes to append for the rows, in memory of their own; none yet for formats that collect rows in groups. */
  encode(batch: Batch): Uint8Array;
  /** The bytes that end the file. */
  finish(): Uint8Array;
  /** Of the rows of the file, with `FileFormat.of`: what it takes to read them again; null while there were none. */
  readonly fields?: readonly Field[] | null;
  /**
   * What another encoder needs to go on behind the bytes so far. Left out by formats whose file can be read only once it
   * has its end: then each checkpoint ends the file.
   */
  snapshot?(): PlainData;
}
