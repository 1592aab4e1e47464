/** Blocks: each codec, each size, from files and from threads. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { OPEN_STATE_FILES } from '../../src/base/limits.ts';
import { Random } from '../../src/base/random.ts';
import { CODEC_IDS, WRITABLE_CODECS } from '../../src/checkpoint/block-codec.ts';
import {
  blockKey,
  closeStateFiles,
  decodeState,
  readBlockSync,
} from '../../src/checkpoint/block-reader.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { crc32, crc32ByTable } from '../../src/checkpoint/crc32.ts';
import { checkBlock, fileHead, packBlock, unpackBlock } from '../../src/checkpoint/state-file.ts';
import { encodeToBytes } from '../../src/data/codec.ts';
import { schemaOf } from '../../src/data/schema.ts';
import { COUNTS, countsBatch, itemsBatch, keyedState, manifestOf } from './samples.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-state-'));
after(() => {
  closeStateFiles();
  rmSync(root, { recursive: true });
});

test('checksums are those of zlib, in one piece or two', () => {
  assert.equal(crc32ByTable(new TextEncoder().encode('123456789')), 0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      const whole = crc32(Buffer.concat([a, b]));
      assert.equal(crc32ByTable(Buffer.concat([a, b])), whole);
      assert.equal(crc32(b, crc32(a)), whole);
      assert.equal(crc32ByTable(b, crc32ByTable(a)), whole);
    }),
  );
  assert.equal(crc32(new Uint8Array(new ArrayBuffer(0)), 5), 5, 'of nothing, at no address');
});

test('the head of a file and of a block, as drawn', () => {
  assert.equal(Buffer.from(fileHead()).toString('hex'), '6d696c6c726163650100000000000000');
  const block = packBlock(new Uint8Array([1, 2, 3]), 'none');
  assert.equal(block.length, 24);
  assert.equal(
    Buffer.from(block.subarray(4)).toString('hex'),
    '000000000300000003000000' + '0102030000000000',
  );
  assert.deepEqual(checkBlock('f', 0, block), { codec: 'none', rawBytes: 3, storedBytes: 3 });
});

for (const codec of WRITABLE_CODECS) {
  test(`${codec}: every content comes back, at a multiple of 8`, () => {
    const random = new Random(1);
    for (let size = 0; size < 70_000; size = Math.ceil(size * 1.3) + 1) {
      for (const range of [1, 4, 256]) {
        const content = Uint8Array.from({ length: size }, () => random.below(range));
        const block = packBlock(content, codec);
        assert.equal(block.length % 8, 0);
        const back = unpackBlock('f', 0, block);
        assert.equal(back.byteOffset % 8, 0);
        assert.equal(Buffer.compare(back, content), 0, `${size} bytes`);
        assert.ok(block.length <= content.length + 24, 'never larger than as it is');
        const { codec: used } = checkBlock('f', 0, block);
        if (range < 256 && size > 100) assert.equal(used, codec);
        if (range === 256) assert.equal(used, 'none');
      }
    }
  });
}

/** 3000 times the letter q, by the zstd of the command line. */
const ZSTD = 'KLUv/QBoRQAACHEBALTzgRA=';

/** A block with any head, whose checksum is right. */
function blockOf(codecId: number, rawBytes: number, payload: Uint8Array): Uint8Array {
  const block = new Uint8Array(Math.ceil((16 + payload.length) / 8) * 8);
  const view = new DataView(block.buffer);
  view.setUint32(4, codecId, true);
  view.setUint32(8, rawBytes, true);
  view.setUint32(12, payload.length, true);
  block.set(payload, 16);
  view.setUint32(0, crc32(block.subarray(4)), true);
  return block;
}

test('Zstandard is read on every Node', () => {
  const block = blockOf(CODEC_IDS.zstd, 3000, Buffer.from(ZSTD, 'base64'));
  assert.equal(Buffer.from(unpackBlock('f', 0, block)).toString(), 'q'.repeat(3000));
});

test('a block that is whole but wrong is damage', () => {
  const payload = Buffer.from(ZSTD, 'base64');
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [blockOf(9, 3000, payload), /^f, byte 16: the block has a codec that is unknown$/],
    [blockOf(CODEC_IDS.none, 3, new Uint8Array(4)), /^f, byte 16: the block has another length$/],
    [blockOf(CODEC_IDS.zstd, 3001, payload), /^f, byte 16: the block has another length$/],
    [blockOf(CODEC_IDS.zstd, 2999, payload), /^f, byte 16: the block /],
    [blockOf(CODEC_IDS.deflate, 3000, payload), /^f, byte 16: the block does not decompress: /],
    [blockOf(CODEC_IDS.brotli, 3000, payload), /^f, byte 16: the block does not decompress: /],
    [new Uint8Array(8), /^f, byte 16: the block is cut off$/],
    [new Uint8Array(16), /^f, byte 16: the checksum of the block is wrong$/],
  ];
  for (const [block, message] of cases) {
    assert.throws(() => unpackBlock('f', 16, block), { code: 'CHECKPOINT_DAMAGED', message });
  }
});

