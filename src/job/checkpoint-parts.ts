/** The parts of the subtasks in a checkpoint, for those who watch the job: how large each is, and what it took. */
import type { OperatorManifest } from '../checkpoint/checkpoint.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { LogicalGraph } from '../graph/graph.ts';
import { allBlocks } from '../state/generations.ts';
import type { SnapshotTimes } from '../task/subtask-snapshot.ts';
import type { CheckpointPart } from './job-metrics.ts';

/** Where a part is of, and the uids of the operators that are in it. By the number of the subtask. */
export type PartPlace = {
  readonly task: number;
  readonly subtask: number;
  readonly uids: readonly string[];
};

export function partPlaces({ nodes }: LogicalGraph, execution: ExecutionGraph): PartPlace[] {
  const uids = execution.tasks.map(({ operators }) =>
    operators.flatMap((operator) => operator.nodes.map((node) => nodes[node]!.uid)),
  );
  return execution.subtasks.map(({ task, index }) => ({
    task,
    subtask: index,
    uids: uids[task]!,
  }));
}

/** When a part had come, and what its subtask says of it; null of one that had come to its end. */
type Done = {
  readonly at: number;
  readonly durationMs: number;
  readonly times: SnapshotTimes | null;
};

type Sizes = Pick<CheckpointPart, 'bytes' | 'fullBytes'>;

const NOTHING: Sizes = { bytes: 0, fullBytes: 0 };

export class CheckpointParts {
  readonly #places: readonly PartPlace[];
  readonly #startedAt: number;
  /** By the number of the subtask. */
  readonly #done = new Map<number, Done>();

  /** `startedAt`: of the checkpoint, in milliseconds since 1970 UTC. */
  constructor(places: readonly PartPlace[], startedAt: number) {
    this.#places = places;
    this.#startedAt = startedAt;
  }

  onDone(subtask: number, done: Done): void {
    this.#done.set(subtask, done);
  }

  /** As they are now. `operators`: of the manifest, where the checkpoint is complete. */
  list(operators: readonly OperatorManifest[] = []): CheckpointPart[] {
    const sizes = sizesOf(operators);
    return this.#places.map(({ task, subtask, uids }, number) => {
      const { at = null, durationMs = 0, times = null } = this.#done.get(number) ?? {};
      const { cutAt = 0, alignmentMs = 0, pauseMs = 0, writingMs = 0 } = times ?? {};
      const startDelayMs = Math.max(0, cutAt - Math.round(alignmentMs) - this.#startedAt);
      const own = uids.map((uid) => sizes.get(placeOf(uid, subtask)) ?? NOTHING);
      return {
        task,
        subtask,
        hasEnded: at !== null && times === null,
        doneAt: at,
        durationMs,
        startDelayMs,
        alignmentMs,
        pauseMs,
        writingMs,
        bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
        fullBytes: own.reduce((sum, { fullBytes }) => sum + fullBytes, 0),
      };
    });
  }
}

function placeOf(uid: string, subtask: number): string {
  return `${subtask} ${uid}`;
}

/** By operator and index of the subtask. */
function sizesOf(operators: readonly OperatorManifest[]): ReadonlyMap<string, Sizes> {
  const sizes = new Map<string, Sizes>();
  for (const { uid, states } of operators) {
    for (const part of states.flatMap(({ parts }) => parts)) {
      const place = placeOf(uid, part.subtask);
      let { bytes, fullBytes } = sizes.get(place) ?? NOTHING;
      for (const block of allBlocks(part)) {
        fullBytes += block.bytes;
        if (block.checkpoint === '') bytes += block.bytes;
      }
      sizes.set(place, { bytes, fullBytes });
    }
  }
  return sizes;
}
