/** The harness of two inputs: what it feeds, in which order, and where an input ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record, t } from '../../src/data/schema.ts';
import { harness2 } from '../../src/testing/harness2.ts';

type Row = { n: number };
const Row = record({ n: t.int32 });
/** The numbers of the records that came out. */
const numbers = (h: { takeRecords(): Row[] }): number[] => h.takeRecords().map(({ n }) => n);

for (const batchSize of [1, 2, 'all'] as const) {
  test(`records keep the order in which they were pushed, in batches of ${batchSize}`, async () => {
    const h = await harness2<Row, Row, Row>((a, b) => a.union(b), { batchSize });
    h.pushFirst({ n: 1 });
    h.pushSecond({ n: 2 });
    h.pushSecond({ n: 3 });
    h.pushFirst({ n: 4 });
    h.watermarkSecond(5);
    h.pushFirst({ n: 5 });
    assert.deepEqual(numbers(h), [1, 2, 3, 4, 5]);
  });
}

test('records of one input are gathered in batches, and the others do not wait for them', async () => {
  const seen: string[] = [];
  const h = await harness2<Row, Row, number>(
    (a, b) =>
      a
        .map(({ n }) => {
          seen.push(`first ${n}`);
          return n;
        })
        .union(
          b.map(({ n }) => {
            seen.push(`second ${n}`);
            return n;
          }),
        ),
    { batchSize: 2 },
  );
  h.pushFirst({ n: 1 });
  assert.deepEqual(seen, []);
  h.pushFirst({ n: 2 });
  assert.deepEqual(seen, ['first 1', 'first 2']);
  h.pushFirst({ n: 3 });
  h.pushSecond({ n: 4 });
  assert.deepEqual(seen.slice(2), ['first 3']);
  h.watermarkFirst(1);
  assert.deepEqual(seen.slice(3), ['second 4']);
});

test('an input that has ended takes nothing more, and the other goes on', async () => {
  const h = await harness2<Row, Row, Row>((a, b) => a.union(b));
  await h.endFirst();
  for (const more of [
    () => h.pushFirst({ n: 1 }),
    () => h.watermarkFirst(1),
    () => h.idleFirst(),
  ]) {
    assert.throws(more, { message: 'the first input has ended: nothing can follow' });
  }
  await assert.rejects(h.endFirst(), /the first input has ended/);
  h.pushSecond({ n: 2 });
  assert.deepEqual(numbers(h), [2]);
  await h.end();
  assert.deepEqual(h.take(), [{ watermark: Infinity }, { end: true }]);
  assert.throws(() => h.pushSecond({ n: 3 }), {
    message: 'the second input has ended: nothing can follow',
  });
});

test('each input has its own schema', async () => {
  const h = await harness2<Row, { name: string }, number>(
    (a, b) => a.map(({ n }) => n).union(b.map(({ name }) => name.length)),
    { firstSchema: Row, secondSchema: record({ name: t.string }) },
  );
  h.pushFirst({ n: 7 });
  h.pushSecond({ name: 'four' });
  assert.deepEqual(h.takeRecords(), [7, 4]);
  h.pushSecond({ n: 7 } as never);
  assert.throws(() => h.take(), { code: 'FIELD_TYPE', message: /'name'/ });
});

test('the clock is one for both, and what is counted is that of all operators', async () => {
  const h = await harness2<Row, Row, Row>((a, b) => a.filter(({ n }) => n > 1).union(b));
  for (const n of [1, 2, 3]) h.pushFirst({ n });
  h.pushSecond({ n: 4 });
  h.processingTime(1000);
  assert.throws(() => h.processingTime(999), RangeError);
  assert.deepEqual(numbers(h), [2, 3, 4]);
  // The filter takes three and gives two, the output takes three.
  assert.deepEqual(h.metrics(), {
    recordsIn: 6,
    recordsOut: 2,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  });
});

test('a restart makes the dataflow anew: what it kept in variables is gone', async () => {
  const counted = async (restartEach?: readonly number[]): Promise<readonly number[]> => {
    const h = await harness2<Row, Row, Row>(
      (a, b) => {
        let count = 0;
        return a.union(b).map(() => ({ n: ++count }));
      },
      restartEach === undefined ? {} : { restartEach, batchSize: 1 },
    );
    for (let n = 0; n < 3; n++) h.pushFirst({ n });
    return numbers(h);
  };
  assert.deepEqual(await counted(), [1, 2, 3]);
  assert.deepEqual(await counted([1]), [1, 1, 1]);
});
