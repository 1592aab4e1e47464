/** What is known of a stream of a random job: which steps may stand behind it, such that what comes out is sure. */
import type { Random } from '../../../src/base/random.ts';

/** `fraction`: a number whose last digits depend on the order in which it was added up, if it is. */
export type Kind =
  | 'number'
  | 'fraction'
  | 'bigint'
  | 'string'
  | 'boolean'
  | 'time'
  | 'date'
  | 'other';
export type Field = {
  readonly kind: Kind;
  readonly nullable?: boolean;
  /** Rows may be without it, which no schema takes. */
  readonly mayBeMissing?: boolean;
};
export type Fields = Readonly<Record<string, Field>>;

export type Shape = {
  readonly fields: Fields;
  readonly isTyped: boolean;
  /** Whether rows have an event time, and none of them is late. */
  readonly isTimed: boolean;
  /**
   * 'all': one subtask sends them, in the same order in each run. Names of fields: rows that are equal in these are in order.
   * 'none': as they come, so that nothing may depend on it.
   */
  readonly order: 'all' | 'none' | readonly string[];
  /** Whether a batch run gives others: those of rolling aggregations are the last of each key. */
  readonly isOfStreams: boolean;
  /** No more rows than that, about. */
  readonly size: number;
};

/** Names of fields of some kinds, those that may be null too. */
export function named({ fields }: Shape, ...kinds: readonly Kind[]): string[] {
  return Object.keys(fields).filter((name) => kinds.includes(fields[name]!.kind));
}

export function isNullable({ fields }: Shape, name: string): boolean {
  return fields[name]!.nullable === true;
}

/** How a stream is keyed: the call behind it, and the fields that results have. */
export type DrawnKey = {
  readonly code: string;
  readonly fields: Fields;
  readonly inOrder: boolean;
};

const KEY_KINDS = ['number', 'bigint', 'string', 'boolean', 'time', 'date'] as const;

export function keyNames(shape: Shape): string[] {
  return named(shape, ...KEY_KINDS).filter((name) => !isNullable(shape, name));
}

/** `by`: another call in the place of keyBy. Null where there is no field for it. */
export function drawKey(random: Random, shape: Shape, by = 'keyBy'): DrawnKey | null {
  const names = keyNames(shape);
  const nullable = named(shape, ...KEY_KINDS).filter((name) => isNullable(shape, name));
  if (nullable.length > 0 && random.below(6) === 0)
    return keyWithoutNulls(shape, random.pick(nullable), by);
  if (names.length === 0) return null;
  if (random.below(4) === 0) return keyByFunction(random, shape, names, by);
  const first = random.pick(names);
  const second = random.pick(names);
  const chosen = random.below(3) === 0 && first !== second ? [first, second] : [first];
  const { order } = shape;
  return {
    code: `${by}(${chosen.map((name) => `'${name}'`).join(', ')})`,
    fields: Object.fromEntries(chosen.map((name) => [name, shape.fields[name]!])),
    inOrder: order === 'all' || (order !== 'none' && order.every((name) => chosen.includes(name))),
  };
}

/** No key is null: rows of a field that may be fall out before. */
function keyWithoutNulls({ fields, order }: Shape, name: string, by: string): DrawnKey {
  const inOne = order === 'all' ? '.parallelism(1)' : '';
  return {
    code: `filter((row) => row.${name} != null)${inOne}.${by}('${name}')`,
    fields: { [name]: { kind: fields[name]!.kind } },
    inOrder: order === 'all' || (order !== 'none' && order.every((one) => one === name)),
  };
}

function keyByFunction(
  random: Random,
  shape: Shape,
  names: readonly string[],
  by: string,
): DrawnKey {
  const nullable = named(shape, 'string').filter((name) => isNullable(shape, name));
  const numbers = named(shape, 'number').filter((name) => !isNullable(shape, name));
  const name = random.pick(names);
  const ways: [string, Kind][] = [
    [`row.${name}`, shape.fields[name]!.kind],
    [`\`\${row.${name}} \${row.${random.pick(names)}}\``, 'string'],
    ...nullable.map((of): [string, Kind] => [`row.${of} ?? 'none'`, 'string']),
    ...numbers.map((of): [string, Kind] => [`row.${of} % 3`, 'number']),
    ...numbers.map((of): [string, Kind] => [
      `row.${of} % 2 === 0 ? 'even' : row.${of} % 5`,
      'other',
    ]),
  ];
  const [code, kind] = random.pick(ways);
  return {
    code: `${by}((row) => ${code})`,
    fields: { key: { kind } },
    inOrder: shape.order === 'all',
  };
}
