/**
 * A whole job in one thread, under a clock and on a disk of its own: the same subtasks, channels, barriers, coordinator and
 * storage as on threads, in an order that a seed decides. A run ends with the job or with a crash; the next one goes on from
 * what the disk has.
 */
import { VirtualClock } from '../../base/clock.ts';
import { EngineError } from '../../base/errors.ts';
import { nextTurn } from '../../base/event-loop.ts';
import { shareLoopsByText } from '../../base/generated-code.ts';
import { DEFAULT_WATERMARK_INTERVAL_MS } from '../../base/limits.ts';
import { Random } from '../../base/random.ts';
import { WHOLE_BATCHES } from '../../channel/batch-slices.ts';
import { type RingDescriptor, RingMemory } from '../../channel/ring-channel.ts';
import type { BlockRef, StoredCheckpoint } from '../../checkpoint/checkpoint.ts';
import { stateFileOf } from '../../checkpoint/checkpoint-names.ts';
import { CheckpointStorage } from '../../checkpoint/checkpoint-storage.ts';
import { loadCheckpoint } from '../../checkpoint/load-checkpoint.ts';
import type { Processes } from '../../checkpoint/process-identity.ts';
import { unpackBlock } from '../../checkpoint/state-file.ts';
import { CALLER, type ExecutionGraph, executionGraph } from '../../graph/execution-graph.ts';
import type { BuiltJob } from '../../graph/job-registry.ts';
import { greatestParallelism } from '../../graph/parallelism.ts';
import { CheckpointCoordinator } from '../../job/checkpoint-coordinator.ts';
import { CheckpointHistory } from '../../job/checkpoint-history.ts';
import { checkpointSettings } from '../../job/checkpoint-settings.ts';
import { commitRestored } from '../../job/commit.ts';
import { keyGroupsOf } from '../../job/key-groups.ts';
import { restoredSnapshot } from '../../job/restore.ts';
import { splitsToRead } from '../../job/start.ts';
import { SharedCounters } from '../../metrics/shared-counters.ts';
import { Signal } from '../../sharedarraybuffer-queue/index.ts';
import { AT_END } from '../../state/snapshot.ts';
import { deploy } from '../../task/deploy.ts';
import { operatorSlots, outputSlots } from '../../task/deployment.ts';
import { Scheduler } from '../../task/scheduler.ts';
import { restoredParts } from '../../task/untaken-state.ts';
import { DrawnSlices } from '../drawn-slices.ts';
import { MemoryFiles, type Survival } from '../memory-files.ts';
import type { Scenario, SimulationEvent } from './scenario.ts';
import { SimulatedDiscovery } from './simulated-discovery.ts';
import { SimulatedSink, type SimulatedWorld, type SinkConditions } from './simulated-sink.ts';

const DIRECTORY = '/state';
const ROUNDS_MAX = 200_000;
/** Memory of a ring: a few small batches. */
const RING_BYTES = 4096;
/** Most rows of a batch: small, so that much can happen between two of them. */
const ROWS_MAX = 40;
const SLICE_ROWS_MAX = 8;

/** Makes the sink of a node, in place of that of the job. */
export type MakeSink = (
  node: number,
  world: SimulatedWorld,
  conditions: SinkConditions,
) => SimulatedSink;

/** Events that the coordinator is asked for. */
type AskedOfCoordinator = { readonly what: 'checkpoint' | 'savepoint' | 'stop' | 'change' };

type StopEvent = Extract<SimulationEvent, { readonly what: 'stop' | 'change' }>;
const CHANGE: StopEvent = { round: 0, what: 'change' };

export type SimulationStats = { rounds: number; runs: number; checkpoints: number };

/** The process has died. */
class Crash extends Error {
  readonly survival: Survival;

  constructor(survival: Survival) {
    super('the simulated process died');
    this.survival = survival;
  }
}

/** The job was stopped, with a savepoint; it is started again. */
class Stopped extends Error {
  /** The savepoint, where it goes on from that and not from the last checkpoint. */
  readonly savepoint: string | null;
  /** Whether the next version of the job goes on. */
  readonly isChanged: boolean;

  constructor(savepoint: string | null, isChanged: boolean) {
    super('the simulated job was stopped');
    this.savepoint = savepoint;
    this.isChanged = isChanged;
  }
}

