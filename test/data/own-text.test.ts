/** Texts that outlive their batch: they are those that came, whatever came before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TextPool } from '../../src/data/own-text.ts';

const LONG = 'a text that V8 makes a slice of';

function textOf(n: number): string {
  return [`${n}`, `${LONG} ${n}`, `${n} \u20ac \ud800`.repeat(n % 9), ''][n % 4]!;
}

for (const kinds of [3, 1000, 3000, Number.POSITIVE_INFINITY]) {
  test(`texts of ${kinds} kinds`, () => {
    const pool = new TextPool();
    for (let n = 0; n < 12_000; n++) {
      const text = `<${textOf(n % kinds)}>`;
      const own = pool.own(text.slice(1, -1));
      assert.ok(own === textOf(n % kinds), `text ${n}`);
    }
  });
}

/** Bytes of the heap that are in use. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('texts that come again take no memory, nor do the batches that they came with', () => {
  const pool = new TextPool();
  const kept: string[] = [];
  const before = usedBytes();
  for (let batch = 0; batch < 200; batch++) {
    const all = Buffer.alloc(100_000, `${LONG} ${batch}.`).toString('latin1');
    const text = all.slice(0, all.indexOf('.'));
    for (let i = 0; i < 1000; i++) kept.push(pool.own(text));
  }
  const bytes = usedBytes() - before;
  assert.equal(new Set(kept).size, 200);
  assert.ok(bytes < 200_000 * 12, `${bytes} bytes for 200,000 texts`);
});

test('a pool keeps no long texts', () => {
  const pool = new TextPool();
  const before = usedBytes();
  for (let n = 0; n < 1000; n++) pool.own(`${n}${LONG}`.repeat(1000));
  const bytes = usedBytes() - before;
  assert.ok(bytes < 1_000_000, `${bytes} bytes are kept`);
  assert.equal(pool.own('x'.repeat(1000)), 'x'.repeat(1000));
});
