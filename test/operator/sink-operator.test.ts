/** What a sink's writer gets of its subtask: the clock, and calls when it wants to be woken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import type { OperatorContext } from '../../src/operator/operator.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../src/operator/sink.ts';
import { SinkOperator } from '../../src/operator/sink-operator.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';

function opened(writer: (context: SinkWriterContext) => Partial<SinkWriter>): SinkOperator {
  const sink: Sink = {
    name: 'sink',
    descriptor: null,
    createWriter: (context) => ({
      isBusy: false,
      write() {},
      preCommit: () => [],
      close() {},
      ...writer(context),
    }),
    commit: async () => {},
  };
  const operator = new SinkOperator(sink, null, 'run');
  const metrics = { recordsIn: 0 };
  operator.open({
    name: 'sink',
    clock: new VirtualClock(5),
    restored: NO_STATE,
    metrics,
  } as unknown as OperatorContext);
  operator.begin();
  return operator;
}

test('a writer has the clock of its subtask, and is called when it is due', () => {
  const calls: number[] = [];
  const operator = opened(({ clock }) => ({
    wakeAtMs: clock.now() + 10,
    advanceTime(nowMs) {
      calls.push(nowMs);
    },
  }));
  assert.equal(operator.wakeAtMs, 15);
  operator.advanceTime(16);
  assert.deepEqual(calls, [16]);
});

test('a writer that waits for no time is never due; what it throws has the name of its operator', () => {
  assert.equal(opened(() => ({})).wakeAtMs, Infinity);
  opened(() => ({})).advanceTime(1);
  const failing = opened(() => ({
    advanceTime() {
      throw new Error('no room');
    },
  }));
  assert.throws(() => failing.advanceTime(1), {
    code: 'USER_FUNCTION',
    message: /'sink'.*no room/,
  });
});

/** An operator whose writer answers what it has prepared when it is told to, and what became of that. */
function preparing(snapshot?: () => readonly number[]) {
  const handed: unknown[] = [];
  let settle!: {
    resolve: (committables: readonly number[]) => void;
    reject: (error: Error) => void;
  };
  const promise = new Promise<readonly number[]>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const operator = opened(() => ({
    preCommit: () => promise,
    ...(snapshot === undefined ? {} : { snapshot }),
  }));
  operator.open({
    name: 'sink',
    clock: new VirtualClock(5),
    restored: NO_STATE,
    metrics: { recordsIn: 0 },
    wake: () => handed.push('wake'),
    prepareCommit: (...prepared: unknown[]) => handed.push(prepared),
    snapshot: (checkpoint: number) => ({
      items: (...items: unknown[]) => handed.push([checkpoint, ...items]),
    }),
  } as unknown as OperatorContext);
  operator.begin();
  return { operator, handed, promise, settle };
}

test('a writer that answers later holds its operator up until it has', async () => {
  const { operator, handed, promise, settle } = preparing(() => [7]);
  operator.processBarrier(3);
  assert.equal(operator.hasPendingWork, true);
  operator.resume();
  assert.deepEqual(handed, [], 'nothing is handed over before');
  settle.resolve([1, 2]);
  await promise;
  assert.deepEqual(handed, ['wake']);
  operator.resume();
  assert.equal(operator.hasPendingWork, false);
  assert.deepEqual(handed.slice(1), [
    [[1, 2], 3],
    [3, 'writers', 'list', [7]],
  ]);
});

test('at the end too; what it fails with has the name of its operator', async () => {
  const { operator, handed, promise, settle } = preparing();
  operator.finish();
  settle.reject(new Error('disk full'));
  await promise.catch(() => {});
  assert.equal(operator.hasPendingWork, true);
  assert.throws(() => operator.resume(), { code: 'USER_FUNCTION', message: /'sink'.*disk full/ });
  assert.deepEqual(handed, ['wake']);
});

test('a writer with requests under way keeps the event loop of its thread running', () => {
  assert.equal(opened(() => ({ waitsForEvents: true })).waitsForEvents, true);
  assert.equal(opened(() => ({})).waitsForEvents, false);
});
