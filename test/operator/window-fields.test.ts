/** sum, min, max, minBy and maxBy of a field over windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stream } from '../../src/api/stream.ts';
import { session, tumbling } from '../../src/api/windows.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode } from '../modes.ts';

const Sale = record({ item: t.string, id: t.int32, price: t.nullable(t.float64) });
type Sale = RowOf<typeof Sale>;

const of = (stream: Stream<Sale>) => stream.keyBy('item').window(tumbling(10));

const SALES: readonly Sale[] = [
  { item: 'a', id: 1, price: null },
  { item: 'a', id: 2, price: 5 },
  { item: 'a', id: 3, price: 2 },
  { item: 'a', id: 4, price: 5 },
  { item: 'a', id: 5, price: 2 },
];

const EXPECTED = {
  sum: { item: 'a', id: 1, price: 14 },
  min: { item: 'a', id: 1, price: 2 },
  max: { item: 'a', id: 1, price: 5 },
  minBy: SALES[2]!,
  maxBy: SALES[1]!,
};

const STEPS: Readonly<Record<keyof typeof EXPECTED, (stream: Stream<Sale>) => Stream<Sale>>> = {
  sum: (stream) => of(stream).sum('price'),
  min: (stream) => of(stream).min('price'),
  max: (stream) => of(stream).max('price'),
  minBy: (stream) => of(stream).minBy('price'),
  maxBy: (stream) => of(stream).maxBy('price'),
};

for (const kind of ['sum', 'min', 'max', 'minBy', 'maxBy'] as const) {
  inEveryMode(`${kind} of a window`, Sale, STEPS[kind], (h) => {
    for (const sale of SALES) h.push(sale, 1);
    h.push({ item: 'a', id: 6, price: 7 }, 11);
    h.watermark(9);
    assert.deepEqual(h.take(), [{ record: EXPECTED[kind], timestamp: 9 }, { watermark: 9 }]);
  });
}

test('rows are not changed, also where windows merge', async () => {
  const rows = [1, 2, 4].map((price, id) => ({ item: 'a', id, price }));
  const h = await harness<(typeof rows)[0], unknown>((stream) =>
    stream.keyBy('item').window(session(10)).sum('price'),
  );
  h.push(rows[0]!, 0);
  h.push(rows[1]!, 15);
  h.push(rows[2]!, 7);
  h.watermark(100);
  assert.deepEqual(h.takeRecords(), [{ item: 'a', id: 0, price: 7 }]);
  assert.deepEqual(
    rows.map(({ price }) => price),
    [1, 2, 4],
  );
});

// @ts-expect-error: no such field
const ofNoField = (stream: Stream<Sale>) => of(stream).maxBy('cost');
// @ts-expect-error: a text is not added up
const ofText = (stream: Stream<Sale>) => of(stream).sum('item');

test('a field that is none, or no number, is refused', async () => {
  await assert.rejects(harness(ofNoField, { schema: Sale }), { code: 'FIELD_UNKNOWN' });
  await assert.rejects(harness(ofText, { schema: Sale }), { code: 'FIELD_TYPE' });
});
