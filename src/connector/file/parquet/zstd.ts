/**
 * Zstandard pages: by Node's own library where it has one (22.15 and newer), else by WebAssembly, which takes a moment to
 * compile; by JavaScript until then, and for pages that are larger than its memory should be.
 */
import * as zlib from 'node:zlib';
import { compressors } from 'hyparquet-compressors';
import type { ZSTDDecoder } from 'zstddec';

type Decompress = (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const native = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;

/** Its memory never shrinks. */
const WASM_BYTES_MAX = 64 * 1024 * 1024;

let wasm: ZSTDDecoder | null = null;
let preparing: Promise<void> | null = native === undefined ? null : Promise.resolve();
let isPrepared = native !== undefined;

/** Whether there is nothing faster to wait for. */
export function isZstdPrepared(): boolean {
  return isPrepared;
}

/** Has WebAssembly compiled; settles when it is, or cannot be. */
export function prepareZstd(): Promise<void> {
  preparing ??= compiled().then(
    (decoder) => {
      wasm = decoder;
      isPrepared = true;
    },
    () => {
      isPrepared = true;
    },
  );
  return preparing;
}

async function compiled(): Promise<ZSTDDecoder> {
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await withoutFetch(() => decoder.init());
  return decoder;
}

/**
 * The library fetches its code from a data URL where it can, for which Node loads its whole HTTP client: ten times the time.
 * It looks for `fetch` before it returns its promise. Benchmark: figure flights.
 */
function withoutFetch<T>(start: () => T): T {
  const property = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  if (property?.configurable !== true) return start();
  delete (globalThis as { fetch?: unknown }).fetch;
  try {
    return start();
  } finally {
    Object.defineProperty(globalThis, 'fetch', property);
  }
}

/** The content of a page, of `size` bytes; throws when it is damaged. */
export function decompressZstd(input: Uint8Array, size: number): Uint8Array {
  if (size === 0) return compressors.ZSTD!(input, size);
  if (native !== undefined) {
    const { buffer, byteOffset, byteLength } = native(input, { maxOutputLength: size });
    // A plain array: a slice of a Buffer would be no copy.
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (wasm === null || Math.max(size, input.length) > WASM_BYTES_MAX) {
    return compressors.ZSTD!(input, size);
  }
  const content = wasm.decode(input, size);
  if (content.length !== size) throw new RangeError('the Zstandard frame is damaged');
  return content;
}
