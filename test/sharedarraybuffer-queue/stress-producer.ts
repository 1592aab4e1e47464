import { workerData } from 'node:worker_threads';
import { Random } from '../../src/base/random.ts';
import { SpscQueue } from '../../src/sharedarraybuffer-queue/index.ts';
import { fillFrame, type StressPlan } from './stress-frame.ts';

const { queue: descriptor, frames, isBlocking, seed } = workerData as StressPlan;
const queue = SpscQueue.attach(descriptor);
const random = new Random(seed);
const pause = new Int32Array(new SharedArrayBuffer(4));

for (let frame = 0; frame < frames; frame++) {
  const size = random.below(queue.maxPayloadBytes > 300 ? 300 : queue.maxPayloadBytes + 1);
  while (fillFrame(queue, frame, size) < 0) {
    if (isBlocking) queue.waitWritable(size);
    else await queue.writable(size);
  }
  if (random.below(10) === 0) queue.publish();
  if (random.below(1000) === 0) Atomics.wait(pause, 0, 0, 1);
}
queue.close();
