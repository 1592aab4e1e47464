/**
 * A subtask as its worker sees it: something that can take a bounded step.
 *
 *   open → begin → step* → close
 *
 * All calls come from the worker's thread. Between open and begin the whole job takes its state (worker.ts). A step does about one batch of work and says whether anything moved;
 * a worker whose subtasks all report that nothing moved sends partial batches (`flush`), and then sleeps until
 * a channel, the clock (`wakeAtMs`) or `wake` gives a subtask something to do.
 */
export interface Steppable {
  readonly id: number;
  readonly name: string;
  /** All input is processed and all output has left. */
  readonly isDone: boolean;
  open(): void;
  begin(): void;
  /** True when something moved. */
  step(): boolean;
  /** Whether the last step could take no input: its output has no room, or what is behind it is busy. */
  readonly isHeldUp: boolean;
  /** Tells functions that listen what has become of checkpoints; true when there was something. Left out where none may. */
  tellCheckpoints?(): boolean;
  /** Sends partial batches at once; true when there were any. */
  flush(): boolean;
  /** When the clock alone gives this subtask work, in ms of `now`; Infinity for never. */
  readonly wakeAtMs: number;
  /** Whether it waits for the event loop of its thread: asynchronous input or output. */
  readonly waitsForEvents: boolean;
  close(): void;
}

/** Where the elements of a subtask come from: channels, or the splits of a source. */
export interface TaskInput {
  readonly hasEnded: boolean;
  /** Hands over about one batch, or a part of a slow one, or one control element; false when there is none now. */
  poll(): boolean;
  /**
   * The same for a control element other than the end, where one is next: for a chain that takes no batch now. A source hands
   * over barriers, and what belongs to time.
   */
  pollControl(): boolean;
  /** When that is due by the clock, in ms of `now`; Infinity for never. */
  readonly controlAtMs: number;
  /**
   * Hands over the barrier of an unaligned checkpoint that was asked for, whether there is room for its output or not; false
   * when there is none.
   */
  overtake(): boolean;
  /** Records for such a checkpoint what has come of what is in flight; true when there is nothing more to record. */
  record(): boolean;
  readonly wakeAtMs: number;
  readonly waitsForEvents: boolean;
  close(): void;
}
