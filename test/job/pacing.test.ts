/** How often and how long, by the size of a job. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backlogMs, stepBudgetMs, watermarkIntervalMs } from '../../src/job/pacing.ts';

test('watermarks come every 4 ms, less often over many channels, and every 200 ms at least', () => {
  const intervals = [0, 4, 100, 200, 2500, 1e6].map(watermarkIntervalMs);
  assert.deepEqual(intervals, [4, 4, 4, 8, 100, 200]);
});

test('a step takes 0.2 ms, more among many subtasks, and 1 ms at most', () => {
  const budgets = [1, 64, 128, 320, 1e4].map(stepBudgetMs);
  assert.deepEqual(budgets, [0.2, 0.2, 0.4, 1, 1]);
});

test('work for 50 ms may wait, and more among many subtasks', () => {
  assert.deepEqual([1, 16, 32, 512].map(backlogMs), [50, 50, 100, 1600]);
});
