/** Explanations: every generated loop of a job, the shape of the plain data, the text, and a drawing that Graphviz reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../src/api/emits.ts';
import { Flow } from '../../src/api/flow.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';

import { map } from '../../src/api/state.ts';
import type { Stream } from '../../src/api/stream.ts';
import { session, sliding, slidingCount, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { files } from '../../src/connector/file/files.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { type Explanation, explain } from '../../src/graph/explain.ts';
import { explanationDot } from '../../src/graph/explain-dot.ts';
import { explanationText } from '../../src/graph/explain-text.ts';
import { monotonous } from '../../src/time/strategies.ts';

const Row = record({ key: t.string, n: t.int32, at: t.timestamp, note: t.nullable(t.string) });
type Row = RowOf<typeof Row>;
const Slim = record({ n: t.int32 });

function explained(
  define: (flow: Flow) => void,
  settings = { threads: 2, parallelism: 2 },
  name = 'test',
): Explanation {
  const builder = new GraphBuilder(name);
  define(new Flow(builder, {}));
  const { graph, bindings } = builder.finish();
  return explain(graph, bindings, settings);
}

/** Titles of the loops, by the operator or the exchange they belong to. */
function titles({ tasks, exchanges }: Explanation): string[] {
  return [
    ...tasks.flatMap((task) =>
      task.operators.flatMap(({ steps, loops }) =>
        loops.map(({ title }) => `${steps.join('+')}: ${title}`),
      ),
    ),
    ...exchanges.flatMap(({ loops, partitioning }) =>
      loops.map(({ title }) => `${partitioning}: ${title}`),
    ),
  ];
}

const typed = (flow: Flow): Stream<Row> => flow.from(collection<Row>([], Row));
const freeForm = (flow: Flow): Stream<Row> => flow.from(collection<Row>([]));

const AGGREGATION = ['init', 'add', 'merge', 'results'] as const;
const TITLE = {
  init: 'accumulators of no row',
  add: 'rows into the accumulators of their keys',
  join: 'partial results into the accumulators of their keys',
  merge: 'panes joined',
  results: 'results from accumulators',
};
const of = (operator: string, loops: readonly (keyof typeof TITLE)[]): string[] =>
  loops.map((loop) => `${operator}: ${TITLE[loop]}`);

const CSV_LINE = 'csv: a line, with columns in the order of the schema';
const JSON_LINE = 'jsonLines: a line, with fields in the order of the schema';

