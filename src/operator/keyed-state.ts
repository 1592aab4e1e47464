/**
 * The state of an operator that keeps something for each key slot, in a snapshot: rows of key fields and what is kept.
 */
import { EngineError } from '../base/errors.ts';
import type { Batch } from '../data/batch.ts';
import { typeText } from '../data/field-check.ts';
import { isTypedKey, KeyReader, type KeySpec, keyFields } from '../data/key.ts';
import { type Field, type Schema, sameSchema, schemaOf } from '../data/schema.ts';
import { ChangedSlots } from '../state/changed-slots.ts';
import type { KeySlots } from '../state/key-slots.ts';
import { type FillSlots, KeyedRows } from '../state/keyed-rows.ts';
import { Lineage } from '../state/lineage.ts';
import { SlotCapture, writtenAtOnce } from '../state/slot-capture.ts';
import type { RestoredState, SnapshotWriter } from '../state/snapshot.ts';
import type { OperatorContext } from './operator.ts';
import { readKey, stateKey } from './read-key.ts';

export class KeyedState {
  readonly schema: Schema;
  readonly keyCount: number;
  readonly #name: string;
  readonly #key: KeySpec;
  readonly #keyFields: readonly Field[];
  readonly #isTypedKey: boolean;
  readonly #hasRowPerKey: boolean;
  #lineage = new Lineage(0);
  /** What has changed since the last capture; null where nobody asks. */
  #changes: ChangedSlots | null = null;
  #capture: SlotCapture | null = null;

  /** `kept`: fields behind those of the key. `rows`: how many each key may have. */
  constructor(
    name: string,
    key: KeySpec,
    inputSchema: Schema | null,
    kept: readonly Field[],
    rows: 'one' | 'any' = 'one',
  ) {
    this.#name = name;
    this.#hasRowPerKey = rows === 'one';
    this.#key = key;
    this.#keyFields = keyFields(key, inputSchema);
    this.#isTypedKey = isTypedKey(key, inputSchema);
    this.keyCount = this.#keyFields.length;
    this.schema = schemaOf([...this.#keyFields, ...kept]);
  }

  /** A key of it, from JSON. */
  readKey(given: unknown): KeyReader {
    return readKey(this.#key, this.#keyFields, this.#isTypedKey, given);
  }

  /** Before all else, where the state is captured by `capture`. */
  open({ subtask, parallelism, isIncremental }: OperatorContext): void {
    this.#lineage = new Lineage(subtask / parallelism);
    this.#changes = isIncremental ? new ChangedSlots() : null;
  }

  /** What belongs to these slots is about to change; all are below `slotCount`. */
  beforeWrite(slots: Int32Array, from: number, to: number, slotCount: number): void {
    this.#capture?.beforeWrite(slots, from, to);
    this.#changes?.mark(slots, from, to, slotCount);
  }

  /** Begins to write the rows of all slots, or of those that have changed, as they are now. */
  capture(slots: KeySlots, writer: SnapshotWriter, fill: FillSlots): void {
    const changes = this.#changes;
    const isDelta = changes !== null && this.#lineage.isDelta(writer, changes.count, slots.count);
    if (isDelta) writer.delta(this.#name, { keyFields: this.keyCount, before: null });
    const options = {
      state: this.#name,
      schema: this.schema,
      keyFields: this.#keyFields,
      isTypedKey: this.#isTypedKey,
    };
    const rows = new KeyedRows(options, writer, isDelta ? changes.count : slots.count);
    const marks = changes?.take() ?? null;
    const capture = new SlotCapture(
      slots.count,
      writtenAtOnce(
        (some) => rows.appendSlots(slots, some, fill),
        () => rows.flush(),
      ),
      isDelta ? marks : null,
    );
    this.#capture = capture;
    writer.later(() => {
      const isComplete = capture.step();
      if (isComplete) rows.flush();
      return isComplete;
    });
  }

  /** Whether slots are still to be written as they were: keys may get no others. */
  get isCapturing(): boolean {
    return this.#capture?.isComplete === false;
  }

  /** Keys have other slots now, and some have none: all are written next. */
  slotsChanged(): void {
    this.#changes?.clear();
    this.#lineage.end();
  }

  /** Gives each row that was restored its slot, a batch at a time. `keys` is the reader of the records. */
  restore(
    restored: RestoredState,
    keys: KeyReader,
    into: KeySlots,
    load: (batch: Batch, slots: Int32Array) => void,
  ): void {
    const reader = new KeyReader(stateKey(this.#key), this.schema, null);
    let slots = new Int32Array(0);
    let rowsLeft = restored.keyedRows(this.#name);
    for (const batch of restored.keyed(this.#name)) {
      const { rowCount } = batch;
      checkStateSchema(batch.schema, this.schema, this.#name);
      if (slots.length < rowCount) slots = new Int32Array(rowCount);
      reader.read(batch);
      if (!reader.isInt) keys.isInt = false;
      if (this.#hasRowPerKey) this.#append(reader, rowCount, into, slots, rowsLeft);
      else into.slotsOf(reader, 0, rowCount, slots);
      rowsLeft -= rowCount;
      load(batch, slots);
    }
    if (this.#hasRowPerKey && !into.index()) throw keyTwice(this.#name);
  }

  #append(
    reader: KeyReader,
    rowCount: number,
    into: KeySlots,
    slots: Int32Array,
    expected: number,
  ): void {
    const first = into.count;
    if (!into.append(reader, 0, rowCount, expected)) throw keyTwice(this.#name);
    for (let i = 0; i < rowCount; i++) slots[i] = first + i;
  }
}

/** For state that has a row for each key. */
export function keyTwice(state: string): EngineError {
  return new EngineError('CHECKPOINT_DAMAGED', `state '${state}' has a key twice`);
}

/** Refuses state of other keys or values than the job has now. */
export function checkStateSchema(found: Schema | null, wanted: Schema, state: string): void {
  if (sameSchema(found, wanted)) return;
  const list = (schema: Schema | null): string =>
    (schema?.fields ?? []).map((field) => `${field.name}: ${typeText(field)}`).join(', ');
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `the snapshot has other ${state} than the job keeps now: ${list(found)} in the snapshot, ${list(wanted)} in the ` +
      'job; go back to the old key and values, or give the step another uid and allow the old state to be dropped',
  );
}
