/** Rows of any size go through threads in memory that does not depend on how many there are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedSummaries, freeFormHeavy, nestedHeavy, ROWS, typedHeavy } from './jobs/heavy.ts';

/** All rows together are 450 MB, and the highest mark of a run that holds half of them twice is above this. */
const PEAK_MB_MAX = 500;

for (const heavy of [typedHeavy, freeFormHeavy, nestedHeavy]) {
  test(`${ROWS} rows of 300 KB, ${heavy.name}`, async () => {
    const { summaries } = await heavy.collect({ threads: 2, threadHeapMb: 96 });
    assert.deepEqual(
      summaries.toSorted((a, b) => a.n - b.n),
      expectedSummaries,
    );
    const peakMb = process.resourceUsage().maxRSS / 1024;
    assert.ok(peakMb < PEAK_MB_MAX, `${peakMb} MB at the peak`);
  });
}