test('a thread reads the blocks of a checkpoint and those of earlier ones', async () => {
  const directory = join(root, 'read');
  const storage = await CheckpointStorage.open(directory);
  const writer = storage.begin(1);
  const old = await writer.append(encodeToBytes(countsBatch(4000, 3)), 4000);
  await writer.complete(manifestOf(1, [keyedState([old])]));
  const next = storage.begin(2);
  const items = await next.append(encodeToBytes(itemsBatch([{ at: 5 }, 'x'])), 2);
  const keyed = keyedState([{ ...old, checkpoint: 'checkpoint-1' }]);
  const list = {
    name: 'splits',
    kind: 'list',
    fields: [{ name: 'value', kind: 'dynamic', nullable: false }],
    parts: [{ subtask: 0, blocks: [items], deltas: [] }],
  } as const;
  await next.complete(manifestOf(2, [keyed, list]));
  const { path } = (await storage.latest())!;
  await storage.close();
  const batch = decodeState('counts', COUNTS, readBlockSync(path, keyed.parts[0]!.blocks[0]!));
  const expected = countsBatch(4000, 3);
  assert.deepEqual(batch.rowObjects(), expected.rowObjects());
  assert.deepEqual(batch.keyHashes, expected.keyHashes);
  const listed = decodeState('splits', schemaOf(list.fields), readBlockSync(path, items));
  assert.deepEqual(listed.rowObjects(), [{ value: { at: 5 } }, { value: 'x' }]);
  assert.throws(() => decodeState('counts', COUNTS, readBlockSync(path, items)), {
    code: 'CHECKPOINT_DAMAGED',
    message: /^state 'counts': bytes are not a batch: /,
  });
});

test('a thread takes nothing that is damaged', async () => {
  const directory = join(root, 'damaged');
  const storage = await CheckpointStorage.open(directory);
  const writer = storage.begin(1);
  const block = await writer.append(encodeToBytes(countsBatch(5, 3)), 5);
  await writer.complete(manifestOf(1, [keyedState([block])]));
  await storage.close();
  const path = join(directory, 'checkpoint-1');
  const file = join(path, 'state');
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    writeFileSync(file, changed);
    closeStateFiles();
    for (const _ of ['first', 'again']) {
      assert.throws(() => readBlockSync(path, block), { code: 'CHECKPOINT_DAMAGED' }, `byte ${at}`);
    }
  }
  writeFileSync(file, bytes);
  assert.deepEqual([...closeStateFiles()], [], 'none was as it was written');
  readBlockSync(path, block);
  assert.deepEqual([...closeStateFiles()], [blockKey(file, block.offset)]);
  readBlockSync(path, block);
  truncateSync(file, bytes.length - 1);
  assert.throws(() => readBlockSync(path, block), {
    code: 'CHECKPOINT_DAMAGED',
    message: `${file}, byte 16: the file is cut off`,
  });
  const missing = { ...block, checkpoint: 'checkpoint-7' };
  assert.throws(() => readBlockSync(path, missing), {
    code: 'CHECKPOINT_DAMAGED',
    message: /checkpoint-7\/state: the file is missing$/,
  });
});

test('a thread keeps few files open', async (context) => {
  const descriptors = '/proc/self/fd';
  if (!existsSync(descriptors)) return context.skip('the system does not tell');
  const { readdirSync } = await import('node:fs');
  closeStateFiles();
  const storage = await CheckpointStorage.open(join(root, 'many'));
  const writer = storage.begin(1);
  const block = await writer.append(encodeToBytes(countsBatch(5, 3)), 5);
  await writer.complete(manifestOf(1, [keyedState([block])]));
  await storage.close();
  const before = readdirSync(descriptors).length;
  for (let i = 0; i < 3 * OPEN_STATE_FILES; i++) {
    const copy = join(root, 'many', `copy-${i}`);
    cpSync(join(root, 'many', 'checkpoint-1'), copy, { recursive: true });
    readBlockSync(copy, block);
    readBlockSync(join(root, 'many', 'checkpoint-1'), block);
  }
  assert.equal(readdirSync(descriptors).length, before + OPEN_STATE_FILES);
  closeStateFiles();
  assert.equal(readdirSync(descriptors).length, before);
});
