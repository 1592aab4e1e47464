/**
 * What rows of a keyed state look like outside of the engine, for those states whose rows tell all that they mean:
 *
 *   fields of the key                  names without '#'
 *   #value, or #value.<field>          of a value, of what was reduced, and of a rolling aggregation under names of its own
 *   #accumulator                       of an aggregating state
 *   #index, #element                   of a list: a row an element
 *   #key, #value                       of a map: a row an entry
 *   #touched                           when it was last touched, where the state has a time to live
 */
import { EngineError } from '../../base/errors.ts';
import type { KeySpec } from '../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import type { StateManifest } from '../checkpoint.ts';

export type KeyedShape = {
  /** To people. */
  readonly state: string;
  readonly schema: Schema;
  readonly key: KeySpec;
  readonly keyFields: readonly Field[];
  /** How many rows a key may have, and what tells them apart. */
  readonly rows: 'one' | 'elements' | 'entries';
  /** Place of the field in the schema; -1 where there is none. */
  readonly index: number;
  readonly mapKey: number;
  /** Fields that rows may leave out. */
  readonly optional: ReadonlySet<string>;
  /** What rows may have beside the fields of the schema. */
  readonly ignored: ReadonlySet<string>;
};

export const INDEX = '#index';
export const TOUCHED = '#touched';

/** Of rolling aggregations. */
const ROLLING = 'values';

/** Whether rows of a state tell all that they mean: those of windows leave out of which window they are. */
export function isRewritable({ name, kind }: Pick<StateManifest, 'name' | 'kind'>): boolean {
  return kind === 'keyed' && (name.startsWith('state/') || name === ROLLING);
}

/** EngineError STATE_INCOMPATIBLE for a state whose rows do not tell all. */
export function keyedShape(
  uid: string,
  state: Pick<StateManifest, 'name' | 'kind' | 'fields'>,
): KeyedShape {
  const { name, fields } = state;
  if (!isRewritable(state)) {
    throw new EngineError(
      'STATE_INCOMPATIBLE',
      `state '${name}' of operator '${uid}' cannot be written from outside: its rows do not tell all that they mean; what can ` +
        'is the keyed state of process functions and of rolling aggregations',
    );
  }
  const keyFields = fields.filter((field) => !field.name.startsWith('#'));
  const place = (wanted: string) => fields.findIndex((field) => field.name === wanted);
  const [index, mapKey] = [place(INDEX), place('#key')];
  return {
    state: `state '${name.replace(/^state\//, '')}' of '${uid}'`,
    schema: schemaOf(fields),
    key:
      keyFields.length === 0
        ? { kind: 'all' }
        : { kind: 'fields', fields: keyFields.map((field) => field.name) },
    keyFields,
    rows: index >= 0 ? 'elements' : mapKey >= 0 ? 'entries' : 'one',
    index,
    mapKey,
    optional: new Set([INDEX, TOUCHED]),
    ignored: new Set(),
  };
}

/** For rows of which the key alone counts. */
export function keysOnly(shape: KeyedShape): KeyedShape {
  const schema = schemaOf(shape.keyFields);
  const ignored = new Set(shape.schema.fields.map(({ name }) => name));
  return { ...shape, schema, rows: 'one', index: -1, mapKey: -1, ignored };
}
