/**
 * What a subtask of a process function keeps that belongs to no key: lists of its own, and copies of broadcast state.
 *
 * All of it is small, stays in memory, and is written at once at a barrier: lists under `operator state/` and their name,
 * maps under `broadcast state/`.
 */
import { must } from '../../base/assert.ts';
import { EngineError } from '../../base/errors.ts';
import type { Field, Schema } from '../../data/schema.ts';
import { ElementList } from '../../state/element-list.ts';
import type { MapState } from '../../state/handles.ts';
import { KeyScope } from '../../state/key-scope.ts';
import { MapTable } from '../../state/map-table.ts';
import { StateRows } from '../../state/slot-rows.ts';
import type { KeptState, ListMode, RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { LoadRow } from '../../state/state-table.ts';
import type { OperatorStateSpec, StateSpec } from './process-spec.ts';

/** All of a map is in one slot, which is always the current one. */
const ONLY_SLOT = 0;

/** A state as a snapshot knows it. */
type Stored = {
  readonly name: string;
  readonly stored: string;
  readonly mode: ListMode;
  readonly fields: readonly Field[];
  append(rows: StateRows): void;
  loader(found: Schema): LoadRow;
};

export class OperatorStates {
  /** The lists by name, as their users get them. */
  readonly lists: Readonly<Record<string, ElementList>>;
  /** Broadcast state as the functions get it that may change it, and as the others do. */
  readonly broadcast: Readonly<Record<string, MapTable>>;
  readonly broadcastViews: Readonly<Record<string, MapView>>;
  readonly #stored: readonly Stored[];
  /** Of the maps. */
  readonly #scope = new KeyScope();

  constructor(lists: readonly OperatorStateSpec[], broadcast: readonly StateSpec[]) {
    const scope = this.#scope;
    scope.slot = ONLY_SLOT;
    scope.slotCount = 1;
    const ofLists = lists.map(({ name, mode, type }) => {
      const list = new ElementList(name, type);
      return { list, stored: ofList(list, mode) };
    });
    const maps = broadcast.map(({ name, keyType, type }) => {
      const map = new MapTable(name, must(keyType, 'the type of keys'), type, null, scope);
      map.reserve(1);
      return map;
    });
    this.lists = Object.fromEntries(ofLists.map(({ list }) => [list.name, list]));
    this.broadcast = Object.fromEntries(maps.map((map) => [map.name, map]));
    this.broadcastViews = Object.fromEntries(maps.map((map) => [map.name, new MapView(map)]));
    this.#stored = [...ofLists.map(({ stored }) => stored), ...maps.map(ofMap)];
  }

  keptStates(): readonly KeptState[] {
    return this.#stored.map(({ name, stored, mode, fields }) => ({
      name,
      stored,
      kind: mode,
      fields,
    }));
  }

  restore(restored: RestoredState): void {
    for (const { stored, loader } of this.#stored) {
      let load: LoadRow | null = null;
      for (const batch of restored.rows(stored)) {
        load ??= loader(batch.schema!);
        for (let row = 0; row < batch.rowCount; row++) load(batch, row, ONLY_SLOT);
      }
    }
  }

  /** Forgets that a map has become empty: its slot serves no other key. */
  release(): void {
    this.#scope.emptied.clear();
  }

  save(writer: SnapshotWriter): void {
    this.#save(writer, this.#stored);
  }

  /** For checkpoints that come when the subtask has ended: of a list no element is gone, of broadcast state others have copies. */
  saveAtEnd(writer: SnapshotWriter): void {
    this.#save(
      writer,
      this.#stored.filter(({ mode }) => mode !== 'broadcast'),
    );
  }

  #save(writer: SnapshotWriter, states: readonly Stored[]): void {
    for (const { name, stored, mode, fields, append } of states) {
      const rows = new StateRows(`state '${name}'`, [], fields, (batch) =>
        writer.rows(stored, mode, batch),
      );
      append(rows);
      // A copy without entries is one all the same: a subtask that has come to its end has none.
      if (mode === 'broadcast' && rows.count === 0) writer.rows(stored, mode, rows.builder.seal());
      rows.flush();
    }
  }
}

function ofList(list: ElementList, mode: ListMode): Stored {
  const { name, fields } = list;
  return {
    name,
    stored: `operator state/${name}`,
    mode,
    fields,
    append: (rows) => list.append(rows),
    loader: (found) => list.loader(found),
  };
}

function ofMap(map: MapTable): Stored {
  const { name, fields } = map;
  return {
    name,
    stored: `broadcast state/${name}`,
    mode: 'broadcast',
    fields,
    append(rows) {
      if (map.holds(ONLY_SLOT)) map.append(ONLY_SLOT, rows);
    },
    loader: (found) => map.loader(found),
  };
}

/** Broadcast state where it may only be read: what one subtask changed by itself would be lost, or come to all. */
export class MapView implements MapState<unknown, unknown> {
  readonly #map: MapTable;

  constructor(map: MapTable) {
    this.#map = map;
  }

  get(key: unknown): unknown {
    return this.#map.get(key);
  }

  has(key: unknown): boolean {
    return this.#map.has(key);
  }

  entries(): [unknown, unknown][] {
    return this.#map.entries();
  }

  keys(): unknown[] {
    return this.#map.keys();
  }

  values(): unknown[] {
    return this.#map.values();
  }

  get size(): number {
    return this.#map.size;
  }

  isEmpty(): boolean {
    return this.#map.isEmpty();
  }

  set(): never {
    return this.#refuse('set');
  }

  delete(): never {
    return this.#refuse('delete');
  }

  clear(): never {
    return this.#refuse('clear');
  }

  #refuse(what: string): never {
    throw new EngineError(
      'JOB_DEFINITION',
      `broadcast state '${this.#map.name}': ${what} was called outside of onBroadcast, where the state is read-only: only ` +
        'what comes of broadcast records is the same in all subtasks',
    );
  }
}
