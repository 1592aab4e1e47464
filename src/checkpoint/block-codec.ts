/**
 * How the bytes of a block are compressed. A file says so block by block, so every reader knows every codec; a writer
 * takes the best that its Node has.
 */
import * as zlib from 'node:zlib';
import { decompress as unzstdInJavaScript } from 'fzstd';
import { assert } from '../base/assert.ts';

export type BlockCodec = 'none' | 'deflate' | 'brotli' | 'zstd';

/** As written in a file: never to be changed. */
export const CODEC_IDS: Readonly<Record<BlockCodec, number>> = {
  none: 0,
  deflate: 1,
  brotli: 2,
  zstd: 3,
};

export function codecOfId(id: number): BlockCodec | null {
  const names = Object.keys(CODEC_IDS) as BlockCodec[];
  return names.find((name) => CODEC_IDS[name] === id) ?? null;
}

type Compress = (bytes: Uint8Array, options: { params: Record<number, number> }) => Uint8Array;
type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Node has Zstandard from 22.15 on. */
const { zstdCompressSync, zstdDecompressSync } = zlib as {
  zstdCompressSync?: Compress;
  zstdDecompressSync?: Decompress;
};

/** Of checkpoints: what takes little of the cores that the job runs on. Deflate takes more time than it saves of the disk. */
export const CHECKPOINT_CODEC: BlockCodec = zstdCompressSync === undefined ? 'none' : 'zstd';

/** Of what is kept, such as savepoints. */
export const DEFAULT_CODEC: BlockCodec = zstdCompressSync === undefined ? 'deflate' : 'zstd';

/** Codecs that this Node can write. */
export const WRITABLE_CODECS: readonly BlockCodec[] = (
  Object.keys(CODEC_IDS) as BlockCodec[]
).filter((codec) => codec !== 'zstd' || zstdCompressSync !== undefined);

/** ZSTD_c_compressionLevel. */
const ZSTD_LEVEL = 100;
const BROTLI_QUALITY = 1;

/** Fast rather than small: the job waits for its checkpoint. */
export function compress(codec: BlockCodec, bytes: Uint8Array): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes;
    case 'deflate':
      return zlib.deflateRawSync(bytes, { level: 1 });
    case 'brotli':
      return zlib.brotliCompressSync(bytes, {
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
      });
    case 'zstd':
      assert(zstdCompressSync !== undefined, 'this Node has Zstandard');
      return zstdCompressSync(bytes, { params: { [ZSTD_LEVEL]: 1 } });
  }
}

/** The bytes before, at most `rawBytes` of them; throws whatever the library throws when it cannot. */
export function decompress(codec: BlockCodec, stored: Uint8Array, rawBytes: number): Uint8Array {
  const bound = { maxOutputLength: Math.max(rawBytes, 1) };
  switch (codec) {
    case 'none':
      return stored;
    case 'deflate':
      return zlib.inflateRawSync(stored, bound);
    case 'brotli':
      return zlib.brotliDecompressSync(stored, bound);
    case 'zstd':
      return zstdDecompressSync === undefined
        ? unzstdInJavaScript(stored)
        : zstdDecompressSync(stored, bound);
  }
}
