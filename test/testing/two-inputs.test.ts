/** Two streams that meet, in every mode: unions of the same and of other schemas, watermarks, idleness, ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tumbling } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness2 } from '../../src/testing/harness.ts';
import { inEveryMode2, sorted } from '../modes.ts';

const Click = record({ k: t.string, n: t.int32 });
type Click = { k: string; n: number };
const Wide = record({ k: t.string, n: t.float64, more: t.string });
type Wide = { k: string; n: number; more: string };

/** Watermarks and changes of idleness that have come out, as in the worked cases. */
function times(elements: readonly object[]): string[] {
  return elements.flatMap((element) => {
    if ('watermark' in element) return [`W${element.watermark}`];
    if ('idle' in element) return ['IDLE'];
    if ('active' in element) return ['ACTIVE'];
    return 'end' in element ? ['END'] : [];
  });
}

for (const [what, second] of [
  ['one schema', Click],
  ['another', undefined],
] as const) {
  inEveryMode2<Click, Click, Click>(
    `a union has the rows of both with their times, the second stream of ${what}`,
    { first: Click, ...(second === undefined ? {} : { second }) },
    (first, other) => first.union(other),
    async (h) => {
      h.pushFirst({ k: 'a', n: 1 }, 10);
      h.pushSecond({ k: 'b', n: 2 }, 20);
      h.pushFirst({ k: 'c', n: 3 }, 30);
      h.watermarkFirst(30);
      h.watermarkSecond(25);
      assert.deepEqual(sorted(h.take()), [
        '{"record":{"k":"a","n":1},"timestamp":10}',
        '{"record":{"k":"b","n":2},"timestamp":20}',
        '{"record":{"k":"c","n":3},"timestamp":30}',
        '{"watermark":25}',
      ]);
      await h.endFirst();
      assert.deepEqual(h.take(), []);
      h.pushSecond({ k: 'd', n: 4 }, 40);
      h.watermarkSecond(40);
      assert.deepEqual(sorted(h.take()), [
        '{"record":{"k":"d","n":4},"timestamp":40}',
        '{"watermark":40}',
      ]);
      await h.endSecond();
      assert.deepEqual(times(h.take()), ['WInfinity', 'END']);
    },
  );
}

inEveryMode2<Click, Wide, { k: string; windowStart: number; n: number }>(
  'windows over two streams of different rows fire when both have got there',
  { first: Click, second: Wide },
  (first, second) =>
    first
      .union(second as never)
      .keyBy('k')
      .window(tumbling(100))
      .aggregate(({ sum }) => ({ n: sum('n') }))
      .project('k', 'windowStart', 'n') as never,
  async (h) => {
    const rows = (): string[] =>
      h
        .takeRecords()
        .map(({ k, windowStart, n }) => `${k}@${windowStart}=${n}`)
        .sort();
    h.pushFirst({ k: 'a', n: 1 }, 10);
    h.pushSecond({ k: 'a', n: 0.5, more: 'x' }, 20);
    h.pushSecond({ k: 'b', n: 2, more: 'y' }, 150);
    h.watermarkFirst(99);
    assert.deepEqual(rows(), []);
    h.watermarkSecond(98);
    assert.deepEqual(rows(), []);
    h.watermarkSecond(250);
    assert.deepEqual(rows(), ['a@0=1.5']);
    h.pushFirst({ k: 'b', n: 3 }, 120);
    h.idleFirst();
    assert.deepEqual(rows(), ['b@100=5']);
    h.pushSecond({ k: 'a', n: 7, more: 'late' }, 120);
    await h.end();
    assert.deepEqual(rows(), []);
    assert.equal(h.metrics().lateRecords, 1);
  },
);

/** Worked case 5, over the operators: input, then a watermark, i idle, a active; and what comes out behind each line. */
const CASES: readonly (readonly (readonly [string, readonly string[]])[])[] = [
  [
    ['0:10 1:7', ['W7']],
    ['1i', ['W10']],
    ['0i', ['IDLE']],
    ['1a', ['ACTIVE']],
    ['1:9', []],
    ['1:12', ['W12']],
  ],
  [
    ['0:5', []],
    ['1:3', ['W3']],
    ['0:4 1:2', []],
    ['1i 0:20', ['W5', 'W20']],
    ['1a 1:15', []],
    ['0:30', ['W30']],
    ['1:31 0:40', ['W31']],
  ],
  [
    ['1i', []],
    ['0i', ['IDLE']],
    ['1a', ['ACTIVE']],
    ['0a', []],
  ],
];

CASES.forEach((steps, number) => {
  inEveryMode2<Click, Click, Click>(
    `watermarks and idleness of two inputs, ${number + 1}`,
    { first: Click, second: Click },
    (first, second) => first.union(second).map((row) => row),
    (h, mode) => {
      const take = (): string[] => times(h.take());
      for (const [input, expected] of steps) {
        const got: string[] = [];
        for (const event of input.split(' ')) {
          const isFirst = event[0] === '0';
          if (event[1] === ':') {
            const watermark = Number(event.slice(2));
            if (isFirst) h.watermarkFirst(watermark);
            else h.watermarkSecond(watermark);
          } else if (event[1] === 'i') {
            if (isFirst) h.idleFirst();
            else h.idleSecond();
          } else if (isFirst) h.activeFirst();
          else h.activeSecond();
          got.push(...take());
        }
        // Subtasks side by side may each let a watermark pass that their union holds for good.
        assert.deepEqual(got, expected, `${input} (${mode.parallelism} subtasks)`);
      }
    },
  );
});

test('records keep the order in which they are pushed, over both inputs', async () => {
  const h = await harness2<Click, Click, Click>((first, second) => first.union(second));
  h.pushFirst({ k: 'a', n: 1 }, 1);
  h.pushSecond({ k: 'a', n: 2 }, 2);
  h.pushSecond({ k: 'a', n: 3 }, 3);
  h.pushFirst({ k: 'a', n: 4 }, 4);
  assert.deepEqual(
    h.takeRecords().map(({ n }) => n),
    [1, 2, 3, 4],
  );
});

test('nothing follows the end of an input', async () => {
  const h = await harness2<Click, Click, Click>((first, second) => first.union(second));
  await h.endFirst();
  h.pushFirst({ k: 'a', n: 1 }, 1);
  assert.throws(() => h.take(), /has ended/);
});
