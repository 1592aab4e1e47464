/** The sections of a frame, one after the other, each at a multiple of 8 (codec-layout.ts): written, and laid over bytes. */
import { EngineError } from '../base/errors.ts';
import { copyRun } from './byte-runs.ts';
import * as layout from './codec-layout.ts';
import { align8 } from './codec-layout.ts';
import type { FixedArray, FixedKind } from './column.ts';

export type AnyBuffer = ArrayBuffer | SharedArrayBuffer;

/** Values that are copied one by one: an array over a section costs more, and is garbage. Benchmark: figure latency-p99. */
const FEW_VALUES = 16;

/** Arrays over a whole buffer. */
type Lanes = { readonly words: Int32Array; readonly floats: Float64Array };

/** Of shared memory, which many frames lie in. */
const lanesOfShared = new WeakMap<SharedArrayBuffer, Lanes>();

function lanesOf(buffer: AnyBuffer): Lanes {
  if (!(buffer instanceof SharedArrayBuffer)) return makeLanes(buffer);
  let lanes = lanesOfShared.get(buffer);
  if (lanes === undefined) {
    lanes = makeLanes(buffer);
    lanesOfShared.set(buffer, lanes);
  }
  return lanes;
}

function makeLanes(buffer: AnyBuffer): Lanes {
  const { byteLength } = buffer;
  return {
    words: new Int32Array(buffer, 0, byteLength >> 2),
    floats: new Float64Array(buffer, 0, byteLength >> 3),
  };
}

/** All of a buffer as words. */
export function wordsOf(buffer: AnyBuffer): Int32Array {
  return lanesOf(buffer).words;
}

/** Writes sections one after the other, each at a multiple of 8. */
export class SectionWriter {
  readonly #buffer: AnyBuffer;
  readonly #lanes: Lanes;
  #at: number;

  constructor(buffer: AnyBuffer, at: number) {
    this.#buffer = buffer;
    this.#lanes = lanesOf(buffer);
    this.#at = at;
  }

  int32(values: Int32Array, count: number): void {
    if (count > FEW_VALUES) {
      new Int32Array(this.#buffer, this.#at, count).set(head(values, count));
    } else {
      const { words } = this.#lanes;
      const at = this.#at >> 2;
      for (let i = 0; i < count; i++) words[at + i] = values[i]!;
    }
    this.#advance(count * 4);
  }

  float64(values: Float64Array, count: number): void {
    if (count > FEW_VALUES) {
      new Float64Array(this.#buffer, this.#at, count).set(head(values, count));
    } else {
      const { floats } = this.#lanes;
      const at = this.#at >> 3;
      for (let i = 0; i < count; i++) floats[at + i] = values[i]!;
    }
    this.#advance(count * 8);
  }

  /** The next section, to be filled. */
  int32Section(count: number): Int32Array {
    const section = new Int32Array(this.#buffer as ArrayBuffer, this.#at, count);
    this.#advance(count * 4);
    return section;
  }

  /** The next section, to be filled. */
  bytesSection(count: number): Uint8Array {
    const section = new Uint8Array(this.#buffer as ArrayBuffer, this.#at, count);
    this.#advance(count);
    return section;
  }

  /** Offsets, shifted so that the first is 0. */
  offsets(values: Int32Array, count: number): void {
    const shift = values[0]!;
    if (shift === 0) {
      this.int32(values, count);
      return;
    }
    const target = new Int32Array(this.#buffer, this.#at, count);
    for (let i = 0; i < count; i++) target[i] = values[i]! - shift;
    this.#advance(count * 4);
  }

  bytes(values: Uint8Array, from: number, to: number): void {
    copyRun(values, from, to, new Uint8Array(this.#buffer, this.#at, to - from), 0);
    this.#advance(to - from);
  }

  /** A measured batch, of which the length is a multiple of 8. */
  frame(batch: { write(buffer: AnyBuffer, offset: number): number }): void {
    this.#at += batch.write(this.#buffer, this.#at);
  }

  fixed(values: FixedArray, count: number): void {
    if (values instanceof Int32Array) this.int32(values, count);
    else if (values instanceof Float64Array) this.float64(values, count);
    else if (values instanceof Uint8Array) this.bytes(values, 0, count);
    else {
      new BigInt64Array(this.#buffer, this.#at, count).set(head(values, count));
      this.#advance(count * 8);
    }
  }

  #advance(bytes: number): void {
    const padding = -bytes & 7;
    if (padding === 4) this.#lanes.words[(this.#at + bytes) >> 2] = 0;
    else if (padding !== 0) new Uint8Array(this.#buffer, this.#at + bytes, padding).fill(0);
    this.#at += bytes + padding;
  }
}

export function head<A extends FixedArray>(values: A, count: number): A {
  return values.length === count ? values : (values.subarray(0, count) as A);
}

/** Lays arrays over the sections of a frame, never beyond its end. */
export class SectionReader {
  readonly #buffer: AnyBuffer;
  readonly #end: number;
  #at: number;

  constructor(buffer: AnyBuffer, offset: number, size: number) {
    this.#buffer = buffer;
    this.#at = offset;
    this.#end = offset + size;
    if (size < layout.FRAME_HEAD_BYTES || this.#end > buffer.byteLength) throw corrupt('too short');
  }

  int32(count: number): Int32Array {
    return new Int32Array(this.#buffer as ArrayBuffer, this.#take(count, 4), count);
  }

  float64(count: number): Float64Array {
    return new Float64Array(this.#buffer as ArrayBuffer, this.#take(count, 8), count);
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(this.#buffer as ArrayBuffer, this.#take(count, 1), count);
  }

  fixed(kind: FixedKind, count: number): FixedArray {
    switch (kind) {
      case 'int32':
        return this.int32(count);
      case 'boolean':
        return this.bytes(count);
      case 'int64':
        return new BigInt64Array(this.#buffer as ArrayBuffer, this.#take(count, 8), count);
      default:
        return this.float64(count);
    }
  }

  /** The next section, of so many bytes, by itself. */
  within(count: number): SectionReader {
    return new SectionReader(this.#buffer, this.#take(count, 1), count);
  }

  #take(count: number, bytesPerValue: number): number {
    const start = this.#at;
    const next = start + align8(count * bytesPerValue);
    if (count < 0 || next > this.#end) throw corrupt('a section is cut off');
    this.#at = next;
    return start;
  }
}

export function corrupt(reason: string, cause?: unknown): EngineError {
  return new EngineError('FRAME_CORRUPT', `bytes are not a batch: ${reason}`, { cause });
}
