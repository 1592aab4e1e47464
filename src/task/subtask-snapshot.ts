/**
 * The snapshots of one subtask: from the barrier that reaches it until all of its operators' state has been written.
 *
 *   begin → (writer of each operator, as the barrier goes through the chain) → step* → done
 *
 * What operators put off is written in slices, between batches. A newer checkpoint takes the place of one that is not
 * done: that one has been given up.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { encodeToBytes, type Room } from '../data/codec.ts';
import { type Field, schemaOf } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { DeltaHead } from '../state/generations.ts';
import { AT_END, type CaptureStep, type ListMode, type SnapshotWriter } from '../state/snapshot.ts';

/** An encoded batch of one state. */
export type StateBlock = {
  readonly node: NodeId;
  readonly state: string;
  readonly kind: 'keyed' | ListMode;
  readonly fields: readonly Field[];
  readonly rows: number;
  readonly bytes: Uint8Array;
  /**
   * Rows of the state, or of a delta keys that have none any more; or ahead of both what the delta is, and then there are
   * neither rows nor bytes.
   */
  readonly content: 'rows' | 'removed' | DeltaHead;
};

/** Whether a block is more than the head of a delta. */
export function hasBytes({ content }: Pick<StateBlock, 'content'>): boolean {
  return content === 'rows' || content === 'removed';
}

/** What the part of a subtask in a checkpoint took. */
export type SnapshotTimes = {
  /** When its barrier was through, in milliseconds since 1970 UTC. */
  readonly cutAt: number;
  /** From the first barrier of its channels to the last. */
  readonly alignmentMs: number;
  /** In which its operators captured their state, and it did nothing else. */
  readonly pauseMs: number;
  /** From then until they had written what they put off, beside their work. */
  readonly writingMs: number;
};

export const NO_TIMES: SnapshotTimes = { cutAt: 0, alignmentMs: 0, pauseMs: 0, writingMs: 0 };

/** Where the state of all subtasks of a thread goes. Checkpoint AT_END is of a subtask that has come to its end. */
export interface SnapshotListener {
  onBlock(subtask: number, checkpoint: number, block: StateBlock): void;
  /** Memory for the bytes of a block, at a multiple of 8; of their own where it is left out. */
  room?: Room;
  /** All blocks of the subtask have been handed over. */
  onDone(subtask: number, checkpoint: number, times: SnapshotTimes): void;
}

/** No checkpoints are taken. */
export const NO_SNAPSHOTS: SnapshotListener = { onBlock: () => {}, onDone: () => {} };

/** Items that are not keyed are rows of this. */
export const ITEM_FIELDS: readonly Field[] = [{ name: 'item', kind: 'dynamic', nullable: false }];
const ITEM_SCHEMA = schemaOf(ITEM_FIELDS);

export function batchOfItems(items: readonly unknown[]): Batch {
  const builder = new BatchBuilder(ITEM_SCHEMA, items.length);
  for (const item of items) builder.appendRow({ item });
  return builder.seal();
}

/** The checkpoint that deltas may be written on, as the coordinator tells it; 0 for none. */
export type BaseCheckpoint = () => number;

const NO_BASE: BaseCheckpoint = () => 0;

/** The checkpoint, or savepoint, behind which the job is to stand still; 0 for none, or none any more. */
export type LastCheckpoint = () => number;

const NO_LAST: LastCheckpoint = () => 0;
const NONE = -1;

export class SubtaskSnapshot {
  readonly #subtask: number;
  readonly #listener: SnapshotListener;
  readonly #base: BaseCheckpoint;
  readonly #clock: Clock;
  readonly #last: LastCheckpoint;
  #standsStill = false;
  #checkpoint = NONE;
  #left: CaptureStep[] = [];
  #cutAt = 0;
  #alignmentMs = 0;
  /** By the monotonic clock. */
  #beganMs = 0;
  #capturedMs = 0;

  constructor(
    subtask: number,
    listener: SnapshotListener,
    base: BaseCheckpoint = NO_BASE,
    clock: Clock = systemClock,
    last: LastCheckpoint = NO_LAST,
  ) {
    this.#subtask = subtask;
    this.#listener = listener;
    this.#base = base;
    this.#clock = clock;
    this.#last = last;
  }

  /**
   * Whether the barrier behind which the job stops has come: what operators would do by the clock, or with results that come to
   * them, is left to the job that goes on from there, which does it again.
   */
  get standsStill(): boolean {
    if (this.#standsStill && this.#last() === 0) this.#standsStill = false;
    return this.#standsStill;
  }

  /** Whether there is something to write, or to say that it is done. */
  get isActive(): boolean {
    return this.#checkpoint !== NONE;
  }

  /** The barrier has come, so long behind the first of its channels. */
  begin(checkpoint: number, alignmentMs = 0): void {
    this.#checkpoint = checkpoint;
    // The last checkpoint may come behind a last savepoint, and others between.
    this.#standsStill ||= this.#last() === checkpoint;
    this.#left = [];
    this.#alignmentMs = alignmentMs;
    this.#cutAt = this.#clock.now();
    this.#beganMs = this.#capturedMs = this.#clock.monotonic();
  }

  /** The barrier has gone through the chain, as far as nothing held it up. */
  captured(): void {
    this.#capturedMs = this.#clock.monotonic();
  }

  get #times(): SnapshotTimes {
    const capturedMs = this.#capturedMs;
    return {
      cutAt: this.#cutAt,
      alignmentMs: this.#alignmentMs,
      pauseMs: capturedMs - this.#beganMs,
      writingMs: this.#clock.monotonic() - capturedMs,
    };
  }

  /** Where an operator writes its state. */
  writer(node: NodeId, checkpoint: number): SnapshotWriter {
    const listener = this.#listener;
    const subtask = this.#subtask;
    const base = this.#base();
    // What is kept for every checkpoint that comes has memory of its own.
    const room = checkpoint === AT_END ? undefined : listener.room;
    const write = (
      state: string,
      kind: 'keyed' | ListMode,
      batch: Batch,
      content: StateBlock['content'] = 'rows',
    ): void => {
      listener.onBlock(subtask, checkpoint, {
        node,
        state,
        kind,
        fields: batch.schema!.fields,
        rows: batch.rowCount,
        bytes: encodeToBytes(batch, room),
        content,
      });
    };
    return {
      checkpoint,
      base: base === 0 ? null : base,
      keyed: (state, batch) => write(state, 'keyed', batch),
      delta(state, content) {
        const bytes = new Uint8Array(0);
        const none = { kind: 'keyed', fields: [], rows: 0, bytes } as const;
        listener.onBlock(subtask, checkpoint, { node, state, ...none, content });
      },
      removed: (state, batch) => write(state, 'keyed', batch, 'removed'),
      items(state, mode, items) {
        if (items.length > 0) write(state, mode, batchOfItems(items));
      },
      rows: write,
      later: (step) => {
        this.#left.push(step);
      },
    };
  }

  /** Writes a slice; `isThrough` once the barrier has gone through the whole chain. True when something was done. */
  step(isThrough: boolean): boolean {
    const [next] = this.#left;
    if (next !== undefined) {
      if (next()) this.#left.shift();
      return true;
    }
    if (!isThrough) return false;
    const checkpoint = this.#checkpoint;
    this.#checkpoint = NONE;
    this.#listener.onDone(this.#subtask, checkpoint, this.#times);
    return true;
  }

  /** The subtask has come to its end, with whatever it had begun to write. */
  end(): void {
    if (this.isActive) while (this.step(true) && this.isActive);
    this.#listener.onDone(this.#subtask, AT_END, NO_TIMES);
  }
}