/** Another version of a job, which goes on from a savepoint of the one before. */
export type NextVersion = {
  readonly built: BuiltJob;
  /** Whether state may go that it does not take. */
  readonly mayDropState: boolean;
};

/** The job failed, other than by what the scenario has for it. */
class Failure extends Error {
  constructor(cause: unknown) {
    super('the simulated job failed', { cause });
  }
}

export class SimulatedJob {
  readonly stats: SimulationStats = { rounds: 0, runs: 0, checkpoints: 0 };
  /** What each version but the first has gone on from. */
  readonly changedAt: StoredCheckpoint[] = [];
  #built: BuiltJob;
  /** Those to come. */
  #versions: readonly NextVersion[];
  #mayDropState = false;
  /** How many versions later the job is to be: behind the first stop that comes about there is the next one. */
  #changesDue = 0;
  /** Whether a version has not begun yet. */
  #isChanged = false;
  /** Of sinks and outputs by their uids: the number that the world knows them by, over all versions. */
  readonly #ends = new Map<string, number>();
  readonly #scenario: Scenario;
  readonly #world: SimulatedWorld;
  readonly #makeSink: MakeSink;
  readonly #random: Random;
  readonly #clock = new VirtualClock(0);
  /** The greatest parallelism that the job takes. */
  #parallelismMax: number;
  #files = new MemoryFiles();
  #next = 0;
  #savepoints = 0;
  /** What it goes on from where its directory has no checkpoint: behind a stop, which begins a new directory. */
  #restoreFrom: string | null = null;
  #directory = DIRECTORY;
  /** Checkpoints at ends of subtasks that are left until the process dies; null where none are taken. */
  #endsUntilCrash: number | null = null;
  /** Rounds until which sinks take nothing. */
  #slowUntil = -1;
  #commitsUntilCrash = Infinity;
  /** The checkpoint that waits for barriers until this round. */
  #turnsUnaligned = { round: Infinity, checkpoint: 0 };

  constructor(
    built: BuiltJob,
    scenario: Scenario,
    world: SimulatedWorld,
    makeSink: MakeSink = (...how) => new SimulatedSink(...how),
    versions: readonly NextVersion[] = [],
  ) {
    shareLoopsByText();
    this.#built = built;
    this.#versions = versions;
    for (const { id, uid } of built.graph.nodes) this.#ends.set(uid, id);
    this.#scenario = scenario;
    this.#world = world;
    this.#makeSink = makeSink;
    this.#random = new Random(scenario.seed);
    this.#parallelismMax = greatestParallelism(built.graph);
  }

