/** Types of keys of two streams that meet: fields whose values can be equal. */
import type { KeyField } from './stream.ts';

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
