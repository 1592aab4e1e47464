/** What the subtasks of a vertex have had to do with a checkpoint, as Flink shapes it: how large their parts are, what they took. */
import type { CheckpointPart } from '../job/job-metrics.ts';
import { checkpointRecord, SPREAD, STATES, spreadOf } from './checkpoint-routes.ts';
import type { JobRoute } from './rest.ts';
import { aFlag, aNumber, aTime, list, object, oneOf } from './schema.ts';
import { taskOf } from './vertex-routes.ts';

const PART = object({
  index: aNumber,
  status: oneOf('completed', 'pending_or_failed'),
  has_ended: aFlag,
  ack_timestamp: aTime,
  end_to_end_duration: aNumber,
  checkpointed_size: aNumber,
  state_size: aNumber,
  checkpoint: object({ sync: aNumber, async: aNumber }),
  alignment: object({ duration: aNumber }),
  start_delay: aNumber,
});

function partOf(part: CheckpointPart) {
  return {
    index: part.subtask,
    status: part.doneAt === null ? 'pending_or_failed' : 'completed',
    has_ended: part.hasEnded,
    ack_timestamp: part.doneAt ?? -1,
    end_to_end_duration: Math.round(part.durationMs),
    checkpointed_size: part.bytes,
    state_size: part.fullBytes,
    checkpoint: { sync: part.pauseMs, async: part.writingMs },
    alignment: { duration: part.alignmentMs },
    start_delay: part.startDelayMs,
  };
}

export const checkpointParts: JobRoute = {
  method: 'GET',
  path: '/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid',
  operationId: 'getCheckpointSubtasks',
  summary:
    'The parts of the subtasks of a vertex in one of the last checkpoints: sizes, the pause (sync), what was written beside other work (async), alignment; has_ended: it had come to its end before',
  changes: false,
  status: 200,
  answer: object({
    id: aNumber,
    status: oneOf(...Object.values(STATES)),
    latest_ack_timestamp: aTime,
    end_to_end_duration: aNumber,
    checkpointed_size: aNumber,
    state_size: aNumber,
    num_subtasks: aNumber,
    num_acknowledged_subtasks: aNumber,
    summary: object({
      checkpointed_size: SPREAD,
      state_size: SPREAD,
      end_to_end_duration: SPREAD,
      checkpoint_duration: object({ sync: SPREAD, async: SPREAD }),
      alignment: object({ duration: SPREAD }),
      start_delay: SPREAD,
    }),
    subtasks: list(PART),
  }),
  handle(call) {
    const record = checkpointRecord(call);
    const { id } = taskOf(call);
    const subtasks = record.parts.filter(({ task }) => task === id).map(partOf);
    const done = subtasks.filter(({ status }) => status === 'completed');
    const spread = (of: (part: (typeof done)[0]) => number) => spreadOf(done.map(of));
    const sum = (of: (part: (typeof done)[0]) => number): number =>
      done.reduce((total, part) => total + of(part), 0);
    return {
      id: record.id,
      status: STATES[record.state],
      latest_ack_timestamp: Math.max(-1, ...done.map((part) => part.ack_timestamp)),
      end_to_end_duration: Math.max(0, ...done.map((part) => part.end_to_end_duration)),
      checkpointed_size: sum((part) => part.checkpointed_size),
      state_size: sum((part) => part.state_size),
      num_subtasks: subtasks.length,
      num_acknowledged_subtasks: done.length,
      summary: {
        checkpointed_size: spread((part) => part.checkpointed_size),
        state_size: spread((part) => part.state_size),
        end_to_end_duration: spread((part) => part.end_to_end_duration),
        checkpoint_duration: {
          sync: spread(({ checkpoint }) => checkpoint.sync),
          async: spread(({ checkpoint }) => checkpoint.async),
        },
        alignment: { duration: spread(({ alignment }) => alignment.duration) },
        start_delay: spread((part) => part.start_delay),
      },
      subtasks,
    };
  },
};
