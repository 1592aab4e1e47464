/** Windows of more keys than stay in a cache, of full batches, against plain maps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stream } from '../../src/api/stream.ts';
import { session, tumbling } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';

const KEYS = 90_000;
const ROWS = KEYS * 2 + 1234;
const SIZE_MS = 1000;
const GAP_MS = 950;

const Row = record({ key: t.int32, value: t.float64 });
type Row = { readonly key: number; readonly value: number };
type Total = { key: number; windowStart: number; windowEnd: number; count: number; sum: number };

const keyOf = (i: number): number => (i * 7919) % KEYS;
const amountOf = (i: number): number => (i % 1009) / 4;
/** One after the other, but for some that come late: of the two or three of a key some are a session, and some are not. */
const timeOf = (i: number): number => Math.floor(i / 100) - (i % 13 === 0 ? 120 : 0) + 1000;

function byTumbling(): readonly Total[] {
  const totals = new Map<string, Total>();
  for (let i = 0; i < ROWS; i++) {
    const windowStart = timeOf(i) - (timeOf(i) % SIZE_MS);
    const place = `${keyOf(i)} ${windowStart}`;
    const total = totals.get(place);
    if (total === undefined) {
      const windowEnd = windowStart + SIZE_MS;
      totals.set(place, { key: keyOf(i), windowStart, windowEnd, count: 1, sum: amountOf(i) });
    } else {
      total.count++;
      total.sum += amountOf(i);
    }
  }
  return [...totals.values()];
}

/** Of the records of each key in the order of their times. */
function bySession(): readonly Total[] {
  const rows = Array.from({ length: ROWS }, (_, i) => i).sort((a, b) => timeOf(a) - timeOf(b));
  const last = new Map<number, Total>();
  const totals: Total[] = [];
  for (const i of rows) {
    const [key, time] = [keyOf(i), timeOf(i)];
    let total = last.get(key);
    if (total === undefined || time > total.windowEnd) {
      total = { key, windowStart: time, windowEnd: 0, count: 0, sum: 0 };
      totals.push(total);
      last.set(key, total);
    }
    total.windowEnd = time + GAP_MS;
    total.count++;
    total.sum += amountOf(i);
  }
  return totals;
}

const inOrder = (a: Total, b: Total): number => a.key - b.key || a.windowStart - b.windowStart;

async function agrees(
  build: (rows: Stream<Row>) => Stream<Total>,
  expected: readonly Total[],
): Promise<void> {
  const h = await harness<Row, Total>(build, { schema: Row, batchSize: 'all' });
  const found: Total[] = [];
  const take = (): void => {
    for (const element of h.take()) {
      if ('record' in element) found.push({ ...(element.record as Total) });
    }
  };
  for (let i = 0; i < ROWS; i++) {
    h.push({ key: keyOf(i), value: amountOf(i) }, timeOf(i));
    if (i % 20_000 === 19_999) {
      h.watermark(Math.floor(i / 100) + 1000 - 150);
      take();
    }
  }
  await h.end();
  take();
  assert.deepEqual(found.sort(inOrder), [...expected].sort(inOrder));
}

test('tumbling windows', () =>
  agrees(
    (rows) =>
      rows
        .keyBy('key')
        .window(tumbling(SIZE_MS))
        .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') })),
    byTumbling(),
  ));

test('sessions', () =>
  agrees(
    (rows) =>
      rows
        .keyBy('key')
        .window(session(GAP_MS))
        .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') })),
    bySession(),
  ));
