/**
 * A channel between two workers: batches as frames in a ring of shared memory. The consumer reads columns where
 * they lie; they are gone once it releases the element.
 *
 * Frame tags (the payload behind them):
 *   CONTROL_TAG + kind   float64 value
 *   BATCH_TAG            a batch of the channel's declared schema (data/codec.ts)
 *   FREE_FORM_TAG        a batch of free-form rows, columns of the schema sent last
 *   SCHEMA_TAG           the schema of the free-form batches that follow
 *   FRAGMENT_TAG         part of a frame that is too large for the ring; the last part has the frame's own tag
 */
import type { Batch } from '../data/batch.ts';
import { decodeBatch } from '../data/codec.ts';
import { decodeSchema } from '../data/codec-schema.ts';
import type { Schema } from '../data/schema.ts';

/** What a row takes in a ring, until one has gone through it. */
export const ROW_BYTES_FIRST = 16;

export const BATCH_TAG = 1;
export const FREE_FORM_TAG = 2;
export const SCHEMA_TAG = 3;
export const FRAGMENT_TAG = 4;
export const CONTROL_TAG = 16;

/** From frames, in their order, to batches: what is known of those that were seen. */
export class FrameDecoder {
  readonly #declared: Schema | null;
  #freeForm: Schema | null;
  #fragments: Uint8Array[];

  /** `declared` is the schema of the stream, null for free-form rows. */
  constructor(
    declared: Schema | null,
    freeForm: Schema | null = null,
    fragments: Uint8Array[] = [],
  ) {
    this.#declared = declared;
    this.#freeForm = freeForm;
    this.#fragments = fragments;
  }

  /** Another one that goes on from here. */
  fork(): FrameDecoder {
    return new FrameDecoder(this.#declared, this.#freeForm, [...this.#fragments]);
  }

  /** Takes a frame that is no element by itself; false when it is one. */
  absorb(buffer: SharedArrayBuffer, offset: number, size: number, tag: number): boolean {
    if (tag !== SCHEMA_TAG && tag !== FRAGMENT_TAG) return false;
    const bytes = new Uint8Array(buffer, offset, size);
    if (tag === SCHEMA_TAG) this.#freeForm = decodeSchema(this.#whole(bytes));
    else this.#fragments.push(bytes.slice());
    return true;
  }

  /** The batch of a frame, or of the fragments and this last part. */
  batch(buffer: SharedArrayBuffer, offset: number, size: number, tag: number): Batch {
    const schema = tag === FREE_FORM_TAG ? this.#freeForm! : this.#declared!;
    if (this.#fragments.length === 0) return decodeBatch(buffer, offset, size, schema);
    const bytes = this.#whole(new Uint8Array(buffer, offset, size));
    return decodeBatch(bytes.buffer, 0, bytes.length, schema);
  }

  /** The fragments and this last part, in memory of their own. */
  #whole(last: Uint8Array): Uint8Array<ArrayBuffer> {
    const parts = [...this.#fragments, last];
    this.#fragments = [];
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

export function controlValue(buffer: SharedArrayBuffer, offset: number): number {
  return new Float64Array(buffer, offset, 1)[0]!;
}
