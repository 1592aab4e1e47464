/** Matches of patterns in streams, in every mode: by key and of all, in event and processing time, with what is late and timed out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimedOutOf } from '../../../src/api/cep/match.ts';
import { type PatternLike, pattern } from '../../../src/api/cep/pattern.ts';
import { type } from '../../../src/api/emits.ts';
import { sideOutput } from '../../../src/api/side-output.ts';
import { Random } from '../../../src/base/random.ts';
import { record, t } from '../../../src/data/schema.ts';
import { harness } from '../../../src/testing/harness.ts';
import { describeMode, inEveryMode, MODES, sorted, WITHOUT_RESTARTS } from '../../modes.ts';

const Item = record({ k: t.int32, v: t.string, n: t.int32 });
type Item = { k: number; v: string; n: number };

const is =
  (...values: string[]) =>
  (row: Item): boolean =>
    values.includes(row.v);

/** Steps of a match with their records: 'first a1, more a2 a3'. */
function textOf(match: object): string {
  return Object.entries(match as Record<string, readonly Item[]>)
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => `${name} ${rows.map(({ v, n }) => `${v}${n}`).join(' ')}`)
    .join(', ');
}

function take(elements: readonly object[]): string[] {
  return elements
    .filter((element) => 'record' in element)
    .map((element) => {
      const { record: row, timestamp } = element as { record: string; timestamp: number | null };
      return `${row} @${timestamp}`;
    })
    .sort();
}

/** The same of partial matches. */
function recordsOf(elements: readonly object[]): string[] {
  return take(
    elements.flatMap((element) =>
      'record' in element ? [{ ...element, record: textOf(element.record as object) }] : [],
    ),
  );
}

const abc = pattern<Item>()
  .begin('first', is('a'))
  .followedBy('second', (row, ctx) => row.v === 'b' && row.n > ctx.matched('first')[0].n)
  .next('third', is('c'))
  .within(10);
const ab = pattern<Item>().begin('a', is('a')).followedBy('b', is('b')).within(100);
const quiet = pattern<Item>().begin('a', is('a')).notFollowedBy('b', is('b')).within(10);
const unfinished = sideOutput<TimedOutOf<typeof abc>>('unfinished');
const unfinishedPairs = sideOutput<TimedOutOf<typeof ab>>('unfinished pairs');
const neverQuiet = sideOutput<TimedOutOf<typeof quiet>>('never quiet');
const unfinishedShapes = sideOutput<Record<never, never>>('unfinished shapes');
const late = sideOutput<Item>('late');

inEveryMode(
  'records are taken in the order of their event times, by key; what does not come in time is told',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(abc, { timedOut: unfinished })
      .select((match) => textOf(match)),
  async (h) => {
    h.push({ k: 1, v: 'c', n: 9 }, 5);
    h.push({ k: 1, v: 'a', n: 1 }, 1);
    h.push({ k: 2, v: 'a', n: 1 }, 2);
    h.push({ k: 1, v: 'b', n: 1 }, 2);
    h.push({ k: 1, v: 'b', n: 2 }, 4);
    h.watermark(3);
    assert.deepEqual(take(h.take()), []);
    h.watermark(5);
    assert.deepEqual(take(h.take()), ['first a1, second b2, third c9 @5']);
    h.push({ k: 2, v: 'b', n: 2 }, 6);
    h.push({ k: 2, v: 'c', n: 3 }, 12);
    h.watermark(11);
    assert.deepEqual(recordsOf(h.take(unfinished)), []);
    h.watermark(12);
    assert.deepEqual(take(h.take()), []);
    const rest = recordsOf(h.take(unfinished));
    assert.deepEqual(rest, ['first a1, second b2 @12']);
    await h.end();
    assert.deepEqual(sorted(h.take()), ['{"watermark":"max"}', '{"end":true}']);
  },
);

inEveryMode(
  'steps without a condition take any record',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(pattern<Item>().begin('one').next('two').followedBy('c', is('c')))
      .select((match) => textOf(match)),
  (h) => {
    for (const [n, v] of ['a', 'b', 'x', 'c'].entries()) h.push({ k: 1, v, n }, n);
    h.watermark(9);
    assert.deepEqual(take(h.take()), ['one a0, two b1, c c3 @3', 'one b1, two x2, c c3 @3']);
  },
);

