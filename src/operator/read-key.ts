/** Keys of state that come from elsewhere than records: from rows of a snapshot, or from someone who asks for one. */
import { EngineError } from '../base/errors.ts';
import { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { KeyReader, type KeySpec } from '../data/key.ts';
import { rowAppender } from '../data/row-appender.ts';
import { type Field, schemaOf } from '../data/schema.ts';

/** A key in rows of state: the same fields, which they have by name. */
export function stateKey(key: KeySpec): KeySpec {
  if (key.kind === 'all') return key;
  return { kind: 'fields', fields: key.kind === 'function' ? ['key'] : key.fields };
}

/** A key from JSON: the value of the only field, an array of values, or an object of fields. */
export function readKey(
  key: KeySpec,
  fields: readonly Field[],
  isTyped: boolean,
  given: unknown,
): KeyReader {
  const row = keyRow(fields, given);
  const schema = schemaOf(fields);
  const reader = new KeyReader(stateKey(key), isTyped ? schema : null, null);
  reader.read(isTyped ? typedBatch(fields, row) : freeBatch(row));
  return reader;
}

function keyRow(fields: readonly Field[], given: unknown): Record<string, unknown> {
  const names = fields.map(({ name }) => name);
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const values = isObject
    ? names.map((name) => (Object.hasOwn(given, name) ? given[name as keyof typeof given] : null))
    : fields.length === 1 && !Array.isArray(given)
      ? [given]
      : given;
  if (Array.isArray(values) && values.length === fields.length) {
    return Object.fromEntries(fields.map(({ name, kind }, f) => [name, ofKind(kind, values[f])]));
  }
  const wanted =
    names.length === 1 ? 'one value' : `an array of ${names.length}: ${names.join(', ')}`;
  throw new EngineError('KEY_INVALID', `a key of this state is ${wanted}`);
}

/** What JSON cannot say. A bigint is a whole number that no number is. */
function ofKind(kind: Field['kind'], value: unknown): unknown {
  if (typeof value === 'bigint') return kind === 'float64' ? Number(value) : value;
  if (kind === 'int64' && typeof value === 'number') {
    return Number.isInteger(value) ? BigInt(value) : value;
  }
  if (kind === 'int64' && typeof value === 'string') {
    return /^-?\d+$/.test(value) ? BigInt(value) : value;
  }
  const isTime = kind === 'date' || kind === 'timestamp';
  if (!isTime || typeof value !== 'string')
    return kind === 'date' ? new Date(Number(value)) : value;
  return kind === 'date' ? new Date(value) : new Date(value).getTime();
}

function typedBatch(fields: readonly Field[], row: Record<string, unknown>): Batch {
  const schema = schemaOf(fields);
  const builder = new BatchBuilder(schema, 1);
  const misfit = rowAppender(schema, builder)(row, 0);
  if (misfit >= 0) {
    const { name, kind } = fields[misfit]!;
    throw new EngineError('KEY_INVALID', `'${name}' of a key of this state is of type ${kind}`);
  }
  builder.advance(1);
  return builder.seal();
}

function freeBatch(row: Record<string, unknown>): Batch {
  return new Batch({ rowCount: 1, schema: null, rows: [row] });
}
