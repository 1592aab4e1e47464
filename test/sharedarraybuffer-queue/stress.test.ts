/** Two real threads, odd capacities, random sizes and pauses: every frame arrives once, in order, unharmed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Random } from '../../src/base/random.ts';
import { SpscQueue } from '../../src/sharedarraybuffer-queue/index.ts';
import { fillFrame, isFrame, type StressPlan } from './stress-frame.ts';

const PRODUCER = new URL('./stress-producer.ts', import.meta.url);
const HOOKS = new URL('../../src/base/typescript-register.mjs', import.meta.url);

function startProducer(plan: StressPlan): Promise<void> {
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads');
import(workerData.hooks).then(() => import(workerData.producer));`,
    { eval: true, workerData: { ...plan, hooks: HOOKS.href, producer: PRODUCER.href } },
  );
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

for (const capacityBytes of [64, 72, 1000, 4104, 65_539, 1 << 20]) {
  for (const isBlocking of [true, false]) {
    const way = isBlocking ? 'by blocking' : 'by the event loop';
    test(`capacity ${capacityBytes}, waiting ${way}`, async () => {
      const queue = SpscQueue.create({ capacityBytes });
      const frames = capacityBytes < 100 ? 3_000 : 20_000;
      const plan = { queue: queue.descriptor, frames, isBlocking, seed: capacityBytes };
      const ended = startProducer(plan);
      const pauses = new Random(capacityBytes + 1);
      let next = 0;
      while (await queue.readable(20_000)) {
        do {
          assert.ok(isFrame(queue, next), `frame ${next} is damaged or out of order`);
          next++;
          queue.release();
        } while (queue.peek() >= 0 && pauses.below(100) > 0);
        if (pauses.below(400) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await ended;
      assert.equal(next, frames);
      assert.equal(queue.isDrained, true);
    });
  }
}

test('a frame of each size is as it was written', () => {
  const queue = SpscQueue.create({ capacityBytes: 4096 });
  for (let frame = 0; frame < 500; frame++) {
    const size = fillFrame(queue, frame, frame);
    assert.ok(size >= 0);
    queue.publish();
    queue.peek();
    assert.ok(isFrame(queue, frame));
    queue.release();
    queue.flushReleased();
  }
});
