/** Rows of any kind as bytes that may be handed to another thread: columns, as between all threads. */
import { Batch } from './batch.ts';
import { decodeBatch, encodeToBytes } from './codec.ts';
import { type FreeForm, type FreeFormSchema, freeFormSchema } from './free-form.ts';
import { RowEncoder } from './row-encoder.ts';
import type { Field } from './schema.ts';

/** Some rows, with the columns that they have become. */
export type PackedRows = {
  readonly fields: readonly Field[];
  readonly freeForm: FreeForm;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** One for each stream of rows: it knows which columns the rows before had. */
export class RowPacker {
  readonly #encoder = new RowEncoder();

  /** EngineError VALUE_NOT_TRANSFERABLE for a row with a function or the like in it. */
  pack(rows: readonly unknown[]): PackedRows[] {
    const batch = new Batch({ rowCount: rows.length, schema: null, rows });
    const packed: PackedRows[] = [];
    for (let from = 0; from < rows.length; ) {
      const columns = this.#encoder.encode(batch, from);
      const { fields, freeForm } = columns.schema as FreeFormSchema;
      packed.push({ fields, freeForm, bytes: encodeToBytes(columns) as Uint8Array<ArrayBuffer> });
      from += columns.rowCount;
    }
    return packed;
  }
}

/** The other end. */
export class RowUnpacker {
  #schema: FreeFormSchema | null = null;
  /** Of that schema; columns mostly stay the same. */
  #text = '';

  unpack(packed: readonly PackedRows[]): unknown[] {
    return packed.flatMap(({ fields, freeForm, bytes }) => {
      const text = JSON.stringify([fields, freeForm]);
      if (this.#schema === null || text !== this.#text) {
        this.#schema = freeFormSchema(fields, freeForm);
        this.#text = text;
      }
      const { buffer, byteOffset, length } = bytes;
      return decodeBatch(buffer, byteOffset, length, this.#schema).rowObjects();
    });
  }
}

/** The memory of packed rows, to be handed over with them. */
export function memoryOf(packed: readonly PackedRows[]): ArrayBuffer[] {
  return packed.map(({ bytes }) => bytes.buffer);
}
