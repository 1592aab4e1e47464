/** Copies and comparisons of short runs of bytes, many of them: where a native call would cost more than the bytes. */

/** Up to this length a loop over words beats the call of a native copy. */
export const WORDS_BYTES_MAX = 128;

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Copies `length` bytes, four at a time. */
export function copyBytes(
  from: DataView,
  start: number,
  to: DataView,
  at: number,
  length: number,
): void {
  const words = length & ~3;
  let i = 0;
  for (; i < words; i += 4) to.setInt32(at + i, from.getInt32(start + i, true), true);
  for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
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
