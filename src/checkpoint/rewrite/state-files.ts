/**
 * Files of rows of a state, written so that they can be read again (state-json.ts): JSON lines, or Parquet.
 *
 * What is read has to be as the state keeps it, field by field. A field that nobody knows is refused: it would be one that is
 * mistyped.
 */
import { statSync } from 'node:fs';
import { EngineError } from '../../base/errors.ts';
import { notReadable } from '../../connector/file/file-bytes.ts';
import type { FileEncoder, InputFile, ReadContext } from '../../connector/file/format.ts';
import { jsonLines } from '../../connector/file/json-lines.ts';
import { parquet } from '../../connector/file/parquet/parquet.ts';
import { textReader } from '../../connector/file/text-reader.ts';
import { Batch } from '../../data/batch.ts';
import { DynamicColumn } from '../../data/column.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import type { SplitReader } from '../../operator/source.ts';
import { type GivenRow, type GivenRows, rowError } from './given-rows.ts';
import type { KeyedShape } from './keyed-shape.ts';
import { parquetColumns } from './parquet-columns.ts';
import { fromJson, toJson } from './state-json.ts';
import { checkNames, StateLineParser } from './state-lines.ts';

export type StateFileKind = 'jsonl' | 'parquet';

/** By the name of a file; null where it says no format. */
export function stateFileKind(path: string): StateFileKind | null {
  if (path.endsWith('.jsonl')) return 'jsonl';
  return path.endsWith('.parquet') ? 'parquet' : null;
}

/** Writes rows of a state. */
export function stateEncoder(kind: StateFileKind, schema: Schema): FileEncoder {
  if (kind === 'parquet') {
    const encoder = parquet().createEncoder(schema);
    return {
      encode: (batch) => encoder.encode(withJsonValues(batch)),
      finish: () => encoder.finish(),
    };
  }
  const encoder = jsonLines().createEncoder(null);
  return {
    encode: (batch) =>
      encoder.encode(new Batch({ rowCount: batch.rowCount, schema: null, rows: jsonRows(batch) })),
    finish: () => encoder.finish(),
  };
}

/** Kinds of which JSON does not have every value. */
const INEXACT: readonly Field['kind'][] = ['dynamic', 'float64', 'timestamp'];

function jsonRows(batch: Batch): readonly unknown[] {
  const names = batch
    .schema!.fields.filter(({ kind }) => INEXACT.includes(kind))
    .map(({ name }) => name);
  return batch.rowObjects().map((row) => {
    const json = { ...(row as Readonly<Record<string, unknown>>) };
    for (const name of names) json[name] = toJson(json[name]);
    return json;
  });
}

function withJsonValues(batch: Batch): Batch {
  const { rowCount, schema, columns } = batch;
  const rows = batch.rowObjects() as readonly Readonly<Record<string, unknown>>[];
  return new Batch({
    rowCount,
    schema,
    columns: columns.map((column, c) => {
      const { kind, name } = schema!.fields[c]!;
      return kind === 'dynamic' ? new DynamicColumn(rows.map((row) => toJson(row[name]))) : column;
    }),
  });
}

/** The rows of a file. EngineErrors CONFIG_INVALID, INPUT_NOT_FOUND, and INPUT_MALFORMED with the place of a bad row. */
export function readStateFile(path: string, shape: KeyedShape): GivenRows {
  const kind = stateFileKind(path);
  if (kind === null) {
    throw new EngineError(
      'CONFIG_INVALID',
      `'${path}' says no format: end its name in .jsonl or .parquet`,
    );
  }
  const file = { path, sizeBytes: sizeOf(path) };
  return kind === 'jsonl' ? linesOf(file, shape) : parquetRows(file, shape);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw notReadable({ path, sizeBytes: 0 }, error);
  }
}

/** The first bad row ends it. */
const STRICT: ReadContext = { onMalformed: 'fail', malformed() {} };

function linesOf(file: InputFile, shape: KeyedShape): GivenRows {
  const { path, sizeBytes } = file;
  const range = { start: 0, end: sizeBytes, weight: sizeBytes };
  const parser = new StateLineParser(shape);
  return {
    rows: flatRows(() => textReader(file, range, null, STRICT, null, parser)),
    place: (line) => `${path}:${line}`,
  };
}

function* flatRows(open: () => SplitReader): Generator<GivenRow> {
  for (const batch of batchesOf(open())) yield* batch.rowObjects() as readonly GivenRow[];
}

function* batchesOf(reader: SplitReader): Generator<Batch> {
  try {
    for (let polled = reader.poll(); polled !== 'end'; polled = reader.poll()) {
      if (polled !== 'idle') yield polled;
    }
  } finally {
    reader.close();
  }
}

function parquetRows(file: InputFile, shape: KeyedShape): GivenRows {
  const given: GivenRows = {
    rows: { [Symbol.iterator]: () => eachOfParquet(file, shape, given) },
    place: (row) => `${file.path}, row ${row}`,
  };
  return given;
}

function* eachOfParquet(file: InputFile, shape: KeyedShape, given: GivenRows): Generator<GivenRow> {
  const there = parquetColumns(file);
  try {
    checkNames(shape, there);
  } catch (error) {
    throw new EngineError('INPUT_MALFORMED', `${file.path}: ${(error as Error).message}`);
  }
  const isRead = ({ name }: Field) => there.includes(name) || !shape.optional.has(name);
  // What the file says of null is looked at with each row.
  const fields = shape.schema.fields.filter(isRead);
  const dynamic = fields.filter(({ kind }) => kind === 'dynamic').map(({ name }) => name);
  const format = parquet(schemaOf(fields));
  let at = 0;
  for (const range of format.split(file)) {
    for (const batch of batchesOf(format.open(file, range, null, STRICT))) {
      for (const stored of batch.rowObjects()) {
        const row = { ...(stored as Readonly<Record<string, unknown>>) };
        at++;
        try {
          for (const name of dynamic) row[name] = fromJson(row[name]);
        } catch (error) {
          throw rowError(given, at, error);
        }
        yield { row, at };
      }
    }
  }
}
