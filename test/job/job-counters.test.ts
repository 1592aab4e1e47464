/** What watchers read while threads write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../src/api/flow.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { executionGraph } from '../../src/graph/execution-graph.ts';
import { JobCounters } from '../../src/job/job-counters.ts';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';

test('a thread that works between two looks of one snapshot has not worked longer than it has been there', () => {
  const builder = new GraphBuilder('busy');
  new Flow(builder, {}).from(collection([1])).to(blackhole());
  const { graph } = builder.finish();
  const execution = executionGraph(graph, { threads: 1, parallelism: 1 });
  const counters = new SharedCounters({
    workers: 1,
    operatorSlots: 8,
    subtasks: execution.subtasks.length,
    outputs: 0,
    stages: 1,
  });
  const subtaskOf = counters.subtask.bind(counters);
  const threadOf = counters.thread.bind(counters);
  let nowMs = 0;
  const work = (): void => {
    nowMs += 10;
    threadOf(0).elapsedMs = nowMs;
    subtaskOf(0).busyMs = nowMs;
  };
  counters.subtask = (id) => {
    work();
    return subtaskOf(id);
  };
  counters.thread = (worker) => {
    work();
    return threadOf(worker);
  };
  const bounds = { maxParallelism: 128, keyGroups: [] };
  const watched = new JobCounters(graph, execution, [], counters, [0], bounds);
  const [thread] = watched.threads();
  assert.ok(thread!.busyMs > 0);
  assert.ok(thread!.busyMs <= thread!.elapsedMs, `${thread!.busyMs} of ${thread!.elapsedMs}`);
});
