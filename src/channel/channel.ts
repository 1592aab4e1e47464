/**
 * A channel carries elements from one producer subtask to one consumer subtask, in order.
 *
 *   producer   put* / control* → publish          consumer   peek → batch | value → release
 *
 * Each end belongs to one thread. A writer never refuses: what finds no room waits at the writer, and
 * `isReady` is false until `retry` has moved all of it; the producing subtask takes no new input meanwhile, so
 * at most the output of one step waits. Nor is it ready while as much waits as the consumer has asked for (backlog.ts).
 * Two forms: within a worker a short queue that hands batches over (local-channel.ts), between workers a ring in shared
 * memory (ring-channel.ts).
 */
import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';

export const NOTHING = 0;
export const BATCH = 1;
export const WATERMARK = 2;
export const IDLE = 3;
export const ACTIVE = 4;
export const END = 5;
/** The cut of a checkpoint: what is before it belongs to it. */
export const BARRIER = 6;
/** The cut of an unaligned checkpoint, which overtakes what is on its way (in-flight.ts). */
export const OVERTAKING_BARRIER = 7;

/** Kinds of elements; a watermark has a value, and barriers the number of their checkpoint. */
export type ElementKind =
  | typeof NOTHING
  | typeof BATCH
  | typeof WATERMARK
  | typeof IDLE
  | typeof ACTIVE
  | typeof END
  | typeof BARRIER
  | typeof OVERTAKING_BARRIER;

export function isBarrier(kind: number): boolean {
  return kind === BARRIER || kind === OVERTAKING_BARRIER;
}

export type ControlKind = Exclude<ElementKind, typeof NOTHING | typeof BATCH>;

export interface ChannelWriter {
  readonly isReady: boolean;
  /** About so many rows shall wait at most, as the consumer has asked; Infinity for as many as there is room for. */
  readonly rowsMax: number;
  /** Takes a batch; a transient one is copied or encoded before the call returns. */
  put(batch: Batch): void;
  /** Takes the rows of a builder and returns an empty one for the next rows, the same or another. */
  putBuilt(builder: BatchBuilder): BatchBuilder;
  control(kind: ControlKind, value: number): void;
  /**
   * Sends an overtaking barrier in front of what waits for room, and returns the batches it overtook: they are part of the
   * checkpoint, though they come behind it.
   */
  overtake(checkpoint: number): readonly Batch[];
  /** Moves what waits, as far as there is room; true when something moved. */
  retry(): boolean;
  /** Lets the consumer see what was put. */
  publish(): void;
}

export interface ChannelReader {
  /** Kind of the next element, or NOTHING. */
  peek(): ElementKind;
  /** The batch that was peeked; readable until `release`. */
  batch(): Batch;
  /** The value of the watermark, or barrier, that was peeked. */
  value(): number;
  release(): void;
  /** Asks the producer to have no more than about so many rows wait. */
  limit(rows: number): void;
  /**
   * Shows all batches from the next on, before they are taken and as far as they have come at each `peek`, up to the
   * barrier of this checkpoint, overtaking or not, or the end. In the place of an older recording.
   */
  record(checkpoint: number, show: (batch: Batch) => void): void;
  /** Whether the barrier has yet to come. */
  readonly isRecording: boolean;
  stopRecording(): void;
}
