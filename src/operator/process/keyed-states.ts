/**
 * All that an operator keeps for its keys: states and timers, by slot, in one table of keys.
 *
 *   restore → (enter a batch → the user's functions → release)*
 *                capture  at a barrier
 *
 * A batch costs one look-up of all its keys; after that everything is found by slot. A slot whose key has neither state
 * nor timers is given back when no record is being processed, never before: the slots of a batch are known in advance.
 *
 * In a snapshot each state is rows under `state/` and its name, and the timers are states of their own.
 */
import { makerOf } from '../../base/generated-code.ts';
import type { FixedColumn } from '../../data/column.ts';
import { copyOf } from '../../data/copy-value.ts';
import { typeText } from '../../data/field-check.ts';
import { isTypedKey, KeyReader, type KeySpec, keyFields } from '../../data/key.ts';
import { objectLiteral } from '../../data/materialize.ts';
import type { Field, Schema } from '../../data/schema.ts';
import { incompatible } from '../../state/incompatible.ts';
import { KeyScope } from '../../state/key-scope.ts';
import { LiveKeys } from '../../state/live-keys.ts';
import type { StateKeyFields } from '../../state/slot-rows.ts';
import type { KeptState, RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { LoadRow, StateTable } from '../../state/state-table.ts';
import { Timers } from '../../state/timers.ts';
import { readKey, stateKey } from '../read-key.ts';
import type { StateLook } from '../state-look.ts';
import type { StateFunctions, StateSpec } from './process-spec.ts';
import { stateTable } from './state-tables.ts';
import { type CapturedState, StatesCapture } from './states-capture.ts';
import { TablesLook } from './tables-look.ts';

const TIME: Field = { name: '#time', kind: 'timestamp', nullable: false };

type KeyObject = Readonly<Record<string, unknown>>;

export class KeyedStates {
  readonly scope = new KeyScope();
  readonly eventTimers = new Timers();
  readonly processingTimers = new Timers();
  /** The states by name, as their users get them. */
  readonly handles: Readonly<Record<string, StateTable>>;
  readonly #key: KeySpec;
  readonly #keyFields: StateKeyFields;
  readonly #keyObject: (values: readonly unknown[]) => KeyObject;
  readonly #keys: LiveKeys;
  readonly #tables: readonly StateTable[];
  readonly #sharing: readonly StateTable[];
  readonly #capture: StatesCapture;
  #slots = new Int32Array(0);

  /** `ownTables`: tables of the operator itself, beside the states of its user. */
  constructor(
    key: KeySpec,
    inputSchema: Schema | null,
    isInt: boolean,
    specs: readonly StateSpec[],
    live: Readonly<Record<string, StateFunctions>>,
    ownTables: (scope: KeyScope) => readonly StateTable[] = () => [],
  ) {
    const fields = keyFields(key, inputSchema);
    this.#key = key;
    this.#keyFields = { fields, isTyped: isTypedKey(key, inputSchema) };
    this.#keyObject = keyObjectOf(fields);
    this.#keys = new LiveKeys(isInt);
    this.#tables = [
      ...specs.map((spec) => stateTable(spec, live[spec.name] ?? {}, this.scope)),
      ...ownTables(this.scope),
    ];
    this.#sharing = this.#tables.filter(({ sharesObjects }) => sharesObjects);
    this.#capture = new StatesCapture(
      [
        ...this.#tables.map(tableState),
        timersState('event timers', this.eventTimers),
        timersState('processing timers', this.processingTimers),
      ],
      this.#keyFields,
      this.#keys,
      this.scope,
    );
    this.handles = Object.fromEntries(this.#tables.map((table) => [table.name, table]));
  }

  /** What a snapshot has of it, but for timers. */
  keptStates(): readonly KeptState[] {
    return this.#tables.map(({ name, fields }) => ({
      name,
      stored: storedName(name),
      kind: 'keyed',
      fields: [...this.#keyFields.fields, ...fields],
    }));
  }

  /** Whether a row that is emitted may be an object that a state holds. */
  get sharesObjects(): boolean {
    return this.#sharing.length > 0;
  }

  /** A row as it may wait for others: a copy where a state of the current key holds it, which may change with the next record. */
  rowOf(row: unknown): unknown {
    const { scope } = this;
    for (const table of this.#sharing) if (table.isShared(scope.slot, row)) return copyOf(row);
    scope.onEmitted(row);
    return row;
  }

  /** Marks what changes from here on, for deltas. `place`: of the subtask, see lineage.ts. */
  markChanges(place: number): void {
    this.#capture.markChanges(place);
  }

  /** Keys that have state or timers. */
  get keyCount(): number {
    return this.#keys.keyCount;
  }

  /** For those who watch the job. */
  look(): StateLook {
    return new TablesLook(this.#tables, this.keyCount, (key) => this.slotOf(key));
  }

  /** The slot of a key as JSON has it; -1 where it has none. Changes nothing. EngineError KEY_INVALID. */
  slotOf(key: unknown): number {
    const { fields, isTyped } = this.#keyFields;
    return this.#keys.find(readKey(this.#key, fields, isTyped, key));
  }

  /** The slots of the rows of a batch, whose keys have been read. They are valid until `release`. */
  enter(keys: KeyReader, rowCount: number): Int32Array {
    if (this.#slots.length < rowCount) this.#slots = new Int32Array(rowCount);
    const slots = this.#slots;
    const { scope } = this;
    const { changes, emptied } = scope;
    const firstFresh = emptied.count;
    this.#keys.slotsOf(keys, 0, rowCount, slots, emptied);
    this.#reserve();
    if (changes !== null) {
      for (let i = firstFresh; i < emptied.count; i++) {
        changes.markFresh(emptied.slots[i]!, scope.slotCount);
      }
    }
    scope.beforeWrite(slots, rowCount);
    for (const table of this.#tables) table.readAhead(slots, rowCount);
    return slots;
  }

  #reserve(): void {
    const { slotCount } = this.#keys;
    if (slotCount === this.scope.slotCount) return;
    this.scope.slotCount = slotCount;
    for (const table of this.#tables) table.reserve(slotCount);
  }

  /** Gives back the slots of keys that have nothing left; true when there were some. */
  release(): boolean {
    const { emptied } = this.scope;
    let hasReleased = false;
    let last = -1;
    for (let i = 0; i < emptied.count; i++) {
      const slot = emptied.slots[i]!;
      if (slot === last || this.#isHeld(slot)) continue;
      last = slot;
      this.#capture.beforeRemove(slot);
      if (this.#keys.remove(slot)) hasReleased = true;
    }
    emptied.clear();
    return hasReleased;
  }

  #isHeld(slot: number): boolean {
    if (this.eventTimers.has(slot) || this.processingTimers.has(slot)) return true;
    for (const table of this.#tables) if (table.holds(slot)) return true;
    return false;
  }

  /** Makes each key current that has something in a state, one after the other, where none is being processed. */
  forEachSlot(state: StateTable, visit: (slot: number) => void): void {
    const { scope } = this;
    try {
      for (let slot = 0; slot < scope.slotCount; slot++) {
        if (!state.holds(slot)) continue;
        scope.touch(slot);
        scope.slot = slot;
        visit(slot);
      }
    } finally {
      scope.leave();
    }
  }

  /** The key of a slot, as an object of its fields. */
  keyOf(slot: number): KeyObject {
    const { fields, isTyped } = this.#keyFields;
    return this.#keyObject(this.#keys.valuesOf(slot, fields, isTyped));
  }

  /**
   * Begins to write everything as it is now, or what has changed. The rest is written later, each slice within `guarded`: a
   * value that cannot be written is told with the operator.
   */
  capture(writer: SnapshotWriter, guarded: <T>(work: () => T) => T = (work) => work()): void {
    this.#capture.begin({
      ...writer,
      later: (step) => writer.later(() => guarded(step)),
    });
  }

  /** Loads what the snapshot has for the keys of this subtask. `keys` is the reader of the records. */
  restore(restored: RestoredState, keys: KeyReader): void {
    for (const table of this.#tables) {
      const { name } = table;
      this.#load(restored, storedName(name), name, keys, (found) => table.loader(found));
    }
    for (const [name, timers] of [
      ['event timers', this.eventTimers],
      ['processing timers', this.processingTimers],
    ] as const) {
      this.#load(restored, name, name, keys, (found) => {
        const column = found.fields.findIndex((field) => field.name === TIME.name);
        return (batch, row, slot) => {
          timers.add(slot, (batch.columns[column] as FixedColumn).values[row] as number);
        };
      });
    }
    for (const table of this.#tables) table.endOfLoading();
    this.release();
  }

  #load(
    restored: RestoredState,
    stored: string,
    name: string,
    keys: KeyReader,
    loaderOf: (found: Schema) => LoadRow,
  ): void {
    let loading: { readonly reader: KeyReader; readonly load: LoadRow } | null = null;
    for (const batch of restored.keyed(stored)) {
      loading ??= this.#loading(batch.schema!, name, loaderOf);
      const { reader, load } = loading;
      reader.isInt &&= keys.isInt;
      reader.read(batch);
      if (!reader.isInt) keys.isInt = false;
      const slots = this.enter(reader, batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) load(batch, row, slots[row]!);
    }
  }

  #loading(found: Schema, name: string, loaderOf: (found: Schema) => LoadRow) {
    this.#checkKey(found, name);
    return { reader: new KeyReader(stateKey(this.#key), found, null), load: loaderOf(found) };
  }

  #checkKey(found: Schema, state: string): void {
    this.#keyFields.fields.forEach((field, f) => {
      const was = found.fields[f];
      const isSame = was?.name === field.name && was.kind === field.kind;
      if (isSame) return;
      const text = (key: Field): string => `key '${key.name}' of ${typeText(key)}`;
      const had =
        was === undefined || was.name.startsWith('#') ? 'a key of fewer fields' : text(was);
      throw incompatible(state, field.name, had, text(field));
    });
    const next = found.fields[this.#keyFields.fields.length];
    if (next !== undefined && !next.name.startsWith('#')) {
      throw incompatible(state, next.name, 'it in the key', 'a key without it');
    }
  }
}

function tableState(table: StateTable): CapturedState {
  const { name, fields } = table;
  return {
    stored: storedName(name),
    name: `state '${name}'`,
    fields,
    holds: (slot) => table.holds(slot),
    append: (slot, rows) => table.append(slot, rows),
  };
}

function timersState(name: string, timers: Timers): CapturedState {
  return {
    stored: name,
    name,
    fields: [TIME],
    holds: (slot) => timers.has(slot),
    append(slot, rows) {
      for (const time of timers.timesOf(slot)) {
        const at = rows.begin(slot);
        rows.builder.float64(rows.firstColumn)[at] = time;
        rows.end();
      }
    },
  };
}

function storedName(state: string): string {
  return `state/${state}`;
}

/** Makes the objects of keys: always of one shape. */
function keyObjectOf(fields: readonly Field[]): (values: readonly unknown[]) => KeyObject {
  const parts = fields.map(({ name }, f) => ({ name, expression: `values[${f}]` }));
  return makerOf(['values'], `'use strict';\nreturn ${objectLiteral(parts)};`) as (
    values: readonly unknown[],
  ) => KeyObject;
}
