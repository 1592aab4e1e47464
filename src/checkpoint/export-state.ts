/** The rows of a state in a checkpoint, for people and programs that want to look into it. */
import { EngineError } from '../base/errors.ts';
import type { Batch } from '../data/batch.ts';
import type { DynamicColumn } from '../data/column.ts';
import { type Schema, schemaOf } from '../data/schema.ts';
import { latestRows } from '../state/generations.ts';
import { decodeState, readBlockSync } from './block-reader.ts';
import type { StateManifest, StoredCheckpoint } from './checkpoint.ts';

/**
 * Gives every row of a state, in the order in which it was written, or in none where it has deltas: an object of its fields, or
 * an item where the state has items. Returns how many there were. EngineError CHECKPOINT_NOT_FOUND, CHECKPOINT_DAMAGED.
 *
 *   exportState(stored, 'count', 'counts', (row) => console.log(JSON.stringify(row)));
 */
export function exportState(
  stored: StoredCheckpoint,
  uid: string,
  state: string,
  write: (row: unknown) => void,
): number {
  const found = stateOf(stored, uid, state);
  let count = 0;
  for (const batch of batchesOf(stored.path, found)) {
    const rows = hasItems(found) ? itemsOf(batch) : batch.rowObjects();
    for (const row of rows) write(row);
    count += batch.rowCount;
  }
  return count;
}

function hasItems({ kind, fields }: StateManifest): boolean {
  return kind !== 'keyed' && fields.length === 1 && fields[0]!.name === 'item';
}

/** Items are the one field of their rows. */
function itemsOf(batch: Batch): readonly unknown[] {
  return (batch.columns[0] as DynamicColumn).values.slice(0, batch.rowCount);
}

/** The same by batches, each transient until the next. */
export function stateBatches(
  stored: StoredCheckpoint,
  uid: string,
  state: string,
): { readonly schema: Schema; readonly batches: Iterable<Batch> } {
  const found = stateOf(stored, uid, state);
  return { schema: schemaOf(found.fields), batches: batchesOf(stored.path, found) };
}

function* batchesOf(path: string, state: StateManifest): Generator<Batch> {
  const schema = schemaOf(state.fields);
  for (const part of state.parts) {
    yield* latestRows(part, schema, (block, of) =>
      decodeState(state.name, of, readBlockSync(path, block)),
    );
  }
}

/** A state by its name, or by what a process function calls it. EngineError CHECKPOINT_NOT_FOUND. */
export function stateOf(
  { path, manifest }: StoredCheckpoint,
  uid: string,
  name: string,
): StateManifest {
  const operator = manifest.operators.find((one) => one.uid === uid);
  if (operator === undefined) {
    const known = manifest.operators.map((one) => `'${one.uid}'`).join(', ');
    throw missing(path, `no operator with uid '${uid}'; it has ${known || 'none'}`);
  }
  // What a process function calls 'total' has a place of its own beside timers and counters.
  const state =
    operator.states.find((one) => one.name === name) ??
    operator.states.find((one) => one.name === `state/${name}`);
  if (state !== undefined) return state;
  const known = operator.states.map((one) => `'${one.name}'`).join(', ');
  throw missing(path, `no state '${name}' of operator '${uid}', which has ${known || 'none'}`);
}

function missing(path: string, what: string): EngineError {
  return new EngineError('CHECKPOINT_NOT_FOUND', `${path} has ${what}`);
}
