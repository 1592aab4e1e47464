/**
 * The rows of one input of a join in a snapshot: the fields of the key, then those of the row that are not in the key, with
 * the time of each. Where keys are no columns, the row is one value.
 *
 * Rows are only added to panes, so that a snapshot is the rows up to an id, less those that were over at the barrier: they are
 * written in slices while others come.
 */
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import { isSample } from '../../data/batch-weight.ts';
import type { DynamicColumn } from '../../data/column.ts';
import { isTypedKey, KeyReader, type KeySpec, keyFields } from '../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import type { KeySlots } from '../../state/key-slots.ts';
import type { StoredRows } from '../../state/row-store.ts';
import type { CaptureStep, RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import { checkStateSchema } from '../keyed-state.ts';
import { readKey, stateKey } from '../read-key.ts';
import type { PaneSide } from './join-pane.ts';

/** Values that one step writes at most: each has to be packed. Of columns it writes a segment. */
const STEP_VALUES = 512;

/** The rows of a pane at a barrier. */
type Piece = {
  readonly keys: KeySlots;
  readonly side: PaneSide;
  readonly endId: number;
  readonly deadTime: number;
  readonly deadId: number;
};

export class JoinRows {
  readonly name: string;
  readonly #key: KeySpec;
  readonly #keyFields: readonly Field[];
  readonly #isTypedKey: boolean;
  /** Of the rows; null where they are one value. */
  readonly #columnsOf: Schema | null;
  readonly #rowSchema: Schema | null;
  readonly #schema: Schema;
  /** By field of a row, its column in the state. */
  readonly #columns: readonly number[];

  constructor(name: string, key: KeySpec, keySchema: Schema | null, rowSchema: Schema | null) {
    this.name = name;
    this.#key = key;
    this.#keyFields = keyFields(key, keySchema);
    this.#rowSchema = rowSchema;
    this.#isTypedKey = isTypedKey(key, keySchema);
    this.#columnsOf = this.#isTypedKey ? rowSchema : null;
    const names = new Set(this.#keyFields.map((field) => field.name));
    const kept =
      this.#columnsOf === null
        ? [{ name: '#row', kind: 'dynamic', nullable: false } as const]
        : this.#columnsOf.fields
            .filter((field) => !names.has(field.name))
            .map((field) => ({ ...field, name: `#${field.name}` }));
    this.#schema = schemaOf([...this.#keyFields, ...kept]);
    this.#columns = (this.#columnsOf?.fields ?? []).map(({ name: of }) =>
      this.#schema.fields.findIndex((field) => field.name === (names.has(of) ? of : `#${of}`)),
    );
  }

  /** A key of them, from JSON. */
  readKey(given: unknown): KeyReader {
    return readKey(this.#key, this.#keyFields, this.#isTypedKey, given);
  }

  /** Begins to write the rows of sides of panes as they are now. */
  capture(
    sides: readonly { readonly keys: KeySlots; readonly side: PaneSide }[],
    writer: SnapshotWriter,
  ): CaptureStep {
    const pieces = sides.map(({ keys, side }): Piece => {
      const { deadTime, deadId, store } = side;
      return { keys, side, endId: store.endId, deadTime, deadId };
    });
    const builder = new BatchBuilder(this.#schema);
    const flush = (): void => {
      if (builder.rowCount > 0) writer.keyed(this.name, builder.seal());
      builder.reset();
    };
    let id = 0;
    return () => {
      const [piece] = pieces;
      if (piece === undefined) {
        flush();
        return true;
      }
      const rows = id < piece.endId ? piece.side.store.rowsAt(id) : null;
      if (rows === null) {
        pieces.shift();
        id = 0;
        return false;
      }
      const from = id - rows.firstId;
      const end = Math.min(rows.batch.rowCount, piece.endId - rows.firstId);
      const to = this.#columnsOf === null ? Math.min(end, from + STEP_VALUES) : end;
      this.#write(piece, rows, aliveRows(piece, rows, from, to), builder, flush);
      id = to < end ? rows.firstId + to : piece.side.store.nextSegment(id);
      return false;
    };
  }

  #write(
    piece: Piece,
    rows: StoredRows,
    alive: Int32Array,
    builder: BatchBuilder,
    flush: () => void,
  ): void {
    const columns = this.#columnsOf === null ? null : this.#inState(rows.batch);
    for (let from = 0; from < alive.length; ) {
      const at = builder.rowCount;
      let to = Math.min(alive.length, from + builder.capacity - at);
      if (columns === null) to = this.#writeValues(piece, rows, alive, from, to, builder);
      else builder.appendSelected(columns, alive, from, to);
      const hashes = builder.keyHashes();
      for (let i = from; i < to; i++) {
        hashes[at + i - from] = piece.keys.hashOf(rows.slots[alive[i]!]!);
      }
      from = to;
      if (builder.isFull || (columns === null && builder.rowCount >= STEP_VALUES)) flush();
    }
  }

  /** A batch of rows with the columns in the order of the state. */
  #inState({ rowCount, columns, timestamps }: Batch): Batch {
    const inState = new Array(columns.length);
    columns.forEach((column, c) => {
      inState[this.#columns[c]!] = column;
    });
    return new Batch({ rowCount, schema: this.#schema, columns: inState, timestamps });
  }

  /** Writes rows as values until the builder is full; the first that is left. */
  #writeValues(
    { keys, side }: Piece,
    { batch, slots, firstId }: StoredRows,
    alive: Int32Array,
    from: number,
    to: number,
    builder: BatchBuilder,
  ): number {
    const { values } = builder.dynamic(this.#keyFields.length);
    for (let i = from; i < to; i++) {
      const place = alive[i]!;
      const slot = slots[place]!;
      const at = builder.rowCount;
      keys.appendKeys(slot, slot + 1, builder, this.#keyFields, false);
      values[at] = side.store.row(firstId + place);
      if (isSample(at)) builder.weight.addSample(values[at]);
      builder.timestamps()[at] = batch.timestamps![place]!;
      builder.advance(1);
      if (builder.isFull) return i + 1;
    }
    return to;
  }

  /**
   * Hands over the rows that were restored, a batch at a time, and the reader that has read their keys: as ints as long as
   * `areInts` says that all keys so far are.
   */
  restore(
    restored: RestoredState,
    areInts: () => boolean,
    load: (rows: Batch, keys: KeyReader) => void,
  ): void {
    const keys = new KeyReader(stateKey(this.#key), this.#schema, null);
    for (const batch of restored.keyed(this.name)) {
      checkStateSchema(batch.schema, this.#schema, this.name);
      if (!areInts()) keys.isInt = false;
      keys.read(batch);
      load(this.#rowsOf(batch), keys);
    }
  }

  #rowsOf({ rowCount, columns, timestamps }: Batch): Batch {
    const schema = this.#rowSchema;
    if (this.#columnsOf !== null) {
      const ofRow = this.#columns.map((column) => columns[column]!);
      return new Batch({ rowCount, schema, columns: ofRow, timestamps, isTransient: true });
    }
    const { values } = columns.at(-1) as DynamicColumn;
    if (schema === null) return new Batch({ rowCount, schema, rows: values, timestamps });
    const builder = new BatchBuilder(schema, rowCount);
    for (let i = 0; i < rowCount; i++) builder.appendRow(values[i], timestamps![i]);
    return builder.seal();
  }
}

/** Places of the rows from `from` to `to` - 1 that belong to a piece. */
function aliveRows(
  { deadTime, deadId }: Piece,
  { batch, firstId }: StoredRows,
  from: number,
  to: number,
): Int32Array {
  const alive = new Int32Array(to - from);
  let count = 0;
  for (let place = from; place < to; place++) {
    const time = batch.timestamps![place]!;
    if (time < deadTime || (time === deadTime && firstId + place < deadId)) continue;
    alive[count++] = place;
  }
  return alive.subarray(0, count);
}
