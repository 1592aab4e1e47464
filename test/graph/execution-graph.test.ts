/** Chains, fused runs, subtasks and channels of logical graphs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../src/api/flow.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';
import { tumbling } from '../../src/api/windows.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { record, t } from '../../src/data/schema.ts';
import { CALLER, type ExecutionGraph, executionGraph } from '../../src/graph/execution-graph.ts';
import { fingerprint, type LogicalGraph } from '../../src/graph/graph.ts';
import { monotonous } from '../../src/time/strategies.ts';

const Row = record({ key: t.int32, time: t.timestamp });

function graphOf(define: (flow: Flow) => void): LogicalGraph {
  const builder = new GraphBuilder('test');
  define(new Flow(builder, {}));
  return builder.finish().graph;
}

const rows = (flow: Flow) =>
  flow.from(generate({ schema: Row, count: 1, row: (n) => ({ key: n, time: n }) }));

/** Tasks as text: operators by '>', stateless steps of one operator by '+'. */
function tasksOf(execution: ExecutionGraph, graph: LogicalGraph): string[] {
  return execution.tasks.map(
    (task) =>
      `${task.operators
        .map(({ nodes }) => nodes.map((node) => graph.nodes[node]!.name).join('+'))
        .join(' > ')} x${task.parallelism}`,
  );
}

function tasks(define: (flow: Flow) => void, threads = 2, parallelism = 2): string[] {
  const graph = graphOf(define);
  return tasksOf(executionGraph(graph, { threads, parallelism }), graph);
}

const identity = <T>(row: T): T => row;

test('what follows without an exchange is one task, stateless steps in a row one operator', () => {
  assert.deepEqual(
    tasks((flow) => {
      rows(flow)
        .map(identity)
        .filter(() => true)
        .project('key')
        .to(blackhole());
    }),
    ['generate > map+filter+project > blackhole x2'],
  );
});

test('a flatMap ends a run of stateless steps, and a step that two others read does too', () => {
  assert.deepEqual(
    tasks((flow) => {
      const mapped = rows(flow)
        .map(identity)
        .flatMap((row) => [row])
        .map(identity);
      mapped.filter(() => true).to(blackhole());
      mapped.to(blackhole());
    }),
    ['generate > map+flatMap > map > filter > blackhole > blackhole x2'],
  );
});

for (const [what, threads, parallelism, expected] of [
  ['on two subtasks', 2, 2, ['generate > window x2', 'window > blackhole x2']],
  ['on one subtask of one thread', 1, 1, ['generate > window+window > blackhole x1']],
  ['on one subtask of the calling thread', 0, 1, ['generate > window+window > blackhole x1']],
] as const) {
  test(`an aggregation by key ${what}: ${expected.length} tasks`, () => {
    const keyed = (flow: Flow): void => {
      rows(flow)
        .eventTime('time', monotonous())
        .keyBy('key')
        .window(tumbling(1))
        .aggregate(({ count }) => ({ n: count() }))
        .to(blackhole());
    };
    assert.deepEqual(tasks(keyed, threads, parallelism), expected);
  });
}

test('what cannot be added up before the exchange goes through it without the fields that nobody reads', () => {
  const Wide = record({ key: t.int32, time: t.timestamp, unused: t.string });
  assert.deepEqual(
    tasks((flow) => {
      flow
        .from(generate({ schema: Wide, count: 1, row: () => ({ key: 1, time: 1, unused: '' }) }))
        .eventTime('time', monotonous())
        .keyBy('key')
        .window(tumbling(1))
        .aggregate(({ first }) => ({ first: first('key') }))
        .to(blackhole());
    }),
    ['generate > project x2', 'window > blackhole x2'],
  );
});

test('the first half of an aggregation stays with what comes before it', () => {
  const graph = graphOf((flow) => {
    flow
      .from(generate({ schema: Row, count: 1, row: () => ({ key: 1, time: 1 }) }), {
        parallelism: 1,
      })
      .eventTime('time', monotonous())
      .keyBy('key')
      .window(tumbling(1))
      .aggregate(({ count }) => ({ n: count() }))
      .name('counting')
      .to(blackhole());
  });
  const execution = executionGraph(graph, { threads: 2, parallelism: 3 });
  assert.deepEqual(tasksOf(execution, graph), [
    'generate > counting x1',
    'counting > blackhole x3',
  ]);
});

test('chains are cut where the user says, and where parallelism changes', () => {
  const chained = (cut: 'head' | 'never' | 'parallelism') =>
    tasks((flow) => {
      const mapped = rows(flow).map(identity);
      if (cut === 'head') mapped.startNewChain();
      if (cut === 'never') mapped.disableChaining();
      if (cut === 'parallelism') mapped.parallelism(3);
      mapped.filter(() => true).to(blackhole());
    });
  assert.deepEqual(chained('head'), ['generate x2', 'map+filter > blackhole x2']);
  assert.deepEqual(chained('never'), ['generate x2', 'map x2', 'filter > blackhole x2']);
  assert.deepEqual(chained('parallelism'), ['generate x2', 'map x3', 'filter > blackhole x2']);
});