inEveryMode(
  'records of one event time are taken in the order in which they came',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(abc)
      .select((match) => textOf(match)),
  (h) => {
    for (let k = 0; k < 5; k++) {
      h.push({ k, v: 'a', n: 1 }, 7);
      h.push({ k, v: 'b', n: 2 }, 7);
      h.push({ k, v: 'c', n: 3 }, 7);
    }
    h.watermark(7);
    const matches = Array<string>(5).fill('first a1, second b2, third c3 @7');
    assert.deepEqual(take(h.take()), matches);
  },
);

inEveryMode(
  'late records go to their side output; one at the watermark is late',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(abc, { late })
      .select((match) => textOf(match)),
  (h) => {
    h.push({ k: 1, v: 'a', n: 1 }, 4);
    h.watermark(5);
    h.push({ k: 1, v: 'x', n: 1 }, 5);
    h.push({ k: 1, v: 'b', n: 2 }, 6);
    h.push({ k: 1, v: 'x', n: 2 }, 3);
    h.push({ k: 1, v: 'c', n: 3 }, 7);
    h.watermark(7);
    assert.deepEqual(take(h.take()), ['first a1, second b2, third c3 @7']);
    const rows = h.take(late).flatMap((element) => ('record' in element ? [element.record] : []));
    assert.deepEqual(rows.map(({ v, n }) => `${v}${n}`).sort(), ['x1', 'x2']);
  },
  WITHOUT_RESTARTS,
);

inEveryMode(
  'late records are counted where nobody wants them',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(abc)
      .select((match) => textOf(match)),
  (h) => {
    h.watermark(5);
    h.push({ k: 1, v: 'a', n: 1 }, 4);
    h.push({ k: 1, v: 'a', n: 1 }, 6);
    h.watermark(6);
    assert.equal(h.metrics().lateRecords, 1);
  },
  WITHOUT_RESTARTS,
);

inEveryMode(
  'records of one time are taken as they come, or in the order that is given',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(pattern<Item>().begin('a', is('a')).next('b', is('a')), {
        ties: (x, y) => x.n - y.n,
      })
      .select((match) => textOf(match)),
  (h) => {
    for (const n of [3, 1, 2]) h.push({ k: 1, v: 'a', n }, 7);
    h.watermark(7);
    assert.deepEqual(take(h.take()), ['a a1, b a2 @7', 'a a2, b a3 @7']);
  },
);

inEveryMode(
  'what must not come: a match at the end of its time',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(quiet, { timedOut: neverQuiet })
      .select((match) => textOf(match)),
  async (h) => {
    h.push({ k: 1, v: 'a', n: 1 }, 0);
    h.push({ k: 2, v: 'a', n: 1 }, 0);
    h.push({ k: 1, v: 'b', n: 2 }, 9);
    h.push({ k: 2, v: 'b', n: 2 }, 10);
    h.watermark(10);
    assert.deepEqual(take(h.take()), ['a a1 @10']);
    h.push({ k: 1, v: 'a', n: 3 }, 20);
    await h.end();
    assert.deepEqual(take(h.take()), ['a a3 @30']);
    assert.deepEqual(recordsOf(h.take(neverQuiet)), []);
  },
);

inEveryMode(
  'the next record must not be one: it completes the match, and is no part of it',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(pattern<Item>().begin('a', is('a')).notNext('b', is('b')))
      .select((match) => textOf(match)),
  (h) => {
    const values = ['a', 'b', 'a', 'a', 'c'];
    values.forEach((v, n) => {
      h.push({ k: 1, v, n }, n);
    });
    h.watermark(10);
    assert.deepEqual(take(h.take()), ['a a2 @3', 'a a3 @4']);
  },
);

inEveryMode(
  'without event time records are taken as they come, and their time is over by the clock',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(ab, { timedOut: unfinishedPairs })
      .select((match) => textOf(match)),
  (h) => {
    h.push({ k: 1, v: 'a', n: 1 });
    h.push({ k: 2, v: 'a', n: 1 });
    h.processingTime(99);
    h.push({ k: 1, v: 'b', n: 2 });
    assert.equal(take(h.take()).length, 1);
    h.processingTime(100);
    assert.equal(recordsOf(h.take(unfinishedPairs)).length, 1);
    h.push({ k: 2, v: 'b', n: 2 });
    assert.deepEqual(take(h.take()), []);
  },
);

