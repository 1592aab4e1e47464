/** Copies and comparisons of short runs of bytes, many of them: where a native call would cost more than the bytes. */

/** Up to this length a loop over words beats the call of a native copy. */
export const WORDS_BYTES_MAX = 256;

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Whether V8 copies out of these bytes by `set` one by one, as it does with memory that threads share: a loop takes less. */
export function isSlowToSet({ buffer }: Uint8Array): boolean {
  return !(buffer instanceof ArrayBuffer);
}

/** Copies `length` bytes, four words at a time, since V8 checks for interrupts once a round. Nexmark q18 measures it. */
export function copyBytes(
  from: DataView,
  start: number,
  to: DataView,
  at: number,
  length: number,
): void {
  let i = 0;
  for (const last = length - 16; i <= last; i += 16) {
    const a = from.getInt32(start + i, true);
    const b = from.getInt32(start + i + 4, true);
    const c = from.getInt32(start + i + 8, true);
    const d = from.getInt32(start + i + 12, true);
    to.setInt32(at + i, a, true);
    to.setInt32(at + i + 4, b, true);
    to.setInt32(at + i + 8, c, true);
    to.setInt32(at + i + 12, d, true);
  }
  for (const last = length - 4; i <= last; i += 4) {
    to.setInt32(at + i, from.getInt32(start + i, true), true);
  }
  for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}

/** Copies bytes[start] to bytes[end - 1] of an array to a place in another. */
export function copyRun(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  const isMisaligned = ((from.byteOffset + start - to.byteOffset - at) & 7) !== 0;
  if (isMisaligned && (isSlowToSet(from) || isSlowToSet(to))) {
    copyBytes(viewOf(from), start, viewOf(to), at, end - start);
  } else {
    const isWhole = start === 0 && end === from.length;
    to.set(isWhole ? from : from.subarray(start, end), at);
  }
}

/** Whether `length` bytes are the same. By four, since V8 checks for interrupts once a round. */
export function areEqualBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  const end = aStart + length;
  let i = aStart;
  let j = bStart;
  for (const last = end - 4; i <= last; i += 4, j += 4) {
    if (a[i] !== b[j] || a[i + 1] !== b[j + 1] || a[i + 2] !== b[j + 2] || a[i + 3] !== b[j + 3]) {
      return false;
    }
  }
  for (; i < end; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}
