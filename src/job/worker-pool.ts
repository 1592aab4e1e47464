/**
 * The worker threads of one run. They start at once and load the engine while the calling thread still builds the job;
 * each then gets its assignment. Each must end by saying how: done, cancelled or failed; one that goes without a word
 * (out of memory, say) has died, and the job is told what it was working at.
 */
import { isMainThread, parentPort, type Worker, workerData } from 'node:worker_threads';
import { must } from '../base/assert.ts';
import { openDoors } from '../base/doors.ts';
import { engineEntry, engineFile, IS_BUNDLED, IS_TYPESCRIPT } from '../base/engine-files.ts';
import { reviveError } from '../base/error-transport.ts';
import { EngineError, messageAndPlace } from '../base/errors.ts';
import type { TaskEvents } from '../task/deployment.ts';
import type { Answered, Asked } from '../task/question.ts';
import type { TellState } from '../task/state-watch.ts';
import { runWorker } from '../task/worker.ts';
import type { WorkerAssignment, WorkerMessage } from '../task/worker-message.ts';
import { type BootData, takeThreads } from './worker-threads.ts';

export interface WorkerEvents extends TaskEvents {
  readonly onState: TellState;
  onAnswer(answer: Answered): void;
  /** The thread waits for the job to start; by their keys, the blocks that it has verified. */
  onRestored(blocks: ReadonlySet<string>): void;
  /** Name of the subtask a worker is working at. */
  runningIn(worker: number): string | null;
}

export class WorkerPool {
  readonly size: number;
  /** Heap of each thread in MiB; null as for the process. */
  readonly heapMb: number | null;
  readonly #workers: readonly Worker[];
  /** Of each worker: listened for at once, since one may die before it has work. */
  readonly #ends: readonly Promise<End>[];
  #isPrepared = false;

  /** Starts threads; `heapMb` of each, or as for the process. */
  constructor(size: number, heapMb: number | null) {
    this.size = size;
    this.heapMb = heapMb;
    this.#workers = takeThreads(size, heapMb);
    this.#ends = this.#workers.map(endOf);
  }

  /** Lets the threads install what the module of the job needs, while the calling thread looks for a checkpoint, say. */
  prepare(jobUrl: string): void {
    this.#prepare(entryFor(jobUrl, false));
  }

  #prepare(entry: Entry): void {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    for (const worker of this.#workers) worker.postMessage(entry);
  }

  /**
   * Lets the threads import the module of the job too, long before they are given work: whatever becomes of its file
   * meanwhile. Resolves when all have; rejects with what one has thrown.
   */
  async load(jobUrl: string): Promise<void> {
    const entry = entryFor(jobUrl, true);
    if (entry.early === null) return;
    const loaded = this.#workers.map((worker, n) => hasLoaded(worker, this.#ends[n]!));
    this.#prepare(entry);
    await Promise.all(loaded);
  }

  /** Gives a worker its share; resolves when it has finished or was cancelled, rejects when it failed or died. */
  run(assignment: WorkerAssignment, events: WorkerEvents): Promise<void> {
    const worker = this.#workers[assignment.worker]!;
    const ended = new Promise<void>((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        switch (message.type) {
          case 'block':
            events.onBlock(message.subtask, message.checkpoint, message.block);
            break;
          case 'snapshotDone':
            events.onDone(message.subtask, message.checkpoint, message.times);
            break;
          case 'committables': {
            const { subtask, checkpoint, node, committables } = message;
            events.onCommittables(subtask, checkpoint, node, committables);
            break;
          }
          case 'metric':
            events.onMetric(message.slot, message.cell);
            break;
          case 'state':
            events.onState(message.slot, message.cell);
            break;
          case 'skipped':
            events.onSkipped(message.record);
            break;
          case 'splitRead':
            events.onSplitRead(message.source, message.split);
            break;
          case 'restored':
            events.onRestored(message.blocks);
            break;
          case 'answer':
            events.onAnswer(message);
            break;
          case 'failed':
            reject(reviveError(message.error));
            break;
          default:
            resolve();
        }
      });
      void this.#ends[assignment.worker]!.then(({ reason, cause }) => {
        const place = events.runningIn(assignment.worker);
        const where = place === null ? 'outside any operator' : `in '${place}'`;
        const message = `worker ${assignment.worker} died ${where}: ${reason}`;
        reject(new EngineError('WORKER_DIED', message, { cause }));
      });
    });
    this.prepare(assignment.job.url);
    worker.postMessage(assignment);
    return ended;
  }

  /** Sends a question to a worker, which looks for it when it is told that there is one. */
  send(worker: number, asked: Asked): void {
    this.#workers[worker]!.postMessage(asked);
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Of a thread; the cause where it has thrown one. */
type End = { readonly reason: string; readonly cause?: unknown };

/** Resolves when the thread has ended: to what it has thrown, which comes first, or to its exit code. */
function endOf(worker: Worker): Promise<End> {
  return new Promise((resolve) => {
    worker.on('error', (cause: unknown) => resolve({ reason: messageAndPlace(cause), cause }));
    worker.on('exit', (code) => resolve({ reason: `it exited with code ${code}` }));
  });
}

function hasLoaded(worker: Worker, end: Promise<End>): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', ({ type, error }: { type: string; error?: string }) => {
      if (type === 'loaded') resolve();
      else reject(new Error(error));
    });
    void end.then(({ reason, cause }) => {
      const message = `a worker died while it was importing the job: ${reason}`;
      reject(new EngineError('WORKER_DIED', message, { cause }));
    });
  });
}

type Entry = {
  readonly entry: string;
  /** What of the engine the program has loaded: to be loaded before there are hooks. */
  readonly doors: readonly string[];
  readonly typescriptHooks: string | null;
  readonly testHooks: string | null;
  /** What loads the module of the job before there is work; null where it waits for that. */
  readonly early: { readonly loader: string; readonly jobUrl: string } | null;
};

/** How to load the entry and the user's job. In a bundle the user's module is the entry, since it comes with the engine. */
function entryFor(jobUrl: string, isEarly: boolean): Entry {
  if (IS_BUNDLED) {
    return { entry: jobUrl, doors: [], typescriptHooks: null, testHooks: null, early: null };
  }
  const { env, features } = process;
  // Where Node does not strip types itself.
  const isNative = Boolean((features as { typescript?: unknown }).typescript);
  const needsTypes = !isNative && (IS_TYPESCRIPT || /\.m?ts$/.test(jobUrl));
  const isInTest = env.NODE_TEST_CONTEXT !== undefined || env.VITEST !== undefined;
  return {
    entry: engineEntry('task/worker-main'),
    doors: IS_TYPESCRIPT ? [] : openDoors(),
    typescriptHooks: needsTypes ? engineFile('base/typescript-hooks.mjs') : null,
    testHooks: isInTest ? engineFile('base/test-runner-hooks.mjs') : null,
    early: isEarly ? { loader: engineEntry('graph/load-job'), jobUrl } : null,
  };
}

/** In a thread whose entry is a bundle: before the user's part of it is evaluated, so that it runs no job. */
function takeUpWork(): void {
  const boot = workerData as (BootData & WorkerAssignment) | null;
  if (!IS_BUNDLED || isMainThread || boot?.runsBundle !== true) return;
  // A bundle may hold the engine twice.
  boot.runsBundle = false;
  runWorker(boot, must(parentPort, 'the port to the calling thread'));
}

takeUpWork();
