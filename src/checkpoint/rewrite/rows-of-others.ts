/** The rows of a state in a snapshot whose keys are none of some others. */
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { schemaOf } from '../../data/schema.ts';
import { latestRows } from '../../state/generations.ts';
import { decodeState, readBlockSync } from '../block-reader.ts';
import type { StateManifest } from '../checkpoint.ts';
import type { GatheredRows } from './gathered-rows.ts';

/** Batches with key hashes, each transient until the next. `found` is told the slots of keys that there are. */
export function* rowsOfOthers(
  path: string,
  state: StateManifest,
  { reader, keys }: GatheredRows,
  found: (slot: number) => void,
): Generator<Batch> {
  const schema = schemaOf(state.fields);
  for (const part of state.parts) {
    const rows = latestRows(part, schema, (block, of) =>
      decodeState(state.name, of, readBlockSync(path, block)),
    );
    for (const batch of rows) {
      const { rowCount } = batch;
      const slots = new Int32Array(rowCount);
      reader.read(batch);
      keys.findSlots(reader, 0, rowCount, slots);
      const others = slots.map((_, row) => row).filter((row) => slots[row] === -1);
      for (const slot of slots) if (slot >= 0) found(slot);
      if (others.length === 0) continue;
      if (others.length === rowCount) {
        yield batch;
        continue;
      }
      const builder = new BatchBuilder(schema, others.length);
      builder.appendSelected(batch, others, 0, others.length);
      yield builder.seal();
    }
  }
}
