/** Types of fields by what they may be: times, keys, and those of two streams that meet, whose values can be equal. */

/** Names of fields that may hold an event time. */
export type TimeField<Row> = {
  [K in keyof Row & string]: Row[K] extends number | bigint | Date ? K : never;
}[keyof Row & string];

/** Values that may be keys. */
export type KeyValue = string | number | bigint | boolean | Date;

/** Names of fields that may be keys. */
export type KeyField<Row> = {
  [K in keyof Row & string]: Row[K] extends KeyValue ? K : never;
}[keyof Row & string];

/** What a value is, whatever it is narrowed to. */
export type Sort<Value> = Value extends string
  ? string
  : Value extends number
    ? number
    : Value extends bigint
      ? bigint
      : Value extends boolean
        ? boolean
        : Value;

/** Fields of rows that may be keys, and have values of such a kind. */
export type KeyFieldLike<Row, Value> = {
  [K in KeyField<Row>]: Sort<Row[K]> extends Sort<Value> ? K : never;
}[KeyField<Row>];

/** A key all of whose fields have a value of a kind that another key has too. */
export type KeyLike<Key, Other> = { [K in keyof Key]: Widened<Other> };

/** Values of the kinds that a key has. */
type Widened<Key> = Sort<Key[keyof Key]>;
