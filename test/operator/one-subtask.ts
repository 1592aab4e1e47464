/** One subtask of an operator by itself: what it emits, and what its snapshot gives to the subtasks of the next run. */
import assert from 'node:assert/strict';
import { VirtualClock } from '../../src/base/clock.ts';
import type { Operator, SideOutputs } from '../../src/operator/operator.ts';
import { type StoredState, StoredStates } from '../../src/task/restored-state.ts';
import { type StateBlock, SubtaskSnapshot } from '../../src/task/subtask-snapshot.ts';

export const GROUPS = 16;

export type Place = { readonly subtask: number; readonly parallelism: number };
export const ALONE: Place = { subtask: 0, parallelism: 1 };

export class OneSubtask<Of extends Operator, Result> {
  readonly operator: Of;
  readonly metrics = {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  readonly results: Result[] = [];
  readonly blocks: StateBlock[] = [];
  readonly snapshot = new SubtaskSnapshot(0, {
    onBlock: (_subtask, _checkpoint, block) => this.blocks.push(block),
    onDone() {},
  });
  readonly place: Place;
  /** Batches that the output takes before it is full. */
  room = Infinity;

  constructor(
    operator: Of,
    place: Place,
    states: readonly StoredState[],
    sides: SideOutputs = new Map(),
  ) {
    this.operator = operator;
    this.place = place;
    const room = (): number => this.room;
    const restored = new StoredStates(states, { ...place, maxParallelism: GROUPS });
    operator.open(
      {
        name: 'alone',
        ...place,
        maxParallelism: GROUPS,
        clock: new VirtualClock(0),
        watermarkIntervalMs: 10,
        metrics: this.metrics,
        job: { name: 'alone', id: 'alone', attempt: 0 },
        isCheckpointed: true,
        isIncremental: false,
        isBatch: false,
        restored,
        snapshot: (checkpoint) => this.snapshot.writer(0, checkpoint),
        wake() {},
        prepareCommit() {},
        onMetric() {},
      },
      {
        get isReady() {
          return room() > 0;
        },
        emit: (batch) => {
          this.room--;
          this.results.push(...(batch.rowObjects() as Result[]));
        },
        watermark() {},
        idle() {},
        barrier() {},
        end() {},
      },
      sides,
    );
    for (const { name } of states) assert.ok(restored.taken.has(name), `it asks for '${name}'`);
  }

  /** Begins a snapshot; `finish` writes what is left of it. */
  barrier(): void {
    this.snapshot.begin(1);
    this.operator.processBarrier(1);
  }

  finish(): void {
    while (this.snapshot.isActive) this.snapshot.step(true);
  }

  /** The states so far, as the next run gets them. */
  states(): StoredState[] {
    return statesOf([this]);
  }
}

/** The states of subtasks together. */
export function statesOf(subtasks: readonly OneSubtask<Operator, unknown>[]): StoredState[] {
  const names = new Set(subtasks.flatMap(({ blocks }) => blocks.map(({ state }) => state)));
  return [...names].map((name) => {
    const { kind, fields } = subtasks
      .flatMap(({ blocks }) => blocks)
      .find(({ state }) => state === name)!;
    const parts = subtasks.map(({ blocks, place }) => ({
      ...place,
      blocks: blocks
        .filter(({ state }) => state === name)
        .map(({ rows, bytes }) => ({ rows, read: () => bytes })),
      deltas: [],
    }));
    return { name, kind, fields, parts };
  });
}
