/** The sleep of a thread that runs subtasks: nothing that it is told in time goes by it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { Signal } from '../../src/sharedarraybuffer-queue/index.ts';
import type { QuestionTurn } from '../../src/task/question.ts';
import type { Scheduler } from '../../src/task/scheduler.ts';
import { runWorkerLoop } from '../../src/task/worker-loop.ts';

/** A thread without work. `onRound` is called at each look for some. */
function idle(onRound: () => void): Scheduler {
  const scheduler = {
    round() {
      onRound();
      return false;
    },
    flush: () => false,
    isDone: false,
    waitsForEvents: false,
    measuresTime: false,
    lastLookMs: 0,
    idleMs: () => Infinity,
    tellCheckpoints() {},
  };
  return scheduler as unknown as Scheduler;
}

class CountedSleep extends Signal {
  sleeps = 0;

  override async waitAsync(): Promise<void> {
    this.sleeps++;
    this.cancel();
  }
}

/** Passes at each look, so that a spin ends. */
class PassingClock extends VirtualClock {
  override monotonic(): number {
    this.advanceTo(this.now() + 1);
    return super.monotonic();
  }
}

test('a job that is cancelled while a thread looks for work is not slept through', async () => {
  let isCancelled = false;
  const signal = new CountedSleep(new SharedArrayBuffer(4), 0);
  const end = await runWorkerLoop({
    scheduler: idle(() => {
      isCancelled = true;
      signal.notify();
    }),
    signal,
    clock: new PassingClock(0),
    isCancelled: () => isCancelled,
    sharesEventLoop: true,
  });
  assert.equal(end, 'cancelled');
  assert.equal(signal.sleeps, 0);
});

test('nor is a question', async () => {
  const signal = new CountedSleep(new SharedArrayBuffer(4), 0);
  const asked = { now: false, answered: false };
  const questions: QuestionTurn = {
    get isAsked() {
      return asked.now;
    },
    async turn() {
      asked.now = false;
      asked.answered = true;
    },
  };
  await runWorkerLoop({
    scheduler: idle(() => {
      asked.now ||= !asked.answered;
    }),
    signal,
    clock: new PassingClock(0),
    isCancelled: () => asked.answered,
    sharesEventLoop: true,
    questions,
  });
  assert.equal(signal.sleeps, 0);
});
