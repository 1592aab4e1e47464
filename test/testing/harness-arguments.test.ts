/** What plain JavaScript may give to a harness by mistake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sideOutput } from 'millrace';
import { type Harness, harness, harness2 } from 'millrace/testing';

/** A harness as plain JavaScript sees it. */
type Loose = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;
const unread = sideOutput<number>('of no step');

const REFUSED: readonly (readonly [(h: Loose) => unknown, RegExp])[] = [
  [(h) => h.push!(1, '5'), /^push: the event time is a number, got '5'$/],
  [(h) => h.push!(1, new Date(5)), /^push: the event time is a number, got 1970/],
  [(h) => h.watermark!(), /^watermark is a time in milliseconds, got undefined$/],
  [(h) => h.watermark!(Number.NaN), /^watermark is a time in milliseconds, got NaN$/],
  [(h) => h.processingTime!('1 s'), /^processingTime is a time in milliseconds, got '1 s'$/],
  [(h) => h.take!('late'), /^take is made by sideOutput\(\.\.\.\), got 'late'$/],
  [(h) => h.take!(unread), /^take: no step sends to the side output 'of no step'$/],
];

for (const [call, message] of REFUSED) {
  test(`a harness tells ${message}, and goes on`, async () => {
    const h: Harness<number, number> = await harness((numbers) => numbers);
    assert.throws(() => call(h as unknown as Loose), { code: 'JOB_DEFINITION', message });
    h.push(1, 1);
    assert.deepEqual(h.takeRecords(), [1]);
  });
}

test('a harness of what builds no stream is refused', async () => {
  const refused = (build: unknown, message: RegExp): Promise<void> =>
    assert.rejects(harness(build as never), { code: 'JOB_DEFINITION', message });
  await refused(() => {}, /^harness: build returns a stream, got undefined$/);
  await refused('steps', /^harness: build is a function, got 'steps'$/);
  await refused(async () => {}, /^harness: build is not async, /);
  await assert.rejects(harness2(undefined as never), {
    code: 'JOB_DEFINITION',
    message: /^harness2: build is a function, got undefined$/,
  });
});
