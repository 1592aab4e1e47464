/** What the command line says of a job that has ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeResult } from '../../src/cli/follow-job.ts';
import type { JobResult, WatchedJob } from '../../src/job/job.ts';

test('the records of a job that was restarted are those since then, and it says so', () => {
  const result: JobResult = {
    name: 'flights',
    state: 'finished',
    durationMs: 1500,
    operators: [],
    skipped: [],
    lastCheckpoint: null,
  };
  const clientOf = (restarts: number) =>
    ({
      hadFinished: false,
      status: () => ({ records: 1200 }),
      metrics: () => ({ restarts }),
    }) as unknown as WatchedJob;
  const line = 'flights: finished in 1.5 s, 1,200 records';
  assert.equal(describeResult(clientOf(0), result), line);
  assert.equal(describeResult(clientOf(2), result), `${line} since its last restart`);
});
