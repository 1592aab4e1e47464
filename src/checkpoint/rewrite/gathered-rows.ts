/**
 * Rows of a state from outside, checked and kept as columns with the hashes of their keys, before anything is written: every
 * key once, every entry of a map once, and the elements of a list in their order.
 *
 *   gather → (batches, keys)
 */
import type { EngineError } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { type FixedColumn, valueAt } from '../../data/column.ts';
import { ownedCopy } from '../../data/copy.ts';
import { describe } from '../../data/field-check.ts';
import { KeyReader } from '../../data/key.ts';
import { type Schema, schemaOf } from '../../data/schema.ts';
import { KeySlots } from '../../state/key-slots.ts';
import { type GivenRow, type GivenRows, rowError } from './given-rows.ts';
import { INDEX, type KeyedShape, TOUCHED } from './keyed-shape.ts';

/** Of one row, beside its columns. */
type Told = { readonly at: number; readonly slot: number };

export class GatheredRows {
  /** In memory of their own, with key hashes. */
  readonly batches: Batch[] = [];
  readonly reader: KeyReader;
  /** The keys of the rows. */
  readonly keys: KeySlots;
  readonly #shape: KeyedShape;
  readonly #given: GivenRows;
  readonly #nowMs: number;
  readonly #expires: boolean;
  readonly #builder: BatchBuilder;
  /** Of the rows in the builder. */
  readonly #pending: number[] = [];
  readonly #told: Told[] = [];
  /** By key: the number of its first row. */
  readonly #firstAt: number[] = [];
  /** By key and entry: the number of its row. */
  readonly #entries = new Map<string, number>();
  /** By row: what it says of its place in a list; NaN for nothing. */
  readonly #places: number[] = [];
  #slots = new Int32Array(0);

  /** `nowMs`: when rows were touched last that do not tell. */
  constructor(shape: KeyedShape, given: GivenRows, nowMs: number) {
    this.#shape = shape;
    this.#given = given;
    this.#nowMs = nowMs;
    this.#expires = shape.schema.fields.some(({ name }) => name === TOUCHED);
    this.#builder = new BatchBuilder(storedSchema(shape.schema));
    this.reader = new KeyReader(shape.key, shape.schema, null);
    this.keys = new KeySlots(this.reader.isInt);
  }

  /** How many keys there are. */
  get keyCount(): number {
    return this.keys.count;
  }

