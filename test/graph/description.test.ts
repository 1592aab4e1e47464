/** Descriptions of steps: what explanations and the tasks of a job show of them, and what they leave as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../src/api/flow.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';
import { tumbling } from '../../src/api/windows.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { record, t } from '../../src/data/schema.ts';
import { compareJobs } from '../../src/graph/compare-jobs.ts';
import { executionGraph } from '../../src/graph/execution-graph.ts';
import { explain } from '../../src/graph/explain.ts';
import { explanationText } from '../../src/graph/explain-text.ts';
import { jobShape } from '../../src/graph/job-shape.ts';

const Row = record({ key: t.string, n: t.int32 });
const SETTINGS = { threads: 1, parallelism: 2 };

function built(define: (flow: Flow) => void) {
  const builder = new GraphBuilder('described');
  define(new Flow(builder, {}));
  return { ...builder.finish(), outputs: {}, inputs: {} } as unknown as Parameters<
    typeof jobShape
  >[0];
}

const counted = (flow: Flow, description: string | null): void => {
  const rows = flow.from(collection([], Row)).filter(({ n }) => n > 0);
  const dear = description === null ? rows : rows.description(description);
  const counts = dear
    .keyBy('key')
    .window(tumbling(10))
    .aggregate(({ count }) => ({ rows: count() }))
    .name('counts');
  if (description !== null) counts.description(`${description}, counted`);
  counts.to(blackhole());
};

test('an explanation has the descriptions of steps beside their names', () => {
  const { graph, bindings } = built((flow) => counted(flow, 'only those that are dear'));
  const explanation = explain(graph, bindings, SETTINGS);
  assert.deepEqual(
    explanation.steps.map(({ name, description }) => [name, description]),
    [
      ['collection', null],
      ['filter', 'only those that are dear'],
      ['counts', 'only those that are dear, counted'],
      ['counts', 'only those that are dear, counted'],
      ['blackhole', null],
    ],
  );
  const lines = explanationText(explanation).split('\n');
  const at = lines.findIndex((line) => line.startsWith('  1  filter'));
  assert.equal(lines[at + 1], '     only those that are dear');
});

test('tasks have them in place of names, those without one their names', () => {
  const texts = (description: string | null): unknown =>
    executionGraph(built((flow) => counted(flow, description)).graph, SETTINGS).tasks.map(
      (task) => [task.name, task.description],
    );
  assert.deepEqual(texts(null), [
    ['collection > filter > counts', 'collection > filter > counts'],
    ['counts > blackhole', 'counts > blackhole'],
  ]);
  assert.deepEqual(texts('dear'), [
    ['collection > filter > counts', 'collection > dear > dear, counted'],
    ['counts > blackhole', 'dear, counted > blackhole'],
  ]);
});

test('a step with another description is the same', () => {
  const was = jobShape(built((flow) => counted(flow, null)));
  const next = built((flow) => counted(flow, 'dear'));
  const changes = compareJobs(was, next).operators.map(({ change }) => change);
  assert.deepEqual(new Set(changes), new Set(['same']));
});

test('mistakes in a description are told where it is given', () => {
  built((flow) => {
    const rows = flow.from(collection([], Row));
    for (const description of ['', 5, undefined]) {
      assert.throws(() => rows.description(description as string), {
        code: 'JOB_DEFINITION',
        message: /^description is a text that is not empty, got/,
      });
    }
    assert.throws(() => rows.union(rows).description('both'), {
      code: 'JOB_DEFINITION',
      message: /set its description on the step before or behind it/,
    });
  });
});
