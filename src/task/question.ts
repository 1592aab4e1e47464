/**
 * What those who watch a job ask of one of its threads: its stacks, the records that pass, the state of a key; and what it is told:
 * splits that a source has found. A thread takes up
 * what it is asked between two rounds of its subtasks, so that nothing is locked, and nothing is done where nobody asks.
 *
 *   asker    the question by message → a word of shared memory raised → wake
 *   thread   sees the word → takes a turn of its event loop, which brings the message → answers by message
 */
import type { ErrorDescription } from '../base/error-transport.ts';
import type { ShownValue } from '../base/shown-value.ts';
import type { NodeId } from '../graph/graph.ts';
import type { StateSize } from '../operator/state-look.ts';
import type { FoundSplits } from './split-state.ts';

export type Question =
  | { readonly type: 'startProfile'; readonly intervalUs: number }
  /** Answer: StackSample[]. */
  | { readonly type: 'stopProfile' }
  | { readonly type: 'startTap'; readonly exchange: number; readonly records: number }
  /** Takes what has passed since it was asked the last time. Answer: TappedRecords. */
  | { readonly type: 'readTap'; readonly exchange: number }
  | { readonly type: 'stopTap'; readonly exchange: number }
  /** Answer: StatesOfOperator[]. */
  | { readonly type: 'states' }
  /** Answer: StateOfKey; null where this thread has nothing of the key. */
  | {
      readonly type: 'lookUp';
      readonly node: NodeId;
      readonly state: string;
      readonly key: unknown;
    }
  /** Tells the subtasks of a source what was found. Answer: null. */
  | { readonly type: 'foundSplits'; readonly source: NodeId; readonly found: FoundSplits };

export type Asked = { readonly type: 'question'; readonly id: number; readonly question: Question };

export type Answered = {
  readonly type: 'answer';
  readonly id: number;
  readonly answer: unknown;
  readonly error: ErrorDescription | null;
};

/** A stack, outermost frame first, and in how many looks it was there. */
export type StackSample = {
  /** The subtask that was at work; null for none. */
  readonly subtask: number | null;
  readonly frames: readonly string[];
  readonly count: number;
};

/** Records, and how many have passed in the batches that they are of. */
export type TappedRecords = { readonly records: readonly ShownValue[]; readonly passed: number };

/** Of one operator in one subtask. */
export type StatesOfOperator = {
  readonly node: NodeId;
  readonly subtask: number;
  /** Null where there are too many to count. */
  readonly keys: number | null;
  readonly states: readonly StateSize[];
};

export type StateOfKey = { readonly subtask: number; readonly value: ShownValue };

/** What the loop of a thread has to do with questions. */
export interface QuestionTurn {
  /** Whether there are some that have not been seen. */
  readonly isAsked: boolean;
  /** Lets them come in; resolves when they are answered. */
  turn(): Promise<void>;
}
