/** Keys with very many open windows: the same windows as by looking at all of them, in a time that does not grow with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import {
  customWindow,
  record,
  type Stream,
  session,
  sliding,
  t,
  tumbling,
  type WindowBounds,
  type WindowedStream,
} from '../../src/index.ts';
import { harness } from '../../src/testing/index.ts';

const Row = record({ k: t.int32 });
type Row = { k: number };
type Result = Row & WindowBounds & { count: number };
type Bounds = readonly [start: number, end: number];

const kinds = {
  tumbling: { window: tumbling(10), of: (time: number) => [at(time, 10, 10)] },
  sliding: {
    window: sliding(30, 10),
    of: (time: number) => [0, 10, 20].map((before) => at(time - before, 10, 30)),
  },
  session: { window: session(7), of: (time: number) => [[time, time + 7] as const] },
  custom: {
    window: customWindow<Row>({
      assign: (_, time) => [
        { windowStart: time, windowEnd: time + 5 },
        { windowStart: time, windowEnd: time + 9 },
      ],
    }),
    of: (time: number) => [[time, time + 5] as const, [time, time + 9] as const],
  },
};

function at(time: number, slide: number, size: number): Bounds {
  const start = Math.floor(time / slide) * slide;
  return [start, start + size];
}

/** Counts by key and bounds. */
function expected(kind: keyof typeof kinds, rows: readonly (readonly [number, number])[]) {
  const counts = new Map<string, number>();
  const add = (key: number, [start, end]: Bounds, count: number) => {
    const name = `${key} ${start} ${end}`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  };
  if (kind !== 'session') {
    for (const [key, time] of rows) for (const of of kinds[kind].of(time)) add(key, of, 1);
    return counts;
  }
  let open: { key: number; start: number; end: number; count: number } | null = null;
  for (const [key, time] of [...rows].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (open !== null && open.key === key && time <= open.end) {
      open.end = Math.max(open.end, time + 7);
      open.count++;
      continue;
    }
    if (open !== null) add(open.key, [open.start, open.end], open.count);
    open = { key, start: time, end: time + 7, count: 1 };
  }
  if (open !== null) add(open.key, [open.start, open.end], open.count);
  return counts;
}

const late = (windows: WindowedStream<Row, Row, WindowBounds>) =>
  windows.allowedLateness('1 d').aggregate(({ count }) => ({ count: count() }));

for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
  test(`${kind}: many windows of a key, in any order, some closed between, restarted`, async () => {
    const random = new Random(3);
    const step = (rows: Stream<Row>) => late(rows.keyBy('k').window(kinds[kind].window));
    const h = await harness(step, { schema: Row });
    const rows: [number, number][] = [];
    for (let round = 0; round < 4; round++) {
      const from = round * 86_400_000 * 2;
      for (let i = 0; i < 900; i++) {
        const row: [number, number] = [i % 3, from + Math.floor(random.float() * 4000)];
        rows.push(row);
        h.push({ k: row[0] }, row[1]);
      }
      if (round === 1) await h.restart({ parallelism: 2 });
      h.watermark(from + 86_400_000);
    }
    await h.end();
    // A window that has fired fires again for each row that comes later: here none does.
    const found = new Map<string, number>();
    for (const row of h.takeRecords() as Result[]) {
      const name = `${row.k} ${row.windowStart} ${row.windowEnd}`;
      assert.ok(!found.has(name), name);
      found.set(name, row.count);
    }
    assert.deepEqual([...found].sort(), [...expected(kind, rows)].sort());
  });
}

for (const [kind, window] of [
  ['tumbling', tumbling(10)],
  ['session', session(5)],
] as const) {
  test(`${kind}: what a record of a key takes does not grow with its open windows`, async () => {
    const step = (rows: Stream<Row>) => late(rows.keyBy('k').window(window));
    const h = await harness(step, { schema: Row });
    const before = process.cpuUsage();
    for (let i = 0; i < 60_000; i++) {
      h.push({ k: 1 }, i * 10);
      if (i % 100 === 99) h.watermark(i * 10);
    }
    await h.end();
    const { user, system } = process.cpuUsage(before);
    assert.equal(h.takeRecords().length, 60_000);
    assert.ok(user + system < 6_000_000, `${user + system} us`);
  });
}
