/** Nulls in columns where the schema has none: formats that read columns find them when a batch is there. */
import { DEAD_LETTER_TEXT_BYTES } from '../../base/limits.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { PRESENT } from '../../data/column.ts';
import type { Schema } from '../../data/schema.ts';
import { jsonOf } from './field-text.ts';

/** Takes what is wrong with a row of the batch, and the row as text; throws where that ends the job. */
export type RefuseRow = (row: number, reason: string, text: () => string) => void;

/** The batch without rows in which a field is null that may not be; each of them is refused once. */
export function withoutNulls(batch: Batch, schema: Schema, refuse: RefuseRow): Batch {
  let good: Uint8Array | null = null;
  for (const [c, field] of schema.fields.entries()) {
    const { absent } = batch.columns[c]!;
    if (field.nullable || absent === null) continue;
    for (let i = 0; i < batch.rowCount; i++) {
      if (absent[i] === PRESENT || good?.[i] === 0) continue;
      good ??= new Uint8Array(batch.rowCount).fill(1);
      good[i] = 0;
      const text = (): string =>
        String(jsonOf(batch.rowObjects()[i])).slice(0, DEAD_LETTER_TEXT_BYTES);
      refuse(i, `field '${field.name}' is null`, text);
    }
  }
  return good === null ? batch : only(batch, schema, good);
}

function only(batch: Batch, schema: Schema, good: Uint8Array): Batch {
  const selection = new Int32Array(batch.rowCount);
  let count = 0;
  for (let i = 0; i < batch.rowCount; i++) if (good[i] === 1) selection[count++] = i;
  const builder = new BatchBuilder(schema, Math.max(1, count));
  builder.appendSelected(batch, selection, 0, count);
  return builder.seal();
}
