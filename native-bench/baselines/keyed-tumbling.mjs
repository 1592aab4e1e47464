/**
 * The keyed tumbling count and sum as a bare loop: what a patient programmer would write for exactly this job, with
 * nothing of the engine but its rings. Each thread makes its half of the records, sends each to the thread that owns
 * its key, and adds what it gets to a table of open addressing per window.
 *
 *   node keyed-tumbling.mjs <threads: 1 | 2> <records> <keys>      prints { ms, records, results, checksum }
 *
 * The clock starts when the threads are ready. The checksum is that of ../macro/keyed-tumbling-shape.ts.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SpscQueue } from 'millrace/sharedarraybuffer-queue';

const RECORDS_PER_MS = 1000;
const WINDOW_MS = 10_000;
const BATCH = 4096;
const RING_BYTES = 1 << 20;

async function main() {
  const [threads, records, keys] = process.argv.slice(2).map(Number);
  const rings = Array.from(
    { length: threads * threads },
    () => SpscQueue.create({ capacityBytes: RING_BYTES }).descriptor,
  );
  const workers = Array.from(
    { length: threads },
    (_, thread) =>
      new Worker(new URL(import.meta.url), {
        workerData: { thread, threads, records, keys, rings },
      }),
  );
  await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))),
  );
  const start = performance.now();
  for (const worker of workers) worker.postMessage('go');
  const shares = await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))),
  );
  const ms = performance.now() - start;
  const total = (field) => shares.reduce((sum, share) => sum + share[field], 0);
  console.log(
    JSON.stringify({ ms, records, results: total('results'), checksum: total('checksum') }),
  );
}

async function work({ thread, threads, records, keys, rings }) {
  parentPort.postMessage('ready');
  await new Promise((resolve) => parentPort.once('message', resolve));
  const out = [];
  const into = [];
  for (let other = 0; other < threads; other++) {
    if (other === thread) continue;
    out[other] = new Sender(SpscQueue.attach(rings[thread * threads + other]));
    into.push(new Receiver(SpscQueue.attach(rings[other * threads + thread]), other));
  }
  parentPort.postMessage(run(thread, threads, records, keys, out, into));
}

/** All the work of one thread, without an await: what V8 optimises best. */
function run(thread, threads, records, keys, out, into) {
  const windows = new Windows(keys, threads);
  const made = new Arrays();
  const own = new Arrays();
  const sender = out.find((candidate) => candidate !== undefined) ?? null;
  for (let block = thread; block * BATCH < records; block += threads) {
    const from = block * BATCH;
    const count = Math.min(records - from, BATCH);
    make(made, from, count, keys);
    if (sender === null) {
      windows.add(made.keys, made.values, made.times, count, thread);
      continue;
    }
    deal(made, count, thread === 0 ? own : sender.arrays, thread === 0 ? sender.arrays : own);
    windows.add(own.keys, own.values, own.times, own.count, thread);
    while (!sender.send()) drain(into, windows);
    drain(into, windows);
  }
  sender?.queue.close();
  while (into.some((receiver) => !receiver.isDone)) drain(into, windows);
  return windows.finish();
}

/** Makes `count` records from number `from` on. */
function make({ keys, values, times }, from, count, keyCount) {
  for (let i = 0; i < count; i++) {
    const n = from + i;
    keys[i] = (Math.imul(n, 0x9e3779b1) >>> 0) % keyCount;
    values[i] = n & 1023;
    times[i] = Math.floor(n / RECORDS_PER_MS);
  }
}

/** Deals records to the threads that own their keys, without a branch: both get each, one advances. */
function deal(made, count, first, second) {
  const { keys, values, times } = made;
  const firstKeys = first.keys,
    firstValues = first.values,
    firstTimes = first.times;
  const secondKeys = second.keys,
    secondValues = second.values,
    secondTimes = second.times;
  let f = 0;
  let s = 0;
  for (let i = 0; i < count; i++) {
    const key = keys[i];
    const value = values[i];
    const time = times[i];
    const owner = spread(key) & 1;
    firstKeys[f] = key;
    firstValues[f] = value;
    firstTimes[f] = time;
    secondKeys[s] = key;
    secondValues[s] = value;
    secondTimes[s] = time;
    f += 1 - owner;
    s += owner;
  }
  first.count = f;
  second.count = s;
}

