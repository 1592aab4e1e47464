/** Source subtasks from a start, or a snapshot, to a crash: the real ones, in turn, under a clock of their own. */
import { VirtualClock } from '../../base/clock.ts';
import { WHOLE_BATCHES } from '../../channel/batch-slices.ts';
import { KnownSplits } from '../../job/known-splits.ts';
import { mergedSplits, type RestoredSplits } from '../../job/restore.ts';
import { SharedCounters } from '../../metrics/shared-counters.ts';
import type { OperatorContext, Output } from '../../operator/operator.ts';
import { DEAD_LETTERS } from '../../operator/operator-spec.ts';
import type { Source, SourceAssignment } from '../../operator/source.ts';
import type { SourceSplits } from '../../task/deployment.ts';
import { SourceInput } from '../../task/source-input.ts';
import { SplitQueue } from '../../task/split-queue.ts';
import type { SplitState, SplitToRead } from '../../task/split-state.ts';
import { check, throughCheckpoint } from './conformance-case.ts';
import { patienceWith, pause } from './split-reading.ts';

export type SourceLifeOptions = {
  readonly source: Source;
  /** What is left to read of it, and what has been read. */
  readonly input: InputLeft;
  readonly parallelism: number;
  /** Records a second; null for no bound. */
  readonly rate: number | null;
  /** How long it may give nothing, until it fails or, without an end, is quiet; null for what is usual. */
  readonly patienceMs: number | null;
  readonly onRows: (rows: readonly unknown[]) => void;
};

/** What a checkpoint says of the splits of a source; before the first one nothing has been read. */
export type InputLeft = RestoredSplits;

const LOOK_MS = 1;
/** Times that all subtasks may want to be polled again, and have nothing, until a source without an end is quiet. */
const QUIET_WAKES = 8;

export class SourceLife {
  readonly #clock = new VirtualClock();
  readonly #source: Source;
  readonly #parallelism: number;
  readonly #known: KnownSplits;
  readonly #patienceMs: number;
  readonly #counters: SharedCounters;
  readonly #inputs: readonly SourceInput[];
  #passed = 0;
  #states: SplitState[] = [];
  #hasMoved = false;
  #quietWakes = 0;

