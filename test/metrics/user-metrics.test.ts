/** Counters and gauges of functions: numbers in shared memory that are told once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../src/api/emits.ts';
import { type MetricCell, readMetrics, UserMetrics } from '../../src/metrics/user-metrics.ts';
import { harness } from '../../src/testing/harness.ts';

function subtask() {
  const cells: MetricCell[] = [];
  return { cells, metrics: new UserMetrics((cell) => cells.push(cell)) };
}

test('counts are added up over subtasks, gauges stand side by side', () => {
  const [a, b, c] = [subtask(), subtask(), subtask()];
  const counter = a.metrics.counter('seen');
  counter.add();
  counter.add(4);
  a.metrics.counter('seen').add(-2);
  b.metrics.counter('seen').add(10);
  a.metrics.gauge('size').set(7);
  b.metrics.gauge('size').set(8);
  b.metrics.gauge('size').set(-0.5);
  c.metrics.gauge('size');
  assert.equal(counter.count, 3);
  assert.equal(a.metrics.gauge('size').value, 7);
  assert.deepEqual(readMetrics([...a.cells, ...b.cells, ...c.cells]), {
    counters: { seen: 13 },
    gauges: { size: [7, -0.5] },
  });
  assert.equal(a.cells.length, 2, 'each is told once');
});

test('however many there are, each has a number of its own', () => {
  const { cells, metrics } = subtask();
  for (let n = 0; n < 100; n++) metrics.counter(`counter ${n}`).add(n);
  for (let n = 0; n < 100; n++) metrics.counter(`counter ${n}`).add(n);
  const { counters } = readMetrics(cells);
  assert.deepEqual(
    counters,
    Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`counter ${n}`, 2 * n])),
  );
});

test('a name is of one kind, and numbers are numbers', () => {
  const { metrics } = subtask();
  const wrong: readonly [RegExp, () => unknown][] = [
    [/'x' is a counter already/, () => metrics.counter('x') && metrics.gauge('x')],
    [/ctx.metrics.gauge: the name is a text that is not empty/, () => metrics.gauge('')],
    [/the counter 'x' takes numbers, got '1'/, () => metrics.counter('x').add('1' as never)],
    [/the gauge 'y' takes numbers/, () => metrics.gauge('y').set(null as never)],
  ];
  for (const [message, use] of wrong) {
    assert.throws(use, { code: 'JOB_DEFINITION', message });
  }
  assert.equal(metrics.counter('x').count, 0);
});

test('functions count by their context, in open too, and begin anew after a restart', async () => {
  const h = await harness<number>(
    (numbers) =>
      numbers
        .keyBy((n) => n % 2)
        .process({
          emits: type<number>(),
          open: ({ metrics }) => metrics.counter('opened').add(),
          onRecord(n, ctx) {
            ctx.metrics.counter('sum').add(n);
            ctx.metrics.gauge('last').set(n);
          },
        }),
    { parallelism: 1 },
  );
  h.push(3);
  h.push(4);
  assert.deepEqual(h.userMetrics(), { counters: { opened: 1, sum: 7 }, gauges: { last: [4] } });
  await h.restart({ parallelism: 3 });
  h.push(5);
  assert.deepEqual(h.userMetrics(), { counters: { opened: 3, sum: 5 }, gauges: { last: [5] } });
});
