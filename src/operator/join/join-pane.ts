/**
 * A pane of a join: the rows of both inputs in one slice of event time, by key. Dropping it costs nothing: it is cleared and
 * used for a later slice.
 *
 * Rows of an input that are over may stay until the pane goes: those at or before `deadTime`, but for the ones that came at
 * that very time later (`deadId`).
 */
import type { Batch } from '../../data/batch.ts';
import type { KeyReader } from '../../data/key.ts';
import { KeySlots } from '../../state/key-slots.ts';
import { RowLists } from '../../state/row-lists.ts';
import { RowStore } from '../../state/row-store.ts';
import { LivePanes } from '../window/live-panes.ts';
import type { JoinInput } from './join-input.ts';

/** The rows of one input. */
export class PaneSide {
  readonly store: RowStore;
  readonly lists: RowLists;
  deadTime = -Infinity;
  deadId = 0;

  constructor(input: JoinInput, isByTime: boolean) {
    this.store = new RowStore(input.schema, input.readers);
    this.lists = new RowLists(isByTime);
  }

  get isEmpty(): boolean {
    return this.store.endId === 0;
  }

  /** Rows at or before this time that are here now are over. */
  die(time: number): void {
    this.deadTime = time;
    this.deadId = this.store.endId;
  }

  isDead(time: number, id: number): boolean {
    return time < this.deadTime || (time === this.deadTime && id < this.deadId);
  }

  /** First place of the list of a slot, sorted by time, with at least this time and not over. */
  firstAlive(slot: number, time: number): number {
    const { lists, deadTime, deadId } = this;
    if (time > deadTime) return lists.firstAt(slot, time);
    let at = lists.firstAt(slot, deadTime);
    const end = lists.start(slot) + lists.count(slot);
    while (at < end && lists.times[at] === deadTime && lists.ids[at]! < deadId) at++;
    return at;
  }

  /** The same, with more than this time. */
  firstAliveBehind(slot: number, time: number): number {
    return time < this.deadTime ? this.firstAlive(slot, time) : this.lists.firstBehind(slot, time);
  }

  clear(): void {
    this.store.clear();
    this.lists.clear();
    this.deadTime = -Infinity;
    this.deadId = 0;
  }
}

export class JoinPane {
  start = 0;
  readonly keys: KeySlots;
  readonly sides: [PaneSide, PaneSide];
  /** Set while a snapshot is being written of it. */
  capture: { readonly isComplete: boolean } | null = null;

  constructor(sides: [PaneSide, PaneSide], isInt: boolean) {
    this.sides = sides;
    this.keys = new KeySlots(isInt);
  }

  /** Adds rows from to to - 1 of a storable batch, whose keys have been read; slots and ids become those of the rows. */
  add(
    input: number,
    batch: Batch,
    from: number,
    to: number,
    keys: KeyReader,
    slots: Int32Array,
    ids: Int32Array,
  ): void {
    const { store, lists } = this.sides[input]!;
    this.keys.slotsOf(keys, from, to, slots);
    store.append(batch, from, to, slots, ids);
    lists.add(this.keys.count, slots, batch.timestamps!, ids, from, to);
  }

  clear(): void {
    this.keys.clear();
    for (const side of this.sides) side.clear();
  }
}

/** Empty panes that are kept for later ones. */
const SPARE_PANES = 4;

/** The live panes of one operator by rising start, and empty ones to be used again. */
export class JoinPanes {
  readonly live = new LivePanes<JoinPane>();
  readonly #byStart = new Map<number, JoinPane>();
  readonly #spare: JoinPane[] = [];
  readonly #inputs: readonly [JoinInput, JoinInput];
  readonly #isByTime: boolean;

  /** `isByTime`: whether the rows of a key are kept by rising time. */
  constructor(inputs: readonly [JoinInput, JoinInput], isByTime: boolean) {
    this.#inputs = inputs;
    this.#isByTime = isByTime;
  }

  find(start: number): JoinPane | undefined {
    return this.#byStart.get(start);
  }

  /** The live pane with this start, made when it is new. */
  at(start: number): JoinPane {
    const found = this.#byStart.get(start);
    if (found !== undefined) return found;
    const pane = this.#make();
    pane.start = start;
    this.#byStart.set(start, pane);
    this.live.add(pane);
    return pane;
  }

  #make(): JoinPane {
    const isInt = this.#inputs[0].keys.isInt && this.#inputs[1].keys.isInt;
    const spare = this.#spare.pop();
    if (spare !== undefined && spare.keys.isInt === isInt) return spare;
    return new JoinPane([this.#side(0), this.#side(1)], isInt);
  }

  #side(input: 0 | 1): PaneSide {
    return new PaneSide(this.#inputs[input], this.#isByTime);
  }

  /** Drops all rows of an input in a pane; a snapshot that is being written keeps them. */
  dropSide(pane: JoinPane, input: 0 | 1): void {
    if (!pane.sides[input].isEmpty) pane.sides[input] = this.#side(input);
  }

  /** Drops the first live pane. It is not used again where a snapshot still has to be written of it. */
  dropFirst(): void {
    const pane = this.live.takeFirst();
    this.#byStart.delete(pane.start);
    if (pane.capture?.isComplete === false || this.#spare.length === SPARE_PANES) return;
    pane.capture = null;
    pane.clear();
    this.#spare.push(pane);
  }
}
