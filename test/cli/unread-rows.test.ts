/** Streams that a job returns: which of them nobody reads, where no program collects them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../src/api/emits.ts';
import { job } from '../../src/api/job.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';

test('a stream that ends in a sink, or goes on into a step, is read; one that only leaves the job is not', () => {
  const odd = sideOutput<number>('odd');
  const several = job(import.meta, 'several', (flow) => {
    const numbers = flow.from(collection([1, 2, 3]));
    const written = numbers.map((n) => n + 1);
    written.to(blackhole());
    const halves = numbers.process({
      emits: type<number>(),
      onRecord: (n, { emit, output }) => (n % 2 === 0 ? emit(n / 2) : output(odd, n)),
    });
    return { numbers, written, halves, odd: halves.sideOutput(odd) };
  });
  assert.deepEqual(several.build({}, false).unread, ['halves', 'odd']);
  assert.deepEqual(several.build({}, true).unread, []);
});
