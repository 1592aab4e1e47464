/** Connectors of the kit in real threads: exactly once over a failure, cancelled while nobody answers, errors with their place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inFolder } from '../connector/read-all.ts';
import { broken, committed, failing, silent, stuck } from './jobs/kit.ts';

for (const { threads, parallelism } of [
  { threads: 0, parallelism: 1 },
  { threads: 2, parallelism: 2 },
]) {
  test(`each row is committed once, though the job fails half-way, with ${threads} threads`, async () => {
    await inFolder(async (folder) => {
      committed.clear();
      const { emitWarning } = process;
      process.emitWarning = () => {};
      try {
        const result = await failing.run({
          threads,
          parallelism,
          params: { marker: `${folder}/marker` },
          checkpoints: { dir: `${folder}/state`, every: '10 ms' },
          restart: { strategy: 'fixedDelay', attempts: 1, delay: '1 ms' },
        });
        assert.equal(result.state, 'finished');
      } finally {
        process.emitWarning = emitWarning;
      }
      assert.deepEqual(
        [...committed.values()].flat().sort((a, b) => a - b),
        Array.from({ length: 400 }, (_, n) => n),
      );
    });
  });
}

for (const [what, job] of [
  ['source', silent],
  ['sink', stuck],
] as const) {
  for (const threads of [0, 1]) {
    test(`a job is cancelled while its ${what} does not answer, with ${threads} threads`, async () => {
      const client = await job.start({ threads });
      await new Promise((resolve) => setTimeout(resolve, 50));
      await client.cancel();
      await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
    });
  }
}

test('what a source or a sink throws names the operator, and where it was', async () => {
  await assert.rejects(broken.run({ threads: 1 }), {
    code: 'USER_FUNCTION',
    message:
      /operator 'poll': split 'all', behind position 1: connection reset\n {4}at .*jobs\/kit\.ts/,
  });
  await assert.rejects(broken.run({ threads: 1, params: { sink: true } }), {
    code: 'USER_FUNCTION',
    message: /operator 'send': records 0 to 0 of subtask 0: HTTP 500\n {4}at .*jobs\/kit\.ts/,
  });
});
