/**
 * What a barrier costs a subtask that keeps a count and a sum for each of many keys: how much longer its calls take, from the
 * barrier until all of its state has been written, than the same calls without one.
 *
 *   pause.ts <keys> <typed | objects | sessions>      { p99Ms, maxMs, batchMs, bytesPerKey }
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '../../src/base/random.ts';
import { BlockMemory, giveBack } from '../../src/channel/block-memory.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { SubtaskSnapshot } from '../../src/task/subtask-snapshot.ts';
import { Event, type Form, ROWS, windowOperator } from './window-rig.ts';

const [keyText, form] = process.argv.slice(2);
const KEYS = Number(keyText);
/** As many as it takes for this: one of a million typed keys is captured in some seventy calls, others in more. */
const CHECKPOINTS_MIN = 3;
const CALLS_MIN = 2000;

/** Blocks are written at once. */
const memory = new BlockMemory();
const snapshot = new SubtaskSnapshot(0, {
  onBlock: (_subtask, _checkpoint, { bytes }) => giveBack(bytes),
  onDone() {},
  room: (bytes) => memory.take(bytes),
});
const operator = windowOperator({
  snapshot: (checkpoint) => snapshot.writer(0, checkpoint),
  form: form as Form,
});

const builder = new BatchBuilder(Event, ROWS);
const random = new Random(1);
let serial = 0;

/** Each key once, then keys at random: all over the memory of the table, and in another order in each batch. */
function nextBatch(): Batch {
  builder.reset();
  const keys = builder.fixed(0).values as Int32Array;
  const values = builder.float64(1);
  for (let i = 0; i < ROWS; i++, serial++) {
    keys[i] = serial < KEYS ? serial : random.below(KEYS);
    values[i] = i & 1023;
  }
  builder.timestamps().fill(1);
  builder.advance(ROWS);
  return builder.seal();
}

/** What is in use, without what has been left behind. */
async function usedBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times++) {
    collect();
    // Memory of arrays is given back beside the program.
    await delay(20);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function timed(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

const bytesBefore = await usedBytes();
for (let from = 0; from < KEYS * 3; from += ROWS) operator.processBatch(nextBatch(), 0);
const bytesAfter = await usedBytes();
const usual = Array.from({ length: 500 }, () => {
  const batch = nextBatch();
  return timed(() => operator.processBatch(batch, 0));
}).sort((a, b) => a - b);
const batchMs = usual[usual.length >> 1]!;

const pauses: number[] = [];
for (let checkpoint = 1; checkpoint <= CHECKPOINTS_MIN || pauses.length < CALLS_MIN; checkpoint++) {
  pauses.push(
    timed(() => {
      snapshot.begin(checkpoint);
      operator.processBarrier(checkpoint);
    }),
  );
  while (snapshot.isActive) {
    const batch = nextBatch();
    const ms = timed(() => {
      operator.processBatch(batch, 0);
      snapshot.step(true);
    });
    pauses.push(Math.max(0, ms - batchMs));
  }
}
pauses.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    p99Ms: pauses[Math.floor(pauses.length * 0.99)],
    maxMs: pauses.at(-1),
    batchMs,
    bytesPerKey: (bytesAfter - bytesBefore) / KEYS,
  }),
);
