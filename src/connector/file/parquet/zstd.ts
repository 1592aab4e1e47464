/** Zstandard pages: by Node's own library where it has one (22.15 and newer), else by WebAssembly. */
import * as zlib from 'node:zlib';
import { decompressZstd as decompress } from '../zstd.ts';

type Decompress = (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const native = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;

/** The content of a page, of `size` bytes; throws when it is damaged. */
export function decompressZstd(input: Uint8Array, size: number): Uint8Array {
  if (size === 0) return new Uint8Array(0);
  if (native !== undefined) {
    const { buffer, byteOffset, byteLength } = native(input, { maxOutputLength: size });
    // A plain array: a slice of a Buffer would be no copy.
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  const content = decompress(input, size);
  if (content.length !== size) throw new RangeError('the Zstandard frame is damaged');
  return content;
}
