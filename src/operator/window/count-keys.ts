/** How many keys have something in panes, for those who watch the job: nothing is changed. */
import { COUNTED_KEYS_MAX } from '../../base/limits.ts';
import type { KeyReader } from '../../data/key.ts';
import { KeySlots } from '../../state/key-slots.ts';

/** Keys that are in any of these tables, of the keys that `reader` reads; null where there are too many to count. */
export function countKeys(tables: readonly KeySlots[], reader: KeyReader): number | null {
  const [first] = tables;
  if (first === undefined) return 0;
  if (tables.length === 1) return first.count;
  const { isInt } = reader;
  const entries = tables.reduce((sum, { count }) => sum + count, 0);
  // Tables of ints among others would become others.
  if (entries > COUNTED_KEYS_MAX || tables.some((keys) => keys.isInt !== isInt)) return null;
  const all = new KeySlots(isInt);
  const slots = new Int32Array(entries);
  for (const keys of tables) all.slotsOfOther(keys, reader, 0, keys.count, slots);
  return all.count;
}
