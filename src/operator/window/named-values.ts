/** Accumulators as those see them who watch the job. */
import type { BatchBuilder } from '../../data/batch-builder.ts';

/** What a builder has of its only row behind so many columns, by the names that fields of a snapshot have: `#1 sum n` is `sum n`. */
export function namedValues(
  builder: BatchBuilder,
  firstColumn: number,
): Readonly<Record<string, unknown>> {
  const [row] = builder.seal().rowObjects() as [Readonly<Record<string, unknown>>];
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row).slice(firstColumn)) {
    const short = name.replace(/^#+(\d+ )?/, '');
    values[Object.hasOwn(values, short) ? name : short] =
      value instanceof Float64Array ? [...value] : value;
  }
  return values;
}
