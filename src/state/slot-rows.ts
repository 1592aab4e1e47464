/**
 * Rows of one keyed state on their way into a snapshot: the key of a slot, then what the state appends behind it; any
 * number of rows a slot.
 *
 *   begin(slot) → the row to fill, from `firstColumn` on → end
 */
import { EngineError } from '../base/errors.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { type Field, type Schema, schemaOf } from '../data/schema.ts';
import type { LiveKeys } from './live-keys.ts';
import type { SnapshotWriter } from './snapshot.ts';

/** The key of the rows of all states of an operator. */
export type StateKeyFields = { readonly fields: readonly Field[]; readonly isTyped: boolean };

export class SlotRows {
  readonly builder: BatchBuilder;
  readonly firstColumn: number;
  /** Rows so far. */
  count = 0;
  readonly #target: { readonly state: string; readonly name: string };
  readonly #key: StateKeyFields;
  readonly #keys: LiveKeys;
  readonly #writer: SnapshotWriter;
  readonly #hasObjects: boolean;

  /** `target`: the name of the state in the snapshot, and in messages. */
  constructor(
    target: { readonly state: string; readonly name: string },
    key: StateKeyFields,
    fields: readonly Field[],
    keys: LiveKeys,
    writer: SnapshotWriter,
  ) {
    this.#target = target;
    this.#key = key;
    this.#keys = keys;
    this.#writer = writer;
    this.firstColumn = key.fields.length;
    const schema: Schema = schemaOf([...key.fields, ...fields]);
    this.builder = new BatchBuilder(schema);
    this.#hasObjects = fields.some(({ kind }) => kind === 'dynamic');
  }

  begin(slot: number): number {
    this.#keys.append(slot, this.builder, this.#key.fields, this.#key.isTyped);
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
      this.#writer.keyed(this.#target.state, builder.seal());
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      throw new EngineError(cause.code, `${this.#target.name}: ${cause.message}`, { cause });
    }
    builder.reset();
  }
}
