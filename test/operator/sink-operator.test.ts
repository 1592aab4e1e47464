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

test('a writer that waits for answers has the event loop of its thread', () => {
  assert.equal(opened(() => ({ waitsForEvents: true })).waitsForEvents, true);
  assert.equal(opened(() => ({})).waitsForEvents, false);
});
