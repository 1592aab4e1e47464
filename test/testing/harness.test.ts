/** The harness of one input: what it refuses, and says of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sideOutput } from '../../src/api/side-output.ts';
import { type Harness, harness } from '../../src/testing/harness.ts';

type Row = { readonly n: number };

const elsewhere = sideOutput<Row>('of other steps');

const WRONG: Readonly<Record<string, readonly [(h: Harness<Row, Row>) => unknown, RegExp]>> = {
  'no subtasks': [(h) => h.restart({ parallelism: 0 }), /restart: parallelism is a whole number/],
  'an option that there is not': [
    (h) => h.restart({ subtasks: 2 } as never),
    /restart: unknown option 'subtasks'/,
  ],
  'a side output of other steps': [
    (h) => h.take(elsewhere),
    /take is given a side output of the steps that are tested, got 'of other steps'/,
  ],
  'no watermark': [(h) => h.watermark(Number.NaN), /watermark is given a time, got NaN/],
  'no time': [(h) => h.processingTime(Number.NaN), /processingTime is given a time, got NaN/],
  'a time that is no number': [
    (h) => h.push({ n: 1 }, new Date(5) as never),
    /push: the event time is a number/,
  ],
};

for (const [name, [act, message]] of Object.entries(WRONG)) {
  test(`refused: ${name}`, async () => {
    const h = await harness<Row, Row>((rows) => rows.map((row) => row));
    await assert.rejects(async () => await act(h), { code: 'JOB_DEFINITION', message });
    h.push({ n: 1 }, 1);
    assert.deepEqual(h.takeRecords(), [{ n: 1 }]);
  });
}

test('a function that returns no stream is refused', async () => {
  const steps = (): never => undefined as never;
  await assert.rejects(harness<Row, Row>(steps), {
    code: 'JOB_DEFINITION',
    message: /harness is given a function that returns a stream, got undefined/,
  });
});