test('a step with more subtasks than it may have is refused, those that it may have are not', () => {
  const of = (own: number | null, parallelism: number): readonly string[] =>
    tasks(
      (flow) => {
        const sums = rows(flow).keyBy('key').max('time').maxParallelism(4).name('sums');
        if (own !== null) sums.parallelism(own);
        sums.collectAs('sums');
      },
      1,
      parallelism,
    );
  assert.deepEqual(of(null, 4), ['generate x4', 'sums x4', 'output sums x1']);
  assert.deepEqual(of(2, 8), ['generate x8', 'sums x2', 'output sums x1']);
  for (const [own, parallelism, many] of [
    [null, 5, 5],
    [6, 2, 6],
  ] as const) {
    assert.throws(() => of(own, parallelism), {
      code: 'JOB_DEFINITION',
      message: `'sums' would have ${many} subtasks, and its maxParallelism is 4: give it no more by .parallelism(4), or a greater maxParallelism where it has no state yet`,
    });
  }
});

test('steps of other key groups share subtasks where there is one, and have exchanges where there are more', () => {
  const keyed = (flow: Flow): void => {
    const sums = rows(flow).keyBy('key').min('time').maxParallelism(2);
    sums.keyBy('key').max('time').maxParallelism(4096).to(blackhole());
  };
  assert.deepEqual(tasks(keyed, 1, 1), ['generate > min > max > blackhole x1']);
  assert.deepEqual(tasks(keyed, 2, 2), ['generate x2', 'min x2', 'max > blackhole x2']);
});

test('without chaining each step has subtasks of its own', () => {
  const graph = graphOf((flow) => {
    rows(flow)
      .map(identity)
      .filter(() => true)
      .to(blackhole());
  });
  const settings = { threads: 1, parallelism: 1 };
  const alone = executionGraph(graph, { ...settings, chaining: false });
  assert.deepEqual(tasksOf(alone, graph), ['generate x1', 'map x1', 'filter x1', 'blackhole x1']);
  const chained = executionGraph(graph, { ...settings, chaining: true });
  assert.deepEqual(tasksOf(chained, graph), ['generate > map+filter > blackhole x1']);
});

test('subtasks go to workers in turn, more of them than there are threads', () => {
  const graph = graphOf((flow) => {
    rows(flow).to(blackhole()).parallelism(5);
  });
  const { subtasks } = executionGraph(graph, { threads: 2, parallelism: 1 });
  assert.deepEqual(
    subtasks.map(({ task, index, worker }) => [task, index, worker]),
    [
      [0, 0, 0],
      [1, 0, 0],
      [1, 1, 1],
      [1, 2, 0],
      [1, 3, 1],
      [1, 4, 0],
    ],
  );
  const none = executionGraph(graph, { threads: 0, parallelism: 1 });
  assert.ok(none.subtasks.every(({ worker }) => worker === CALLER));
});

for (const [partition, channels] of [
  ['forward', ['0→0', '1→1']],
  ['rebalance', ['0→0', '0→1', '1→0', '1→1']],
  ['shuffle', ['0→0', '0→1', '1→0', '1→1']],
  ['rescale', ['0→0', '1→1']],
  ['broadcast', ['0→0', '0→1', '1→0', '1→1']],
  ['global', ['0→0', '0→1', '1→0', '1→1']],
] as const) {
  test(`${partition}: channels ${channels.join(', ')}, local within a worker`, () => {
    const graph = graphOf((flow) => {
      const source = rows(flow);
      const sent = partition === 'forward' ? source : source[partition]();
      sent.map(identity).startNewChain().to(blackhole());
    });
    const execution = executionGraph(graph, { threads: 2, parallelism: 2 });
    const indexOf = (id: number) => execution.subtasks[id]!.index;
    assert.deepEqual(
      execution.channels.map(({ from, to }) => `${indexOf(from)}→${indexOf(to)}`),
      channels,
    );
    for (const { from, to, isLocal } of execution.channels) {
      assert.equal(isLocal, indexOf(from) === indexOf(to));
    }
    assert.deepEqual(
      execution.exchanges.map((exchange) => exchange.partitioning.kind),
      [partition],
    );
  });
}

