/**
 * Deploys one run of a job and watches it: builds the graph, finds the splits, allots shared memory, starts the
 * workers, and when all have finished commits what the sinks have prepared.
 *
 * The first failure decides: the others are cancelled, given a moment to leave, then terminated.
 */
import { availableParallelism } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { delay } from '../base/event-loop.ts';
import {
  BATCH_ROWS,
  DEFAULT_BUFFER_TIMEOUT_MS,
  LOCAL_CHANNEL_BATCHES,
  MAX_PARALLELISM_LIMIT,
  RING_BUDGET_BYTES,
  RING_BYTES_MAX,
  RING_BYTES_MIN,
  SHOWN_MALFORMED,
  THREAD_HEAP_MB_MAX,
  THREADS_MAX,
} from '../base/limits.ts';
import { randomId } from '../base/random-id.ts';
import { type RingDescriptor, RingMemory } from '../channel/ring-channel.ts';
import { defaultMaxParallelism } from '../data/key-group.ts';
import {
  CALLER,
  type ExecutionGraph,
  executionGraph,
  parallelismOf,
} from '../graph/execution-graph.ts';
import { fingerprint, type NodeId } from '../graph/graph.ts';
import type { BuiltJob, JobParams, RegisteredJob } from '../graph/job-registry.ts';
import { type CountersShape, SharedCounters } from '../metrics/shared-counters.ts';
import type { Sink } from '../operator/sink.ts';
import type { DeadLetter, PlainData, Source } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';
import { Signal } from '../sharedarraybuffer-queue/index.ts';
import {
  deploy,
  operatorSlots,
  type RuntimeSettings,
  type SourceSplits,
} from '../task/deployment.ts';
import { Scheduler } from '../task/scheduler.ts';
import { fromItsStart } from '../task/source-input.ts';
import { NO_SNAPSHOTS } from '../task/subtask-snapshot.ts';
import { runWorkerLoop } from '../task/worker-loop.ts';
import { durationMs } from '../time/duration.ts';
import type { JobClient, JobResult, JobState, JobStatus, RunOptions } from './job.ts';
import { JobCounters } from './job-counters.ts';
import { stepBudgetMs, watermarkIntervalMs } from './pacing.ts';
import { WorkerPool } from './worker-pool.ts';

/** How long cancelled workers may take before they are terminated. */
const LEAVE_MS = 2_000;

/** What the calling program has to do with the streams that the job returned. */
export type Doors = {
  /** Is told the source of an input. */
  input(name: string, source: Source): void;
  /** Makes the sink of an output; null for a program that reads none. */
  readonly output: ((name: string) => Sink) | null;
};

/** Starts the threads that a run with these options will need, before there is a job. */
export function startThreads(options: RunOptions): WorkerPool {
  const threads = countOf('threads', options.threads ?? availableParallelism(), 0, THREADS_MAX);
  const { threadHeapMb } = options;
  const heapMb =
    threadHeapMb === undefined
      ? null
      : countOf('threadHeapMb', threadHeapMb, 1, THREAD_HEAP_MB_MAX);
  return new WorkerPool(threads, heapMb);
}

/** Starts a job, on threads that have been started for the same options; resolves when they have their work. */
export async function startJob(
  job: RegisteredJob,
  options: RunOptions,
  doors: Doors,
  pool: WorkerPool = startThreads(options),
): Promise<JobClient> {
  try {
    options.signal?.throwIfAborted();
    const run = await JobRun.prepare(job, options, doors, pool);
    options.signal?.throwIfAborted();
    run.start();
    return run;
  } catch (error) {
    await pool.terminate();
    throw error;
  }
}

type Prepared = {
  readonly job: RegisteredJob;
  readonly built: BuiltJob;
  readonly params: JobParams;
  readonly collects: boolean;
  readonly execution: ExecutionGraph;
  readonly threads: number;
  readonly parallelism: number;
  readonly settings: RuntimeSettings;
  readonly splits: SourceSplits;
  readonly pool: WorkerPool;
  readonly signal: AbortSignal | null;
};

class JobRun implements JobClient {
  readonly name: string;
  readonly #prepared: Prepared;
  readonly #shape: CountersShape;
  readonly #counters: SharedCounters;
  readonly #signals: ReadonlyMap<number, Signal>;
  readonly #rings: ReadonlyMap<number, RingDescriptor>;
  readonly #watched: JobCounters;
  readonly #committables = new Map<NodeId, PlainData[]>();
  readonly #skipped: DeadLetter[] = [];
  readonly #startMs = systemClock.monotonic();
  #durationMs: number | null = null;
  #state: JobState = 'running';
  /** Of each worker, when it ends. */
  #ended: readonly Promise<void>[] = [];
  #result: Promise<JobResult> | null = null;

