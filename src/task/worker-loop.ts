/**
 * The loop of a thread that runs subtasks: rounds while anything moves, then a turn of the event loop where that may bring
 * something, a short spin, then sleep on the worker's signal until a channel, the clock or an asynchronous result wakes it.
 *
 * A worker of its own sleeps by blocking its thread; the calling thread, and a worker with asynchronous input
 * or output, sleeps so that its event loop goes on.
 */
import type { Clock } from '../base/clock.ts';
import { nextTurn } from '../base/event-loop.ts';
import { HEAP_LOOK_MS, SPIN_US } from '../base/limits.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import type { Signal } from '../sharedarraybuffer-queue/index.ts';
import type { QuestionTurn } from './question.ts';
import type { Scheduler } from './scheduler.ts';

/** How long a thread may keep its event loop waiting where that brings work, or belongs to others. */
const TURN_MS = 2;
/** The same elsewhere: collections of garbage are handed over in a turn. */
const QUIET_TURN_MS = HEAP_LOOK_MS;
/** Longest sleep: a look at cancellation now and then costs nothing. */
const SLEEP_MS_MAX = 200;

export type WorkerLoopOptions = {
  readonly scheduler: Scheduler;
  readonly signal: Signal;
  readonly clock: Clock;
  readonly isCancelled: () => boolean;
  /** The event loop of this thread belongs to the program: never block it. */
  readonly sharesEventLoop: boolean;
  /** Left out where questions come by calls. */
  readonly questions?: QuestionTurn;
};

/** Until a thread that has taken its state may go on; its event loop does meanwhile. */
export async function waitToBegin(
  signal: Signal,
  counters: Pick<SharedCounters, 'hasBegun' | 'isCancelled'>,
): Promise<void> {
  for (;;) {
    signal.prepare();
    if (counters.hasBegun() || counters.isCancelled()) break;
    await signal.waitAsync(SLEEP_MS_MAX);
  }
  signal.cancel();
}

/** Runs until all subtasks are done, or the job is cancelled. */
export async function runWorkerLoop(options: WorkerLoopOptions): Promise<'done' | 'cancelled'> {
  const { scheduler, clock, isCancelled, questions } = options;
  let turnStartMs = clock.monotonic();
  while (!scheduler.isDone) {
    if (isCancelled()) {
      scheduler.tellCheckpoints();
      return 'cancelled';
    }
    if (questions?.isAsked === true) await questions.turn();
    const moved = scheduler.round();
    const yields = options.sharesEventLoop || scheduler.waitsForEvents;
    const isTurnDue = yields
      ? clock.monotonic() - turnStartMs >= TURN_MS
      : scheduler.lastLookMs - turnStartMs >= QUIET_TURN_MS;
    if (isTurnDue) {
      await nextTurn();
      turnStartMs = clock.monotonic();
    }
    if (moved || scheduler.flush()) continue;
    if (scheduler.waitsForEvents && (await turn(scheduler))) continue;
    if (spin(scheduler, clock)) continue;
    await sleep(options, yields);
    if (yields) turnStartMs = clock.monotonic();
  }
  return 'done';
}

/** Lets promises and the like bring work; true when there was some. */
async function turn(scheduler: Scheduler): Promise<boolean> {
  await nextTurn();
  return scheduler.round() || scheduler.isDone;
}

/** Looks for work a little longer; true when there was some. What the clock says is garbage: a round has looked at it already. */
function spin(scheduler: Scheduler, clock: Clock): boolean {
  const end = clock.monotonic() + SPIN_US / 1000;
  const { measuresTime } = scheduler;
  do {
    if (scheduler.round()) return true;
  } while ((measuresTime ? scheduler.lastLookMs : clock.monotonic()) < end && !scheduler.isDone);
  return scheduler.isDone;
}

/** Sleeps unless there is something to do, or to see, between announcing sleep and falling asleep. */
async function sleep(
  { scheduler, signal, isCancelled, questions }: WorkerLoopOptions,
  yields: boolean,
): Promise<void> {
  signal.prepare();
  const isCalled = isCancelled() || questions?.isAsked === true;
  if (isCalled || scheduler.round() || scheduler.isDone) {
    signal.cancel();
    return;
  }
  const timeoutMs = Math.min(SLEEP_MS_MAX, scheduler.idleMs());
  if (yields) await signal.waitAsync(timeoutMs);
  else signal.wait(timeoutMs);
}
