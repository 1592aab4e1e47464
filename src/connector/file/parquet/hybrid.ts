/**
 * The run-length and bit-packed hybrid encoding of Parquet: levels and dictionary codes.
 *
 *   run     varint header; even: a run of header / 2 equal values, one value in whole bytes behind it
 *                          odd: header / 2 groups of 8 values of `bitWidth` bits each, lowest bits first
 */

/** Reads `count` values into `out`; RangeError when the bytes end before. */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  bitWidth: number,
  out: Int32Array | Uint8Array,
  count: number,
): void {
  if (bitWidth > 31) throw new RangeError(`${bitWidth} bits a value`);
  let at = start;
  let filled = 0;
  while (filled < count) {
    let header = 0;
    let shift = 0;
    let byte: number;
    do {
      if (at >= end || shift > 28) throw new RangeError('a run is cut off');
      byte = bytes[at++]!;
      header |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f);
    if ((header & 1) === 0) {
      const run = Math.min(header >>> 1, count - filled);
      let value = 0;
      for (let bits = 0; bits < bitWidth; bits += 8) value |= byteAt(bytes, at++, end) << bits;
      out.fill(value, filled, filled + run);
      filled += run;
      if (run === 0) throw new RangeError('an empty run');
    } else {
      const values = Math.min((header >>> 1) * 8, count - filled);
      if (values === 0) throw new RangeError('an empty run');
      if (at + ((values * bitWidth + 7) >> 3) > end) throw new RangeError('a run is cut off');
      unpack(bytes, at, bitWidth, out, filled, values);
      filled += values;
      at += (header >>> 1) * bitWidth;
    }
  }
}

function byteAt(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new RangeError('a run is cut off');
  return bytes[at]!;
}

/** out[to...] = `count` values of `bitWidth` bits. */
function unpack(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  out: Int32Array | Uint8Array,
  to: number,
  count: number,
): void {
  if (bitWidth === 0) {
    out.fill(0, to, to + count);
    return;
  }
  if (bitWidth === 8) {
    for (let i = 0; i < count; i++) out[to + i] = bytes[start + i]!;
    return;
  }
  if (bitWidth > 24) {
    unpackWide(bytes, start, bitWidth, out, to, count);
    return;
  }
  const mask = (1 << bitWidth) - 1;
  let at = start;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    while (bits < bitWidth) {
      held |= bytes[at++]! << bits;
      bits += 8;
    }
    out[to + i] = held & mask;
    held >>>= bitWidth;
    bits -= bitWidth;
  }
}

/** More than 24 bits do not fit beside 7 others in an int: bit by bit. */
function unpackWide(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  out: Int32Array | Uint8Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    let value = 0;
    for (let bit = 0; bit < bitWidth; bit++) {
      const place = i * bitWidth + bit;
      value |= ((bytes[start + (place >> 3)]! >> (place & 7)) & 1) << bit;
    }
    out[to + i] = value;
  }
}
