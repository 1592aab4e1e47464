/** Source subtasks from a start, or a snapshot, to a crash: the real ones, in turn, under a clock of their own. */
import { VirtualClock } from '../../base/clock.ts';
import { WHOLE_BATCHES } from '../../channel/batch-slices.ts';
import { SharedCounters } from '../../metrics/shared-counters.ts';
import type { OperatorContext, Output } from '../../operator/operator.ts';
import { DEAD_LETTERS } from '../../operator/operator-spec.ts';
import type { Source, SourceAssignment } from '../../operator/source.ts';
import { SourceInput } from '../../task/source-input.ts';
import { SplitQueue } from '../../task/split-queue.ts';
import type { SplitState, SplitToRead } from '../../task/split-state.ts';
import { check, throughCheckpoint } from './conformance-case.ts';
import { pause, QUIET_MS } from './split-reading.ts';

export type SourceLifeOptions = {
  readonly source: Source;
  readonly splits: readonly SplitToRead[];
  readonly parallelism: number;
  /** Records a second; null for no bound. */
  readonly rate: number | null;
  /** How long a source with an end may give nothing. */
  readonly patienceMs: number;
  readonly onRows: (rows: readonly unknown[]) => void;
};

const LOOK_MS = 1;
/** Times that all subtasks may want to be polled again, and have nothing, until a source without an end is quiet. */
const QUIET_WAKES = 8;

export class SourceLife {
  readonly #clock = new VirtualClock();
  readonly #source: Source;
  readonly #splits: readonly SplitToRead[];
  readonly #patienceMs: number;
  readonly #counters: SharedCounters;
  readonly #inputs: readonly SourceInput[];
  #passed = 0;
  #states: SplitState[] = [];
  #hasMoved = false;
  #quietWakes = 0;

  constructor(options: SourceLifeOptions) {
    const { source, splits, parallelism } = options;
    const { assignment } = source;
    const stages: readonly SourceAssignment[] =
      typeof assignment === 'string' ? [assignment] : assignment;
    this.#source = source;
    this.#splits = splits;
    this.#patienceMs = options.patienceMs;
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
    { source, splits, parallelism, rate, onRows }: SourceLifeOptions,
    stages: readonly SourceAssignment[],
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
          assignment: one,
          splits: splits.filter(({ split }) => (split.stage ?? 0) === stage),
          claim: () => counters.claimSplit(stage),
          onRead: () => counters.splitRead(stage),
          readCount: () => counters.splitsRead(stage),
        })),
        { subtask, parallelism },
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
      if (hasPolled) continue;
      if (this.#inputs.some(({ hasEnded, waitsForEvents }) => !hasEnded && waitsForEvents)) {
        await pause(LOOK_MS);
        waitedMs += LOOK_MS;
        this.#checkPatience(waitedMs);
      } else this.#advance();
    }
  }

  #checkPatience(waitedMs: number): void {
    if (!this.#source.isBounded && waitedMs > QUIET_MS) this.#quietWakes = Infinity;
    check(waitedMs <= this.#patienceMs, 'the source has not ended, and gives nothing more');
  }

  /** To when a subtask wants to be polled. */
  #advance(): void {
    const due = Math.min(...this.#inputs.map(({ wakeAtMs }) => wakeAtMs));
    if (!this.#source.isBounded) this.#quietWakes++;
    if (due > this.#clock.now()) this.#clock.advanceTo(due);
  }

  /** What a checkpoint at this moment leaves to be read. */
  snapshot(): readonly SplitToRead[] {
    const checkpoint = ++this.#passed;
    this.#states = [];
    this.#counters.requestCheckpoint(checkpoint, 'aligned');
    for (const input of this.#inputs) input.pollControl();
    const begun = new Map(this.#states.map((state) => [state.split.id, state]));
    return this.#splits
      .map((split) => begun.get(split.split.id) ?? split)
      .filter((split) => !('isRead' in split && split.isRead))
      .map((left) => ({
        ...left,
        split: throughCheckpoint(left.split, `split '${left.split.id}'`),
        position: throughCheckpoint(left.position, `a position of split '${left.split.id}'`),
      }));
  }

  close(): void {
    for (const input of this.#inputs) input.close();
  }
}
