/** What is told of a checkpoint that takes too long: what it still waits for. */
import { EngineError } from '../base/errors.ts';
import { TOLD_TASKS_MAX } from '../base/limits.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';

/** `isMissing`: whether the part of a subtask, by its number, has not come. */
export function timeoutError(
  id: number,
  timeoutMs: number,
  execution: ExecutionGraph,
  isMissing: (subtask: number) => boolean,
): EngineError {
  const waitsFor = missingText(execution, isMissing);
  const why =
    waitsFor === null
      ? 'all parts have come, and are being written; raise checkpoints.timeout, or look at the disk'
      : `it waits for ${waitsFor}: a step may be slow, or wait for a sink that is; raise checkpoints.timeout, or look at ` +
        'where records wait';
  return new EngineError(
    'CHECKPOINT_TIMEOUT',
    `checkpoint ${id} was not complete after ${timeoutMs} ms: ${why}`,
    { retryable: true },
  );
}

/** The first tasks, in the order of their records, and which of their subtasks; null for none. */
function missingText(
  { tasks, subtasks }: ExecutionGraph,
  isMissing: (subtask: number) => boolean,
): string | null {
  const late = tasks.flatMap((task) => {
    const indexes = subtasks
      .filter((one) => one.task === task.id && isMissing(one.id))
      .map(({ index }) => index);
    if (indexes.length === 0) return [];
    const which = indexes.length === task.parallelism ? 'all subtasks' : `subtask ${indexes[0]}`;
    const more = indexes.length === task.parallelism ? 0 : indexes.length - 1;
    return [`'${task.name}' (${which}${more === 0 ? '' : ` and ${more} more`})`];
  });
  if (late.length === 0) return null;
  const others = late.length - TOLD_TASKS_MAX;
  return `${late.slice(0, TOLD_TASKS_MAX).join(', ')}${others <= 0 ? '' : ` and ${others} more`}`;
}
