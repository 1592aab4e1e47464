import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpscQueue } from '../../src/sharedarraybuffer-queue/index.ts';
import { CAPACITY_MIN, FRAMES_OFFSET } from '../../src/sharedarraybuffer-queue/layout.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes);

test('frames arrive in order, with their tags, and only once published', () => {
  const queue = SpscQueue.create({ capacityBytes: 1024 });
  queue.offer(bytesOf('one'), 1);
  queue.offer(bytesOf(''), 2);
  assert.equal(queue.peek(), -1);
  queue.publish();
  assert.ok(queue.peek() >= 0);
  assert.equal(queue.frameTag, 1);
  assert.equal(textOf(queue.poll()), 'one');
  assert.ok(queue.peek() >= 0);
  assert.deepEqual([queue.frameTag, queue.frameBytes], [2, 0]);
  assert.equal(textOf(queue.poll()), '');
  assert.equal(queue.poll(), null);
});

const GUARD_BYTES = 2048;

/** Memory of a queue between other bytes, which nothing may touch. */
function guarded(capacityBytes: number) {
  const bytes = SpscQueue.bytesFor(capacityBytes);
  const buffer = new SharedArrayBuffer(bytes + 2 * GUARD_BYTES);
  const around = [0, GUARD_BYTES + bytes].map((at) => new Uint8Array(buffer, at, GUARD_BYTES));
  for (const guard of around) guard.fill(0xab);
  const isWhole = (): boolean => around.every((guard) => guard.every((byte) => byte === 0xab));
  return { memory: { buffer, byteOffset: GUARD_BYTES }, isWhole };
}

test('a queue in a part of a buffer keeps to it, its own signals and errors too', async () => {
  const { memory, isWhole } = guarded(64);
  const producer = SpscQueue.create({ capacityBytes: 64, memory });
  const consumer = SpscQueue.attach(producer.descriptor);
  const waiting = consumer.readable(5000);
  producer.offer(new Uint8Array([1, 2, 3]));
  producer.publish();
  assert.equal(await waiting, true);
  assert.deepEqual(consumer.poll(), new Uint8Array([1, 2, 3]));
  producer.fail(new Error('out of ink'));
  assert.throws(() => consumer.peek(), /out of ink/);
  assert.ok(isWhole());
});

test('any sequence of sizes, at any capacity, comes out as it went in (against a plain array)', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.nat(200).map((size) => ({ put: size })) },
    { weight: 2, arbitrary: fc.constant('take' as const) },
    fc.constant('publish' as const),
    fc.constant('flush' as const),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: CAPACITY_MIN, max: 700 }),
      fc.array(step, { maxLength: 300 }),
      (capacityBytes, steps) => {
        const { memory, isWhole } = guarded(capacityBytes);
        const producer = SpscQueue.create({ capacityBytes, memory });
        const consumer = SpscQueue.attach(producer.descriptor);
        const model: Uint8Array[] = [];
        let next = 0;
        const take = (): boolean => {
          const bytes = consumer.poll();
          if (bytes === null) return false;
          assert.deepEqual(bytes, model.shift());
          return true;
        };
        for (const each of steps) {
          if (each === 'take') take();
          else if (each === 'publish') producer.publish();
          else if (each === 'flush') consumer.flushReleased();
          else {
            const payload = new Uint8Array(Math.min(each.put, producer.maxPayloadBytes)).fill(
              next++,
            );
            if (producer.offer(payload)) model.push(payload);
          }
          assert.ok(producer.usedBytes <= producer.capacityBytes);
        }
        assert.ok(isWhole());
        producer.publish();
        while (take());
        assert.equal(model.length, 0);
      },
    ),
    { numRuns: 500 },
  );
});

test('the largest payload finds room in an empty queue wherever the cursors are', () => {
  for (let capacityBytes = CAPACITY_MIN; capacityBytes < 200; capacityBytes++) {
    const queue = SpscQueue.create({ capacityBytes });
    for (let i = 0; i < 100; i++) {
      assert.ok(queue.offer(new Uint8Array(i % 9)));
      queue.publish();
      queue.poll();
      queue.flushReleased();
      const large = new Uint8Array(queue.maxPayloadBytes).fill(i);
      assert.ok(queue.offer(large), `capacity ${capacityBytes}, round ${i}`);
      queue.publish();
      assert.deepEqual(queue.poll(), large);
      queue.flushReleased();
    }
  }
});

