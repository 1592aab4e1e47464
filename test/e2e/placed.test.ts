/** Where rows go and steps run on real threads: rescale, shuffle, pin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placed, ROWS } from './jobs/placed.ts';

for (const threads of [0, 1, 2]) {
  test(`${threads} threads: each row arrives once, and a pinned step runs on one thread`, async () => {
    const { pinned, ...others } = await placed.collect({ threads });
    for (const [name, rows] of Object.entries({ pinned, ...others })) {
      const ns = rows.map(({ n }) => n).sort((a, b) => a - b);
      assert.equal(ns.length, ROWS, name);
      assert.ok(
        ns.every((n, i) => n === i),
        name,
      );
    }
    assert.equal(new Set(pinned.map(({ thread }) => thread)).size, 1);
    const spread = new Set(others.shuffled.map(({ thread }) => thread)).size;
    assert.equal(spread, Math.max(1, threads));
  });
}
