/** Copies of runs of bytes, of every length up to some words, between places of every alignment, in every kind of memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areEqualBytes, copyBytes, copyRun, viewOf } from '../../src/data/byte-runs.ts';

const BYTES = 96;
const LENGTHS = [0, 1, 3, 4, 5, 15, 16, 17, 31, 36, 63, 64, 77];
const KINDS = {
  own: (length: number) => new Uint8Array(length),
  // Not at the beginning of its memory.
  part: (length: number) => new Uint8Array(new ArrayBuffer(length + 8), 3, length),
  shared: (length: number) => new Uint8Array(new SharedArrayBuffer(length)),
};

type Copy = typeof copyRun;
const COPIES: Readonly<Record<string, Copy>> = {
  copyRun,
  copyBytes: (from, start, end, to, at) =>
    copyBytes(viewOf(from), start, viewOf(to), at, end - start),
};

for (const [name, copy] of Object.entries(COPIES)) {
  for (const [kindFrom, make] of Object.entries(KINDS)) {
    for (const [kindTo, makeTo] of Object.entries(KINDS)) {
      test(`${name} from ${kindFrom} to ${kindTo} memory copies the run and nothing else`, () => {
        const from = make(BYTES).map((_, i) => 255 - i);
        for (const length of LENGTHS) {
          for (let start = 0; start < 9; start++) {
            for (let at = 0; at < 9; at++) {
              const to = makeTo(BYTES).fill(7);
              copy(from, start, start + length, to, at);
              const expected = new Uint8Array(BYTES).fill(7);
              for (let i = 0; i < length; i++) expected[at + i] = from[start + i]!;
              assert.deepEqual([...to], [...expected]);
            }
          }
        }
      });
    }
  }
}

test('a whole array is copied too', () => {
  const to = new Uint8Array(new SharedArrayBuffer(12));
  copyRun(Uint8Array.of(1, 2, 3), 0, 3, to, 8);
  assert.deepEqual([...to], [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0]);
});

test('runs are equal when each byte is', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i % 20);
  for (let length = 0; length <= 20; length++) {
    assert.ok(areEqualBytes(bytes, 0, bytes, 20, length));
    for (let i = 0; i < length; i++) {
      const other = bytes.slice();
      other[20 + i]! ^= 128;
      assert.ok(!areEqualBytes(bytes, 0, other, 20, length), `byte ${i} of ${length}`);
    }
  }
});
