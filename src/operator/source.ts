/**
 * Where records come from: a source is cut into splits, a split is read by one reader at a time.
 *
 *   calling thread   discoverSplits once a job; discovery.findSplits again and again, where the source has it
 *   source subtask   createReader(split) → poll* → (finish → poll*) → close, for one split after the other
 *   calling thread   commitPlaces, when a checkpoint is complete, where the source has it
 *
 * A source object is made anew in each thread by the user's module, so it may hold functions; `descriptor` is
 * what the graph knows of it. Splits and positions are plain data: they cross threads and go into snapshots.
 */
import type { Clock } from '../base/clock.ts';
import type { Batch } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Schema } from '../data/schema.ts';

/** JSON-like data: what the graph, splits and positions are made of. */
export type PlainData =
  | null
  | boolean
  | number
  | string
  | readonly PlainData[]
  | { readonly [key: string]: PlainData };

export type SourceSplit = {
  /** Unique and stable over runs: positions are found again by it. */
  readonly id: string;
  /** Share of the whole input, in any one unit (bytes, rows); 0 when not known. */
  readonly weight: number;
  /** What the source itself needs to find the split. */
  readonly detail: PlainData;
  /** Number of its stage, from 0, where the source has several. */
  readonly stage?: number;
};

/** How a source finds splits that come later; it has no end. */
export type SourceDiscovery = {
  /** Time from one look to the next. */
  readonly everyMs: number;
  /**
   * All splits that there are now, for so many subtasks, of the last stage. Those with an id that is not known yet are read; one
   * that has been read is remembered as long as it is among them, over restarts too. Where it rejects, it is asked again at its time.
   */
  findSplits(parallelism: number): Promise<readonly SourceSplit[]>;
};

/**
 * inOrder: splits are given one at a time, in order, to whichever subtask is free: for input that lies one behind
 * the other, such as the parts of files. spread: split n belongs to subtask n mod parallelism, which reads all of
 * its splits side by side and merges their watermarks: for input that goes on at the same time everywhere.
 */
export type SourceAssignment = 'inOrder' | 'spread';

/** A record of the input that is malformed. */
export type DeadLetter = {
  readonly file: string;
  /** Where it is, as an error would say: 'flights.csv:12'. */
  readonly place: string;
  /** Number of its line, from 1; null where that is not known, as in a later part of a large file. */
  readonly line: number | null;
  /** Where its line begins; null where records are no lines. */
  readonly byte: number | null;
  /** What is wrong. */
  readonly reason: string;
  /** The record, up to 64 KiB of it. */
  readonly text: string;
};

export interface SplitReaderContext {
  readonly clock: Clock;
  /** Calls `poll` again after it had answered 'idle'. */
  wake(): void;
  /** Takes a record that was left out because it is malformed: it is counted, and goes to the dead letters. */
  malformed(record: DeadLetter): void;
  /** Counts bytes that have come from outside; left out where nobody counts. */
  read?(bytes: number): void;
}

/** How far a split has been read: a new reader would start at `position`. */
export type SplitPlace = { readonly split: string; readonly position: PlainData };

/** 'idle': nothing now, `wake` will be called or `wakeAtMs` comes. 'end': nothing any more. */
export type PollResult = Batch | 'idle' | 'end';

export interface SplitReader {
  /**
   * Up to one batch (BATCH_ROWS rows, about BATCH_BYTES bytes), transient until the next poll. Bounded work, without waiting; a reader with
   * asynchronous input answers 'idle' and wakes the subtask when it has something.
   */
  poll(): PollResult;
  /** When an idle reader wants to be polled again, in ms of the clock's `now`; Infinity for at `wake`. */
  readonly wakeAtMs: number;
  /**
   * Whether it needs its thread's event loop now, whatever its subtask does, as one that listens does. Left out: only while it is
   * idle until `wake`.
   */
  readonly waitsForEvents?: boolean;
  /** Where a new reader must start to give exactly what this one has not given yet. */
  position(): PlainData;
  /**
   * Whether it has given all that it gives, and only its 'end' is left: a snapshot then has the split as read, and nobody reads on
   * from its position. Left out where a reader from there has nothing to give.
   */
  readonly hasEnded?: boolean;
  /** Share of the split that has been read, 0 to 1. */
  progress(): number;
  /**
   * Takes nothing more from outside, since the job is drained; what has come already is still given, until 'end'. Left out where nothing
   * waits in it: then it is closed at once.
   */
  finish?(): void;
  close(): void;
}

/** `Row` is the type of the rows, for the compiler only. */
export interface Source<Row = unknown> {
  /** Default name of the operator, such as 'files'. */
  readonly name: string;
  /** Sources of one kind read on from each other's positions. Left out: those of its name. */
  readonly kind?: string;
  readonly descriptor: PlainData;
  /** Null: free-form rows. */
  readonly schema: Schema<Row> | null;
  readonly isBounded: boolean;
  /** Whether malformed records go to a stream of their own, `stream.deadLetters()`. */
  readonly hasDeadLetters?: boolean;
  /** Read by one subtask in the calling thread, where the program is. */
  readonly isCallers?: boolean;
  /** A list is one of stages: each begins when all splits of the one before have been read. */
  readonly assignment: SourceAssignment | readonly SourceAssignment[];
  /** All splits of the input, for so many subtasks. */
  discoverSplits(parallelism: number): Promise<readonly SourceSplit[]>;
  /** Left out where all splits are there when the job starts. */
  readonly discovery?: SourceDiscovery;
  /** `position` is null at the start of the split. */
  createReader(split: SourceSplit, position: PlainData, context: SplitReaderContext): SplitReader;
  /**
   * Tells those outside how far splits have been read, in the calling thread: when a checkpoint is complete, when a bounded job is, and
   * again when a job goes on from a checkpoint; the later place of a split last. Where reading goes on is not asked there: the checkpoint
   * has it. So a failure is a warning. Left out where nobody outside is told.
   */
  commitPlaces?(places: readonly SplitPlace[]): Promise<void>;
  /** The loops that its readers generate, without looking at the input; left out where there are none. */
  readLoops?(): readonly GeneratedLoop[];
}