const CASES: readonly [name: string, define: (flow: Flow) => void, expected: readonly string[]][] =
  [
    [
      'runs of stateless steps, cut by flatMap',
      (flow) =>
        typed(flow)
          .filter(({ n }) => n > 0)
          .flatMap(({ n }) => [n])
          .map((n) => n)
          .to(blackhole()),
      ['filter+flatMap: all steps of a row', 'map: all steps of a row'],
    ],
    [
      'a schema in mid-flow',
      (flow) => freeForm(flow).as(Slim).to(blackhole()),
      ['as: a row into columns'],
    ],
    [
      'rolling aggregation by a typed key',
      (flow) => typed(flow).keyBy('key').sum('n').to(blackhole()),
      ['sum: each record joined to what its key has'],
    ],
    [
      'rolling reduce by a key function',
      (flow) =>
        typed(flow)
          .keyBy(({ n }) => n % 2)
          .reduce((_, row) => row)
          .to(blackhole()),
      [
        'reduce: each record joined to what its key has',
        'reduce: keys, as long as all are ints',
        'reduce: keys of any kind',
        'hash(function): hashes of keys',
      ],
    ],
    [
      'rolling aggregation by two fields of free-form rows',
      (flow) => freeForm(flow).keyBy('key', 'n').minBy('n').to(blackhole()),
      [
        'minBy: each record joined to what its key has',
        'minBy: a record joined to a value',
        'minBy: keys of any kind',
        "minBy: field 'key' of a row",
        "minBy: field 'n' of a row",
        'hash(key, n): hashes of keys',
        "hash(key, n): field 'key' of a row",
        "hash(key, n): field 'n' of a row",
      ],
    ],
    [
      'interval join of a typed and a free-form stream, by keys of both kinds',
      (flow) =>
        typed(flow)
          .keyBy('n')
          .intervalJoin(freeForm(flow).keyBy('n'))
          .between(-1, 1)
          .process((left) => left)
          .to(blackhole()),
      [
        'intervalJoin: left row that was kept',
        'intervalJoin: left keys, as long as all are ints',
        'intervalJoin: left keys of any kind',
        "intervalJoin: left field 'n' of a row",
        'intervalJoin: right keys, as long as all are ints',
        'intervalJoin: right keys of any kind',
        "intervalJoin: right field 'n' of a row",
        'hash(n): hashes of keys',
        "hash(n): field 'n' of a row",
        'hash(n): hashes of keys',
        "hash(n): field 'n' of a row",
      ],
    ],
    [
      'window join by typed keys',
      (flow) =>
        typed(flow)
          .join(typed(flow))
          .on('key', 'key')
          .window(tumbling(10))
          .apply((left) => left)
          .to(blackhole()),
      ['join: left row that was kept', 'join: right row that was kept'],
    ],
    [
      'join of sessions with a gap by a function, by keys of both kinds',
      (flow) =>
        typed(flow)
          .coGroup(freeForm(flow))
          .on('n', 'n')
          .window(session(({ n }) => n + 1))
          .apply((left) => left)
          .to(blackhole()),
      [
        'coGroup: left gaps of sessions',
        'coGroup: left keys, as long as all are ints',
        'coGroup: left keys of any kind',
        "coGroup: left field 'n' of a row",
        'coGroup: right gaps of sessions',
        'coGroup: right keys, as long as all are ints',
        'coGroup: right keys of any kind',
        "coGroup: right field 'n' of a row",
        'hash(n): hashes of keys',
        "hash(n): field 'n' of a row",
        'hash(n): hashes of keys',
        "hash(n): field 'n' of a row",
      ],
    ],
    [
      'window aggregation in two halves',
      (flow) =>
        typed(flow)
          .eventTime('at', monotonous())
          .keyBy('key')
          .window(tumbling(10))
          .aggregate(({ sum }) => ({ n: sum('n') }))
          .to(blackhole()),
      [...of('window', ['init', 'add']), ...of('window', ['init', 'join', 'merge', 'results'])],
    ],
    [
      'window aggregation of processing time, with a projection before',
      (flow) =>
        typed(flow)
          .keyBy('key')
          .window(sliding(10, 5, { time: 'processing' }))
          .aggregate(({ sum }) => ({ n: sum('n') }))
          .to(blackhole()),
      ['project: all steps of a row', ...of('window', AGGREGATION)],
    ],
    [
      'count windows, of one pane and of several',
      (flow) => {
        const byN = typed(flow).project('n').keyBy('n');
        byN
          .window(tumblingCount(3))
          .aggregate(({ count }) => ({ rows: count() }))
          .to(blackhole());
        byN
          .window(slidingCount(4, 2))
          .aggregate(({ count }) => ({ rows: count() }))
          .to(blackhole());
      },
      [
        'project: all steps of a row',
        ...of('window', ['init', 'add', 'results']),
        ...of('window', AGGREGATION),
      ],
    ],
    [
      'event time from columns, from fields of free-form rows, from a function, and behind a step',
      (flow) => {
        typed(flow).eventTime('at', monotonous()).to(blackhole());
        freeForm(flow).eventTime('at', monotonous()).to(blackhole());
        typed(flow)
          .eventTime(({ at }) => at, monotonous())
          .eventTime(({ n }) => n, monotonous())
          .to(blackhole());
      },
      [
        'collection: event times',
        "collection: field 'at' of a row",
        'collection: event times',
        'eventTime: event times',
      ],
    ],
    [
      'partitioning by a function of a field, and of the row',
      (flow) => {
        typed(flow)
          .partitionCustom(() => 0, 'n')
          .to(blackhole());
        typed(flow)
          .partitionCustom(
            () => 0,
            ({ key }) => key,
          )
          .to(blackhole());
      },
      [
        'custom(n): channels of rows',
        "custom(n): field 'n' of a row",
        'custom(function): channels of rows',
      ],
    ],
    [
      'files: scans of lines, and text of rows',
      (flow) => {
        flow.from(files('a.csv', csv(Row))).to(files('out-a', csv()));
        flow.from(files('b.jsonl', jsonLines(Row))).to(files('out-b', jsonLines()));
        flow.from(files('c.parquet', parquet(Row))).to(files('out-c', parquet()));
        flow.from(files('d.csv', csv())).to(files('out-d', csv()));
      },
      [CSV_LINE, 'csv: rows into text', JSON_LINE],
    ],
    [
      'process functions by a field of typed rows, and by a function',
      (flow) => {
        const definition = { emits: type<number>(), onRecord() {} };
        typed(flow).keyBy('n').process(definition).to(blackhole());
        typed(flow)
          .keyBy(({ key }) => key)
          .process(definition)
          .to(blackhole());
      },
      [
        'process: a process function called for each record',
        'process: a process function called for each record',
        'process: keys, as long as all are ints',
        'process: keys of any kind',
        'hash(function): hashes of keys',
      ],
    ],
    [
      'process functions of two streams, and of one without keys',
      (flow) => {
        const emits = type<number>();
        const [a, b] = [typed(flow), typed(flow)];
        const both = { emits, onFirst() {}, onSecond() {} };
        a.keyBy('n').connect(b.keyBy('n')).process(both).to(blackhole());
        const states = { seen: map(t.int32, t.int32) };
        const beside = { emits, onRecord() {}, onBroadcast() {} };
        a.connect(b.broadcast(states)).process(beside).to(blackhole());
        a.process({ emits, onRecord() {} }).to(blackhole());
      },
      [
        'process: a process function called for each record',
        'process: onFirst called for each record',
        'process: onSecond called for each record',
        'process: a process function called for each record',
        'process: onBroadcast called for each record',
      ],
    ],
    [
      'equal keys of different rows are hashed as values',
      (flow) => typed(flow).union(freeForm(flow)).keyBy('n').sum('n').to(blackhole()),
      [
        'sum: each record joined to what its key has',
        'sum: a record joined to a value',
        'sum: keys, as long as all are ints',
        'sum: keys of any kind',
        "sum: field 'n' of a row",
        'hash(n): hashes of keys',
        "hash(n): field 'n' of a row",
        'hash(n): hashes of keys',
        "hash(n): field 'n' of a row",
      ],
    ],
    [
      'what generates nothing',
      (flow) => {
        typed(flow).rebalance().to(blackhole());
        typed(flow).broadcast().collectAs('rows');
      },
      [],
    ],
  ];

