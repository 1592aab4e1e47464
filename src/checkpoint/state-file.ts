/**
 * The bytes of the file `state` of a checkpoint. Little endian; every block begins at a multiple of 8 bytes.
 *
 *   file     0  uint8[8]  magic        'millrace' in ASCII
 *            8  uint32    version      1
 *           12  uint32    0
 *           16  blocks                 one behind the other; a manifest says where (BlockRef)
 *
 *   block    0  uint32    checksum     CRC-32 of all that follows in the block, padding included
 *            4  uint32    codec        see CODEC_IDS
 *            8  uint32    rawBytes     length of the content
 *           12  uint32    storedBytes  length of the payload
 *           16  payload                the content, an encoded batch (codec-layout.ts), as the codec made it
 *               padding                zeros up to a multiple of 8
 *
 * A file is read by its manifest only: what no manifest refers to has no meaning.
 */
import { EngineError, messageOf } from '../base/errors.ts';
import { align8 } from '../data/codec-layout.ts';
import { type BlockCodec, CODEC_IDS, codecOfId, compress, decompress } from './block-codec.ts';
import { crc32 } from './crc32.ts';

export const STATE_FILE_VERSION = 1;
export const FILE_HEAD_BYTES = 16;
export const BLOCK_HEAD_BYTES = 16;

const MAGIC = new TextEncoder().encode('millrace');
const VERSION_AT = 8;
const CODEC_AT = 4;
const RAW_BYTES_AT = 8;
const STORED_BYTES_AT = 12;

/** A block is compressed only when that makes it smaller than this share: reading it costs time. */
const WORTHWHILE = 0.95;

export function fileHead(): Uint8Array {
  const head = new Uint8Array(FILE_HEAD_BYTES);
  head.set(MAGIC);
  viewOf(head).setUint32(VERSION_AT, STATE_FILE_VERSION, true);
  return head;
}

/** Whether a file begins as it should; EngineError CHECKPOINT_DAMAGED. */
export function checkFileHead(file: string, head: Uint8Array): void {
  const expected = fileHead();
  if (head.length < FILE_HEAD_BYTES) throw damaged(file, 0, 'the file is cut off');
  if (MAGIC.some((byte, i) => head[i] !== byte)) throw damaged(file, 0, 'it is no state file');
  const version = viewOf(head).getUint32(VERSION_AT, true);
  if (version !== STATE_FILE_VERSION) {
    throw damaged(file, VERSION_AT, `version ${version} is unknown; this engine knows version 1`);
  }
  if (expected.some((byte, i) => head[i] !== byte)) throw damaged(file, 12, 'the head is wrong');
}

/** The bytes of a block with this content. */
export function packBlock(content: Uint8Array, codec: BlockCodec): Uint8Array {
  const compressed = compress(codec, content);
  const isWorthIt = compressed.length < content.length * WORTHWHILE;
  const pieces = isWorthIt
    ? blockPieces(compressed, codec, content.length)
    : blockPieces(content, 'none', content.length);
  const block = new Uint8Array(pieces.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const piece of pieces) {
    block.set(piece, at);
    at += piece.length;
  }
  return block;
}

/** The bytes of a block, one piece behind the other: the payload is not copied. */
export function blockPieces(
  payload: Uint8Array,
  codec: BlockCodec,
  rawBytes: number,
): readonly Uint8Array[] {
  const head = new Uint8Array(BLOCK_HEAD_BYTES);
  const padding = new Uint8Array(-payload.length & 7);
  const view = viewOf(head);
  view.setUint32(CODEC_AT, CODEC_IDS[codec], true);
  view.setUint32(RAW_BYTES_AT, rawBytes, true);
  view.setUint32(STORED_BYTES_AT, payload.length, true);
  view.setUint32(0, crc32(padding, crc32(payload, crc32(head.subarray(CODEC_AT)))), true);
  return padding.length === 0 ? [head, payload] : [head, payload, padding];
}

export type BlockHead = {
  readonly codec: BlockCodec;
  readonly rawBytes: number;
  readonly storedBytes: number;
};

/** The head of a block by itself, unverified; EngineError CHECKPOINT_DAMAGED when it cannot be one. */
export function blockHead(file: string, offset: number, head: Uint8Array): BlockHead {
  if (head.length < BLOCK_HEAD_BYTES) throw damaged(file, offset, 'the block is cut off');
  const view = viewOf(head);
  const codec = codecOfId(view.getUint32(CODEC_AT, true));
  if (codec === null) throw damaged(file, offset, 'the block has a codec that is unknown');
  return {
    codec,
    rawBytes: view.getUint32(RAW_BYTES_AT, true),
    storedBytes: view.getUint32(STORED_BYTES_AT, true),
  };
}

/** The head of a whole block that was read from `offset` of a file, if all is as written; else EngineError CHECKPOINT_DAMAGED. */
export function checkBlock(file: string, offset: number, block: Uint8Array): BlockHead {
  if (block.length < BLOCK_HEAD_BYTES) throw damaged(file, offset, 'the block is cut off');
  if (viewOf(block).getUint32(0, true) !== crc32(block.subarray(CODEC_AT))) {
    throw damaged(file, offset, 'the checksum of the block is wrong');
  }
  const head = blockHead(file, offset, block);
  if (align8(BLOCK_HEAD_BYTES + head.storedBytes) !== block.length) {
    throw damaged(file, offset, 'the block has another length than the manifest says');
  }
  return head;
}

/**
 * The content of a whole block that lies at a multiple of 8 in its memory, and so does the content: in the same memory where
 * it is not compressed. EngineError CHECKPOINT_DAMAGED.
 */
export function unpackBlock(file: string, offset: number, block: Uint8Array): Uint8Array {
  const { codec, rawBytes, storedBytes } = checkBlock(file, offset, block);
  const payload = block.subarray(BLOCK_HEAD_BYTES, BLOCK_HEAD_BYTES + storedBytes);
  let content: Uint8Array;
  try {
    content = decompress(codec, payload, rawBytes);
  } catch (error) {
    throw damaged(file, offset, `the block does not decompress: ${messageOf(error)}`, error);
  }
  if (content.length !== rawBytes) throw damaged(file, offset, 'the block has another length');
  const { buffer, byteOffset } = content;
  return byteOffset % 8 === 0
    ? new Uint8Array(buffer, byteOffset, rawBytes)
    : new Uint8Array(content);
}

export function damaged(
  file: string,
  offset: number,
  reason: string,
  cause?: unknown,
): EngineError {
  return new EngineError('CHECKPOINT_DAMAGED', `${file}, byte ${offset}: ${reason}`, { cause });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