inEveryMode(
  'records of all keys, and of a key function, as rows of a schema',
  Item,
  (items) =>
    items
      .matchAll(pattern<Item>().begin('a', is('a')).next('b', is('b')))
      .process({
        emits: record({ keys: t.string, at: t.timestamp }),
        onMatch({ a, b }, ctx) {
          ctx.emit({ keys: `${a[0].k} ${b[0].k}`, at: ctx.timestamp });
        },
      })
      .keyBy(({ at }) => at % 2)
      .match(
        pattern<{ keys: string }>()
          .begin('x', () => true)
          .times(2),
      )
      .flatSelect((match) => match.x.map(({ keys }) => keys)),
  (h) => {
    h.push({ k: 1, v: 'a', n: 0 }, 0);
    h.push({ k: 2, v: 'b', n: 0 }, 2);
    h.push({ k: 3, v: 'a', n: 0 }, 3);
    h.push({ k: 4, v: 'b', n: 0 }, 4);
    h.watermark(9);
    assert.deepEqual(take(h.take()), ['1 2 @4', '3 4 @4']);
  },
);

/** Of the documents of the field: a+ in a1 a2 a3, each strategy. */
for (const [skip, expected] of [
  ['none', ['a a1', 'a a1 a2', 'a a1 a2 a3', 'a a2', 'a a2 a3', 'a a3']],
  ['toNext', ['a a1', 'a a2', 'a a3']],
  ['pastLast', ['a a1', 'a a2', 'a a3']],
] as const) {
  inEveryMode(
    `one or more, skip ${skip}`,
    Item,
    (items) =>
      items
        .keyBy('k')
        .match(pattern<Item>().begin('a', is('a')).oneOrMore(), { skip })
        .select((match) => textOf(match)),
    (h) => {
      for (const n of [1, 2, 3]) h.push({ k: 1, v: 'a', n }, n);
      h.watermark(10);
      const got = take(h.take()).map((line) => line.replace(/ @\d+$/, ''));
      assert.deepEqual(got, expected);
    },
  );
}

/** b+ c: skip to the first and to the last b of a match. */
for (const [skip, expected] of [
  [{ toFirst: 'b' }, ['b b1 b2 b3, c c4', 'b b2 b3, c c4', 'b b3, c c4']],
  [{ toLast: 'b' }, ['b b1 b2 b3, c c4', 'b b3, c c4']],
] as const) {
  inEveryMode(
    `one or more and another, skip ${JSON.stringify(skip)}`,
    Item,
    (items) =>
      items
        .keyBy('k')
        .match(
          pattern<Item>().begin('b', is('b')).oneOrMore().consecutive().greedy().next('c', is('c')),
          {
            skip,
          },
        )
        .select((match) => textOf(match)),
    (h) => {
      for (const n of [1, 2, 3]) h.push({ k: 1, v: 'b', n }, n);
      h.push({ k: 1, v: 'c', n: 4 }, 4);
      h.watermark(10);
      const got = take(h.take()).map((line) => line.replace(/ @\d+$/, ''));
      assert.deepEqual(got, expected);
    },
  );
}

inEveryMode(
  'a greedy step of so many records, and no more, leaves others to the next step',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(
        pattern<Item>().begin('two', is('a')).times(2).consecutive().greedy().next('last', is('a')),
      )
      .select((match) => textOf(match)),
  (h) => {
    for (const n of [1, 2, 3, 4]) h.push({ k: 1, v: 'a', n }, n);
    h.watermark(10);
    assert.deepEqual(take(h.take()), ['two a1 a2, last a3 @3', 'two a2 a3, last a4 @4']);
  },
);

