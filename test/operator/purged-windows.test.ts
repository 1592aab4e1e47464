/** Global windows that are purged: what was of a key is gone, and the next record begins anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTrigger, purging, timeoutTrigger } from '../../src/api/triggers.ts';
import { globalWindow } from '../../src/api/windows.ts';
import { Random } from '../../src/base/random.ts';
import { harness } from '../../src/testing/harness.ts';

const TRIGGERS = {
  'by count': countTrigger(3),
  'by count, or after a time that never comes': timeoutTrigger(countTrigger(3), '1 d'),
} as const;

for (const [what, trigger] of Object.entries(TRIGGERS)) {
  test(`keys that come and go, ${what}`, async () => {
    const random = new Random(5);
    const h = await harness<{ key: string; n: number }>((stream) =>
      stream
        .keyBy('key')
        .window(globalWindow())
        .trigger(purging(trigger))
        .aggregate(({ sum, collect }) => ({ sum: sum('n'), all: collect('n') })),
    );
    const before = new Map<string, number[]>();
    const expected: object[] = [];
    for (let n = 0; n < 40_000; n++) {
      // Most have a window or two, and then come no more.
      const key = `key ${Math.floor(n / 4) + random.below(400)}`;
      h.push({ key, n });
      const all = [...(before.get(key) ?? []), n];
      before.set(key, all.length === 3 ? [] : all);
      if (all.length === 3) expected.push({ sum: all.reduce((sum, one) => sum + one, 0), all });
      if (n === 30_000) await h.restart();
    }
    const got = h.takeRecords() as { sum: number; all: number[] }[];
    assert.deepEqual(
      got.map(({ sum, all }) => ({ sum, all })),
      expected,
    );
  });
}
