/** Questions to threads: answered, silent, or answered while the thread that asks stands still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { ANSWER_WAIT_MS } from '../../src/base/limits.ts';
import { ThreadAsker } from '../../src/job/thread-asker.ts';
import type { Answered, Asked } from '../../src/task/question.ts';

const QUESTION = { type: 'states' } as const;

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('an answer that has come while the asking thread stood still is heard', async () => {
  const asker = new ThreadAsker();
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (answer: Answered) => asker.onAnswer(answer));
  const asked = asker.ask(QUESTION, ({ id }: Asked) => {
    port2.postMessage({ type: 'answer', id, answer: 'here', error: null } satisfies Answered);
  });
  standStill(ANSWER_WAIT_MS + 50);
  assert.deepEqual(await asked, { answer: 'here' });
  port1.close();
});

test('a thread that does not answer in its time, or has ended, is silent', async () => {
  const asker = new ThreadAsker();
  assert.equal(await asker.ask(QUESTION, () => {}), null);
  const ended = asker.ask(QUESTION, () => {});
  asker.end();
  assert.equal(await ended, null);
});
