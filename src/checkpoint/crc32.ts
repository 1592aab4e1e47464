/** CRC-32 of zlib (polynomial 0xedb88320): any burst of up to 32 wrong bits shows. */
import * as zlib from 'node:zlib';

type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** Node has its own from 20.15 and 22.2 on. */
const fastest: Crc32 = (zlib as { crc32?: Crc32 }).crc32 ?? crc32ByTable;

/** The checksum of bytes, or of those that were summed before and these. */
export function crc32(bytes: Uint8Array, before = 0): number {
  // Of no bytes that are nowhere, zlib says 0.
  return bytes.length === 0 ? before : fastest(bytes, before);
}

let table: Int32Array | null = null;

/** For a Node without one, and for the test that both agree. */
export function crc32ByTable(bytes: Uint8Array, before = 0): number {
  table ??= makeTable();
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
    return crc;
  });
}
