/**
 * The work of a worker thread: imports the user's module, finds the job in it, rebuilds the graph, makes the
 * subtasks placed here, and runs them to the end. Where the job goes on from a checkpoint they take their state first, and wait
 * until all threads have: what is outside the job changes only when the whole checkpoint has been found to be as it was written.
 *
 * The thread is told all it needs in its assignment; it answers by messages (worker-message.ts). An error ends
 * the thread's work and is reported; the calling thread decides what becomes of the job.
 */
import { systemClock } from '../base/clock.ts';
import { describeError } from '../base/error-transport.ts';
import { EngineError } from '../base/errors.ts';
import { nextTurn } from '../base/event-loop.ts';
import { TimedSlices } from '../channel/batch-slices.ts';
import { BlockMemory } from '../channel/block-memory.ts';
import { closeStateFiles } from '../checkpoint/block-reader.ts';
import { executionGraph } from '../graph/execution-graph.ts';
import { SharedCounters } from '../metrics/shared-counters.ts';
import { Signal } from '../sharedarraybuffer-queue/index.ts';

import { deploy } from './deploy.ts';
import type { TaskEvents } from './deployment.ts';
import { importJob } from './import-job.ts';
import type { Asked } from './question.ts';
import { Scheduler } from './scheduler.ts';
import { StateWatch } from './state-watch.ts';
import { ThreadAnswers } from './thread-answers.ts';
import { threadPools } from './thread-pool.ts';
import { restoredParts } from './untaken-state.ts';
import { WorkTimes } from './work-times.ts';
import { runWorkerLoop, waitToBegin } from './worker-loop.ts';
import type { WorkerAssignment, WorkerMessage } from './worker-message.ts';

/** The way back to the calling thread. */
export type CallerPort = {
  postMessage(message: WorkerMessage, transfer?: ArrayBuffer[]): void;
  on(event: 'message', listener: (message: Asked) => void): unknown;
  close(): void;
};

/** Does the work, says how it ended, and closes the port. The user's module may run no job from now on. */
export function runWorker(assignment: WorkerAssignment, port: CallerPort): void {
  const report: Report = (message, transfer = []) => port.postMessage(message, transfer);
  const looks = new ThreadAnswers();
  port.on('message', (asked) => void looks.answer(asked).then(report));
  work(assignment, report, looks).then(
    (end) => {
      report({ type: end });
      port.close();
    },
    (error: unknown) => {
      report({ type: 'failed', error: describeError(error) });
      port.close();
    },
  );
}

type Report = (message: WorkerMessage, transfer?: ArrayBuffer[]) => void;

/** What subtasks have to tell, as messages. */
function messages(report: Report): TaskEvents {
  const memory = new BlockMemory();
  return {
    onBlock(subtask, checkpoint, block) {
      const { buffer } = block.bytes;
      const isShared = buffer instanceof SharedArrayBuffer;
      report({ type: 'block', subtask, checkpoint, block }, isShared ? [] : [buffer]);
    },
    room: (bytes) => memory.take(bytes),
    onDone: (subtask, checkpoint, times) =>
      report({ type: 'snapshotDone', subtask, checkpoint, times }),
    onCommittables(subtask, checkpoint, node, committables) {
      report({ type: 'committables', subtask, checkpoint, node, committables });
    },
    onMetric: (slot, cell) => report({ type: 'metric', slot, cell }),
    onSkipped: (record) => report({ type: 'skipped', record }),
    onSplitRead: (source, split) => report({ type: 'splitRead', source, split }),
  };
}

/** Leaving the process is for the program, not for a function inside a job: make it an error with a place. */
function refuseExit(): void {
  const { exit } = process;
  // Node itself leaves by it when the thread has died.
  process.once('uncaughtExceptionMonitor', () => {
    process.exit = exit;
  });
  process.exit = (code?: number | string | null): never => {
    throw new EngineError(
      'WORKER_DIED',
      `process.exit(${code ?? ''}) was called in a worker thread`,
    );
  };
}

/** Has closed everything when it returns: the thread may be ended as soon as it has said how it ended. */
async function work(
  assignment: WorkerAssignment,
  report: Report,
  looks: ThreadAnswers,
): Promise<'done' | 'cancelled'> {
  refuseExit();
  const built = await importJob(assignment.job, `worker ${assignment.worker}`);
  const { worker, shape, settings, threads, parallelism, chaining } = assignment;
  const { splits, restored, rings } = assignment;
  const counters = new SharedCounters(shape, assignment.counters);
  const signal = new Signal(counters.buffer, counters.signalWord(worker));
  const states = new StateWatch(systemClock, (slot, cell) => report({ type: 'state', slot, cell }));
  const subtasks = deploy({
    graph: built.graph,
    bindings: built.bindings,
    execution: executionGraph(built.graph, {
      threads,
      parallelism,
      chaining,
      exchanges: restored?.inFlight ?? [],
    }),
    worker,
    settings,
    splits,
    rings,
    counters,
    clock: systemClock,
    slices: (gates) => new TimedSlices(gates),
    wake: () => signal.notify(),
    ...restoredParts(restored),
    events: messages(report),
    pools: threadPools(assignment.job),
    looks,
    states,
  });
  const scheduler = new Scheduler({
    subtasks,
    clock: systemClock,
    onStep: (subtask) => counters.setRunning(worker, subtask),
    times: new WorkTimes(systemClock, counters.thread(worker), (id) => counters.subtask(id)),
    states,
  });
  looks.scheduler = scheduler;
  try {
    for (const subtask of subtasks) {
      counters.setRunning(worker, subtask.id);
      subtask.open();
    }
    const blocks = closeStateFiles();
    if (restored !== null) {
      report({ type: 'restored', blocks });
      await waitToBegin(signal, counters);
      if (counters.isCancelled()) return 'cancelled';
    }
    for (const subtask of subtasks) {
      counters.setRunning(worker, subtask.id);
      subtask.begin();
    }
    const isCancelled = (): boolean => counters.isCancelled();
    const end = await runWorkerLoop({
      scheduler,
      signal,
      clock: systemClock,
      isCancelled,
      sharesEventLoop: false,
      questions: looks.turns(() => counters.asked(worker)),
    });
    // What functions have left behind, such as a promise that was rejected, ends the thread here.
    await nextTurn();
    return end;
  } finally {
    scheduler.close();
  }
}
