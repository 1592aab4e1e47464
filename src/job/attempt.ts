/**
 * One attempt to run a job: allots shared memory, starts the workers, runs what belongs to the calling thread, and waits
 * until all have come to their end.
 *
 * The first failure decides: the others are cancelled, given a moment to leave, then terminated.
 */
import { systemClock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { RING_BUDGET_BYTES, RING_BYTES_MAX, RING_BYTES_MIN } from '../base/limits.ts';
import { TimedSlices } from '../channel/batch-slices.ts';
import { type RingDescriptor, RingMemory } from '../channel/ring-channel.ts';
import { closeStateFiles } from '../checkpoint/block-reader.ts';
import { CALLER, type ExecutionGraph } from '../graph/execution-graph.ts';
import { fingerprint, type NodeId } from '../graph/graph.ts';
import type { BuiltJob, JobParams, RegisteredJob } from '../graph/job-registry.ts';
import {
  type CheckpointEnd,
  type CheckpointKind,
  type CountersShape,
  SharedCounters,
} from '../metrics/shared-counters.ts';
import { Signal } from '../sharedarraybuffer-queue/index.ts';
import { deploy } from '../task/deploy.ts';
import {
  operatorSlots,
  outputSlots,
  type RuntimeSettings,
  type SourceSplits,
  type TaskEvents,
} from '../task/deployment.ts';
import type { Question } from '../task/question.ts';
import type { RestoredSnapshot } from '../task/restored-state.ts';
import { Scheduler } from '../task/scheduler.ts';
import type { FoundSplits } from '../task/split-state.ts';
import { StateWatch } from '../task/state-watch.ts';
import { ThreadAnswers } from '../task/thread-answers.ts';
import { threadPools } from '../task/thread-pool.ts';
import { restoredParts } from '../task/untaken-state.ts';
import { WorkTimes } from '../task/work-times.ts';
import { runWorkerLoop } from '../task/worker-loop.ts';
import type { JobReference } from '../task/worker-message.ts';
import { ExchangeReader } from './exchange-metrics.ts';
import type { AskedThreads } from './inspection.ts';
import { JobCounters } from './job-counters.ts';
import { type Reply, ThreadAsker } from './thread-asker.ts';
import type { WorkerPool } from './worker-pool.ts';

/** How long cancelled workers may take before they are terminated. */
const LEAVE_MS = 2_000;

/** What stays the same over all attempts. */
export type JobPlan = {
  readonly job: RegisteredJob;
  readonly built: BuiltJob;
  readonly params: JobParams;
  readonly collects: boolean;
  readonly threads: number;
  readonly parallelism: number;
  readonly chaining: boolean;
  readonly isBatch: boolean;
};

export type AttemptOptions = {
  readonly plan: JobPlan;
  readonly execution: ExecutionGraph;
  readonly settings: RuntimeSettings;
  readonly splits: SourceSplits;
  readonly restored: RestoredSnapshot | null;
  readonly pool: WorkerPool;
  readonly events: TaskEvents;
};

/** Given the keys of the blocks of the checkpoint that threads have verified; what it throws ends the attempt. */
export type OnReady = (verified: ReadonlySet<string>) => Promise<void>;

export class Attempt implements AskedThreads {
  readonly #options: AttemptOptions;
  readonly #shape: CountersShape;
  readonly #counters: SharedCounters;
  readonly #signals: ReadonlyMap<number, Signal>;
  readonly #rings: ReadonlyMap<number, RingDescriptor>;
  /** What its counters say. */
  readonly watched: JobCounters;
  readonly exchanges: ExchangeReader;
  readonly #asker = new ThreadAsker();
  /** Of the calling thread. */
  readonly #answers = new ThreadAnswers();
  /** Of each worker, when it ends. */
  #ended: readonly Promise<void>[] = [];
  readonly #restoring: Restoring;
  #hasEnded = false;
  /** Why it has to end, other than that a thread has failed. */
  #reason: unknown = null;

  constructor(options: AttemptOptions) {
    const { plan, execution, settings, splits } = options;
    const { graph } = plan.built;
    const { threads } = plan;
    this.#options = options;
    this.#restoring = new Restoring(threads);
    this.#shape = {
      workers: threads,
      operatorSlots: operatorSlots(execution).size,
      subtasks: execution.subtasks.length,
      outputs: outputSlots(execution).at(-1)!,
      stages: splits.length,
    };
    this.#counters = new SharedCounters(this.#shape);
    const workers = [CALLER, ...Array.from({ length: threads }, (_, worker) => worker)];
    this.watched = new JobCounters(graph, execution, splits, this.#counters, workers, settings);
    this.#signals = new Map(
      workers.map((worker) => [
        worker,
        new Signal(this.#counters.buffer, this.#counters.signalWord(worker)),
      ]),
    );
    this.#rings = this.#makeRings();
    this.exchanges = new ExchangeReader(execution, this.#rings, this.#counters);
  }

  #makeRings(): Map<number, RingDescriptor> {
    const { execution, settings } = this.#options;
    const remote = execution.channels.filter((channel) => !channel.isLocal);
    const share = Math.floor(RING_BUDGET_BYTES / Math.max(1, remote.length) / 8) * 8;
    const capacity = Math.min(RING_BYTES_MAX, Math.max(RING_BYTES_MIN, share));
    const signalOf = (subtask: number): Signal =>
      this.#signals.get(execution.subtasks[subtask]!.worker)!;
    const memory = new RingMemory(capacity, remote.length, settings.backlogMs !== Infinity);
    return new Map(
      remote.map(({ id, from, to }) => [id, memory.ring(signalOf(from), signalOf(to))]),
    );
  }

  /** Gives the workers their shares; they are at it when it returns: those of a restored job take their state, and wait. */
  start(): void {
    const { threads } = this.#options.plan;
    this.#ended = Array.from({ length: threads }, (_, worker) => this.#runWorker(worker));
    for (const ended of this.#ended) ended.catch(() => {});
  }

  #job(): JobReference {
    const { job, built, params, collects } = this.#options.plan;
    return {
      url: job.url,
      name: job.name,
      params,
      collects,
      fingerprint: fingerprint(built.graph),
    };
  }

  #runWorker(worker: number): Promise<void> {
    const { plan, pool, settings, splits, restored, events } = this.#options;
    const { threads, parallelism, chaining } = plan;
    return pool.run(
      {
        job: this.#job(),
        worker,
        threads,
        parallelism,
        chaining,
        settings,
        splits,
        restored,
        rings: this.#rings,
        counters: this.#counters.buffer,
        shape: this.#shape,
      },
      {
        onBlock: (subtask, checkpoint, block) => events.onBlock(subtask, checkpoint, block),
        onDone: (...done) => events.onDone(...done),
        onCommittables: (subtask, checkpoint, node, committables) =>
          events.onCommittables(subtask, checkpoint, node, committables),
        onMetric: (slot, cell) => events.onMetric(slot, cell),
        onState: (slot, cell) => this.watched.addState(slot, cell),
        onSkipped: (record) => events.onSkipped(record),
        onSplitRead: (source, split) => events.onSplitRead(source, split),
        onAnswer: (answer) => this.#asker.onAnswer(answer),
        onRestored: (blocks) => this.#restoring.onRestored(blocks),
        runningIn: (number) => this.runningIn(number),
      },
    );
  }

  get execution(): ExecutionGraph {
    return this.#options.execution;
  }

  runningIn(worker: number): string | null {
    const subtask = this.#counters.running(worker);
    return subtask === null ? null : taskName(this.execution, subtask);
  }

  /** Asks a thread, which takes it up between two rounds; the calling thread does so now. */
  ask(worker: number, question: Question): Promise<Reply> {
    return this.#asker.ask(question, (asked) => {
      if (worker === CALLER) {
        void this.#answers.answer(asked).then((answer) => this.#asker.onAnswer(answer));
        return;
      }
      this.#options.pool.send(worker, asked);
      this.#counters.ask(worker);
      this.#signals.get(worker)!.notify();
    });
  }

  /** Whether the subtasks of a source can be told something. */
  isReading(source: NodeId): boolean {
    return this.#threadsOf(source).every((worker) => this.#counters.thread(worker).elapsedMs > 0);
  }

  /** Tells the subtasks of a source of splits; resolves when all know, or nothing more is read. */
  async tellFound(source: NodeId, found: FoundSplits): Promise<void> {
    const question: Question = { type: 'foundSplits', source, found };
    await Promise.all(
      this.#threadsOf(source).map(async (worker) => {
        // A thread in one long step answers none in its time; told twice is told once.
        while (!this.#hasEnded && (await this.ask(worker, question)) === null);
      }),
    );
  }

  /** The threads that have subtasks of a source. */
  #threadsOf(source: NodeId): readonly number[] {
    const { tasks, subtasks } = this.execution;
    const task = tasks.findIndex(({ operators }) => operators[0]!.nodes[0] === source);
    return [...new Set(subtasks.filter((one) => one.task === task).map(({ worker }) => worker))];
  }

  /**
   * Resolves when all have come to their end; rejects with what failed first, when all have stopped. `onReady` is called once: of a
   * restored job when all have taken their state, and the job begins behind it.
   */
  async run(onReady: OnReady): Promise<void> {
    const own = this.#runOwnSubtasks(onReady);
    try {
      await this.#allThreads(own);
    } catch (error) {
      await this.#stopWorkers();
      await own.catch(() => {});
      throw this.#reason ?? error;
    } finally {
      this.#hasEnded = true;
      this.#asker.end();
      await this.#options.pool.terminate();
    }
  }

  /** What threads say once they have been asked to leave is no failure: some had to be ended. */
  async #allThreads(own: Promise<void>): Promise<void> {
    try {
      await Promise.all([own, ...this.#ended]);
    } catch (error) {
      if (!this.#counters.isCancelled()) throw error;
    }
    if (!this.#counters.isCancelled()) return;
    throw new EngineError('JOB_CANCELLED', `job '${this.#options.plan.job.name}' was cancelled`);
  }

  /** Subtasks that belong to the calling thread: outputs of the program, or all with threads: 0. */
  async #runOwnSubtasks(onReady: OnReady): Promise<void> {
    const { plan, execution, settings, splits, restored, events } = this.#options;
    const { built } = plan;
    const signal = this.#signals.get(CALLER)!;
    const states = new StateWatch(systemClock, (slot, cell) => this.watched.addState(slot, cell));
    const subtasks = deploy({
      graph: built.graph,
      bindings: built.bindings,
      execution,
      worker: CALLER,
      settings,
      splits,
      rings: this.#rings,
      counters: this.#counters,
      clock: systemClock,
      slices: (gates) => new TimedSlices(gates),
      wake: () => signal.notify(),
      ...restoredParts(restored),
      events,
      pools: threadPools(this.#job()),
      looks: this.#answers,
      states,
    });
    const numbersOf = (subtask: number) => this.#counters.subtask(subtask);
    const times = new WorkTimes(systemClock, this.#counters.thread(CALLER), numbersOf);
    const scheduler = new Scheduler({ subtasks, clock: systemClock, times, states });
    this.#answers.scheduler = scheduler;
    try {
      for (const subtask of subtasks) subtask.open();
      await this.#begin(closeStateFiles(), onReady);
      if (this.#counters.isCancelled()) return;
      for (const subtask of subtasks) subtask.begin();
      await runWorkerLoop({
        scheduler,
        signal,
        clock: systemClock,
        isCancelled: () => this.#counters.isCancelled(),
        sharesEventLoop: true,
      });
    } finally {
      scheduler.close();
    }
  }

  /** `own`: what the calling thread has verified. */
  async #begin(own: ReadonlySet<string>, onReady: OnReady): Promise<void> {
    if (this.#options.restored === null) return await onReady(own);
    // Those that fail, or are cancelled, end without.
    await Promise.race([this.#restoring.done, Promise.allSettled(this.#ended)]);
    if (this.#counters.isCancelled()) return;
    await onReady(new Set([...own, ...this.#restoring.blocks]));
    this.#counters.begin();
    this.#notifyAll();
  }

  requestCheckpoint(checkpoint: number, kind: CheckpointKind, base: number): void {
    this.#counters.requestCheckpoint(checkpoint, kind, base);
    this.#notifyAll();
  }

  /** Has a checkpoint that takes long overtake what is on its way. */
  turnUnaligned(checkpoint: number): void {
    this.#counters.turnUnaligned(checkpoint);
    this.#notifyAll();
  }

  /** Has sources go on behind the barrier of what was to be the last. */
  goOn(): void {
    this.#counters.goOn();
    this.#notifyAll();
  }

  /** Tells functions that listen what has become of a checkpoint. */
  checkpointEnded(checkpoint: number, end: CheckpointEnd): void {
    this.#counters.checkpointEnded(checkpoint, end);
    this.#notifyAll();
  }

  /** Asks all sources to come to their end. */
  drain(): void {
    this.#counters.drain();
    this.#notifyAll();
  }

  /** Ends it with an error. */
  async fail(reason: unknown): Promise<void> {
    this.#reason ??= reason;
    await this.#stopWorkers();
  }

  cancel(): Promise<void> {
    return this.#stopWorkers();
  }

  /** Asks all threads to leave, and ends those that do not. */
  async #stopWorkers(): Promise<void> {
    this.#counters.cancel();
    this.#notifyAll();
    const left = Promise.allSettled(this.#ended);
    let stopWaiting: () => void = () => {};
    const waited = new Promise<void>((resolve) => {
      stopWaiting = after(LEAVE_MS, resolve);
    });
    await Promise.race([left, waited]);
    stopWaiting();
    await this.#options.pool.terminate();
  }

  #notifyAll(): void {
    for (const signal of this.#signals.values()) signal.notify();
  }
}

function taskName(execution: ExecutionGraph, subtask: number): string {
  return execution.tasks[execution.subtasks[subtask]!.task]!.name;
}

/** What workers tell of taking their state. */
class Restoring {
  readonly blocks = new Set<string>();
  readonly done: Promise<void>;
  #left: number;
  #resolve: () => void = () => {};

  constructor(workers: number) {
    this.#left = workers;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (workers === 0) this.#resolve();
  }

  onRestored(blocks: ReadonlySet<string>): void {
    for (const block of blocks) this.blocks.add(block);
    this.#left--;
    if (this.#left === 0) this.#resolve();
  }
}
