/** Reading a keyed state of a checkpoint or savepoint. */
import { exportState, stateOf } from '../../checkpoint/export-state.ts';
import { findSnapshot } from '../../checkpoint/find-snapshot.ts';
import { keyedShape } from '../../checkpoint/rewrite/keyed-shape.ts';
import { toJson } from '../../checkpoint/rewrite/state-json.ts';
import { contentOfRows } from './content-rows.ts';
import { checkNamed, type NamedState, type StateEntry } from './keyed-state.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * What a state has of each key, in a checkpoint, a savepoint, or the newest of a checkpoint directory. EngineErrors
 * CHECKPOINT_NOT_FOUND, CHECKPOINT_DAMAGED, and STATE_INCOMPATIBLE for a state that is declared otherwise.
 *
 *   const totals = keyedState({ uid: 'totals', name: 'total', key: record({ user: t.string }), state: value(t.float64) });
 *   const show = async () => {
 *     for (const { key, value } of await readState('savepoints/monday', totals)) console.log(key.user, value);
 *   };
 */
export async function readState<Key, Content>(
  snapshot: string,
  named: NamedState<Key, Content>,
): Promise<StateEntry<Key, Content>[]> {
  const stored = await findSnapshot(snapshot);
  const found = stateOf(stored, named.uid, named.name);
  const names = keyedShape(named.uid, found).keyFields.map(({ name }) => name);
  checkNamed(named, found);
  const keys = new Map<string, { readonly key: Key; readonly rows: Row[] }>();
  exportState(stored, named.uid, named.name, (given) => {
    const row = given as Row;
    const key = Object.fromEntries(names.map((name) => [name, row[name]])) as Key;
    const identity = JSON.stringify(toJson(key));
    const known = keys.get(identity);
    if (known === undefined) keys.set(identity, { key, rows: [row] });
    else known.rows.push(row);
  });
  return Array.from(keys.values(), ({ key, rows }) => ({
    key,
    value: contentOfRows(named.state, rows) as Content,
  }));
}
