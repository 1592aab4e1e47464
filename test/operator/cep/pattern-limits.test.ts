/** Patterns that mean nothing are refused where they are built; memory is bounded by their time; what goes wrong has a place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PatternLike, pattern } from '../../../src/api/cep/pattern.ts';
import { BatchBuilder } from '../../../src/data/batch-builder.ts';
import { schemaOf } from '../../../src/data/schema.ts';
import { compilePattern } from '../../../src/operator/cep/compile-pattern.ts';
import { Matcher } from '../../../src/operator/cep/matcher.ts';
import { noRuns, packRuns } from '../../../src/operator/cep/runs.ts';
import { RunsTable } from '../../../src/operator/cep/runs-table.ts';
import { KeyScope } from '../../../src/state/key-scope.ts';
import { harness } from '../../../src/testing/harness.ts';

type Row = { k: number; v: number };

const yes = (): boolean => true;
const one = pattern<Row>().begin('a', yes);

const BUILT: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['an empty name', () => pattern<Row>().begin('', yes), /begin: the name is a text that is not/],
  [
    'no condition',
    () => pattern<Row>().begin('a', 7 as never),
    /begin: the condition is a function, or a pattern, got 7/,
  ],
  ['two numbers', () => one.times(2).oneOrMore(), /'a' has its number of records already/],
  ['no number', () => one.times(-1), /times: the least is a whole number, 0 or more, got -1/],
  ['most below least', () => one.times(3, 2), /times: the most is a whole number, 3 or more/],
  ['optional twice', () => one.optional().optional(), /'a' is optional already/],
  ['greedy and one', () => one.greedy(), /greedy: stands behind times.*'a' has one record/],
  [
    'a greedy group',
    () => pattern<Row>().begin('g', one).oneOrMore().greedy(),
    /greedy: is not for groups/,
  ],
  [
    'greedy combinations',
    () => one.oneOrMore().allowCombinations().greedy(),
    /greedy: does not go with allowCombinations/,
  ],
  [
    'combinations of a greedy step',
    () => one.oneOrMore().greedy().allowCombinations(),
    /allowCombinations: does not go with greedy/,
  ],
  ['consecutive and one', () => one.consecutive(), /consecutive: stands behind times/],
  [
    'consecutive combinations',
    () => one.oneOrMore().consecutive().allowCombinations(),
    /has consecutive or allowCombinations already/,
  ],
  [
    'optional behind greedy',
    () => one.oneOrMore().greedy().next('b', yes).optional(),
    /stands behind a greedy one/,
  ],
  [
    'none behind greedy',
    () => one.oneOrMore().greedy().next('b', yes).times(0, 2),
    /stands behind a greedy one/,
  ],
  ['until of a number', () => one.times(2).until(yes), /until: stands behind oneOrMore/],
  ['until twice', () => one.oneOrMore().until(yes).until(yes), /until: 'a' has one already/],
  [
    'not behind optional',
    () => one.optional().notNext('b', yes),
    /notNext 'b': does not stand behind an optional step/,
  ],
  [
    'not more than once',
    () => one.notFollowedBy('b', yes).oneOrMore(),
    /oneOrMore: is not for 'b', which must not come/,
  ],
  ['no time', () => one.within(0), /within is longer than 0/],
  ['another kind of time', () => one.within(1, 'x' as never), /within is one of 'firstToLast'/],
  [
    'a group with a time',
    () => one.next('g', pattern<Row>().begin('b', yes).within(5)),
    /group 'g': has no time of its own/,
  ],
  [
    'a group that ends in what must not come',
    () => one.next('g', pattern<Row>().begin('b', yes).notNext('c', yes)),
    /group 'g': does not end in what must not come/,
  ],
];

for (const [name, build, message] of BUILT) {
  test(`refused: ${name}`, () => {
    assert.throws(build, { code: 'JOB_DEFINITION', message });
  });
}

const MATCHED: readonly (readonly [string, PatternLike<Row, object>, object, RegExp])[] = [
  ['no pattern', 5 as never, {}, /match takes a pattern/],
  ['no end of what must not come', one.notFollowedBy('b', yes), {}, /nothing says until when/],
  ['a name twice', one.next('a' as never, yes), {}, /two steps are called 'a'/],
  [
    'a gap above the whole time',
    one.next('b', yes).within(9, 'previousToCurrent').within(5),
    {},
    /is longer than within\(5 ms\)/,
  ],
  ['an unknown option', one, { skp: 'none' }, /unknown option 'skp'/],
  ['an unknown skip', one, { skip: 'next' }, /match: skip is 'none', 'toNext'/],
  ['skip to an unknown step', one, { skip: { toLast: 'b' } }, /no step of the pattern is called/],
  ['a tag that is none', one, { late: 'late' }, /late is made by sideOutput/],
];

for (const [name, of, options, message] of MATCHED) {
  test(`refused by match: ${name}`, async () => {
    const refused = harness<Row>((rows) =>
      rows
        .keyBy('k')
        .match(of, options)
        .select((match) => match),
    );
    await assert.rejects(refused, { code: 'JOB_DEFINITION', message });
  });
}

test('a condition that throws is told with the operator and the record', async () => {
  const h = await harness<Row>((rows) =>
    rows
      .keyBy('k')
      .match(
        pattern<Row>().begin('a', ({ v }) => {
          if (v === 2) throw new Error('two');
          return true;
        }),
      )
      .select(() => 1),
  );
  h.push({ k: 1, v: 1 }, 1);
  h.push({ k: 1, v: 2 }, 2);
  assert.throws(() => h.take(), {
    code: 'USER_FUNCTION',
    message: /match select.*record 1.*two/,
  });
});

test('ctx.matched of a step that there is not is told', async () => {
  const h = await harness<Row>((rows) =>
    rows
      .keyBy('k')
      .match(one.next('b', (_, ctx) => ctx.matched('c' as never) === null))
      .select(() => 1),
  );
  h.push({ k: 1, v: 1 }, 1);
  h.push({ k: 1, v: 2 }, 2);
  assert.throws(() => {
    h.watermark(3);
    h.take();
  }, /no step of the pattern is called 'c'; there are: a, b/);
});

test('records with and without event time are refused together', async () => {
  const h = await harness<Row>((rows) =>
    rows
      .keyBy('k')
      .match(one)
      .select(() => 1),
  );
  h.push({ k: 1, v: 1 }, 1);
  h.push({ k: 1, v: 2 });
  assert.throws(() => h.take(), { code: 'TIMESTAMP_INVALID' });
});

test('the buffer of a key holds what the time of the pattern allows, however long the input is', () => {
  const conditions = [(row: unknown) => (row as Row).v % 3 === 0, () => true, () => false];
  const of = pattern<Row>()
    .begin('a', yes)
    .followedByAny('b', yes)
    .followedBy('c', yes)
    .within(20)
    .draft();
  const steps = of.steps.map(({ of: _, times, ...step }, s) => ({
    ...step,
    of: { kind: 'record', condition: s } as const,
    min: 1,
    max: 1,
    until: null,
  }));
  const nfa = compilePattern({ steps, withinMs: of.withinMs });
  let timedOut = 0;
  const matcher = new Matcher(
    nfa,
    conditions,
    { kind: 'none' },
    {
      match() {},
      timedOut: () => timedOut++,
    },
  );
  const key = noRuns();
  let [mostRows, mostNodes] = [0, 0];
  for (let i = 0; i < 20_000; i++) {
    matcher.expire(key, i);
    matcher.take(key, { k: 1, v: i }, i, true);
    const { rows, nodes } = packRuns(key);
    mostRows = Math.max(mostRows, rows.length);
    mostNodes = Math.max(mostNodes, nodes.length / 4);
  }
  assert.ok(timedOut > 10_000, `${timedOut}`);
  assert.ok(mostRows <= 20 && mostNodes <= 7 * 20, `${mostRows} rows, ${mostNodes} nodes`);
});

test('keys that have nothing are forgotten, those of partial matches are not', async () => {
  const h = await harness<Row, number>((rows) =>
    rows
      .keyBy('k')
      .match(
        pattern<Row>()
          .begin('a', ({ v }) => v === 1)
          .followedBy('b', ({ v }) => v === 2),
      )
      .select(({ a, b }) => a[0].k + b[0].k),
  );
  let time = 0;
  for (const v of [1, 3, 3, 2]) {
    for (let k = 0; k < 17_000; k++) h.push({ k, v: k % 1000 === 7 ? v : 3 }, time++);
    h.watermark(time);
    for (let k = 17_000; k < 34_000; k++) h.push({ k: k * (v + 1), v: 3 }, ++time);
    h.watermark(time);
  }
  const found = h.take().flatMap((element) => ('record' in element ? [element.record] : []));
  assert.deepEqual(
    found,
    Array.from({ length: 17 }, (_, i) => 2 * (i * 1000 + 7)),
  );
});

test('a record of a time far ahead outlives the batch that brought it', async () => {
  const h = await harness<Row, number>((rows) =>
    rows
      .keyBy('k')
      .match(
        pattern<Row>()
          .begin('a', ({ v }) => v === 1)
          .next('b', ({ v }) => v === 2),
      )
      .select(({ a, b }) => a[0].k * 10 + b[0].k),
  );
  h.push({ k: 4, v: 2 }, 5001);
  for (let time = 0; time < 200; time++) h.push({ k: time % 5, v: 3 }, time);
  h.push({ k: 4, v: 1 }, 5000);
  h.watermark(300);
  h.push({ k: 4, v: 3 }, 400);
  h.watermark(500);
  await h.restart({ parallelism: 2 });
  h.watermark(6000);
  const found = h.take().flatMap((element) => ('record' in element ? [element.record] : []));
  assert.deepEqual(found, [44]);
});

test('partial matches of another pattern are refused', () => {
  const nfa = (step: string) =>
    compilePattern({ steps: [{ ...plainStep, name: step }], withinMs: null });
  const table = new RunsTable(nfa('a'), new KeyScope());
  const schema = schemaOf(table.fields);
  const builder = new BatchBuilder(schema, 1);
  builder.fixed(0).values[0] = 1;
  builder.dynamic(1).values[0] = packRuns(noRuns());
  builder.advance(1);
  const batch = builder.seal();
  assert.throws(() => table.loader(schema)(batch, 0, 0), {
    code: 'STATE_INCOMPATIBLE',
    message: /state 'matches': the snapshot has matches of another pattern/,
  });
});

const plainStep = {
  contiguity: 'strict',
  isNegative: false,
  of: { kind: 'record', condition: 0 },
  min: 1,
  max: 1,
  isOptional: false,
  isGreedy: false,
  inner: 'relaxed',
  until: null,
  gapMs: null,
} as const;
