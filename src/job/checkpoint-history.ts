/**
 * The checkpoints that a job has begun, over all its attempts, for those who watch it: the last few, and the last of each
 * kind however long ago. It decides nothing.
 */
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { SHOWN_CHECKPOINTS } from '../base/limits.ts';
import type {
  Manifest,
  OperatorManifest,
  StateManifest,
  StoredCheckpoint,
} from '../checkpoint/checkpoint.ts';
import { allBlocks } from '../state/generations.ts';
import type { SnapshotTimes } from '../task/subtask-snapshot.ts';
import { CheckpointParts, type PartPlace } from './checkpoint-parts.ts';
import type {
  CheckpointedOperator,
  CheckpointMetrics,
  CheckpointRecord,
  RestoredCheckpoint,
  StoredSize,
} from './job-metrics.ts';

/** A checkpoint as long as it runs. */
export type BegunCheckpoint = {
  /** The part of a subtask has come; `times` null: of one that has come to its end. */
  onSubtaskDone(subtask: number, times: SnapshotTimes | null): void;
  completed(stored: StoredCheckpoint): void;
  failed(error: unknown): void;
};

/** The record, its parts as long as it runs, and when its checkpoint began by the monotonic clock. */
type Entry = {
  record: CheckpointRecord;
  readonly parts: CheckpointParts;
  readonly startMs: number;
};

export class CheckpointHistory {
  readonly #clock: Clock;
  readonly #onEnd: (record: CheckpointRecord) => void;
  /** The newest last. */
  readonly #entries: Entry[] = [];
  #completed = 0;
  #failed = 0;
  #restored = 0;
  #lastCompleted: CheckpointRecord | null = null;
  #lastSavepoint: CheckpointRecord | null = null;
  #lastFailed: CheckpointRecord | null = null;
  #lastRestored: RestoredCheckpoint | null = null;

  /** `onEnd` is told of each that is complete or has failed. */
  constructor(clock: Clock, onEnd: (record: CheckpointRecord) => void = () => {}) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  begin(id: number, kind: Manifest['kind'], places: readonly PartPlace[]): BegunCheckpoint {
    const startedAt = this.#clock.now();
    const entry: Entry = {
      startMs: this.#clock.monotonic(),
      parts: new CheckpointParts(places, startedAt),
      record: {
        id,
        kind,
        state: 'running',
        startedAt,
        durationMs: 0,
        subtasks: places.length,
        subtasksDone: 0,
        bytes: 0,
        fullBytes: 0,
        operators: [],
        parts: [],
        path: null,
        failure: null,
      },
    };
    this.#entries.push(entry);
    if (this.#entries.length > SHOWN_CHECKPOINTS) this.#entries.shift();
    return {
      onSubtaskDone: (subtask, times) => {
        const durationMs = this.#durationMs(entry);
        entry.parts.onDone(subtask, { at: this.#clock.now(), durationMs, times });
      },
      completed: (stored) => this.#onCompleted(entry, stored),
      failed: (error) => {
        this.#failed++;
        const failure = messageOf(error);
        this.#lastFailed = this.#ended(entry, { ...partsOf(entry), state: 'failed', failure });
      },
    };
  }

  #onCompleted(entry: Entry, { path, manifest }: StoredCheckpoint): void {
    const operators = manifest.operators.map(stateOf);
    const sum = (of: 'bytes' | 'fullBytes'): number =>
      operators.reduce((total, operator) => total + operator[of], 0);
    const { subtasks } = entry.record;
    const record = this.#ended(entry, {
      state: 'completed',
      subtasksDone: subtasks,
      parts: entry.parts.list(manifest.operators),
      bytes: sum('bytes'),
      fullBytes: sum('fullBytes'),
      operators,
      path,
    });
    this.#completed++;
    if (record.kind === 'savepoint') this.#lastSavepoint = record;
    else this.#lastCompleted = record;
  }

  #ended(entry: Entry, what: Partial<CheckpointRecord>): CheckpointRecord {
    entry.record = { ...entry.record, ...what, durationMs: this.#durationMs(entry) };
    this.#onEnd(entry.record);
    return entry.record;
  }

  #durationMs(entry: Entry): number {
    return this.#clock.monotonic() - entry.startMs;
  }

  onRestored({ path, manifest }: StoredCheckpoint): void {
    this.#restored++;
    const { id, kind } = manifest;
    this.#lastRestored = { id, kind, path, restoredAt: this.#clock.now() };
  }

  metrics(): CheckpointMetrics {
    const history = this.#entries.map((entry) =>
      entry.record.state === 'running'
        ? { ...entry.record, ...partsOf(entry), durationMs: this.#durationMs(entry) }
        : entry.record,
    );
    return {
      completed: this.#completed,
      failed: this.#failed,
      restored: this.#restored,
      history: history.reverse(),
      lastCompleted: this.#lastCompleted,
      lastSavepoint: this.#lastSavepoint,
      lastFailed: this.#lastFailed,
      lastRestored: this.#lastRestored,
    };
  }
}

/** Of a checkpoint that is not complete. */
function partsOf({ parts }: Entry): Pick<CheckpointRecord, 'parts' | 'subtasksDone'> {
  const list = parts.list();
  return { parts: list, subtasksDone: list.filter(({ doneAt }) => doneAt !== null).length };
}

function stateOf({ uid, name, states }: OperatorManifest): CheckpointedOperator {
  const sizes = states.map((state) => ({ name: state.name, ...sizeOf([state]) }));
  return { uid, name, ...sizeOf(states), states: sizes };
}

function sizeOf(states: readonly StateManifest[]): StoredSize {
  const blocks = states.flatMap(({ parts }) => parts.flatMap((part) => [...allBlocks(part)]));
  const own = blocks.filter(({ checkpoint }) => checkpoint === '');
  const bytesOf = (some: typeof blocks): number => some.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  return { bytes: bytesOf(own), fullBytes: bytesOf(blocks), rows };
}