  /** Runs the job to its end, through all that the scenario has for it. */
  async run(): Promise<void> {
    for (;;) {
      const run = this.stats.runs++;
      const drawn = this.#scenario.parallelism.at(run) ?? this.#scenario.parallelism.at(-1)!;
      const parallelism = Math.min(drawn, this.#parallelismMax);
      const files = this.#files;
      try {
        await this.#runOnce(parallelism, run);
        return;
      } catch (error) {
        if (error instanceof Stopped) {
          this.#startFrom(error);
          continue;
        }
        const survival = survivalOf(error, files);
        if (survival === null) throw error instanceof Failure ? error.cause : error;
        files.crash();
        this.#files = files.survivors(survival);
        this.#commitsUntilCrash = Infinity;
      }
    }
  }

  #startFrom({ savepoint, isChanged }: Stopped): void {
    if (savepoint === null) return;
    this.#restoreFrom = savepoint;
    this.#directory = `${DIRECTORY} behind ${savepoint}`;
    const [next, ...later] = this.#versions;
    if (!isChanged) return;
    this.#changesDue = next === undefined ? 0 : this.#changesDue - 1;
    if (next === undefined) return;
    const { built, mayDropState } = next;
    this.#versions = later;
    this.#built = built;
    this.#mayDropState = mayDropState;
    this.#parallelismMax = greatestParallelism(built.graph);
    for (const { uid } of built.graph.nodes) {
      if (!this.#ends.has(uid)) this.#ends.set(uid, this.#ends.size);
    }
    this.#isChanged = true;
  }

  async #runOnce(parallelism: number, run: number): Promise<void> {
    const files = this.#files;
    this.#turnsUnaligned = { round: Infinity, checkpoint: 0 };
    const storage = await CheckpointStorage.open(this.#directory, {
      files,
      warn: () => {},
      processes: processOf(run),
    });
    const last = (await storage.latest()) ?? (await this.#savepointIn(files));
    if (this.#isChanged && last !== null) this.changedAt.push(last);
    this.#isChanged = false;
    const restored =
      last === null ? null : restoredSnapshot(this.#built.graph, last, this.#mayDropState);
    const bindings = this.#bindings(files);
    const built = { ...this.#built, bindings };
    if (last?.manifest.isFinal === true)
      return await commitRestored(built, last.manifest, () => {});
    const { splits, known } = await splitsToRead(built, parallelism, restored, (path, ref) =>
      readBlock(files, path, ref),
    );
    const keyGroups = keyGroupsOf(built.graph, { parallelism, asked: undefined, last });
    const exchanges = restored?.inFlight ?? [];
    const planned = executionGraph(this.#built.graph, { threads: 0, parallelism, exchanges });
    const execution = this.#scenario.hasRings ? joinedByRings(planned) : planned;
    const counters = new SharedCounters({
      workers: 0,
      operatorSlots: operatorSlots(execution).size,
      outputs: outputSlots(execution).at(-1)!,
      subtasks: execution.subtasks.length,
      stages: splits.length,
    });
    const coordinator = new CheckpointCoordinator({
      graph: this.#built.graph,
      execution,
      input: () => new Map(known.map((one) => [one.node, one.states()])),
      ...keyGroups,
      isBatch: false,
      jobId: 'simulated',
      storage,
      files,
      settings: checkpointSettings({
        dir: this.#directory,
        unaligned: this.#scenario.isUnaligned,
        incremental: this.#scenario.isIncremental,
      }),
      request: (checkpoint, kind, base) => {
        const { alignedRounds } = this.#scenario;
        const turns = kind === 'unaligned' && alignedRounds > 0;
        counters.requestCheckpoint(checkpoint, turns ? 'aligned' : kind, base);
        if (turns) this.#turnsUnaligned = { round: this.stats.rounds + alignedRounds, checkpoint };
      },
      turnUnaligned: (checkpoint) => counters.turnUnaligned(checkpoint),
      goOn: () => counters.goOn(),
      tell: (checkpoint, end) => counters.checkpointEnded(checkpoint, end),
      commit: async (node, committables) => await bindings[node]!.sink?.commit(committables),
      onFailure: () => {},
      onCompleted: () => {
        this.stats.checkpoints++;
      },
      history: new CheckpointHistory(this.#clock),
      warn: () => {},
    });
    const discovery = new SimulatedDiscovery(built, parallelism, known, this.#random);
    const ended = new Set<number>();
    const subtasks = deploy({
      graph: this.#built.graph,
      bindings,
      execution,
      worker: CALLER,
      settings: {
        bufferTimeoutMs: 0,
        stepBudgetMs: 0,
        backlogMs: Infinity,
        watermarkIntervalMs: DEFAULT_WATERMARK_INTERVAL_MS,
        ...keyGroups,
        batchRows: ROWS_MAX,
        localChannelBatches: 2,
        jobId: 'simulated',
        attemptId: `${run}`,
        attempt: run,
        isCheckpointed: true,
        isIncremental: this.#scenario.isIncremental,
        isBatch: false,
        isAligned: true,
        isUnaligned: this.#scenario.isUnaligned,
      },
      splits,
      rings: ringsOf(execution, counters),
      counters,
      clock: this.#clock,
      slices: () =>
        this.#scenario.isSliced ? new DrawnSlices(this.#random, SLICE_ROWS_MAX) : WHOLE_BATCHES,
      wake: () => {},
      ...restoredParts(restored, (path, ref) => readBlock(files, path, ref)),
      events: {
        onBlock: (...block) => coordinator.onBlock(...block),
        onDone: (subtask, checkpoint, times) => {
          if (checkpoint === AT_END) ended.add(subtask);
          coordinator.onDone(subtask, checkpoint, times);
        },
        onCommittables: (...prepared) => coordinator.onCommittables(...prepared),
        onMetric() {},
        onSkipped() {},
        onSplitRead: (source, split) => discovery.onSplitRead(source, split),
      },
      ...(discovery.isNeeded ? { looks: discovery.looks } : {}),
    });
    /** Of sources that come to their end by themselves. */
    const bounded = execution.subtasks.filter(({ task }) => {
      const source = execution.tasks[task]!.operators[0]!.nodes[0]!;
      const { type } = this.#built.graph.nodes[source]!.operator;
      return type === 'source' && !discovery.finds(source);
    });
    const beforeRound = async (): Promise<void> => {
      await discovery.round();
      const isAlone = bounded.every(({ id }) => ended.has(id));
      if (discovery.isNeeded && isAlone && discovery.isOver) counters.drain();
    };
    const scheduler = new Scheduler({
      subtasks,
      clock: this.#clock,
      choose: (count) => this.#random.below(count),
    });
    let stopped = false;
    try {
      for (const subtask of subtasks) subtask.open();
      if (last !== null) await commitRestored(built, last.manifest, () => {});
      for (const subtask of subtasks) subtask.begin();
      await this.#toTheEnd(scheduler, coordinator, counters, files, ended, beforeRound);
      await coordinator.finish();
    } catch (error) {
      if (error instanceof Stopped) stopped = true;
      if (stopped || error instanceof Crash || files.hasCrashed) throw error;
      // The disk has refused the last checkpoint: the job has failed, and is started again.
      if (error instanceof EngineError && error.code === 'CHECKPOINT_WRITE')
        throw new Crash('kept');
      throw new Failure(error);
    } finally {
      // Of a process that died nothing more is written or committed.
      if (!scheduler.isDone && !stopped) files.crash();
      scheduler.close();
      await coordinator.stop();
      await storage.close().catch(() => {});
    }
  }

  async #toTheEnd(
    scheduler: Scheduler,
    coordinator: CheckpointCoordinator,
    counters: SharedCounters,
    files: MemoryFiles,
    ended: ReadonlySet<number>,
    beforeRound: () => Promise<void>,
  ): Promise<void> {
    /** Thrown in a commit, which the coordinator only passes on, or behind a checkpoint. */
    let crash: unknown = null;
    const onFailed = (error: unknown): void => {
      if (error instanceof Crash || files.hasCrashed) crash = error;
    };
    const stop = (event: StopEvent): void => {
      this.#stop(coordinator, event).then((stopped) => {
        crash = stopped;
      }, onFailed);
    };
    let endsSeen = 0;
    if (this.#changesDue > 0) stop(CHANGE);
    while (!scheduler.isDone) {
      const round = this.stats.rounds++;
      if (round > ROUNDS_MAX) throw new Error('the simulated job does not come to its end');
      for (const event of this.#due(round)) {
        if (event.what === 'checkpoint') coordinator.checkpoint().catch(onFailed);
        else if (event.what === 'savepoint') {
          coordinator.savepoint(this.#nextSavepoint()).catch(onFailed);
        } else if (event.what === 'stop' || event.what === 'change') {
          if (event.what === 'change') this.#changesDue++;
          stop(event);
        } else this.#happens(event, files);
      }
      if (this.#endsUntilCrash !== null && ended.size > endsSeen) {
        endsSeen = ended.size;
        coordinator.checkpoint().then(() => {
          crash ??= this.#crashAtEnd();
        }, onFailed);
      }
      const turns = this.#turnsUnaligned;
      if (round >= turns.round) {
        counters.turnUnaligned(turns.checkpoint);
        this.#turnsUnaligned = { ...turns, round: Infinity };
      }
      await beforeRound();
      const moved = scheduler.round() || scheduler.flush();
      await nextTurn();
      if (crash !== null) throw crash;
      if (!moved) this.#clock.advanceTo(this.#clock.now() + DEFAULT_WATERMARK_INTERVAL_MS);
    }
  }

  #nextSavepoint(): string {
    return `/savepoint ${++this.#savepoints}`;
  }

  async #savepointIn(files: MemoryFiles): Promise<StoredCheckpoint | null> {
    return this.#restoreFrom === null ? null : await loadCheckpoint(this.#restoreFrom, files);
  }

  async #stop(coordinator: CheckpointCoordinator, event: StopEvent): Promise<Stopped> {
    const path = this.#nextSavepoint();
    await coordinator.savepoint(path, true);
    await coordinator.checkpoint({ isLast: true });
    const isChanged = event.what === 'change';
    return new Stopped(isChanged || event.from === 'savepoint' ? path : null, isChanged);
  }

  /** Null where there are to be more before. */
  #crashAtEnd(): Crash | null {
    if (this.#endsUntilCrash === null || --this.#endsUntilCrash > 0) return null;
    this.#endsUntilCrash = null;
    return new Crash('kept');
  }

  #due(round: number): readonly SimulationEvent[] {
    const { events } = this.#scenario;
    const from = this.#next;
    while (this.#next < events.length && events[this.#next]!.round <= round) this.#next++;
    return events.slice(from, this.#next);
  }

  #happens(event: Exclude<SimulationEvent, AskedOfCoordinator>, files: MemoryFiles): void {
    switch (event.what) {
      case 'crash':
        throw new Crash(
          event.disk === 'random' ? { random: () => this.#random.float() } : event.disk,
        );
      case 'disk':
        files.fault = { at: files.operations.length + 1 + event.after, kind: event.fault };
        break;
      case 'crash in commit':
        this.#commitsUntilCrash = event.after;
        break;
      case 'checkpoints at ends':
        this.#endsUntilCrash = event.crashBehind;
        break;
      case 'slow sinks':
        this.#slowUntil = this.stats.rounds + event.rounds;
        break;
      case 'delay':
        this.#clock.advanceTo(this.#clock.now() + event.ms);
        break;
    }
  }

  #bindings(files: MemoryFiles): BuiltJob['bindings'] {
    const job = this;
    const conditions: SinkConditions = {
      get isSlow(): boolean {
        return job.stats.rounds < job.#slowUntil;
      },
      beforeCommit() {
        if (files.hasCrashed) throw new Crash('kept');
        if (job.#commitsUntilCrash-- <= 0) {
          files.crash();
          throw new Crash('kept');
        }
      },
    };
    const outputs = new Set(this.#built.outputs.values());
    const { graph, bindings } = this.#built;
    return bindings.map((binding, node) => {
      if (binding.sink === null && !outputs.has(node)) return binding;
      const end = this.#ends.get(graph.nodes[node]!.uid)!;
      return { ...binding, sink: this.#makeSink(end, this.#world, conditions) };
    });
  }
}

/** What is left on the disk when a run ended by what the scenario has for it; null when it failed by itself. */
function survivalOf(error: unknown, files: MemoryFiles): Survival | null {
  const { cause } = error as { cause?: unknown };
  if (error instanceof Failure) return null;
  if (error instanceof Crash) return error.survival;
  if (cause instanceof Crash) return cause.survival;
  if (files.hasCrashed) return 'lost';
  // The disk has failed, but is there: the job could not be started.
  const isOfDisk = error instanceof EngineError && error.code.startsWith('CHECKPOINT_');
  return isOfDisk && files.hasFailed ? 'kept' : null;
}

function readBlock(files: MemoryFiles, path: string, ref: BlockRef): Uint8Array {
  const file = stateFileOf(path, ref.checkpoint);
  const bytes = files.bytesOf(file).subarray(ref.offset, ref.offset + ref.bytes);
  return unpackBlock(file, ref.offset, bytes);
}

/** Subtasks of one thread, joined as those of different threads. */
function joinedByRings(execution: ExecutionGraph): ExecutionGraph {
  const channels = execution.channels.map((channel) => ({ ...channel, isLocal: false }));
  return { ...execution, channels };
}

function ringsOf(
  { channels }: ExecutionGraph,
  counters: SharedCounters,
): ReadonlyMap<number, RingDescriptor> {
  const remote = channels.filter(({ isLocal }) => !isLocal);
  const memory = new RingMemory(RING_BYTES, remote.length);
  const signal = new Signal(counters.buffer, counters.signalWord(CALLER));
  return new Map(remote.map(({ id }) => [id, memory.ring(signal, signal)]));
}

/** Each run is a process of its own; those before it are gone. */
function processOf(run: number): Processes {
  return {
    self: { pid: run + 1, start: null, host: 'simulated' },
    isRunning: () => false,
  };
}

/** Sources of the program have nobody who writes them. */
export function checkCanBeSimulated({ graph, inputs }: BuiltJob): void {
  if (inputs.size === 0) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `job '${graph.name}' takes rows from a program (${[...inputs.keys()].join(', ')}), which a simulation has not: ` +
      'give it a source instead',
  );
}
