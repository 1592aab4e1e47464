/**
 * Keys of two streams that meet by key. Where both sides have columns of the same kinds, keys are read as those; anywhere
 * else as free-form values, so that equal keys of different kinds (an int32 and a float64, say) are one key on both sides,
 * with one hash and the same bytes.
 */
import { EngineError } from '../base/errors.ts';
import { isTypedKey, type KeySpec, keyFields } from './key.ts';
import type { FieldKind, Schema } from './schema.ts';

/** Of the first and of the second stream. */
export type Pair<T> = readonly [first: T, second: T];

/** The schemas by which keys are read; null for both where they are read as free-form values. */
export function keySchemas(keys: Pair<KeySpec>, schemas: Pair<Schema | null>): Pair<Schema | null> {
  const [first, second] = [kindsOf(keys[0], schemas[0]), kindsOf(keys[1], schemas[1])];
  return first !== null && second !== null && first.join() === second.join()
    ? schemas
    : [null, null];
}

function kindsOf(key: KeySpec, schema: Schema | null): readonly FieldKind[] | null {
  return isTypedKey(key, schema) ? keyFields(key, schema).map(({ kind }) => kind) : null;
}

/** What the values of a kind are to the user: only values of one sort can be equal. */
const SORTS: Readonly<Record<FieldKind, string | null>> = {
  int32: 'number',
  float64: 'number',
  timestamp: 'number',
  int64: 'bigint',
  boolean: 'boolean',
  string: 'string',
  date: 'Date',
  dynamic: null,
};

/** EngineError JOB_DEFINITION for keys that can never be equal; `what` begins the message. */
export function checkComparableKeys(
  what: string,
  keys: Pair<KeySpec>,
  schemas: Pair<Schema | null>,
): void {
  const [first, second] = [keyFields(keys[0], schemas[0]), keyFields(keys[1], schemas[1])];
  if (first.length !== second.length) {
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: the keys have ${first.length} and ${second.length} fields; they have to have as many`,
    );
  }
  first.forEach((field, f) => {
    const other = second[f]!;
    const [sort, otherSort] = [SORTS[field.kind], SORTS[other.kind]];
    if (sort === null || otherSort === null || sort === otherSort) return;
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: '${field.name}' is ${field.kind} and '${other.name}' is ${other.kind}; they are never equal`,
    );
  });
}
