/** Metrics of functions: numbers in shared memory that are told once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type } from '../../src/api/emits.ts';
import type { Stream } from '../../src/api/stream.ts';
import { type Clock, VirtualClock } from '../../src/base/clock.ts';
import { readMetrics } from '../../src/metrics/read-metrics.ts';
import { type MetricCell, UserMetrics } from '../../src/metrics/user-metrics.ts';
import { harness } from '../../src/testing/harness.ts';
import { harness2 } from '../../src/testing/harness2.ts';

function subtask(clock: Clock = new VirtualClock(0)) {
  const cells: MetricCell[] = [];
  return { cells, metrics: new UserMetrics((cell) => cells.push(cell), clock) };
}

/** What there is of meters and histograms where nobody has made any. */
const NO_MORE = { meters: {}, histograms: {} };

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
  assert.deepEqual(readMetrics([...a.cells, ...b.cells, ...c.cells], 0), {
    counters: { seen: 13 },
    gauges: { size: [7, -0.5] },
    ...NO_MORE,
  });
  assert.equal(a.cells.length, 2, 'each is told once');
});

test('however many there are, each has a number of its own', () => {
  const { cells, metrics } = subtask();
  for (let n = 0; n < 100; n++) metrics.counter(`counter ${n}`).add(n);
  for (let n = 0; n < 100; n++) metrics.counter(`counter ${n}`).add(n);
  const { counters } = readMetrics(cells, 0);
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
    [/'x' is a counter already/, () => metrics.meter('x')],
    [/ctx.metrics.histogram: the name is a text/, () => metrics.histogram(5 as never)],
    [/the meter 'm' counts events from 0 up, got -1/, () => metrics.meter('m').markEvent(-1)],
    [/the meter 'm' counts/, () => metrics.meter('m').markEvent(Number.NaN)],
    [/the histogram 'h' takes finite numbers/, () => metrics.histogram('h').update(Infinity)],
    [/the histogram 'h' takes/, () => metrics.histogram('h').update('1' as never)],
    [/the gauge 'y' takes numbers/, () => metrics.gauge('y').set(null as never)],
  ];
  for (const [message, use] of wrong) {
    assert.throws(use, { code: 'JOB_DEFINITION', message });
  }
  assert.equal(metrics.counter('x').count, 0);
});

test('a meter tells how many a second, on the average of a minute, and goes on while nothing comes', () => {
  const clock = new VirtualClock(5000);
  const { cells, metrics } = subtask(clock);
  const meter = metrics.meter('requests');
  for (let second = 1; second <= 600; second++) {
    for (let n = 0; n < 10; n++) meter.markEvent(2);
    clock.advanceTo(5000 + second * 1000);
  }
  assert.equal(meter.count, 12_000);
  const rateAt = (ms: number): number => readMetrics(cells, ms).meters.requests!.rate;
  const end = clock.now();
  assert.ok(Math.abs(rateAt(end) - 20) < 0.5, `${rateAt(end)}`);
  assert.equal(meter.rate, rateAt(end));
  assert.ok(Math.abs(rateAt(end + 60_000) - 20 / Math.E) < 1, 'a minute later');
  assert.ok(rateAt(end + 600_000) < 0.1);
  const other = subtask(clock);
  other.metrics.meter('requests').markEvent(3);
  clock.advanceTo(clock.now() + 1000);
  const both = readMetrics([...cells, ...other.cells], clock.now()).meters.requests!;
  assert.equal(both.count, 12_003);
  assert.ok(Math.abs(both.rate - rateAt(clock.now()) - 3) < 1e-9, 'rates are added up');
});

test('a histogram tells quantiles of all subtasks together, off by 1 % at most', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { maxLength: 40 }), {
        minLength: 1,
        maxLength: 3,
      }),
      (bySubtask) => {
        const subtasks = bySubtask.map((values) => {
          const one = subtask();
          const histogram = one.metrics.histogram('h');
          for (const value of values) histogram.update(value);
          assert.equal(histogram.count, values.length);
          return one;
        });
        const cells = subtasks.flatMap((one) => one.cells);
        const found = readMetrics(cells, 0).histograms.h;
        const sorted = Float64Array.from(bySubtask.flat()).toSorted();
        if (sorted.length === 0) {
          assert.equal(found, undefined);
          return;
        }
        assert.deepEqual(
          [found!.count, found!.min, found!.max],
          [sorted.length, sorted[0], sorted.at(-1)].map((value) => value! + 0),
        );
        for (const [share, value] of [
          [0.5, found!.p50],
          [0.75, found!.p75],
          [0.99, found!.p99],
        ] as const) {
          const exact = sorted[Math.floor(share * (sorted.length - 1))]!;
          const off = Math.abs(exact) * 0.0101 + 1.1e-6;
          assert.ok(Math.abs(value - exact) <= off, `${value} for ${exact}`);
        }
        const sum = sorted.reduce((total, value) => total + value, 0);
        assert.ok(Math.abs(found!.sum - sum) <= 1e-9 * 1e12 * sorted.length);
      },
    ),
    { numRuns: 100 },
  );
});

test('zeros lie between what is below and what is above them', () => {
  const { cells, metrics } = subtask();
  for (const value of [5, 0, -5, 5, 0, 5, 5]) metrics.histogram('h').update(value);
  const { p50, p75, min, max, mean } = readMetrics(cells, 0).histograms.h!;
  assert.deepEqual([min, max, mean, Math.round(p50), Math.round(p75)], [-5, 5, 15 / 7, 5, 5]);
  metrics.histogram('h').update(-5);
  assert.equal(readMetrics(cells, 0).histograms.h!.p50, 0);
});

test('functions count by their context, in open too, and go on after a restart, but for gauges', async () => {
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
  assert.deepEqual(h.userMetrics(), {
    counters: { opened: 1, sum: 7 },
    gauges: { last: [4] },
    ...NO_MORE,
  });
  await h.restart({ parallelism: 3 });
  h.push(5);
  assert.deepEqual(h.userMetrics(), {
    counters: { opened: 4, sum: 12 },
    gauges: { last: [5] },
    ...NO_MORE,
  });
});

test('counters of a subtask that has ended are in every later snapshot', async () => {
  const counting = (first: Stream<number>, second: Stream<number>) =>
    first
      .global()
      .process({
        emits: type<number>(),
        onRecord: (n, ctx) => {
          ctx.metrics.counter('sum').add(n);
          ctx.emit(n);
        },
      })
      .union(second);
  const h = await harness2<number, number, number>(counting);
  h.pushFirst(3);
  h.pushFirst(4);
  await h.endFirst();
  h.pushSecond(5);
  await h.restart();
  h.pushSecond(6);
  await h.restart({ parallelism: 2 });
  await h.end();
  assert.deepEqual(h.userMetrics().counters, { sum: 7 });
});

test('a counter of a snapshot makes way for another metric of its name', () => {
  const restored = new UserMetrics(() => {}, new VirtualClock(0), [{ name: 'x', count: 2 }]);
  assert.deepEqual(restored.counters(), [{ name: 'x', count: 2 }]);
  restored.gauge('x').set(1);
  assert.deepEqual(restored.counters(), []);
  assert.throws(() => restored.counter('x'), { code: 'JOB_DEFINITION' });
});
