/** Accumulators as those see them who watch the job. */
import type { BatchBuilder } from '../../data/batch-builder.ts';

/**
 * What a builder has of its only row behind so many columns, by the names that fields of a snapshot have: `#1 sum n` is `sum n`.
 * `cellCount`: of the columns of numbers that they begin with, how many are in use; all when left out.
 */
export function namedValues(
  builder: BatchBuilder,
  firstColumn: number,
  cellCount: number | null = null,
): Readonly<Record<string, unknown>> {
  const batch = builder.seal();
  const [row] = batch.rowObjects() as [Readonly<Record<string, unknown>>];
  const { fields } = batch.schema!;
  const values: Record<string, unknown> = {};
  for (let c = firstColumn; c < fields.length; c++) {
    const { name, kind } = fields[c]!;
    if (cellCount !== null && kind === 'float64' && c >= firstColumn + cellCount) continue;
    const short = name.replace(/^#+(\d+ )?/, '');
    const value = row[name];
    values[Object.hasOwn(values, short) ? name : short] =
      value instanceof Float64Array || value instanceof Uint8Array ? [...value] : value;
  }
  return values;
}
