/** What checkpoints were like, what the last one keeps, and what was committed behind them. */
import type { CheckpointPart, JobMetrics } from '../job/job-metrics.ts';
import { type Families, seconds } from './families.ts';

export function addCheckpoints(out: Families, { checkpoints, commits }: JobMetrics): void {
  const { completed, failed, restored, lastCompleted: last } = checkpoints;
  out.add('checkpoints_completed_total', 'counter', 'Checkpoints and savepoints.', [
    [{}, completed],
  ]);
  out.add('checkpoints_failed_total', 'counter', 'Those that have failed.', [[{}, failed]]);
  out.add('checkpoints_restored_total', 'counter', 'Times that the job went on from one.', [
    [{}, restored],
  ]);
  out.add('last_checkpoint_duration_seconds', 'gauge', 'Duration of the last checkpoint.', [
    [{}, seconds(last?.durationMs ?? null)],
  ]);
  out.add('last_checkpoint_written_bytes', 'gauge', 'State that it has written.', [
    [{}, last?.bytes ?? null],
  ]);
  out.add('last_checkpoint_state_bytes', 'gauge', 'State that it refers to.', [
    [{}, last?.fullBytes ?? null],
  ]);
  const longest = (of: (part: CheckpointPart) => number): number | null =>
    last === null ? null : seconds(Math.max(0, ...last.parts.map(of)));
  out.add('last_checkpoint_pause_seconds', 'gauge', 'Longest time that a subtask stood still.', [
    [{}, longest((part) => part.pauseMs)],
  ]);
  out.add('last_checkpoint_alignment_seconds', 'gauge', 'Longest wait for the last barrier.', [
    [{}, longest((part) => part.alignmentMs)],
  ]);
  const operators = (last?.operators ?? []).map((operator) => {
    const { uid, name } = operator;
    return { labels: { uid, operator: name }, operator };
  });
  out.add(
    'last_checkpoint_operator_bytes',
    'gauge',
    'State of an operator, of which it tells.',
    operators.map(({ labels, operator }) => [labels, operator.fullBytes]),
  );
  out.add(
    'last_checkpoint_operator_rows',
    'gauge',
    'Rows of that: keys, windows of keys, items of lists.',
    operators.map(({ labels, operator }) => [labels, operator.rows]),
  );
  const states = operators.flatMap(({ labels, operator }) =>
    operator.states.map((state) => ({ labels: { ...labels, state: state.name }, state })),
  );
  out.add(
    'last_checkpoint_operator_state_bytes',
    'gauge',
    'Each state of it.',
    states.map(({ labels, state }) => [labels, state.fullBytes]),
  );
  out.add(
    'last_checkpoint_operator_state_rows',
    'gauge',
    'Rows of that.',
    states.map(({ labels, state }) => [labels, state.rows]),
  );
  out.add('last_checkpoint_timestamp_seconds', 'gauge', 'When it began.', [
    [{}, seconds(last?.startedAt ?? null)],
  ]);
  out.add(
    'sink_commits_total',
    'counter',
    'What sinks had prepared, such as part files, and have committed.',
    commits.map(({ uid, name, committed }) => [{ uid, operator: name }, committed]),
  );
}
