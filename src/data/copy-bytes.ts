/** Copies of short runs of bytes, many of them: where the call of a native copy would cost more than the bytes. */

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
