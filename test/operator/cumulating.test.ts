/** Windows that grow: totals that go on from window to window, and records that come to panes which these have already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { cumulating, record, type Stream, t } from '../../src/index.ts';
import { harness } from '../../src/testing/index.ts';

const Row = record({ k: t.int32, v: t.int32 });
type Row = { readonly k: number; readonly v: number };
type Timed = { readonly row: Row; readonly time: number };

const grown = (max: number, step: number) => (rows: Stream<Row>) =>
  rows
    .keyBy('k')
    .window(cumulating(max, step))
    .aggregate(({ sum, count, collect }) => ({ sum: sum('v'), rows: count(), all: collect('v') }));

const numbers = (max: number, step: number) => (rows: Stream<Row>) =>
  rows
    .keyBy('k')
    .window(cumulating(max, step))
    .aggregate(({ sum, count }) => ({ sum: sum('v'), rows: count() }));

/** All windows that end up to a time, of the records that have come so far: those that have not been told yet. */
class Model {
  readonly #max: number;
  readonly #step: number;
  readonly #rows: Timed[] = [];
  #from = -1000;

  constructor(max: number, step: number) {
    this.#max = max;
    this.#step = step;
  }

  push(timed: Timed): void {
    this.#rows.push(timed);
  }

  watermark(watermark: number): string[] {
    const found: string[] = [];
    for (let end = this.#from; end - 1 <= watermark; end += this.#step) {
      this.#from = end + this.#step;
      const start = Math.floor((end - 1) / this.#max) * this.#max;
      for (const k of [0, 1, 2, 3]) {
        const inside = this.#rows.filter(
          ({ row, time }) => row.k === k && start <= time && time < end,
        );
        const sum = inside.reduce((so, { row }) => so + row.v, 0);
        if (inside.length > 0) found.push(`${k} ${start} ${end} ${sum} ${inside.length}`);
      }
    }
    return found.sort();
  }
}

for (const [what, steps] of Object.entries({ 'in cells': numbers, 'with lists': grown })) {
  for (const [max, step] of [
    [100, 10],
    [40, 40],
    [60, 20],
  ] as const) {
    for (const restarts of [false, true]) {
      const how = restarts ? 'restarted' : 'on and on';
      test(`windows up to ${max} by ${step}, ${what}, ${how}`, async () => {
        const random = new Random(max + step);
        const below = (limit: number): number => Math.floor(random.float() * limit);
        const model = new Model(max, step);
        const h = await harness(steps(max, step), { schema: Row });
        for (let watermark = -200; watermark < 800; watermark += below(35)) {
          const over = Math.floor((watermark + 1) / max) * max;
          for (let i = below(8); i > 0; i--) {
            // Behind the watermark too, where its last window is still to come.
            const time = Math.max(over, watermark - 90 + below(200));
            const row = { k: below(4), v: below(50) };
            model.push({ row, time });
            h.push(row, time);
          }
          if (restarts && below(3) === 0) await h.restart({ parallelism: 1 + below(3) });
          const end = watermark + below(20);
          h.watermark(end);
          watermark = end;
          const results = h.takeRecords();
          const texts = results.map(
            ({ k, windowStart, windowEnd, sum, rows }) =>
              `${k} ${windowStart} ${windowEnd} ${sum} ${rows}`,
          );
          assert.deepEqual(texts.sort(), model.watermark(end));
        }
        assert.equal(h.metrics().lateRecords, 0);
      });
    }
  }
}

test('what was emitted of a window that goes on stays as it was', async () => {
  const seen = (rows: Stream<Row>) =>
    rows
      .keyBy('k')
      .window(cumulating(30, 10))
      .aggregate(({ aggregate }) => ({
        all: aggregate({
          create: (): number[] => [],
          add(values, { v }) {
            values.push(v);
            return values;
          },
          merge(values, others) {
            values.push(...others);
            return values;
          },
          result: (values) => values,
        }),
      }));
  const h = await harness(seen, { schema: Row });
  h.push({ k: 1, v: 1 }, 5);
  h.watermark(9);
  const [first] = h.takeRecords();
  h.push({ k: 1, v: 2 }, 15);
  h.watermark(29);
  assert.deepEqual(first!.all, [1]);
  assert.deepEqual(
    h.takeRecords().map(({ all }) => all),
    [
      [1, 2],
      [1, 2],
    ],
  );
});

test('what a record takes does not grow with the windows that it is in', async () => {
  const h = await harness(numbers(3_600_000, 1000), { schema: Row });
  const before = process.cpuUsage();
  for (let i = 0; i < 20_000; i++) h.push({ k: i % 3, v: 1 }, i * 180);
  await h.end();
  const { user, system } = process.cpuUsage(before);
  assert.equal(h.takeRecords().length, 3 * 3600);
  assert.ok(user + system < 5_000_000, `${user + system} us`);
});
