/**
 * Frames of 64 bytes, sixteen int32 each, from one thread to another.
 *
 *   queue.mjs <way> <frames>      prints { ms, frames, checksum }
 *
 *   spsc             SpscQueue: written and read in place
 *   ringbuf-bytes    ringbuf.js over bytes: pushed from an array and popped into one
 *   ringbuf-words    ringbuf.js over int32
 *   postmessage      postMessage of an array a frame; at most IN_FLIGHT_MAX frames are under way
 *
 * Rings have the same capacity, and both sides try again at once when there is no room, or nothing to read. The clock
 * starts when both threads are ready, and stops when the consumer has summed up the last frame.
 */
import {
  isMainThread,
  MessageChannel,
  MessagePort,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { SpscQueue } from 'millrace/sharedarraybuffer-queue';
import { RingBuffer } from 'ringbuf.js';

const FRAME_BYTES = 64;
const FRAME_WORDS = FRAME_BYTES / 4;
const RING_BYTES = 1 << 20;
const IN_FLIGHT_MAX = 4096;

/** For each way: the ends for producer and consumer, and their loops; the consumer's returns the sum of all frames. */
const WAYS = {
  spsc: {
    ends: () => both(SpscQueue.create({ capacityBytes: RING_BYTES }).descriptor),
    produce(descriptor, frames) {
      const queue = SpscQueue.attach(descriptor);
      const words = new Int32Array(queue.buffer);
      for (let n = 0; n < frames; n++) {
        let offset = queue.reserve(FRAME_BYTES);
        while (offset < 0) offset = queue.reserve(FRAME_BYTES);
        write(words, offset >> 2, n);
        queue.commit(FRAME_BYTES);
      }
      queue.close();
    },
    consume(descriptor, frames) {
      const queue = SpscQueue.attach(descriptor);
      const words = new Int32Array(queue.buffer);
      let sum = 0;
      for (let n = 0; n < frames; n++) {
        let offset = queue.peek();
        while (offset < 0) offset = queue.peek();
        sum += read(words, offset >> 2);
        queue.release();
      }
      return sum;
    },
  },
  'ringbuf-bytes': ringbuf(Uint8Array),
  'ringbuf-words': ringbuf(Int32Array),
  postmessage: {
    ends() {
      const { port1, port2 } = new MessageChannel();
      return [port1, port2];
    },
    async produce(port, frames) {
      let acknowledged = 0;
      let resume = () => {};
      port.on('message', (received) => {
        acknowledged = received;
        resume();
      });
      for (let n = 0; n < frames; n++) {
        while (n - acknowledged >= IN_FLIGHT_MAX)
          await new Promise((resolve) => {
            resume = resolve;
          });
        const words = new Int32Array(FRAME_WORDS);
        write(words, 0, n);
        port.postMessage(words);
      }
    },
    consume(port, frames) {
      let sum = 0;
      let received = 0;
      return new Promise((resolve) => {
        port.on('message', (words) => {
          sum += read(words, 0);
          received++;
          if (received % (IN_FLIGHT_MAX / 4) === 0) port.postMessage(received);
          if (received < frames) return;
          port.close();
          resolve(sum);
        });
      });
    },
  },
};

/** Frames are whole: capacity and cursors are multiples of a frame. */
function ringbuf(ArrayType) {
  const count = FRAME_BYTES / ArrayType.BYTES_PER_ELEMENT;
  const capacity = RING_BYTES / ArrayType.BYTES_PER_ELEMENT;
  return {
    ends: () => both(RingBuffer.getStorageForCapacity(capacity, ArrayType)),
    produce(storage, frames) {
      const ring = new RingBuffer(storage, ArrayType);
      const frame = new ArrayType(count);
      const words = new Int32Array(frame.buffer);
      for (let n = 0; n < frames; n++) {
        write(words, 0, n);
        while (ring.push(frame) === 0);
      }
    },
    consume(storage, frames) {
      const ring = new RingBuffer(storage, ArrayType);
      const frame = new ArrayType(count);
      const words = new Int32Array(frame.buffer);
      let sum = 0;
      for (let n = 0; n < frames; n++) {
        while (ring.pop(frame) === 0);
        sum += read(words, 0);
      }
      return sum;
    },
  };
}

function both(end) {
  return [end, end];
}

/** Small numbers, so that the sum of all frames is exact. */
function write(words, at, n) {
  for (let i = 0; i < FRAME_WORDS; i++) words[at + i] = (n & 0xffff) + i;
}

function read(words, at) {
  let sum = 0;
  for (let i = 0; i < FRAME_WORDS; i++) sum += words[at + i];
  return sum;
}

async function main(way, frames) {
  const [producerEnd, consumerEnd] = WAYS[way].ends();
  const producer = startWorker({ way, frames, side: 'produce', end: producerEnd });
  const consumer = startWorker({ way, frames, side: 'consume', end: consumerEnd });
  await Promise.all([answerOf(producer), answerOf(consumer)]);
  const start = performance.now();
  producer.postMessage('go');
  consumer.postMessage('go');
  const checksum = await answerOf(consumer);
  const ms = performance.now() - start;
  console.log(JSON.stringify({ ms, frames, checksum }));
}

function startWorker(work) {
  const transferList = work.end instanceof MessagePort ? [work.end] : [];
  return new Worker(new URL(import.meta.url), { workerData: work, transferList });
}

function answerOf(worker) {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function work({ way, frames, side, end }) {
  parentPort.postMessage('ready');
  await new Promise((resolve) => parentPort.once('message', resolve));
  parentPort.postMessage(await WAYS[way][side](end, frames));
}

if (isMainThread) await main(process.argv[2], Number(process.argv[3]));
else await work(workerData);
