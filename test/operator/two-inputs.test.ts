/** An operator of two inputs, in every mode: time, idleness and ends of streams that meet in it; streams of many shapes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sideOutput } from '../../src/api/side-output.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { tumbling } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { Dataflow } from '../../src/testing/dataflow.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, MODES2 } from '../modes.ts';
import { parseEvents, WATERMARK_CASES } from '../time/watermark-cases.ts';

type Row = { k: string; n: number };
const Row = record({ k: t.string, n: t.int32 });

/** So many streams that meet in a join, the last of them on its second input; one alone meets itself. */
function controlled(inputs: number, mode: (typeof MODES2)[number]) {
  const { isFirstTyped, isSecondTyped, ...options } = mode;
  const dataflow = new Dataflow<unknown>(
    Array.from({ length: inputs }, (_, n) => ({
      name: `input ${n}`,
      schema: (n % 2 === 0 ? isFirstTyped : isSecondTyped) ? Row : null,
    })),
    (streams) => {
      const [first, ...others] = streams as unknown as readonly Stream<Row>[];
      const last = others.pop() ?? first!;
      return first!
        .union(...others)
        .keyBy('k')
        .intervalJoin(last.keyBy('k'))
        .between(0, 10)
        .process((left) => left);
    },
    options,
  );
  return (events: string): string[] => {
    for (const { input, what } of parseEvents(events)) {
      if (typeof what === 'number') dataflow.add(input, { watermark: what });
      else if (what === 'end') dataflow.add(input, { end: true });
      else dataflow.add(input, { isIdle: what === 'idle' });
    }
    return dataflow.take().flatMap((element) => {
      if ('watermark' in element) return [`W${element.watermark}`];
      if ('idle' in element) return ['IDLE'];
      return 'active' in element ? ['ACTIVE'] : [];
    });
  };
}

for (const [inputs, steps] of WATERMARK_CASES) {
  test(`time of ${inputs} streams that meet in a join, in every mode: ${steps.map(([events]) => events).join('; ')}`, () => {
    for (const mode of MODES2) {
      const feed = controlled(inputs, mode);
      for (const [events, expected] of steps) {
        assert.deepEqual(feed(events), expected === '' ? [] : expected.split(' '), events);
      }
    }
  });
}

inEveryMode(
  'a stream joined with itself, and with what was made of it',
  Row,
  (rows) =>
    rows
      .join(rows.filter(({ n }) => n > 1).union(rows.map(({ k, n }) => ({ k, n: -n }))))
      .on('k', 'k')
      .window(tumbling(10))
      .apply((left, right) => `${left.k}${left.n} ${right.n}`),
  async (h) => {
    h.push({ k: 'a', n: 1 }, 1);
    h.push({ k: 'a', n: 2 }, 2);
    h.push({ k: 'b', n: 3 }, 9);
    await h.end();
    const expected = ['a1 -1', 'a1 -2', 'a1 2', 'a2 -1', 'a2 -2', 'a2 2', 'b3 -3', 'b3 3'];
    assert.deepEqual(h.takeRecords().sort(), expected);
  },
);

inEveryMode(
  'steps behind a join, and its side output joined again',
  Row,
  (rows) => {
    const late = sideOutput<Row>('late');
    const pairs = rows
      .keyBy('k')
      .intervalJoin(rows.filter(({ n }) => n > 0).keyBy('k'))
      .between(0, 0)
      .lateLeftTo(late)
      .process((left, right) => ({ k: left.k, n: left.n + right.n }));
    return pairs
      .sideOutput(late)
      .keyBy('k')
      .intervalJoin(
        pairs
          .map((row) => row)
          .as(Row)
          .keyBy('k'),
      )
      .between(-100, 100)
      .process((left, right) => `${left.n} ${right.n}`);
  },
  async (h) => {
    h.push({ k: 'a', n: 1 }, 50);
    h.watermark(45);
    h.push({ k: 'a', n: -7 }, 44);
    h.push({ k: 'a', n: 5 }, 45);
    await h.end();
    // The late one is behind the watermark of the second join too, which counts it.
    assert.deepEqual(h.takeRecords(), []);
    assert.equal(h.metrics().lateRecords, 1);
  },
);

test('keys that can never be equal, and bounds that hold nothing, are refused', async () => {
  const Other = record({ k: t.int32, day: t.date });
  const refused = (build: (rows: Stream<Row>, others: Stream<Row>) => RowStream<unknown>) =>
    harness<Row>((rows) => build(rows, rows.map(() => null).as(Other) as unknown as Stream<Row>), {
      schema: Row,
    });
  const window = tumbling(10);
  const cases: readonly [RegExp, Parameters<typeof refused>[0]][] = [
    [
      /'k' is string and 'k' is int32/,
      (a, b) => a.keyBy('k').intervalJoin(b.keyBy('k')).between(0, 0).process(String),
    ],
    [
      /the keys have 2 and 1 fields/,
      (a) => a.keyBy('k', 'n').intervalJoin(a.keyBy('k')).between(0, 0).process(String),
    ],
    [
      /not above the upper one/,
      (a) => a.keyBy('k').intervalJoin(a.keyBy('k')).between(1, 0).process(String),
    ],
    ...[{ lowerExclusive: true }, { upperExclusive: true }].map(
      (options): (typeof cases)[number] => [
        /bounds with something between them/,
        (a) => a.keyBy('k').intervalJoin(a.keyBy('k')).between(1, 1, options).process(String),
      ],
    ),
    [
      /the upper bound is whole milliseconds/,
      (a) => a.keyBy('k').intervalJoin(a.keyBy('k')).between(0, 1.5).process(String),
    ],
    [
      /'k' is string and 'k' is int32/,
      (a, b) => a.join(b).on('k', 'k').window(window).apply(String),
    ],
    [
      /only for windows of event time/,
      (a) =>
        a
          .coGroup(a)
          .on('k', 'k')
          .window(tumbling(10, { time: 'processing' }))
          .lateLeftTo(sideOutput('late'))
          .apply(() => []),
    ],
  ];
  for (const [message, build] of cases) {
    await assert.rejects(refused(build), { code: 'JOB_DEFINITION', message });
  }
});
