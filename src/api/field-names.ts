/** Which fields can be added up or compared. */
import { EngineError } from '../base/errors.ts';
import { fieldIndex, type Schema } from '../data/schema.ts';

/** Names of fields that can be summed. */
export type SumField<Row> = {
  [K in keyof Row & string]: NonNullable<Row[K]> extends number | bigint ? K : never;
}[keyof Row & string];

/** Names of fields that can be compared. */
export type OrderedField<Row> = {
  [K in keyof Row & string]: NonNullable<Row[K]> extends number | bigint | string | Date
    ? K
    : never;
}[keyof Row & string];

/** FIELD_TYPE for a field that no sum can be of. */
export function checkSum(schema: Schema, name: string): void {
  const { kind } = schema.fields[fieldIndex(schema, name, 'sum')]!;
  if (['int32', 'float64', 'int64', 'dynamic'].includes(kind)) return;
  throw new EngineError('FIELD_TYPE', `sum '${name}': the field is ${kind}`);
}