  constructor(options: SourceLifeOptions) {
    const { source, input, parallelism } = options;
    const { assignment } = source;
    const assignments: readonly SourceAssignment[] =
      typeof assignment === 'string' ? [assignment] : assignment;
    const stages = assignments.map((one, stage) => ({
      node: 0,
      assignment: one,
      splits: input.left.filter(({ split }) => (split.stage ?? 0) === stage),
    }));
    this.#source = source;
    this.#parallelism = parallelism;
    this.#known = new KnownSplits(0, stages, input.read);
    this.#patienceMs = patienceWith(source, options.patienceMs);
    this.#counters = new SharedCounters({
      workers: 0,
      operatorSlots: parallelism,
      outputs: 0,
      subtasks: parallelism,
      stages: stages.length,
    });
    this.#inputs = Array.from({ length: parallelism }, (_, subtask) =>
      this.#input(options, stages, subtask),
    );
  }

  #input(
    { source, parallelism, rate, onRows }: SourceLifeOptions,
    stages: SourceSplits,
    subtask: number,
  ): SourceInput {
    const counters = this.#counters;
    const output: Output = {
      isReady: true,
      emit: (batch) => {
        this.#hasMoved = true;
        onRows(batch.rowObjects().slice(0, batch.rowCount));
      },
      watermark() {},
      idle() {},
      barrier() {},
      end() {},
    };
    const context = {
      name: source.name,
      subtask,
      parallelism,
      watermarkIntervalMs: 1,
      metrics: counters.operator(subtask),
      snapshot: () => ({
        items: (_state: string, _mode: string, states: readonly SplitState[]) => {
          this.#states.push(...states);
        },
      }),
      wake() {},
    };
    return new SourceInput({
      source,
      splits: new SplitQueue(
        stages.map((one, stage) => ({
          ...one,
          claim: () => counters.claimSplit(stage),
          claimedCount: () => counters.splitsClaimed(stage),
          onRead: () => counters.splitRead(stage),
          readCount: () => counters.splitsRead(stage),
        })),
        { subtask, parallelism },
        source.discovery !== undefined,
      ),
      eventTime: null,
      functions: [],
      rate: rate === null ? null : rate / parallelism,
      // What a source input asks of its context.
      context: context as unknown as OperatorContext,
      progress: counters.subtask(subtask),
      siblings: Array.from({ length: parallelism }, (_, n) => counters.subtask(n)),
      alignment: null,
      slices: WHOLE_BATCHES,
      clock: this.#clock,
      commands: counters,
      output,
      sides: new Map([[DEAD_LETTERS, { emit() {} }]]),
      onSkipped() {},
      onSplitRead: (split) => this.#known.onRead(split),
    });
  }

  /** Whether nothing more comes: the source has ended or, where it has no end, is quiet. */
  get isOver(): boolean {
    return this.#inputs.every(({ hasEnded }) => hasEnded) || this.#quietWakes > QUIET_WAKES;
  }

  /** Polls each subtask until one has given rows, or nothing more comes. */
  async step(): Promise<void> {
    this.#hasMoved = false;
    for (let waitedMs = 0; !this.isOver; ) {
      let hasPolled = false;
      for (const input of this.#inputs) {
        if (!input.hasEnded && input.poll()) hasPolled = true;
      }
      if (this.#hasMoved) {
        this.#quietWakes = 0;
        return;
      }
      if (hasPolled || (await this.#findMore())) continue;
      if (this.#inputs.some(({ hasEnded, waitsForEvents }) => !hasEnded && waitsForEvents)) {
        await pause(LOOK_MS);
        waitedMs += LOOK_MS;
        this.#checkPatience(waitedMs);
      } else this.#advance();
    }
  }

  /** Looks for splits where the source finds some while it is read: one new one at a time, so that much comes between them. */
  async #findMore(): Promise<boolean> {
    const { discovery } = this.#source;
    if (discovery === undefined) return false;
    const listed = await discovery.findSplits(this.#parallelism);
    const [, ...later] = listed.filter(({ id }) => !this.#known.has(id));
    const found = this.#known.take(listed.filter((split) => !later.includes(split)));
    if (found === null) return false;
    for (const input of this.#inputs) input.onFound(found);
    return found.splits.length > 0;
  }

  #checkPatience(waitedMs: number): void {
    if (waitedMs <= this.#patienceMs) return;
    check(!this.#source.isBounded, 'the source has not ended, and gives nothing more');
    this.#quietWakes = Infinity;
  }

  /** To when a subtask wants to be polled. */
  #advance(): void {
    const due = Math.min(...this.#inputs.map(({ wakeAtMs }) => wakeAtMs));
    if (!this.#source.isBounded) this.#quietWakes++;
    if (due > this.#clock.now() && due < Infinity) this.#clock.advanceTo(due);
  }

  /** What a checkpoint at this moment leaves to be read. */
  snapshot(): InputLeft {
    const checkpoint = ++this.#passed;
    this.#states = [];
    const known = this.#known.states();
    this.#counters.requestCheckpoint(checkpoint, 'aligned');
    for (const input of this.#inputs) input.pollControl();
    const { left, read } = mergedSplits(known, this.#states);
    return { left: left.map(stored), read };
  }

  close(): void {
    for (const input of this.#inputs) input.close();
  }
}

function stored(left: SplitToRead): SplitToRead {
  const { id } = left.split;
  return {
    ...left,
    split: throughCheckpoint(left.split, `split '${id}'`),
    position: throughCheckpoint(left.position, `a position of split '${id}'`),
  };
}