  /** The error for a key, by its slot, at its first row. */
  error(slot: number, reason: string): EngineError {
    return rowError(this.#given, this.#firstAt[slot]!, reason);
  }

  /** EngineError INPUT_MALFORMED with the place of a row that will not do. */
  gather(): this {
    for (const row of this.#given.rows) this.#add(row);
    this.#take();
    if (this.#shape.rows === 'elements') this.#orderElements();
    return this;
  }

  #add({ row, at }: GivenRow): void {
    try {
      this.#builder.appendRow(this.#complete(row));
    } catch (error) {
      throw rowError(this.#given, at, error);
    }
    this.#pending.push(at);
    if (this.#builder.isFull) this.#take();
  }

  #complete(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const areElements = this.#shape.rows === 'elements';
    if (areElements) this.#places.push(placeOf(row[INDEX]));
    const isTouched = row[TOUCHED] !== undefined || !this.#expires;
    if (!areElements && isTouched) return row;
    return {
      ...row,
      ...(areElements ? { [INDEX]: 0 } : {}),
      ...(isTouched ? {} : { [TOUCHED]: this.#nowMs }),
    };
  }

  /** The rows in the builder as a batch. */
  #take(): void {
    const builder = this.#builder;
    if (builder.rowCount === 0) return;
    const batch = builder.seal();
    const { rowCount } = batch;
    const hashes = this.#readKeys(batch).slice(0, rowCount);
    if (this.#slots.length < rowCount) this.#slots = new Int32Array(rowCount);
    this.keys.slotsOf(this.reader, 0, rowCount, this.#slots);
    for (let row = 0; row < rowCount; row++) this.#tell(batch, row);
    this.batches.push(ownedCopy(batch).withKeyHashes(hashes));
    this.#pending.length = 0;
    builder.reset();
  }

  #readKeys(batch: Batch): Int32Array {
    const { reader } = this;
    try {
      reader.read(batch);
      return reader.hashes(batch);
    } catch (error) {
      throw rowError(this.#given, this.#pending[reader.failedRow]!, error);
    }
  }

  #tell(batch: Batch, row: number): void {
    const at = this.#pending[row]!;
    const slot = this.#slots[row]!;
    const isNew = slot === this.#firstAt.length;
    if (isNew) this.#firstAt.push(at);
    const { rows, mapKey } = this.#shape;
    if (rows === 'one' && !isNew) throw this.#twice(at, 'the key', this.#firstAt[slot]!);
    if (rows === 'elements') this.#told.push({ at, slot });
    else if (rows === 'entries') this.#tellEntry(slot, at, entryOf(batch, mapKey, row));
  }

  #tellEntry(slot: number, at: number, key: unknown): void {
    if (typeof key === 'object' && key !== null) {
      throw rowError(this.#given, at, `field '#key' cannot be ${describe(key)}`);
    }
    const identity = `${slot} ${typeof key} ${String(key)}`;
    const before = this.#entries.get(identity);
    if (before !== undefined) throw this.#twice(at, 'the key with this #key', before);
    this.#entries.set(identity, at);
  }

  #twice(at: number, what: string, before: number): Error {
    return rowError(this.#given, at, `${what} has a row already, at ${this.#given.place(before)}`);
  }

  /** Elements of a list are numbered from 0 on, in the order of their `#index`, or in that of their rows. */
  #orderElements(): void {
    const [told, places] = [this.#told, this.#places];
    const order = told.map((_, row) => row);
    order.sort((a, b) => told[a]!.slot - told[b]!.slot || places[a]! - places[b]! || a - b);
    const index = new Float64Array(told.length);
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!;
      const before = order[i - 1];
      const isFirst = before === undefined || told[before]!.slot !== told[row]!.slot;
      if (!isFirst) this.#checkOrder(before, row);
      index[row] = isFirst ? 0 : index[before]! + 1;
    }
    let from = 0;
    for (const { columns, rowCount } of this.batches) {
      const column = columns[this.#shape.index] as FixedColumn;
      (column.values as Float64Array).set(index.subarray(from, from + rowCount));
      from += rowCount;
    }
  }

  /** Of two elements, one behind the other. */
  #checkOrder(before: number, row: number): void {
    const { at } = this.#told[row]!;
    const [first, second] = [this.#places[before]!, this.#places[row]!];
    const beforeAt = this.#told[before]!.at;
    if (Number.isNaN(first) !== Number.isNaN(second)) {
      const reason = `another element of its list, at ${this.#given.place(beforeAt)}, has an #index or none, unlike this`;
      throw rowError(this.#given, at, `${reason}: give all of them one, or leave it out of all`);
    }
    if (first === second) throw this.#twice(at, `element ${second} of the list`, beforeAt);
  }
}

/** In a dynamic field null is a value like others, as it is where an operator writes its state. */
function storedSchema({ fields }: Schema): Schema {
  return schemaOf(
    fields.map((field) => (field.kind === 'dynamic' ? { ...field, nullable: false } : field)),
  );
}

function placeOf(index: unknown): number {
  if (index === undefined) return Number.NaN;
  if (Number.isSafeInteger(index) && (index as number) >= 0) return index as number;
  throw new Error(`field '${INDEX}' is not a whole number from 0 on, but ${describe(index)}`);
}

/** What the key of an entry is compared by. */
function entryOf({ columns }: Batch, mapKey: number, row: number): unknown {
  const column = columns[mapKey]!;
  const key = column.kind === 'dynamic' ? column.values[row] : valueAt(column, row);
  return column.kind === 'date' ? (key as Date | null)?.getTime() : key;
}
