/** Zstandard, by whatever decodes it on this Node: pages of Parquet, and files in pieces. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { openBytes } from '../../src/connector/file/file-bytes.ts';
import { decompressZstd } from '../../src/connector/file/parquet/zstd.ts';
import { decompressZstd as decompressFrames, ZstdStream } from '../../src/connector/file/zstd.ts';

const TEXT = Buffer.from('a text that comes again, '.repeat(40));
const FRAME = Buffer.from(
  'KLUv/WToAg0BAMhhIHRleHQgdGhhdCBjb21lcyBhZ2FpbiwgAQAx52qOASOMSEY=',
  'base64',
);
const text = (): string => Buffer.from(decompressZstd(FRAME, TEXT.length)).toString();

test('a page is what it was', () => {
  assert.equal(text(), TEXT.toString());
  assert.equal(typeof fetch, 'function', 'what the library must not use is there for others');
  assert.equal(decompressZstd(new Uint8Array(0), 0).length, 0);
});

test('damaged pages are errors or bytes of their length, never more', () => {
  const random = new Random(5);
  let refused = 0;
  for (let n = 0; n < 2000; n++) {
    const damaged = Buffer.from(FRAME);
    for (let i = 0; i <= random.below(3); i++) {
      damaged[random.below(damaged.length)] = random.below(256);
    }
    const cut = damaged.subarray(0, random.below(4) === 0 ? random.below(FRAME.length) : undefined);
    try {
      assert.equal(decompressZstd(cut, TEXT.length).length, TEXT.length);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      refused++;
    }
  }
  assert.ok(refused > 500, String(refused));
  assert.equal(text(), TEXT.toString());
});

/** A frame of `blocks`, each its type (0 stored, 1 repeated, 2 compressed), its size and its bytes. */
function frame(
  windowDescriptor: number,
  ...blocks: [type: number, size: number, number[]][]
): Buffer {
  const parts = blocks.map(([type, size, bytes], n) => {
    const header = (size << 3) | (type << 1) | Number(n === blocks.length - 1);
    return [header & 0xff, (header >> 8) & 0xff, header >> 16, ...bytes];
  });
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor, ...parts.flat()]);
}

/** Windows are 2 ** (10 + exponent): the descriptor has the exponent in its upper five bits. */
const WINDOW_1_MB = 10 << 3;
const WINDOW_1_GB = 20 << 3;

/** No literals, and sequences whose literal length, offset and match length are each the same all over. */
const ENDLESS_SEQUENCES = [0x00, 0xff, 0xff, 0xff, 0b01010100, 0, 0, 52, 0x80];

/** Weights of Huffman codes, told by a table of one symbol, which takes no bit: they never end. */
const ENDLESS_WEIGHTS = [0x12, 0x80, 0x01, 0x06, 0xf0, 0x3f, 0, 0, 0, 0x80, 0x80, 0x80, 0];

function contentOf(stream: Uint8Array, pieceBytes: number): Buffer {
  const pieces: Uint8Array[] = [];
  const decoder = new ZstdStream((piece) => pieces.push(piece));
  for (let at = 0; at < stream.length; at += pieceBytes) {
    decoder.push(stream.subarray(at, at + pieceBytes), at + pieceBytes >= stream.length);
  }
  return Buffer.concat(pieces);
}

test('frames in pieces of every size', () => {
  const repeated = frame(WINDOW_1_MB, [1, 131_072, [7]], [1, 131_072, [8]], [1, 100_000, [9]]);
  const expected = Buffer.concat([
    Buffer.alloc(131_072, 7),
    Buffer.alloc(131_072, 8),
    Buffer.alloc(100_000, 9),
  ]);
  for (const pieceBytes of [1, 2, 3, 7, 64, 1000]) {
    assert.deepEqual(contentOf(FRAME, pieceBytes), TEXT);
    assert.ok(contentOf(repeated, pieceBytes).equals(expected), `${pieceBytes} bytes`);
    const both = contentOf(Buffer.concat([repeated, FRAME, repeated]), pieceBytes);
    assert.ok(both.equals(Buffer.concat([expected, TEXT, expected])), `${pieceBytes} bytes`);
  }
  const full = frame(WINDOW_1_MB, [1, 131_072, [7]]);
  assert.equal(contentOf(full, 1000).length, 131_072, 'as much as the decoder gives at once');
  assert.ok(Buffer.from(decompressFrames(repeated, expected.length)).equals(expected));
  assert.throws(() => decompressFrames(repeated, expected.length - 1), RangeError);
  assert.throws(() => contentOf(FRAME.subarray(0, -1), 5), /cut off/);
});

for (const [what, bytes] of [
  ['a window of a GB', frame(WINDOW_1_GB, ...Array(30).fill([0, 0, []]))],
  ['sequences that run over their block', frame(WINDOW_1_MB, [2, 9, ENDLESS_SEQUENCES])],
  ['weights without an end', frame(WINDOW_1_MB, [2, 13, ENDLESS_WEIGHTS])],
] as const) {
  test(`a file of ${bytes.length} bytes that claims ${what} is refused at once`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-zstd-'));
    const path = join(folder, 'claims.csv.zst');
    writeFileSync(path, bytes);
    const content = openBytes({ path, sizeBytes: bytes.length });
    try {
      const { user } = process.cpuUsage();
      assert.throws(() => content.read(new Uint8Array(100), 0, 100, 0), {
        code: 'INPUT_MALFORMED',
        message: /claims\.csv\.zst: damaged zstd data near byte/,
      });
      assert.ok(process.cpuUsage().user - user < 1e6, 'a second of work');
    } finally {
      content.close();
      rmSync(folder, { recursive: true });
    }
  });
}
