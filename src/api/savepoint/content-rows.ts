/** What a state has of a key, as a value of the program, to rows as a snapshot has them, and back. */
import { describe } from '../../data/field-check.ts';
import type { TypeSpec } from '../../state/value-type.ts';
import type { StateDescriptor } from '../state.ts';
import type { StateEntry } from './keyed-state.ts';

type Row = Readonly<Record<string, unknown>>;
type State = Pick<StateDescriptor<unknown>, 'kind' | 'type'>;

/** The rows of a key; throws what is wrong with the value. */
export function* rowsOfContent(
  state: State,
  { key, value }: StateEntry<unknown, unknown>,
): Generator<Row> {
  const { kind, type } = state;
  const fields = key as Row;
  if (kind === 'list') {
    let index = 0;
    for (const element of iterable(value, 'a list')) {
      yield { ...fields, '#index': index++, ...columnsOf('#element', type, element) };
    }
  } else if (kind === 'map') {
    for (const entry of iterable(value, 'a Map')) {
      const [own, of] = entry as readonly [unknown, unknown];
      yield { ...fields, '#key': own, ...columnsOf('#value', type, of) };
    }
  } else {
    yield { ...fields, ...columnsOf(labelOf(state), type, value) };
  }
}

function iterable(value: unknown, wanted: string): Iterable<unknown> {
  const isIterable = typeof value === 'object' && value !== null && Symbol.iterator in value;
  if (isIterable) return value as Iterable<unknown>;
  throw new Error(`wanted ${wanted}, got ${describe(value)}`);
}

function labelOf({ kind }: State): string {
  return kind === 'aggregating' ? '#accumulator' : '#value';
}

function columnsOf(label: string, type: TypeSpec, value: unknown): Row {
  if (type.kind !== 'record') return { [label]: value };
  if (typeof value !== 'object' || value === null) {
    throw new Error(`wanted a record, got ${describe(value)}`);
  }
  const record = value as Row;
  return Object.fromEntries(type.fields.map(({ name }) => [`${label}.${name}`, record[name]]));
}

function valueIn(label: string, type: TypeSpec, row: Row): unknown {
  if (type.kind !== 'record') return row[label];
  return Object.fromEntries(type.fields.map(({ name }) => [name, row[`${label}.${name}`]]));
}

/** From all rows of a key, in any order. */
export function contentOfRows(state: State, rows: readonly Row[]): unknown {
  const { kind, type } = state;
  if (kind === 'map') {
    return new Map(rows.map((row) => [row['#key'], valueIn('#value', type, row)]));
  }
  if (kind !== 'list') return valueIn(labelOf(state), type, rows[0]!);
  const place = (row: Row) => row['#index'] as number;
  return [...rows].sort((a, b) => place(a) - place(b)).map((row) => valueIn('#element', type, row));
}
