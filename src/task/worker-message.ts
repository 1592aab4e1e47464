/** What the calling thread tells a worker thread, and what it answers: plain data and shared memory. */
import type { ErrorDescription } from '../base/error-transport.ts';
import type { RingDescriptor } from '../channel/ring-channel.ts';
import type { NodeId } from '../graph/graph.ts';
import type { JobParams } from '../graph/job-registry.ts';
import type { CountersShape } from '../metrics/shared-counters.ts';
import type { StateCell } from '../metrics/state-numbers.ts';
import type { MetricCell } from '../metrics/user-metrics.ts';
import type { DeadLetter, PlainData } from '../operator/source.ts';
import type { RuntimeSettings, SourceSplits } from './deployment.ts';
import type { Answered } from './question.ts';
import type { RestoredSnapshot } from './restored-state.ts';
import type { SnapshotTimes, StateBlock } from './subtask-snapshot.ts';

/** How a thread finds the job, and builds the same graph. */
export type JobReference = {
  readonly url: string;
  readonly name: string;
  readonly params: JobParams;
  readonly collects: boolean;
  readonly fingerprint: string;
};

export type WorkerAssignment = {
  readonly job: JobReference;
  readonly worker: number;
  readonly threads: number;
  readonly parallelism: number;
  readonly chaining: boolean;
  readonly settings: RuntimeSettings;
  readonly splits: SourceSplits;
  /** The snapshot that the job starts from; null when it starts anew. */
  readonly restored: RestoredSnapshot | null;
  readonly rings: ReadonlyMap<number, RingDescriptor>;
  readonly counters: SharedArrayBuffer;
  readonly shape: CountersShape;
};

export type WorkerMessage =
  | {
      readonly type: 'committables';
      readonly subtask: number;
      readonly checkpoint: number;
      readonly node: NodeId;
      readonly committables: readonly PlainData[];
    }
  /** State of a subtask; its bytes change hands. */
  | {
      readonly type: 'block';
      readonly subtask: number;
      readonly checkpoint: number;
      readonly block: StateBlock;
    }
  | {
      readonly type: 'snapshotDone';
      readonly subtask: number;
      readonly checkpoint: number;
      readonly times: SnapshotTimes;
    }
  | { readonly type: 'metric'; readonly slot: number; readonly cell: MetricCell }
  | { readonly type: 'state'; readonly slot: number; readonly cell: StateCell }
  | { readonly type: 'skipped'; readonly record: DeadLetter }
  | { readonly type: 'splitRead'; readonly source: NodeId; readonly split: string }
  /** The thread has taken its state, and waits until the job starts; the blocks that it has verified by that, by their keys. */
  | { readonly type: 'restored'; readonly blocks: ReadonlySet<string> }
  | Answered
  | { readonly type: 'done' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'failed'; readonly error: ErrorDescription };
