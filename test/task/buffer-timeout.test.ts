/** How long rows may wait behind a chain: as long as its steps say whose rows leave it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../src/api/flow.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';
import type { Stream } from '../../src/api/stream.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { record, t } from '../../src/data/schema.ts';
import { executionGraph } from '../../src/graph/execution-graph.ts';
import { bufferTimeoutOf } from '../../src/task/buffer-timeout.ts';

const Row = record({ key: t.int32 });

/** Of each task, where the job has 10 ms. */
function timeouts(define: (rows: Stream<{ key: number }>) => void): readonly number[] {
  const builder = new GraphBuilder('test');
  const flow = new Flow(builder, {});
  define(flow.from(generate({ schema: Row, count: 1, row: (key) => ({ key }) })));
  const { graph } = builder.finish();
  const execution = executionGraph(graph, { threads: 2, parallelism: 2 });
  return execution.tasks.map((task) => bufferTimeoutOf(graph, execution, task, 10));
}

test('rows wait as long as the job says, or the step that they leave', () => {
  const keyed = (rows: Stream<{ key: number }>) => rows.keyBy('key').max('key').to(blackhole());
  assert.deepEqual(timeouts(keyed), [10, 10]);
  assert.deepEqual(
    timeouts((rows) => keyed(rows.bufferTimeout('1 s'))),
    [1000, 10],
  );
  assert.deepEqual(
    timeouts((rows) => keyed(rows.map((row) => row).bufferTimeout(0))),
    [0, 10],
  );
});

test('what stays in the chain is not meant, and of several ends the shortest is', () => {
  const ends = (rows: Stream<{ key: number }>, last: number) => {
    rows.bufferTimeout(7).keyBy('key').max('key').to(blackhole());
    const mapped = rows.map((row) => row).bufferTimeout(1);
    const kept = mapped.filter(() => true).bufferTimeout(last);
    kept.keyBy('key').min('key').to(blackhole());
  };
  assert.deepEqual(
    timeouts((rows) => ends(rows, 20)),
    [7, 10, 10],
  );
  assert.deepEqual(
    timeouts((rows) => ends(rows, 3)),
    [3, 10, 10],
  );
});

test('what is no duration is refused, and so is a step that there is not', () => {
  assert.throws(() => timeouts((rows) => rows.bufferTimeout(-1)), {
    code: 'JOB_DEFINITION',
    message: /^bufferTimeout must be milliseconds or a text such as '5 min'/,
  });
  assert.throws(() => timeouts((rows) => rows.rebalance().bufferTimeout(5)), {
    code: 'JOB_DEFINITION',
    message: /set its bufferTimeout on the step before/,
  });
});
