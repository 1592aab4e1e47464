/** What the blocks of an Avro file are compressed with. */
import * as zlib from 'node:zlib';
import { EngineError } from '../../../base/errors.ts';
import { FRAME_BYTES_MAX } from '../byte-cursor.ts';
import { decompressZstd } from '../zstd.ts';

/** As the file names it. */
export type AvroCodec = 'null' | 'deflate' | 'zstandard';

type Zstd = {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync?: (
    bytes: Uint8Array,
    options: { readonly maxOutputLength: number },
  ) => Uint8Array;
};

/** From Node 22.15 on. */
const { zstdCompressSync, zstdDecompressSync } = zlib as Zstd;
const LIMIT = { maxOutputLength: FRAME_BYTES_MAX };

/** The content of a block; throws when it is damaged. */
export function decompressBlock(codec: AvroCodec, bytes: Uint8Array): Uint8Array {
  if (codec === 'null') return bytes;
  if (codec === 'deflate') return zlib.inflateRawSync(bytes, LIMIT);
  return zstdDecompressSync?.(bytes, LIMIT) ?? decompressZstd(bytes, FRAME_BYTES_MAX);
}

export function compressBlock(codec: AvroCodec, bytes: Uint8Array): Uint8Array {
  if (codec === 'null') return bytes;
  return codec === 'deflate' ? zlib.deflateRawSync(bytes, { level: 1 }) : zstdCompressSync!(bytes);
}

/** EngineError JOB_DEFINITION where this Node cannot write with the codec. */
export function checkWritable(codec: AvroCodec): void {
  if (codec !== 'zstandard' || zstdCompressSync !== undefined) return;
  throw new EngineError(
    'JOB_DEFINITION',
    "avro: codec 'zstandard' is written by Node 22.15 and newer only; take 'deflate'",
  );
}

export function codecOf(name: string): AvroCodec {
  if (name === 'null' || name === 'deflate' || name === 'zstandard') return name;
  throw new Error(`its codec '${name}' is none of null, deflate, zstandard`);
}
