/**
 * One keyed state of an operator: what each key has, by the slot of the key. The states of one operator share slots.
 *
 *   reserve → (the user's methods, on the slot of the scope)*        append  rows of a slot into a snapshot
 *                                                                    loader  rows of a snapshot into slots
 *
 * To the user a table is the handle of its state (handles.ts). What has expired is dropped when it is met: by an access,
 * by the sweep that each access goes on with, and on the way into a snapshot.
 */
import type { Batch } from '../data/batch.ts';
import type { FixedColumn } from '../data/column.ts';
import type { Field, Schema } from '../data/schema.ts';
import { incompatible } from './incompatible.ts';
import type { KeyScope } from './key-scope.ts';
import type { StateRows } from './slot-rows.ts';
import { isExpired, type TtlSpec } from './ttl.ts';

export type StateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating';

/** Loads a row of a snapshot into a slot. */
export type LoadRow = (batch: Batch, row: number, slot: number) => void;

/** When a value was last touched, in rows of states that have a time to live. */
export const TOUCHED: Field = { name: '#touched', kind: 'timestamp', nullable: false };

export abstract class StateTable {
  readonly name: string;
  readonly kind: StateKind;
  /** Fields of its rows in a snapshot, behind those of the key. */
  readonly fields: readonly Field[];
  protected readonly scope: KeyScope;
  protected readonly ttl: TtlSpec | null;
  /** Of what somebody uses, in messages. */
  protected readonly what: string;
  #swept = 0;

  constructor(
    name: string,
    kind: StateKind,
    fields: readonly Field[],
    scope: KeyScope,
    ttl: TtlSpec | null,
  ) {
    this.name = name;
    this.what = `state '${name}'`;
    this.kind = kind;
    this.fields = ttl === null ? fields : [...fields, TOUCHED];
    this.scope = scope;
    this.ttl = ttl;
  }

  /** Makes room for so many slots. */
  abstract reserve(slotCount: number): void;

  /** Brings what the first slots of a list have into the cache, as far as it is worth it. */
  readAhead(_slots: Int32Array, _count: number): void {}

  /** Keys that have something; null where they would have to be counted. */
  abstract get keyCount(): number | null;

  /** Whether the key of a slot has something. */
  abstract holds(slot: number): boolean;

  /** Whether its users get the very objects that it holds, and may change them. */
  get sharesObjects(): boolean {
    return false;
  }

  /** Whether a value is the object that it holds for a slot, where it shares objects. */
  isShared(_slot: number, _value: unknown): boolean {
    return false;
  }

  /** Appends what the key of a slot has, as rows. */
  abstract append(slot: number, rows: StateRows): void;

  /** Loads rows of a snapshot, whatever fields they have; STATE_INCOMPATIBLE when they do not fit. */
  abstract loader(found: Schema): LoadRow;

  protected abstract hasExpired(slot: number): boolean;

  protected abstract dropExpired(slot: number): void;

  /** The slot of the current key, at the beginning of each method of the user's. */
  protected enter(): number {
    const slot = this.scope.require(this.what);
    if (this.ttl !== null && this.ttl.sweptKeys > 0) this.#sweep(slot, this.ttl.sweptKeys);
    return slot;
  }

  protected isOld(touchedMs: number): boolean {
    return isExpired(this.ttl!, touchedMs, this.scope.nowMs);
  }

  /** Whether a snapshot leaves out what was last touched then. */
  protected isLeftOut(touchedMs: number): boolean {
    return this.ttl!.dropsInSnapshots && this.isOld(touchedMs);
  }

  /** Looks at the next keys, but for the current one, which is about to be looked at anyway. */
  #sweep(current: number, count: number): void {
    const { scope } = this;
    const { slotCount } = scope;
    for (let n = Math.min(count, slotCount); n > 0; n--) {
      const slot = this.#swept;
      this.#swept = slot + 1 >= slotCount ? 0 : slot + 1;
      if (slot === current || slot >= slotCount || !this.hasExpired(slot)) continue;
      scope.touch(slot);
      this.dropExpired(slot);
      scope.emptied.push(slot);
    }
  }

  /** Refuses rows of a state of another kind. */
  protected checkKind(found: Schema): void {
    const names = new Set(found.fields.map(({ name }) => name));
    const kind = names.has('#index')
      ? 'list'
      : names.has('#key')
        ? 'map'
        : names.has('#accumulator')
          ? 'aggregating'
          : 'value';
    const own = this.kind === 'reducing' ? 'value' : this.kind;
    if (kind !== own) throw incompatible(this.name, null, `${kind} state`, `${own} state`);
  }

  /** When a value of a snapshot was last touched: now, where the snapshot does not tell. */
  protected touchedReader(found: Schema): (batch: Batch, row: number) => number {
    const column = found.fields.findIndex(({ name }) => name === TOUCHED.name);
    if (column < 0) return () => this.scope.nowMs;
    return (batch, row) => (batch.columns[column] as FixedColumn).values[row] as number;
  }

  /** All rows are loaded: what has expired meanwhile goes. */
  endOfLoading(): void {
    if (this.ttl === null) return;
    for (let slot = 0; slot < this.scope.slotCount; slot++) {
      if (!this.hasExpired(slot)) continue;
      this.dropExpired(slot);
      this.scope.emptied.push(slot);
    }
  }
}
