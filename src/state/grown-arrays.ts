/** Memory of state: typed arrays with more room, behind what they had are zeros. */
import type { FixedArray } from '../data/column.ts';

const PAGE_BYTES = 4096;

/** Zeros, to be read here and there before they are written. */
export function zeros(length: number): Int32Array<ArrayBuffer> {
  const ints = new Int32Array(length);
  touch(ints, 0);
  return ints;
}

export function grownInts(of: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(of);
  touch(grown, of.length);
  return grown;
}

export function grownFloats(of: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(of);
  touch(grown, of.length);
  return grown;
}

/**
 * Memory for as long as the thread runs. Shared, though with nobody: V8 looks for garbage each time that memory which is not
 * shared has grown by 64 MB, and state is no garbage. Nexmark q18 is a fifth faster for it.
 */
export function uncounted(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes);
}

/** Zeros as above, for state that is loaded. Benchmark: figure recovery. */
export function loadedZeros(length: number): Int32Array<SharedArrayBuffer> {
  const ints = new Int32Array(uncounted(length * Int32Array.BYTES_PER_ELEMENT));
  touch(ints, 0);
  return ints;
}

/** The first of an array, with room for what is loaded. Benchmark: figure recovery. */
export function loadedFloats(of: Float64Array, length: number): Float64Array<SharedArrayBuffer> {
  const floats = new Float64Array(uncounted(length * Float64Array.BYTES_PER_ELEMENT));
  floats.set(of.subarray(0, length));
  return floats;
}

type Make<A> = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => A;

/** Below, a copy costs less than addresses of its own. */
const IN_PLACE_BYTES_MIN = 1 << 20;
/** What an array may grow to before it moves. These are addresses only: memory comes with what is written. */
const RESERVED_BYTES = 2 ** 32;
/** Slots of arrays whose addresses are equal but for the highest bits are in each other's way in the caches. Whole lines of these. */
const SKEW_BYTES = PAGE_BYTES + 192;
const SKEWS = 64;

let skews = 0;

/**
 * An array for as long as its operator lives. A large one grows where it is, uncounted: nothing is copied, and no page of memory
 * is touched twice. The array given stays valid; the two are the same memory then. Nexmark q4 and q18 measure it.
 */
export function grownInPlace<A extends FixedArray>(of: A, length: number): A {
  const make = of.constructor as Make<A>;
  const { buffer, byteOffset }: { buffer: ArrayBufferLike; byteOffset: number } = of;
  const end = byteOffset + length * of.BYTES_PER_ELEMENT;
  let grown: A;
  if (canHold(buffer, end)) {
    if (end > buffer.byteLength) buffer.grow(end);
    grown = new make(buffer, byteOffset, length);
  } else {
    grown = newArray(make, length, length * of.BYTES_PER_ELEMENT);
    (grown as Float64Array).set(of as Float64Array);
  }
  touch(grown, of.length);
  return grown;
}

function canHold(buffer: ArrayBufferLike, bytes: number): buffer is SharedArrayBuffer {
  return buffer instanceof SharedArrayBuffer && buffer.growable && bytes <= buffer.maxByteLength;
}

function newArray<A>(make: Make<A>, length: number, bytes: number): A {
  if (bytes < IN_PLACE_BYTES_MIN) return new make(new ArrayBuffer(bytes), 0, length);
  const skew = (skews++ % SKEWS) * SKEW_BYTES;
  try {
    const maxByteLength = Math.max(RESERVED_BYTES, (skew + bytes) * 2);
    return new make(new SharedArrayBuffer(skew + bytes, { maxByteLength }), skew, length);
  } catch {
    // The machine gives no more addresses.
    return new make(new ArrayBuffer(bytes), 0, length);
  }
}

/**
 * Writes each page of memory once. Memory that is read before it is written becomes ours by two page faults, and the second
 * interrupts all threads of the process.
 */
function touch(
  { buffer, byteOffset, BYTES_PER_ELEMENT, byteLength }: FixedArray,
  from: number,
): void {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let i = from * BYTES_PER_ELEMENT; i < byteLength; i += PAGE_BYTES) bytes[i] = 0;
}
