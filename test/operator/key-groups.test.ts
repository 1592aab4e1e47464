/** Keyed steps with key groups of their own: what they give is what they give with those of the job, also through restarts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../src/api/cep/pattern.ts';
import { type } from '../../src/api/emits.ts';
import { value } from '../../src/api/state.ts';
import type { Step } from '../../src/api/step.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { session, sliding, tumblingCount } from '../../src/api/windows.ts';
import { t } from '../../src/data/schema.ts';
import { type Harness, harness } from '../../src/testing/harness.ts';
import { inEveryMode, type Mode } from '../modes.ts';
import { ITEMS, Item, inAnyOrder, timeOf } from './items.ts';

type Items = Stream<Item>;

const cheapThenDear = pattern<Item>()
  .begin('cheap', ({ price }) => price < 3)
  .followedBy('dear', ({ price }) => price >= 3);

/** Every kind of step that has keys. */
const STEPS: readonly [name: string, build: (items: Items) => Step & RowStream<unknown>][] = [
  ['sum', (s) => s.keyBy('n').sum('price')],
  [
    'count window',
    (s) =>
      s
        .keyBy('n')
        .window(tumblingCount(2))
        .reduce((a) => a),
  ],
  [
    'sliding window',
    (s) =>
      s
        .keyBy('n')
        .window(sliding(40, 20))
        .aggregate(({ sum }) => ({ total: sum('price') })),
  ],
  [
    'session window',
    (s) =>
      s
        .keyBy('n')
        .window(session(30))
        .aggregate(({ count }) => ({ rows: count() })),
  ],
  [
    'window join',
    (s) =>
      s
        .join(s.filter(({ paid }) => paid))
        .on('n', 'n')
        .window(sliding(100, 50))
        .apply((a, b) => [a.id, b.id]),
  ],
  [
    'interval join',
    (s) =>
      s
        .keyBy('n')
        .intervalJoin(s.filter(({ paid }) => paid).keyBy('n'))
        .between(-90, 90)
        .process((a, b) => [a.id, b.id]),
  ],
  [
    'process, with timers',
    (s) =>
      s.keyBy('n').process({
        emits: type<{ n: number; count: number }>(),
        state: { count: value(t.int32, { default: 0 }) },
        onRecord({ id }, { state, timers }) {
          state.count.update((count) => count + 1);
          timers.eventTime(id * 10 + 55);
        },
        onTimer(_, { key, state, emit }) {
          emit({ ...key, count: state.count.get() });
        },
      }),
  ],
  [
    'pattern',
    (s) =>
      s
        .keyBy('n')
        .match(cheapThenDear)
        .select(({ cheap, dear }) => [cheap[0].id, dear[0].id]),
  ],
];

async function resultOf(h: Harness<Item, unknown>): Promise<string[]> {
  for (const item of ITEMS) {
    h.push(item, timeOf(item));
    if (item.id % 4 === 3) h.watermark(timeOf(item));
  }
  await h.end();
  return inAnyOrder(h.takeRecords());
}

/** One size of batches and an output with room: key groups have nothing to do with either. */
const isMeant = ({ batchSize, outputCapacity }: Mode): boolean =>
  batchSize === 7 && outputCapacity === Infinity;

for (const [name, build] of STEPS) {
  for (const groups of [3, 4096]) {
    inEveryMode(
      `${name}, ${groups} key groups`,
      Item,
      (items) => build(items).maxParallelism(groups),
      async (h) => {
        const expected = await resultOf(await harness(build));
        assert.ok(expected.length > 0);
        assert.deepEqual(await resultOf(h), expected);
      },
      isMeant,
    );
  }
}

inEveryMode(
  'one step behind the other, each with key groups of its own',
  Item,
  (items) =>
    items.keyBy('n').sum('price').maxParallelism(3).keyBy('shop').max('price').maxParallelism(500),
  async (h, { parallelism }) => {
    const result = await resultOf(h);
    assert.equal(result.length, ITEMS.length);
    if (parallelism > 1) return;
    const same = await harness<Item>((s) => s.keyBy('n').sum('price').keyBy('shop').max('price'));
    assert.deepEqual(result, await resultOf(same));
  },
  isMeant,
);

test('a harness has the key groups that it is told, and no step more subtasks than it may have', async () => {
  const groups: number[] = [];
  const build = (items: Items) => {
    const step = items.keyBy('n').sum('price');
    return groups.length === 0 ? step : step.maxParallelism(groups[0]!);
  };
  const few = await harness(build, { parallelism: 3, maxParallelism: 2 });
  await few.restart({ parallelism: 1 });
  await few.restart({ parallelism: 4 });
  assert.deepEqual(await resultOf(few), await resultOf(await harness(build)));
  groups.push(2);
  await assert.rejects(harness(build, { parallelism: 3 }), {
    code: 'JOB_DEFINITION',
    message: /'sum' would have 3 subtasks, and its maxParallelism is 2/,
  });
  const fitting = await harness(build, { parallelism: 2 });
  await assert.rejects(fitting.restart({ parallelism: 3 }), { code: 'JOB_DEFINITION' });
});