  static async prepare(
    job: RegisteredJob,
    options: RunOptions,
    doors: Doors,
    pool: WorkerPool,
  ): Promise<JobRun> {
    const params = options.params ?? {};
    const threads = pool.size;
    const parallelism = countOf(
      'parallelism',
      options.parallelism ?? Math.max(1, threads),
      1,
      MAX_PARALLELISM_LIMIT,
    );
    const built = withDoors(job.build(params, doors.output !== null), doors);
    const execution = executionGraph(built.graph, { threads, parallelism });
    const settings: RuntimeSettings = {
      bufferTimeoutMs: durationMs(
        options.bufferTimeout ?? DEFAULT_BUFFER_TIMEOUT_MS,
        'bufferTimeout',
      ),
      stepBudgetMs: stepBudgetMs(execution.subtasks.length / Math.max(1, threads)),
      watermarkIntervalMs: watermarkIntervalMs(execution.channels.length),
      maxParallelism: countOf(
        'maxParallelism',
        options.maxParallelism ?? defaultMaxParallelism(parallelism),
        1,
        MAX_PARALLELISM_LIMIT,
      ),
      batchRows: BATCH_ROWS,
      localChannelBatches: LOCAL_CHANNEL_BATCHES,
      runId: randomId(),
      isCheckpointed: false,
    };
    const splits = await discoverSplits(built, parallelism);
    for (const { sink, name } of sinksOf(built)) {
      await inCallingThread(
        name,
        async () => await sink.prepare?.({ jobId: settings.runId, restored: null }),
      );
    }
    return new JobRun({
      job,
      built,
      params,
      collects: doors.output !== null,
      execution,
      threads,
      parallelism,
      settings,
      splits,
      pool,
      signal: options.signal ?? null,
    });
  }

  private constructor(prepared: Prepared) {
    const { execution, threads, splits } = prepared;
    this.name = prepared.job.name;
    this.#prepared = prepared;
    this.#shape = {
      workers: threads,
      operatorSlots: operatorSlots(execution).size,
      subtasks: execution.subtasks.length,
      sources: splits.length,
    };
    this.#counters = new SharedCounters(this.#shape);
    this.#watched = new JobCounters(prepared.built.graph, execution, splits, this.#counters);
    const workers = [CALLER, ...Array.from({ length: threads }, (_, worker) => worker)];
    this.#signals = new Map(
      workers.map((worker) => [
        worker,
        new Signal(this.#counters.buffer, this.#counters.signalWord(worker)),
      ]),
    );
    this.#rings = this.#makeRings();
  }

  #makeRings(): Map<number, RingDescriptor> {
    const { execution } = this.#prepared;
    const remote = execution.channels.filter((channel) => !channel.isLocal);
    const share = Math.floor(RING_BUDGET_BYTES / Math.max(1, remote.length) / 8) * 8;
    const capacity = Math.min(RING_BYTES_MAX, Math.max(RING_BYTES_MIN, share));
    const signalOf = (subtask: number): Signal =>
      this.#signals.get(execution.subtasks[subtask]!.worker)!;
    const memory = new RingMemory(capacity, remote.length);
    return new Map(
      remote.map(({ id, from, to }) => [id, memory.ring(signalOf(from), signalOf(to))]),
    );
  }

  start(): void {
    const { threads, signal } = this.#prepared;
    this.#ended = Array.from({ length: threads }, (_, worker) => this.#runWorker(worker));
    this.#result = this.#finish();
    this.#result.catch(() => {});
    const abort = (): void => void this.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    void this.#result.catch(() => {}).then(() => signal?.removeEventListener('abort', abort));
  }

  #runWorker(worker: number): Promise<void> {
    const {
      pool,
      job,
      built,
      params,
      collects,
      threads,
      parallelism,
      settings,
      splits,
      execution,
    } = this.#prepared;
    return pool.run(
      {
        job: {
          url: job.url,
          name: job.name,
          params,
          collects,
          fingerprint: fingerprint(built.graph),
        },
        worker,
        threads,
        parallelism,
        settings,
        splits,
        rings: this.#rings,
        counters: this.#counters.buffer,
        shape: this.#shape,
      },
      {
        onCommittables: (node, committables) => this.#keepCommittables(node, committables),
        onSkipped: (record) => this.#keepSkipped(record),
        runningIn: (number) => {
          const subtask = this.#counters.running(number);
          return subtask === null ? null : taskName(execution, subtask);
        },
      },
    );
  }

  #keepSkipped(record: DeadLetter): void {
    if (this.#skipped.length < SHOWN_MALFORMED) this.#skipped.push(record);
  }

  #keepCommittables(node: NodeId, committables: readonly PlainData[]): void {
    const kept = this.#committables.get(node) ?? [];
    kept.push(...committables);
    this.#committables.set(node, kept);
  }

  async #finish(): Promise<JobResult> {
    try {
      await this.#runToEnd();
      await this.#commit();
      this.#end('finished');
      return this.#resultNow();
    } catch (error) {
      this.#end(
        error instanceof EngineError && error.code === 'JOB_CANCELLED' ? 'cancelled' : 'failed',
      );
      throw error;
    } finally {
      await this.#prepared.pool.terminate();
    }
  }

  /** When one thread fails the others are stopped, and nothing stays of what they have prepared. */
  async #runToEnd(): Promise<void> {
    try {
      await this.#allThreads();
    } catch (error) {
      await this.#stopWorkers();
      await this.#discard();
      throw error;
    }
  }

  /** What threads say once they have been asked to leave is no failure: some had to be ended. */
  async #allThreads(): Promise<void> {
    try {
      await Promise.all([this.#runOwnSubtasks(), ...this.#ended]);
    } catch (error) {
      if (!this.#counters.isCancelled()) throw error;
    }
    if (!this.#counters.isCancelled()) return;
    throw new EngineError('JOB_CANCELLED', `job '${this.name}' was cancelled`);
  }

  /** Subtasks that belong to the calling thread: outputs of the program, or all with threads: 0. */
  async #runOwnSubtasks(): Promise<void> {
    const { built, execution, settings, splits } = this.#prepared;
    const signal = this.#signals.get(CALLER)!;
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
      wake: () => signal.notify(),
      restored: () => [],
      snapshots: NO_SNAPSHOTS,
      onCommittables: (node, committables) => this.#keepCommittables(node, committables),
      onSkipped: (record) => this.#keepSkipped(record),
    });
    const scheduler = new Scheduler({ subtasks, clock: systemClock });
    try {
      for (const subtask of subtasks) subtask.open();
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

  async #commit(): Promise<void> {
    for (const { sink, name, committables } of this.#preparedSinks()) {
      await inCallingThread(name, () => sink.commit(committables));
    }
  }

  async #discard(): Promise<void> {
    for (const { sink, committables } of this.#preparedSinks()) {
      try {
        await sink.discard?.(committables);
      } catch {
        // The job tells why it had to end, not what clearing up adds to that.
      }
    }
  }

  /** Sinks whose subtasks have prepared something. */
  #preparedSinks(): { sink: Sink; name: string; committables: PlainData[] }[] {
    return sinksOf(this.#prepared.built).flatMap(({ sink, name, node }) => {
      const committables = this.#committables.get(node);
      return committables === undefined ? [] : [{ sink, name, committables }];
    });
  }

  /** Asks all threads to leave, and ends those that do not. */
  async #stopWorkers(): Promise<void> {
    this.#counters.cancel();
    for (const signal of this.#signals.values()) signal.notify();
    const left = Promise.allSettled(this.#ended);
    await Promise.race([left, delay(LEAVE_MS)]);
    await this.#prepared.pool.terminate();
  }

  #end(state: JobState): void {
    this.#state = state;
    this.#durationMs = systemClock.monotonic() - this.#startMs;
  }

  result(): Promise<JobResult> {
    return this.#result!;
  }

  async cancel(): Promise<void> {
    if (this.#state !== 'running') return;
    await this.#stopWorkers();
    await this.#result!.catch(() => {});
  }

  #resultNow(): JobResult {
    return {
      name: this.name,
      state: this.#state,
      durationMs: this.#elapsedMs(),
      operators: this.#watched.operators(),
      skipped: [...this.#skipped],
    };
  }

  #elapsedMs(): number {
    return this.#durationMs ?? systemClock.monotonic() - this.#startMs;
  }

  status(): JobStatus {
    return {
      name: this.name,
      state: this.#state,
      elapsedMs: this.#elapsedMs(),
      ...this.#watched.progress(),
      operators: this.#watched.operators(),
    };
  }
}