for (const [from, to, channels] of [
  [2, 4, ['0→0', '0→2', '1→1', '1→3']],
  [4, 2, ['0→0', '1→1', '2→0', '3→1']],
  [2, 3, ['0→0', '0→2', '1→1']],
  [3, 1, ['0→0', '1→0', '2→0']],
] as const) {
  test(`rescale from ${from} to ${to} subtasks: every one has a channel, on its thread where that can be`, () => {
    const graph = graphOf((flow) => {
      rows(flow).parallelism(from).rescale().to(blackhole()).parallelism(to);
    });
    const execution = executionGraph(graph, { threads: 2, parallelism: 2 });
    const indexOf = (id: number) => execution.subtasks[id]!.index;
    assert.deepEqual(
      execution.channels.map((channel) => `${indexOf(channel.from)}→${indexOf(channel.to)}`),
      channels,
    );
    const areLocal = execution.channels.every(({ isLocal }) => isLocal);
    assert.equal(areLocal, Math.min(from, to) % 2 === 0);
  });
}

test('a step is pinned to a thread with what shares its subtasks, and shares none with a step pinned elsewhere', () => {
  const graph = graphOf((flow) => {
    const mapped = rows(flow).map(identity).pin(1);
    mapped.filter(() => true).to(blackhole());
    mapped.project('key').pin(3).to(blackhole()).pin(0);
  });
  const workers = (threads: number) => {
    const execution = executionGraph(graph, { threads, parallelism: 2 });
    return tasksOf(execution, graph).map((task, id) => [
      task,
      execution.subtasks.filter((subtask) => subtask.task === id).map(({ worker }) => worker),
    ]);
  };
  assert.deepEqual(workers(4), [
    ['generate x2', [0, 1]],
    ['map > filter > blackhole x2', [1, 1]],
    ['project x2', [3, 3]],
    ['blackhole x2', [0, 0]],
  ]);
  assert.deepEqual(
    workers(2).map(([, of]) => of),
    [
      [0, 1],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
  );
  assert.ok(workers(0).every(([, of]) => (of as number[]).every((worker) => worker === CALLER)));
});

test('a forward edge between tasks of different parallelism is rebalanced', () => {
  const graph = graphOf((flow) => {
    rows(flow).map(identity).parallelism(3).to(blackhole()).parallelism(3);
  });
  const { exchanges, channels } = executionGraph(graph, { threads: 1, parallelism: 2 });
  assert.equal(exchanges[0]!.partitioning.kind, 'rebalance');
  assert.equal(channels.length, 6);
});

test('a union is a task with an exchange for each of its streams', () => {
  const graph = graphOf((flow) => {
    const a = rows(flow);
    a.union(rows(flow), a).map(identity).to(blackhole());
  });
  const execution = executionGraph(graph, { threads: 1, parallelism: 1 });
  assert.deepEqual(tasksOf(execution, graph), ['generate x1', 'generate x1', 'map > blackhole x1']);
  assert.deepEqual(
    execution.exchanges.map(({ fromNode, toNode, input }) => [fromNode, toNode, input]),
    [
      [0, 2, 0],
      [1, 2, 1],
      [0, 2, 2],
    ],
  );
});

test('the graph is frozen, and every edge goes to a later node', () => {
  const graph = graphOf((flow) => {
    const source = rows(flow);
    source
      .map(identity)
      .union(source.filter(() => true))
      .to(blackhole());
  });
  assert.ok(Object.isFrozen(graph) && Object.isFrozen(graph.nodes));
  for (const node of graph.nodes) {
    assert.ok(Object.isFrozen(node) && Object.isFrozen(node.inputs));
    for (const { from } of node.inputs) assert.ok(from < node.id);
  }
});

test('uids follow names, and a repeated one is refused', () => {
  const uids = graphOf((flow) => {
    rows(flow).map(identity).map(identity).name('double').map(identity).uid('last').to(blackhole());
  }).nodes.map((node) => node.uid);
  assert.deepEqual(uids, ['generate', 'map', 'double', 'last', 'blackhole']);
  assert.throws(
    () =>
      graphOf((flow) => {
        rows(flow).map(identity).uid('same').map(identity).uid('same').to(blackhole());
      }),
    {
      code: 'JOB_DEFINITION',
      message: "operators 'map' and 'map' have the same uid 'same': give each one of its own",
    },
  );
});

test('the fingerprint is that of the steps: equal for equal ones, other for any change', () => {
  const print = (change: string): string =>
    fingerprint(
      graphOf((flow) => {
        const source = rows(flow);
        const mapped = source.map(identity);
        if (change === 'name') mapped.name('other');
        if (change === 'parallelism') mapped.parallelism(2);
        if (change === 'maxParallelism') mapped.maxParallelism(2);
        if (change === 'partitioning') mapped.rebalance().to(blackhole());
        else mapped.to(blackhole());
        if (change === 'more') source.to(blackhole());
      }),
    );
  const changes = ['', 'name', 'parallelism', 'maxParallelism', 'partitioning', 'more'];
  const prints = changes.map(print);
  assert.equal(print(''), prints[0]);
  assert.equal(new Set(prints).size, prints.length);
});
