/** A large stream beside a small one that every subtask has in memory, by key. */
import { aPlainFunction, someText } from '../base/options.ts';
import { answeredNow } from '../base/thenable.ts';
import type { KeySpec } from '../data/key.ts';
import { checkComparableKeys } from '../data/key-pair.ts';
import { fieldIndex, type Schema, t } from '../data/schema.ts';
import { type } from './emits.ts';
import type { KeyField, KeyFieldLike, KeyValue } from './keys.ts';
import { map } from './state.ts';
import type { Stream } from './stream.ts';

type Schemas<Row, Small> = readonly [Schema<Row> | null, Schema<Small> | null];

/** The key of a row. */
type KeyOf = (row: never) => KeyValue;

/** Two streams, before it is said by which key they meet. */
export class BroadcastJoin<out Row, out Small> {
  readonly #rows: Stream<Row>;
  readonly #small: Stream<Small>;
  readonly #schemas: Schemas<Row, Small>;

  constructor(rows: Stream<Row>, small: Stream<Small>, schemas: Schemas<Row, Small>) {
    this.#rows = rows;
    this.#small = small;
    this.#schemas = schemas;
  }

  /**
   * The key of each side, by a field or by a function: `.on('country', 'code')`, `.on((order) => order.at.country, (row) => row.code)`.
   */
  on<L extends KeyField<Row>, R extends KeyFieldLike<Small, Row[L]>>(
    row: L,
    small: R,
  ): BroadcastPair<Row, Small>;
  on<Key extends KeyValue>(
    row: (row: Row) => Key,
    small: (row: Small) => NoInfer<Key>,
  ): BroadcastPair<Row, Small>;
  on(row: unknown, small: unknown): BroadcastPair<Row, Small> {
    const schemas = this.#schemas;
    const [first, second] = [keyBy(row, schemas[0]), keyBy(small, schemas[1])];
    checkComparableKeys('on', [first.key, second.key], schemas);
    return new BroadcastPair<Row, Small>(this.#rows, this.#small, schemas[1], [
      first.keyOf,
      second.keyOf,
    ]);
  }
}

function keyBy(by: unknown, schema: Schema | null): { key: KeySpec; keyOf: KeyOf } {
  if (typeof by === 'function') return { key: { kind: 'function' }, keyOf: by as KeyOf };
  someText('on: a field', by);
  const field = by as string;
  if (schema !== null) fieldIndex(schema, field, 'on');
  return { key: { kind: 'fields', fields: [field] }, keyOf: (row) => row[field] };
}

/** What a Map compares: Dates by their time. Those of one side meet Dates only. */
function comparable(key: KeyValue): KeyValue {
  return key instanceof Date ? key.getTime() : key;
}

/** Rows of a large stream and those of a small one with their key. */
export class BroadcastPair<out Row, out Small> {
  readonly #rows: Stream<Row>;
  readonly #small: Stream<Small>;
  readonly #schema: Schema<Small> | null;
  readonly #keys: readonly [KeyOf, KeyOf];

  constructor(
    rows: Stream<Row>,
    small: Stream<Small>,
    schema: Schema<Small> | null,
    keys: readonly [KeyOf, KeyOf],
  ) {
    this.#rows = rows;
    this.#small = small;
    this.#schema = schema;
    this.#keys = keys;
  }

  /**
   * A row for each row of the large stream, at its time, with the newest row of the small stream that has its key; undefined
   * as long as there is none: `.apply((order, country) => ({ ...order, name: country?.name ?? '' }))`.
   */
  apply<Out>(fn: (row: Row, small: Small | undefined) => Out): Stream<Out> {
    aPlainFunction('apply', fn);
    const [keyOf, smallKeyOf] = this.#keys;
    const rows = map(t.dynamic<KeyValue>(), this.#schema ?? type<Small>());
    return this.#rows
      .connect(this.#small.broadcast({ rows }))
      .process({
        emits: type<Out>(),
        onRecord(row, { broadcastState, emit }) {
          emit(answeredNow(fn(row, broadcastState.rows.get(comparable(keyOf(row as never))))));
        },
        onBroadcast(row, { broadcastState }) {
          broadcastState.rows.set(comparable(smallKeyOf(row as never)), row);
        },
      })
      .name('broadcastJoin');
  }
}
