/** How many key groups a job and its steps have, at first and when it goes on from a checkpoint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import type { Step } from '../../src/api/step.ts';
import type { StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { record, t } from '../../src/data/schema.ts';
import type { LogicalGraph } from '../../src/graph/graph.ts';
import { type KeyGroupOptions, keyGroupsOf } from '../../src/job/key-groups.ts';

const Row = record({ key: t.int32 });

/** A source, a keyed step as it is set, and a sink. */
function graphWith(set: (step: Step) => unknown = () => {}): LogicalGraph {
  return job(import.meta, 'keyed', (flow) => {
    const counts = flow.from(generate({ schema: Row, count: 1, row: (key) => ({ key }) }));
    const step = counts.keyBy('key').sum('key').uid('sums');
    set(step);
    step.to(blackhole());
  }).build({}, false).graph;
}

/** With state of the sums, or with none. */
function stored(maxParallelism: number, own?: { groups: number; parallelism: number }) {
  const uid = 'sums';
  const of = own && { uid, maxParallelism: own.groups, parallelism: own.parallelism };
  const manifest = { maxParallelism, operators: of === undefined ? [] : [of] };
  return { path: 'state/checkpoint-1', manifest } as unknown as StoredCheckpoint;
}

/** Of the source, the sums and the sink. */
function groups(graph: LogicalGraph, options: Partial<KeyGroupOptions>): readonly number[] {
  return keyGroupsOf(graph, { parallelism: 4, asked: undefined, last: null, ...options }).keyGroups;
}

test('a step has the key groups of the job, or those that it says', () => {
  assert.deepEqual(groups(graphWith(), {}), [128, 128, 128]);
  assert.deepEqual(groups(graphWith(), { parallelism: 100 }), [256, 256, 256]);
  assert.deepEqual(groups(graphWith(), { asked: 7 }), [7, 7, 7]);
  const own = graphWith((step) => step.maxParallelism(4096));
  assert.deepEqual(groups(own, {}), [128, 4096, 128]);
  assert.deepEqual(groups(own, { asked: 7 }), [7, 4096, 7]);
});

test('a step with more subtasks than the job has key groups has as many as a job of its size', () => {
  const wide = graphWith((step) => step.parallelism(200));
  assert.deepEqual(groups(wide, {}), [128, 512, 128]);
  assert.deepEqual(groups(wide, { asked: 128 }), [128, 128, 128]);
  assert.deepEqual(groups(wide, { last: stored(128) }), [128, 512, 128]);
});

test('a job keeps the key groups of its checkpoint, and may have fewer than subtasks where it is told so', () => {
  const of = (number: number) => stored(number, { groups: number, parallelism: 1 });
  const graph = graphWith();
  const found = (last: StoredCheckpoint, asked: number | undefined): readonly number[] =>
    groups(graph, { last, asked });
  assert.deepEqual(found(of(128), undefined), [128, 128, 128]);
  assert.deepEqual(found(of(128), 128), [128, 128, 128]);
  assert.deepEqual(found(of(2), 2), [2, 2, 2]);
  const code = 'STATE_INCOMPATIBLE';
  assert.throws(() => found(of(2), undefined), { code, message: /give maxParallelism too/ });
  assert.throws(() => found(of(128), 64), { code, message: /has 128 key groups/ });
});

test('a step keeps those of its state, which the job may have fewer or more subtasks than', () => {
  const last = stored(128, { groups: 4096, parallelism: 2 });
  assert.deepEqual(groups(graphWith(), { last, parallelism: 200 }), [128, 4096, 128]);
  const same = graphWith((step) => step.maxParallelism(4096));
  assert.deepEqual(groups(same, { last, parallelism: 200 }), [128, 4096, 128]);
  const other = graphWith((step) => step.maxParallelism(128));
  assert.throws(() => groups(other, { last }), {
    code: 'STATE_INCOMPATIBLE',
    message: /has 4096 key groups of 'sum', its maxParallelism is 128/,
  });
});

test('subtasks without a key group that a step had go on', () => {
  const wide = graphWith((step) => step.parallelism(200));
  const last = stored(128, { groups: 128, parallelism: 200 });
  assert.deepEqual(groups(wide, { last }), [128, 128, 128]);
  const narrow = stored(128, { groups: 128, parallelism: 2 });
  assert.throws(() => groups(wide, { last: narrow }), { code: 'STATE_INCOMPATIBLE' });
});

test('steps without keys say how many subtasks they may have, and their state is no hindrance', () => {
  const graph = job(import.meta, 'unkeyed', (flow) => {
    const rows = flow.from(generate({ schema: Row, count: 1, row: (key) => ({ key }) }));
    rows.maxParallelism(4).uid('sums').to(blackhole());
  }).build({}, false).graph;
  const last = stored(128, { groups: 8, parallelism: 2 });
  assert.deepEqual(groups(graph, { last }), [4, 128]);
});