test('payloads begin at multiples of 8 and lie in one piece', () => {
  const queue = SpscQueue.create({ capacityBytes: 333 });
  assert.equal(queue.capacityBytes, 336);
  for (let i = 0; i < 200; i++) {
    const offset = queue.reserve(1 + (i % 50));
    assert.equal(offset % 8, 0);
    assert.ok(offset >= FRAMES_OFFSET && offset + (i % 50) < queue.buffer.byteLength);
    queue.commit(1 + (i % 50));
    queue.publish();
    assert.equal(queue.peek(), offset);
    queue.release();
    queue.flushReleased();
  }
});

test('a full queue refuses until something was released', () => {
  const queue = SpscQueue.create({ capacityBytes: 128 });
  let count = 0;
  while (queue.offer(new Uint8Array(8))) count++;
  assert.equal(count, 8);
  assert.equal(queue.waitWritable(8, 5), false);
  queue.poll();
  queue.flushReleased();
  assert.ok(queue.offer(new Uint8Array(8)));
});

test('what is left free behind a frame takes the next one, wherever the ring ends', () => {
  for (let length = 0; length < 60; length++) {
    const queue = SpscQueue.create({ capacityBytes: 200 });
    const payload = new Uint8Array(length);
    for (let shift = 0; shift < 6; shift++) {
      while (queue.offer(payload, 1, 24));
      queue.publish();
      const last = queue.reserve(8);
      assert.ok(last >= 0, `frames of ${length}, shifted by ${shift}`);
      queue.commit(8, 2);
      queue.publish();
      while (queue.peek() >= 0 && queue.frameTag !== 2) queue.release();
      queue.release();
      queue.flushReleased();
      queue.offer(new Uint8Array(shift), 1);
    }
  }
});

test('looking ahead sees each frame once, before it is taken, also those that come meanwhile', () => {
  const queue = SpscQueue.create({ capacityBytes: 264 });
  const seen: string[] = [];
  const taken: string[] = [];
  const textAt = (offset: number): string =>
    textOf(new Uint8Array(queue.buffer, offset, queue.frameBytes).slice())!;
  const lookAhead = (): void => {
    for (let at = queue.peekAhead(); at >= 0; at = queue.peekAhead()) seen.push(textAt(at));
  };
  let next = 0;
  // Of several lengths, so that the ring does not end where a frame does.
  const nameOf = (n: number): string => `frame ${n}${'!'.repeat(n % 11)}`;
  const send = (count: number): void => {
    for (let n = 0; n < count; n++, next++) assert.ok(queue.offer(bytesOf(nameOf(next)), 5));
    queue.publish();
  };
  send(4);
  taken.push(textOf(queue.poll())!);
  for (let round = 0; round < 40; round++) {
    lookAhead();
    assert.equal(seen.at(-1), nameOf(next - 1));
    for (let n = 0; n < 2; n++) taken.push(textOf(queue.poll())!);
    queue.flushReleased();
    send(2);
  }
  queue.endAhead();
  while (taken.length < next) taken.push(textOf(queue.poll())!);
  const all = Array.from({ length: next }, (_, n) => nameOf(n));
  assert.deepEqual(taken, all);
  assert.deepEqual(seen, all.slice(1, next - 2), 'from the first that was there');
  // Begun anew, at the next frame.
  seen.length = 0;
  send(1);
  lookAhead();
  assert.deepEqual(seen, [nameOf(next - 1)]);
});

test('a quarter of the capacity is published without asking', () => {
  const queue = SpscQueue.create({ capacityBytes: 1024 });
  for (let i = 0; i < 16; i++) queue.offer(new Uint8Array(8));
  assert.ok(queue.peek() >= 0);
});

test('a producer sees when so much waits that the consumer wants no more yet, and may go on', () => {
  const queue = SpscQueue.create({ capacityBytes: 4096 });
  const consumer = SpscQueue.attach(queue.descriptor);
  const frame = new Uint8Array(92);
  const fill = (): number => {
    let frames = 0;
    while (!queue.isOverLimit && queue.offer(frame)) frames++;
    return frames;
  };
  consumer.limit(1000);
  assert.equal(fill(), 10, 'of 104 bytes each: the tenth goes over the limit');
  assert.ok(queue.offer(frame), 'there is room for what matters more');
  for (let n = 0; n < 2; n++) {
    consumer.peek();
    consumer.release();
  }
  assert.equal(fill(), 0, 'nothing is made known yet');
  consumer.flushReleased();
  assert.equal(fill(), 1);
  consumer.limit(Infinity);
  while (consumer.poll() !== null);
  assert.equal(fill(), 39);
});

