/** One input of a join: how its keys are read, its rows kept and stored, and where its late records go. */
import { type KeyFunction, KeyReader, type KeySpec } from '../../data/key.ts';
import { keySchemas, type Pair } from '../../data/key-pair.ts';
import { RowReaders } from '../../data/row-reader.ts';
import type { Schema } from '../../data/schema.ts';
import type { SideOutputs } from '../operator.ts';
import { JoinRows } from './join-rows.ts';

/** What the specs of all joins have in common, each of the first and of the second input. */
export type JoinSpec = {
  readonly keys: Pair<KeySpec>;
  /** Side outputs for late records; null when they are counted and dropped. */
  readonly lateTo: Pair<string | null>;
};

export type JoinOptions<Spec extends JoinSpec> = Spec & {
  readonly schemas: Pair<Schema | null>;
  /** Of the node: key functions first, as far as there are, then the user's. */
  readonly functions: readonly object[];
};

export class JoinInput {
  readonly schema: Schema | null;
  readonly keys: KeyReader;
  readonly rows: JoinRows;
  readonly readers: RowReaders;
  readonly lateTo: string | null;
  late: SideOutputs extends ReadonlyMap<string, infer Side> ? Side | null : never = null;

  constructor(
    name: string,
    schema: Schema | null,
    key: KeySpec,
    keySchema: Schema | null,
    keys: KeyReader,
    lateTo: string | null,
  ) {
    this.schema = schema;
    this.keys = keys;
    this.rows = new JoinRows(name, key, keySchema, schema);
    this.readers = new RowReaders(schema);
    this.lateTo = lateTo;
  }
}

/** Readers of the keys of both inputs, whose functions come first among those of the node. */
export function joinKeyReaders(
  keys: Pair<KeySpec>,
  schemas: Pair<Schema | null>,
  functions: readonly object[],
): Pair<KeyReader> {
  const [left, right] = keys;
  const codeOf = ({ kind }: KeySpec, n: number): KeyFunction | null =>
    kind === 'function' ? (functions[n] as KeyFunction) : null;
  return [
    new KeyReader(left, schemas[0], codeOf(left, 0)),
    new KeyReader(right, schemas[1], codeOf(right, left.kind === 'function' ? 1 : 0)),
  ];
}

/** The inputs of a join, and the function of the user. */
export function joinInputs<Spec extends JoinSpec>(
  options: JoinOptions<Spec>,
): { inputs: readonly [JoinInput, JoinInput]; code: object } {
  const { keys, schemas, lateTo, functions } = options;
  const bySchema = keySchemas(keys, schemas);
  const readers = joinKeyReaders(keys, bySchema, functions);
  const input = (name: string, n: 0 | 1): JoinInput =>
    new JoinInput(name, schemas[n], keys[n], bySchema[n], readers[n], lateTo[n]);
  return { inputs: [input('left rows', 0), input('right rows', 1)], code: functions.at(-1)! };
}