for (const [name, define, expected] of CASES) {
  test(`every generated loop: ${name}`, () => {
    const explanation = explained(define);
    assert.deepEqual(titles(explanation), expected);
    const loops = [
      ...explanation.tasks.flatMap(({ operators }) => operators),
      ...explanation.exchanges,
    ].flatMap((place) => place.loops);
    for (const { source } of loops) {
      // A name that is not given is an error when the code runs, not here: this is about the syntax.
      assert.doesNotThrow(() => new Function(source), source);
      assert.match(source, /^'use strict';\n[\s\S]*\/\/# sourceURL=millrace-generated:[a-z-]+$/);
    }
    const text = explanationText(explanation);
    for (const { title, source } of loops) assert.ok(text.includes(`: ${title}\n${source}`));
  });
}

test('sources are those of the steps: the code of the user is called where it should be', () => {
  const { tasks } = explained((flow) => {
    typed(flow)
      .filter(({ n }) => n > 0)
      .project('key', 'n')
      .map((row) => row)
      .to(blackhole());
  });
  const [loop] = tasks[0]!.operators[1]!.loops;
  assert.match(loop!.source, /const \[f0, unused1, f2\] = steps;/);
  assert.match(loop!.source, /if \(!f0\(r0\)\) break row;[\s\S]*r1\["key"\][\s\S]*f2\(r2\)/);
});

test('the plain data has the same shape for every job', () => {
  const explanation = explained((flow) => {
    const rows = typed(flow);
    rows.keyBy('n').sum('n').to(blackhole()).name('sums');
    rows.map(({ n }) => n).to(blackhole());
  });
  const plain = JSON.parse(JSON.stringify(explanation)) as Explanation;
  assert.deepEqual(plain, explanation);
  assert.deepEqual(Object.keys(plain), [
    'job',
    'fingerprint',
    'threads',
    'parallelism',
    'steps',
    'tasks',
    'exchanges',
  ]);
  assert.deepEqual(plain.steps[1], {
    id: 1,
    uid: 'sum',
    name: 'sum',
    description: null,
    type: 'rolling',
    maxParallelism: null,
    inputs: [{ from: 0, partitioning: 'hash(n)', side: null, operatorInput: 0 }],
    fields: ['key: string', 'n: float64', 'at: timestamp', 'note: string?'],
  });
  const withoutLoops = plain.tasks.map((task) => ({
    ...task,
    operators: task.operators.map(({ loops: _, ...operator }) => operator),
  }));
  assert.deepEqual(withoutLoops, [
    {
      id: 0,
      parallelism: 2,
      operators: [
        { id: 0, steps: ['collection'], input: null },
        { id: 1, steps: ['map'], input: 0 },
        { id: 2, steps: ['blackhole'], input: 1 },
      ],
      workers: [0, 1],
    },
    {
      id: 1,
      parallelism: 2,
      operators: [
        { id: 3, steps: ['sum'], input: null },
        { id: 4, steps: ['sums'], input: 3 },
      ],
      workers: [0, 1],
    },
  ]);
  assert.deepEqual(plain.exchanges, [
    {
      fromTask: 0,
      toTask: 1,
      fromOperator: 0,
      toOperator: 3,
      partitioning: 'hash(n)',
      operatorInput: 0,
      localChannels: 2,
      rings: 2,
      channels: [
        { fromSubtask: 0, toSubtask: 0, isLocal: true },
        { fromSubtask: 0, toSubtask: 1, isLocal: false },
        { fromSubtask: 1, toSubtask: 0, isLocal: false },
        { fromSubtask: 1, toSubtask: 1, isLocal: true },
      ],
      loops: [],
    },
  ]);
});

test('the text shows steps, the paths of each chain, and what lies between', () => {
  const text = explanationText(
    explained(
      (flow) => {
        const rows = typed(flow).name('rows');
        const mapped = rows
          .map((row) => row)
          .uid('copy')
          .maxParallelism(8);
        mapped.to(blackhole()).name('one');
        mapped.to(blackhole()).name('two');
        mapped.global().collectAs('all');
      },
      { threads: 1, parallelism: 2 },
    ),
  );
  const head = text.slice(0, text.indexOf('\n\n//')).split('\n');
  assert.match(head[0]!, /^job test, fingerprint [0-9a-f]{16}$/);
  assert.deepEqual(head.slice(1), [
    '1 threads, parallelism 2',
    '',
    'Steps',
    '  0  rows (source)  { key: string, n: int32, at: timestamp, note: string? }',
    '  1  map, uid copy, maxParallelism 8  ← 0 forward  free-form rows',
    '  2  one (sink)  ← 1 forward',
    '  3  two (sink)  ← 1 forward',
    '  4  output all (collect)  ← 1 global',
    '',
    'Tasks',
    '  0  rows > map > one  x2 on worker 0',
    '     map > two',
    '  1  output all  x1 on the calling thread',
    '',
    'Exchanges',
    '  0 → 1  global, 0 local channels, 2 rings',
  ]);
});

test('the text tells which stream comes to the second input of a step', () => {
  const text = explanationText(
    explained((flow) => {
      const [left, right] = [typed(flow).name('left'), typed(flow).name('right')];
      left
        .coGroup(right.map((row) => row))
        .on('n', 'n')
        .window(tumbling(10))
        .apply((lefts) => lefts)
        .to(blackhole());
    }),
  );
  for (const line of [
    '  3  coGroup (windowJoin)  ← 0 hash(n), 2 hash(n) to the second input  free-form rows',
    '  0 → 2  hash(n), 2 local channels, 2 rings',
    '  1 → 2  hash(n) to the second input, 2 local channels, 2 rings',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} in\n${text}`);
  }
});

/** Reads the language of Graphviz as far as it is used; throws where the text is not of it. */
function readDot(text: string): { nodes: Map<string, string>; edges: string[] } {
  const tokens = text.match(/"(?:[^"\\\n]|\\.)*"|->|[A-Za-z_][A-Za-z_0-9]*|[{}[\]=;,]|\S/g) ?? [];
  const nodes = new Map<string, string>();
  const edges: string[] = [];
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const take = (wanted: RegExp): string => {
    const token = next();
    assert.match(token, wanted, `token ${at - 1} of ${text}`);
    return token;
  };
  const name = /^([A-Za-z_]\w*|".*")$/;
  const attributes = (): string => {
    let label = '';
    if (tokens[at] !== '[') return label;
    do {
      next();
      const key = take(name);
      take(/^=$/);
      const value = take(name);
      if (key === 'label') label = value;
    } while (tokens[at] === ',');
    take(/^\]$/);
    return label;
  };
  const statements = (): void => {
    while (tokens[at] !== '}') {
      const first = take(name);
      if (first === 'subgraph') {
        take(name);
        take(/^\{$/);
        statements();
        take(/^\}$/);
        continue;
      }
      if (tokens[at] === '=') {
        next();
        take(name);
      } else if (tokens[at] === '->') {
        next();
        edges.push(`${first} -> ${take(name)}: ${attributes()}`);
      } else nodes.set(first, attributes());
      take(/^;$/);
    }
  };
  take(/^digraph$/);
  take(name);
  take(/^\{$/);
  statements();
  take(/^\}$/);
  assert.equal(at, tokens.length);
  return { nodes, edges };
}

test('the drawing is one that Graphviz reads, whatever the names', () => {
  const names = [
    'plain',
    'a "quoted" name',
    'back\\slash\\',
    'two\nlines',
    'semi;colon } ]',
    'ü → 漢',
  ];
  for (const given of names) {
    const explanation = explained(
      (flow) => {
        const rows = typed(flow).name(given);
        rows.keyBy('key').sum('n').name(given).uid('sum').to(blackhole());
        rows
          .map((row) => row)
          .to(blackhole())
          .name('end');
      },
      { threads: 2, parallelism: 2 },
      given,
    );
    const { nodes, edges } = readDot(explanationDot(explanation));
    const label = `"${given.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
    assert.deepEqual(
      [...nodes],
      [
        ['node', ''],
        ['o0', label],
        ['o1', '"map"'],
        ['o2', '"end"'],
        ['o3', label],
        ['o4', '"blackhole"'],
      ],
    );
    assert.deepEqual(edges, [
      'o0 -> o1: ',
      'o1 -> o2: ',
      'o3 -> o4: ',
      'o0 -> o3: "hash(key)\\n2 local, 2 rings"',
    ]);
  }
});

test('a drawing that is damaged is not read', () => {
  assert.throws(() => readDot('digraph "a" { o1 [label="x"y"]; }'));
  assert.throws(() => readDot('digraph "a" { o1 [label="x\ny"]; }'));
});

test('a name with line breaks stays on its line of the text', () => {
  const broken = (stream: Stream<Row>): Stream<Row> =>
    stream.map((row) => row).name('a\nb\r\u2028c');
  const define = (flow: Flow): void => {
    broken(typed(flow)).to(blackhole());
  };
  const lines = explanationText(explained(define, undefined, 'two\nlines')).split(/[\r\n\u2028]/);
  assert.match(lines[0]!, /^job two\\nlines, fingerprint /);
  const shown = lines.filter((line) => line.includes('a\\nb\\u000d\\u2028c'));
  assert.ok(shown.length >= 3, 'its step, its task, its loops');
  assert.equal(lines.filter((line) => /^(b$|lines,)/.test(line)).length, 0);
});