function countOf(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EngineError(
    'JOB_DEFINITION',
    `${what} must be a whole number from ${least} to ${most}, got ${value}`,
  );
}

function taskName(execution: ExecutionGraph, subtask: number): string {
  return execution.tasks[execution.subtasks[subtask]!.task]!.name;
}

function withDoors(built: BuiltJob, doors: Doors): BuiltJob {
  for (const [name, node] of built.inputs) doors.input(name, built.bindings[node]!.source!);
  const outputOf = new Map([...built.outputs].map(([name, node]) => [node, name]));
  const bindings = built.bindings.map((binding, node) => {
    const name = outputOf.get(node);
    return name === undefined ? binding : { ...binding, sink: doors.output!(name) };
  });
  return { ...built, bindings };
}

function sinksOf({ graph, bindings }: BuiltJob): { sink: Sink; name: string; node: NodeId }[] {
  return graph.nodes.flatMap(({ id, name }) => {
    const { sink } = bindings[id]!;
    return sink === null ? [] : [{ sink, name, node: id }];
  });
}

async function discoverSplits(built: BuiltJob, parallelism: number): Promise<SourceSplits> {
  const sources = built.graph.nodes.filter((node) => node.operator.type === 'source');
  return await Promise.all(
    sources.map(async (node) => {
      const splits = await inCallingThread(node.name, () =>
        built.bindings[node.id]!.source!.discoverSplits(
          parallelismOf(built.graph, node, { parallelism }),
        ),
      );
      return {
        node: node.id,
        splits: splits.map(fromItsStart),
      };
    }),
  );
}