test('a producer looks for the limit before much waits', () => {
  const queue = SpscQueue.create({ capacityBytes: 1 << 20 });
  const producer = SpscQueue.attach(queue.descriptor);
  queue.limit(100);
  let sent = 0;
  for (; !producer.isOverLimit; sent++) producer.offer(new Uint8Array(92));
  assert.ok(sent <= 80, `${sent} frames of 104 bytes`);
});

test('a producer sees the limit when it publishes, however little waits', () => {
  const queue = SpscQueue.create({ capacityBytes: 1 << 20 });
  const producer = SpscQueue.attach(queue.descriptor);
  const seen = [100, Infinity].map((bytes) => {
    queue.limit(bytes);
    producer.offer(new Uint8Array(8));
    producer.publish();
    return producer.limitBytes;
  });
  assert.deepEqual(seen, [100, Infinity]);
});

test('room is made known by quarters of the limit', () => {
  const queue = SpscQueue.create({ capacityBytes: 1024 });
  queue.limit(416);
  for (let n = 0; n < 3; n++) queue.offer(new Uint8Array(92));
  queue.publish();
  assert.equal(queue.usedShare, 0.75);
  for (let n = 0; n < 2; n++) queue.offer(new Uint8Array(92));
  queue.publish();
  assert.equal(queue.usedShare, 1);
  assert.ok(queue.isOverLimit);
  for (let n = 0; n < 2; n++) {
    assert.ok(queue.peek() >= 0);
    queue.release();
  }
  assert.ok(!queue.isOverLimit);
});

test('a closed producer: what it published is delivered, then the queue is drained', async () => {
  const queue = SpscQueue.create({ capacityBytes: 1024 });
  queue.offer(bytesOf('last'));
  queue.close();
  assert.equal(queue.isDrained, false);
  assert.equal(textOf(queue.poll()), 'last');
  assert.equal(queue.isDrained, true);
  assert.equal(queue.waitReadable(), false);
  assert.equal(await queue.readable(), false);
});

test('a failed producer: its error is thrown behind its last frame', () => {
  const queue = SpscQueue.create({ capacityBytes: 1024 });
  queue.offer(bytesOf('last'));
  queue.fail(new RangeError('out of bounds'));
  assert.equal(textOf(queue.poll()), 'last');
  assert.throws(
    () => queue.peek(),
    /the other side of the queue failed: RangeError: out of bounds/,
  );
});

test('a cancelled queue takes no more, and a failed consumer tells the producer why', () => {
  const cancelled = SpscQueue.create({ capacityBytes: 64 });
  while (cancelled.offer(new Uint8Array(8)));
  cancelled.cancel();
  assert.equal(cancelled.waitWritable(8), false);
  const failed = SpscQueue.create({ capacityBytes: 64 });
  while (failed.offer(new Uint8Array(8)));
  failed.cancelWith(new Error('x'.repeat(5000)));
  assert.throws(() => failed.waitWritable(8), /failed: Error: x{100}/);
});

test('mistakes are told', () => {
  assert.throws(() => SpscQueue.create({ capacityBytes: 10 }), /capacityBytes must be 64 to/);
  const queue = SpscQueue.create({ capacityBytes: 128 });
  assert.throws(() => queue.reserve(200), /a payload of 200 bytes is over 56/);
});

test('waiting without blocking: a timeout ends it, and so does a frame', async () => {
  const queue = SpscQueue.create({ capacityBytes: 128 });
  assert.equal(await queue.readable(5), false);
  const waiting = queue.readable();
  setTimeout(() => {
    queue.offer(bytesOf('x'));
    queue.publish();
  }, 5);
  assert.equal(await waiting, true);
  assert.equal(textOf(queue.poll()), 'x');
  while (queue.offer(new Uint8Array(8)));
  queue.publish();
  const writable = queue.writable(8);
  setTimeout(() => {
    queue.poll();
    queue.flushReleased();
  }, 5);
  assert.equal(await writable, true);
});