function spread(key) {
  const mixed = Math.imul(key ^ (key >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 7;
}

function drain(into, windows) {
  for (const receiver of into) receiver.drain(windows);
}

class Arrays {
  count = 0;
  keys = new Int32Array(BATCH);
  values = new Float64Array(BATCH);
  times = new Float64Array(BATCH);
}

class Sender {
  arrays = new Arrays();

  constructor(queue) {
    this.queue = queue;
  }

  /** Copies the arrays into a frame: false when the ring is full. */
  send() {
    const { count, keys, values, times } = this.arrays;
    if (count === 0) return true;
    const padded = (count + 1) & ~1;
    const offset = this.queue.reserve(padded * 20);
    if (offset < 0) return false;
    const { buffer } = this.queue;
    new Float64Array(buffer, offset, count).set(values.subarray(0, count));
    new Float64Array(buffer, offset + padded * 8, count).set(times.subarray(0, count));
    new Int32Array(buffer, offset + padded * 16, count).set(keys.subarray(0, count));
    this.queue.commit(padded * 20, count);
    this.queue.publish();
    this.arrays.count = 0;
    return true;
  }
}

class Receiver {
  isDone = false;

  constructor(queue, maker) {
    this.queue = queue;
    this.maker = maker;
  }

  drain(windows) {
    const { queue } = this;
    for (let offset = queue.peek(); offset >= 0; offset = queue.peek()) {
      const count = queue.frameTag;
      const padded = (count + 1) & ~1;
      windows.add(
        new Int32Array(queue.buffer, offset + padded * 16, count),
        new Float64Array(queue.buffer, offset, count),
        new Float64Array(queue.buffer, offset + padded * 8, count),
        count,
        this.maker,
      );
      queue.release();
    }
    this.isDone = queue.isDrained;
  }
}

/** Tables of the open windows. A window is over when the records of both threads have passed it. */
class Windows {
  constructor(keys, threads) {
    this.keys = keys;
    this.open = new Map();
    this.reached = new Float64Array(threads);
    this.results = 0;
    this.checksum = 0;
  }

  add(keys, values, times, count, maker) {
    let from = 0;
    while (from < count) {
      const window = Math.floor(times[from] / WINDOW_MS);
      const end = (window + 1) * WINDOW_MS;
      let to = from + 1;
      while (to < count && times[to] < end && times[to] >= end - WINDOW_MS) to++;
      this.table(window).add(keys, values, from, to);
      from = to;
    }
    if (count > 0) this.advance(maker, Math.floor(times[count - 1] / WINDOW_MS));
  }

  advance(maker, window) {
    if (window === this.reached[maker]) return;
    this.reached[maker] = window;
    const oldest = Math.min(...this.reached);
    for (const [old, table] of this.open) if (old < oldest) this.emit(old, table);
  }

  table(window) {
    let table = this.open.get(window);
    if (table === undefined) {
      table = new Table(this.keys);
      this.open.set(window, table);
    }
    return table;
  }

  emit(window, table) {
    this.results += table.size;
    this.checksum += table.checksum(window);
    this.open.delete(window);
  }

  finish() {
    for (const [window, table] of this.open) this.emit(window, table);
    return { results: this.results, checksum: this.checksum };
  }
}

/**
 * Keys beside the numbers of their slots; counts and sums beside each other. First all slots, then all sums: two short
 * loops wait less for memory than one long one.
 */
class Table {
  constructor(keys) {
    const cells = 2 ** Math.ceil(Math.log2(keys * 2));
    this.shift = 32 - Math.log2(cells);
    this.mask = cells * 2 - 1;
    this.cells = new Int32Array(cells * 2);
    this.totals = new Float64Array(keys * 2);
    this.slots = new Int32Array(BATCH);
    this.size = 0;
  }

  add(keys, values, from, to) {
    const { shift, mask, cells, totals, slots } = this;
    for (let i = from; i < to; i++) {
      const key = keys[i];
      let cell = (Math.imul(key, 0x9e3779b1) >>> shift) << 1;
      let slot = cells[cell + 1];
      while (slot !== 0 && cells[cell] !== key) {
        cell = (cell + 2) & mask;
        slot = cells[cell + 1];
      }
      if (slot === 0) {
        slot = ++this.size;
        cells[cell] = key;
        cells[cell + 1] = slot;
      }
      slots[i] = slot - 1;
    }
    for (let i = from; i < to; i++) {
      const at = slots[i] << 1;
      totals[at] += 1;
      totals[at + 1] += values[i];
    }
  }

  checksum(window) {
    const { cells, totals } = this;
    let checksum = 0;
    for (let cell = 0; cell < cells.length; cell += 2) {
      const slot = cells[cell + 1];
      if (slot === 0) continue;
      const at = (slot - 1) << 1;
      checksum += weight(cells[cell], window) * (totals[at] + totals[at + 1]);
    }
    return checksum;
  }
}

function weight(key, window) {
  return 1 + ((key * 31 + window) % 997);
}

if (isMainThread) await main();
else await work(workerData);