/** a+ greedy until z, and a record that would do for it too, by how it follows: what comes right behind the last a decides. */
const untilZ = pattern<Item>().begin('a', is('a')).oneOrMore().greedy().until(is('z'));
for (const [how, of, expected] of [
  [
    'followedBy',
    untilZ.followedBy('c', is('a', 'c')),
    { aaaza: ['a012 c4', 'a12 c4', 'a2 c4'], azaa: ['a0 c2'], azxza: ['a0 c4'], axzc: ['a0 c3'] },
  ],
  [
    'followedByAny',
    untilZ.followedByAny('c', is('a', 'c')),
    {
      aaza: ['a01 c3', 'a1 c3'],
      azaa: ['a0 c2', 'a0 c3'],
      azxa: ['a0 c3'],
      axac: ['a02 c3', 'a2 c3'],
    },
  ],
  ['next', untilZ.next('c', is('a', 'c')), { aza: [], axac: ['a02 c3', 'a2 c3'] }],
  [
    'next, which takes the end',
    untilZ.next('c', is('a', 'c', 'z')),
    { aaaza: ['a012 c3', 'a12 c3', 'a2 c3'] },
  ],
] as const) {
  inEveryMode(
    `greedy until, ${how}`,
    Item,
    (items) =>
      items
        .keyBy('k')
        .match(of, { skip: 'none' })
        .select(({ a, c }) => `${a[0].k}: a${a.map(({ n }) => n).join('')} c${c[0].n}`),
    (h) => {
      const inputs: [string, readonly string[]][] = Object.entries({
        ...expected,
        axza: [],
        aaxza: [],
      });
      inputs.forEach(([input], k) => {
        for (const [n, v] of [...input].entries()) h.push({ k, v, n }, n);
      });
      h.watermark(10);
      const got = take(h.take()).map((line) => line.replace(/ @\d+$/, ''));
      assert.deepEqual(
        got,
        inputs.flatMap(([, matches], k) => matches.map((m) => `${k}: ${m}`)),
      );
    },
  );
}

inEveryMode(
  'until ends a step that has begun; before its first record it is only none of them',
  Item,
  (items) =>
    items
      .keyBy('k')
      .match(
        pattern<Item>()
          .begin('s', is('x'))
          .followedBy('a', is('a', 'b'))
          .oneOrMore()
          .until(is('z', 'b'))
          .followedBy('c', is('c')),
        { skip: 'none' },
      )
      .select(({ a, c }) => `${c[0].k}: a${a.map(({ n }) => n).join('')} c${c[0].n}`),
  (h) => {
    for (const [k, input] of ['xzac', 'xazac', 'xzazac', 'xbac'].entries()) {
      for (const [n, v] of [...input].entries()) h.push({ k, v, n }, n);
    }
    h.watermark(10);
    const got = take(h.take()).map((line) => line.replace(/ @\d+$/, ''));
    assert.deepEqual(got, ['0: a2 c3', '1: a1 c4', '2: a2 c5']);
  },
);

/** In every mode the same as in the plainest one: runs, what waits, timers and matches that are held. */
const shapes: readonly (readonly [string, PatternLike<Item, Record<never, never>>])[] = [
  [
    'combinations and a group',
    pattern<Item>()
      .begin('a', is('a'))
      .oneOrMore()
      .allowCombinations()
      .followedByAny('pair', pattern<Item>().begin('b', is('b')).optional().next('c', is('c')))
      .times(1, 2)
      .within(18),
  ],
  [
    'until and gaps',
    pattern<Item>()
      .begin('a', is('a', 'b'))
      .timesOrMore(2)
      .until(is('c'))
      .followedBy('c', (row, ctx) => row.v === 'c' && ctx.matched('a')[0].n <= row.n)
      .within(12, 'previousToCurrent'),
  ],
];

for (const [name, of] of shapes) {
  for (const skip of ['none', 'toNext'] as const) {
    test(`${name}, skip ${skip}: random records`, async (context) => {
      let expected: string[] | null = null;
      for (const mode of MODES) {
        await context.test(describeMode(mode), async () => {
          const { isTyped, ...options } = mode;
          const h = await harness<Item, string>(
            (items) =>
              items
                .keyBy('k')
                .match(of, { skip, timedOut: unfinishedShapes })
                .process({ emits: type<string>(), onMatch: (m, ctx) => ctx.emit(textOf(m)) }),
            { ...options, ...(isTyped ? { schema: Item } : {}) },
          );
          const random = new Random(11);
          const found: string[] = [];
          for (let step = 0; step < 12; step++) {
            for (let i = 0; i < 8; i++) {
              const row = {
                k: random.below(3),
                v: random.pick(['a', 'b', 'c']),
                n: random.below(9),
              };
              // No two at one time: subtasks before have no order among them.
              h.push(row, step * 8 + ((i * 5) % 8));
            }
            h.watermark(step * 8 + 3);
            found.push(...take(h.take()), `W ${step}`);
          }
          await h.end();
          found.push(...take(h.take()));
          found.push(...recordsOf(h.take(unfinishedShapes)));
          expected ??= found;
          assert.ok(expected.length > 40, `${expected.length}`);
          assert.deepEqual(found, expected);
        });
      }
    });
  }
}
