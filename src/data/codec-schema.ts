/** Schemas as bytes: those that a RowEncoder inferred, and those of values of one shape. */
import { FREE_FORMS, type FreeForm, freeFormOf, freeFormSchema } from './free-form.ts';
import { type Field, type Schema, schemaOf } from './schema.ts';

/** A free-form schema as bytes: its fields as JSON. */
export function encodeSchema(schema: Schema): Uint8Array {
  const text = JSON.stringify({ fields: schema.fields, freeForm: freeFormOf(schema) });
  return new TextEncoder().encode(text);
}

export function decodeSchema(bytes: Uint8Array): Schema {
  const { fields, freeForm } = JSON.parse(new TextDecoder().decode(bytes)) as {
    fields: Field[];
    freeForm: FreeForm | null;
  };
  if (freeForm === null) return schemaOf(fields);
  if (!FREE_FORMS.includes(freeForm)) throw new TypeError(`rows of the form ${freeForm}`);
  return freeFormSchema(fields, freeForm);
}
