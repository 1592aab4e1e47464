/** Records that wait for the watermark, very many of them: each is taken once, in its order, whenever that comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../../src/api/cep/pattern.ts';
import type { Stream } from '../../../src/api/stream.ts';
import { Random } from '../../../src/base/random.ts';
import { BatchBuilder } from '../../../src/data/batch-builder.ts';
import { RowReaders } from '../../../src/data/row-reader.ts';
import { record, t } from '../../../src/data/schema.ts';
import { PendingRows } from '../../../src/operator/cep/pending-rows.ts';
import { KeyScope } from '../../../src/state/key-scope.ts';
import { harness } from '../../../src/testing/harness.ts';

const Row = record({ key: t.int32, id: t.int32, time: t.timestamp });
type Row = { key: number; id: number; time: number };

/** Every record is a match. */
const each = (rows: Stream<Row>) =>
  rows
    .keyBy('key')
    .match(pattern<Row>().begin('one', () => true))
    .select(({ one }) => one[0]!.id);

type Course = {
  readonly name: string;
  /** Times of records behind a watermark. */
  readonly ahead: (draw: () => number) => number;
  readonly step: number;
};

const COURSES: readonly Course[] = [
  { name: 'far and wide', ahead: (draw) => 1 + Math.floor(draw() * 5000), step: 40 },
  { name: 'mostly near', ahead: (draw) => 1 + Math.floor(5000 * draw() ** 6), step: 9 },
  { name: 'some for ever', ahead: (draw) => (draw() < 0.5 ? 1e12 : 1 + draw() * 3000), step: 20 },
  { name: 'all at one time', ahead: () => 4000, step: 100 },
];

for (const { name, ahead, step } of COURSES) {
  for (const restarts of [[], [1], [2, 1]]) {
    const restarted = restarts.length === 0 ? 'no restart' : `${restarts.join(' and ')} subtasks`;
    test(`records that wait, ${name}, ${restarted}`, async () => {
      const random = new Random(name.length);
      const draw = () => random.uint32() / 2 ** 32;
      const h = await harness<Row, number>(each, { schema: Row });
      let waiting: Row[] = [];
      let id = 0;
      for (let round = 0; round < 60; round++) {
        const watermark = round * step;
        for (let n = 0; n < 700; n++) {
          const time = watermark + ahead(draw);
          const row = { key: id % 7, id: id++, time };
          waiting.push(row);
          h.push(row, time);
        }
        if (round % 20 === 19 && restarts.length > 0)
          await h.restart({ parallelism: restarts[(round >> 4) % restarts.length]! });
        const reached = watermark + step;
        h.watermark(reached);
        checkOrder(h.takeRecords(), waiting, reached);
        waiting = waiting.filter(({ time }) => time > reached);
      }
      await h.end();
      checkOrder(h.takeRecords(), waiting, Infinity);
    });
  }
}

/** Those up to the watermark, for each key by time and as they came. */
function checkOrder(ids: readonly number[], waiting: readonly Row[], watermark: number): void {
  const due = waiting
    .filter(({ time }) => time <= watermark)
    .sort((a, b) => a.time - b.time || a.id - b.id);
  assert.equal(ids.length, due.length);
  for (let key = 0; key < 7; key++) {
    const ofKey = due.filter((row) => row.key === key).map((row) => row.id);
    assert.deepEqual(
      ids.filter((id) => id % 7 === key),
      ofKey,
    );
  }
}

test('records of one time come as they came, behind a restart too', async () => {
  const h = await harness<Row, number>(each, { schema: Row });
  for (let id = 0; id < 5; id++) h.push({ key: 0, id, time: 5 }, 5);
  await h.restart({ parallelism: 1 });
  h.push({ key: 0, id: 5, time: 5 }, 5);
  h.watermark(5);
  assert.deepEqual(h.takeRecords(), [0, 1, 2, 3, 4, 5]);
});

test('of a batch the last record is there when the others have gone, and another batch has come', async () => {
  const h = await harness<Row, number>(each, { schema: Row });
  h.push({ key: 0, id: 1, time: 1 }, 1);
  h.push({ key: 0, id: 9, time: 9 }, 9);
  h.watermark(1);
  assert.deepEqual(h.takeRecords(), [1]);
  h.push({ key: 0, id: 8, time: 8 }, 8);
  h.watermark(9);
  assert.deepEqual(h.takeRecords(), [8, 9]);
});

test('of many records that wait a watermark looks at few', () => {
  const rows = 200_000;
  const batch = new BatchBuilder(null, rows);
  for (let i = 0; i < rows; i++) batch.appendRow(i, 1 + ((i * 7919) % rows));
  const pending = new PendingRows(new RowReaders(null), null, new KeyScope());
  pending.reserve(1);
  pending.add(batch.seal(), new Int32Array(rows), new Uint8Array(rows).fill(1), -Infinity);
  const seen: unknown[] = [];
  for (let watermark = 0; watermark <= 1000; watermark += 10) {
    const count = pending.begin(watermark);
    for (let n = 0; n < count; n++) seen.push(pending.times[pending.due[n]!]);
    pending.end();
    assert.ok(pending.nearCount < 10_000, `${pending.nearCount} at ${watermark}`);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
});
