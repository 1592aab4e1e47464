/** Splits that are found while a job runs, in the calling thread: what is new, what is remembered, what becomes of errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../src/base/errors.ts';
import { defineSource } from '../../src/connector/kit/define-source.ts';
import type { LogicalNode } from '../../src/graph/graph.ts';
import { KnownSplits } from '../../src/job/known-splits.ts';
import { mergedSplits } from '../../src/job/restore.ts';
import { SplitDiscovery } from '../../src/job/split-discovery.ts';
import type { SourceSplit } from '../../src/operator/source.ts';
import { type FoundSplits, fromItsStart } from '../../src/task/split-state.ts';

const split = (id: string): SourceSplit => ({ id, weight: 0, detail: { id } });
const stageOf = (...ids: string[]) => [
  { node: 0, assignment: 'spread' as const, splits: ids.map((id) => fromItsStart(split(id))) },
];
const idsOf = (all: readonly { readonly split: SourceSplit }[]) => all.map((one) => one.split.id);

test('what is new is told once, numbered behind what was known', () => {
  const known = new KnownSplits(0, stageOf('a', 'b'), null);
  assert.equal(known.take(['a', 'b'].map(split)), null);
  const found = known.take(['c', 'a', 'd'].map(split))!;
  assert.equal(found.first, 2);
  assert.deepEqual(idsOf(found.splits), ['c', 'd']);
  assert.equal(known.take(['c', 'a', 'd'].map(split)), null);
  assert.equal(known.take(['e'].map(split))?.first, 4);
});

test('a split that has been read is remembered as long as it is listed; one that has not is read, listed or not', () => {
  const known = new KnownSplits(0, stageOf('a', 'b'), null);
  known.onRead('a');
  assert.deepEqual(known.take(['a', 'b'].map(split))?.remembered, ['a']);
  assert.equal(known.take([]), null);
  assert.deepEqual(
    known.states().map(({ split: { id }, isRead }) => [id, isRead]),
    [['b', false]],
  );
  assert.deepEqual(idsOf(known.take(['a'].map(split))!.splits), ['a'], 'it has come back');
});

test('over a restart neither what was read nor what was not begun is lost or read twice', () => {
  const known = new KnownSplits(0, stageOf('a', 'b', 'c'), null);
  known.take(['a', 'b', 'c', 'd'].map(split));
  known.onRead('a');
  const begun = ['b', 'c'].map((id) => ({
    ...fromItsStart(split(id)),
    position: 7,
    isRead: id === 'c',
  }));
  const { left, read } = mergedSplits(known.states(), begun);
  assert.deepEqual(
    left.map(({ split: { id }, position }) => [id, position]),
    [
      ['b', 7],
      ['d', null],
    ],
  );
  const again = new KnownSplits(0, [{ node: 0, assignment: 'spread', splits: left }], read);
  assert.equal(again.isRestored, true);
  const found = again.take(['a', 'b', 'c', 'd', 'e'].map(split))!;
  assert.equal(found.first, 2);
  assert.deepEqual(idsOf(found.splits), ['e']);
});

/** A discovery every millisecond, by a function that lists ids. */
function discovering(ids: () => string[]) {
  const source = defineSource({
    name: 'parts',
    splits: () => ids().map((id) => ({ id, detail: null })),
    discover: '1 ms',
    read: () => [],
  });
  const told: FoundSplits[] = [];
  const warnings: string[] = [];
  const failures: unknown[] = [];
  let isReady = false;
  const discovery = new SplitDiscovery({
    node: { id: 0, name: 'parts' } as LogicalNode,
    source: source as ConstructorParameters<typeof SplitDiscovery>[0]['source'],
    parallelism: 1,
    known: new KnownSplits(0, stageOf('a'), null),
    isReady: () => isReady,
    tell: async (_, found) => void told.push(found),
    warn: (message) => void warnings.push(message),
    onFailure: (error) => void failures.push(error),
  });
  const ready = (): void => {
    isReady = true;
  };
  return { discovery, told, warnings, failures, ready };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 5000 && !isSo(); n++) await sleep(1);
  assert.ok(isSo(), isSo.toString());
}

test('a look that fails is told once, and the next ones find what there is', async () => {
  let looks = 0;
  const { discovery, told, warnings, failures, ready } = discovering(() => {
    looks++;
    if (looks < 4) throw new Error('no answer');
    return ['a', 'b'];
  });
  discovery.start();
  await sleep(30);
  assert.equal(looks, 0, 'threads have not begun');
  ready();
  await until(() => told.length > 0);
  discovery.stop();
  assert.deepEqual(idsOf(told[0]!.splits), ['b']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /operator 'parts': no answer/);
  assert.deepEqual(failures, []);
  const then = looks;
  await sleep(20);
  assert.ok(looks <= then + 1, 'nobody looks any more');
});

test('a list that makes no sense fails the job', async () => {
  const { discovery, failures, ready } = discovering(() => ['b', 'b']);
  ready();
  discovery.start();
  await until(() => failures.length > 0);
  assert.ok(failures[0] instanceof EngineError);
  assert.match(failures[0].message, /ids of their own/);
});
