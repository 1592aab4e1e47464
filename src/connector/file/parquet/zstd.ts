/** Zstandard pages, by Node's own library where it has one (22.15 and newer), else by one in JavaScript. */
import * as zlib from 'node:zlib';
import { compressors } from 'hyparquet-compressors';

type Decompress = (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const native = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;

/** The content of a page, of `size` bytes; throws when it is damaged. */
export function decompressZstd(input: Uint8Array, size: number): Uint8Array {
  if (native === undefined || size === 0) return compressors.ZSTD!(input, size);
  const { buffer, byteOffset, byteLength } = native(input, { maxOutputLength: size });
  // A plain array: a slice of a Buffer would be no copy.
  return new Uint8Array(buffer, byteOffset, byteLength);
}
