/**
 * Rows of one state on their way into a snapshot: for keyed state the key of a slot, then what the state appends behind it;
 * any number of rows a slot.
 *
 *   begin(slot) → the row to fill, from `firstColumn` on → end
 */
import { EngineError } from '../base/errors.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { type Field, schemaOf } from '../data/schema.ts';
import type { LiveKeys } from './live-keys.ts';
import type { SnapshotWriter } from './snapshot.ts';

/** The key of the rows of all states of an operator. */
export type StateKeyFields = { readonly fields: readonly Field[]; readonly isTyped: boolean };

/** Hands over a batch of rows of a state. */
export type WriteRows = (batch: Batch) => void;

export class StateRows {
  readonly builder: BatchBuilder;
  readonly firstColumn: number;
  /** Rows so far. */
  count = 0;
  readonly #name: string;
  readonly #write: WriteRows;
  readonly #hasObjects: boolean;

  /** `name`: of the state, in messages. */
  constructor(
    name: string,
    keyFields: readonly Field[],
    fields: readonly Field[],
    write: WriteRows,
  ) {
    this.#name = name;
    this.#write = write;
    this.firstColumn = keyFields.length;
    this.builder = new BatchBuilder(schemaOf([...keyFields, ...fields]));
    this.#hasObjects = fields.some(({ kind }) => kind === 'dynamic');
  }

  begin(_slot: number): number {
    return this.builder.rowCount;
  }

  end(): void {
    this.builder.advance(1);
    this.count++;
    if (this.builder.isFull) this.flush();
  }

  /** Some slots are through: what refers to objects that may change is handed over at once. */
  endOfSlots(): void {
    if (this.#hasObjects) this.flush();
  }

  flush(): void {
    const { builder } = this;
    if (builder.rowCount === 0) return;
    try {
      this.#write(builder.seal());
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      throw new EngineError(cause.code, `${this.#name}: ${cause.message}`, { cause });
    }
    builder.reset();
  }
}

/** Rows behind the key of their slot. */
export class SlotRows extends StateRows {
  readonly #key: StateKeyFields;
  readonly #keys: LiveKeys;

  /** `target`: the name of the state in the snapshot, and in messages. */
  constructor(
    target: { readonly state: string; readonly name: string },
    key: StateKeyFields,
    fields: readonly Field[],
    keys: LiveKeys,
    writer: SnapshotWriter,
  ) {
    super(target.name, key.fields, fields, (batch) => writer.keyed(target.state, batch));
    this.#key = key;
    this.#keys = keys;
  }

  override begin(slot: number): number {
    this.#keys.append(slot, this.builder, this.#key.fields, this.#key.isTyped);
    return super.begin(slot);
  }
}
