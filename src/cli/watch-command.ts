/** `millrace list`, `info`, `checkpoints` and `cancel`: running jobs from another terminal. */
import { oneLine } from '../base/text-width.ts';
import { type AnswerFlags, answer } from './answer.ts';
import { formatBytes, formatCount, formatDuration, formatTime, table } from './format.ts';
import type { JobCheckpoints, JobInfo } from './job-answers.ts';
import { findRunningJob, runningJobs } from './running-jobs.ts';

/** In a list, of a process that takes questions and does not answer them. */
const NOT_ANSWERING = {
  id: null,
  name: null,
  state: 'NOT ANSWERING',
  durationMs: null,
  records: null,
} as const;

export function listCommand(url: string | null, flags: AnswerFlags): Promise<number> {
  const find = async () => {
    const { jobs, silent } = await runningJobs(url);
    return [
      ...jobs.map(({ jid, name, state, duration, records, where }) => ({
        id: jid,
        name,
        state,
        durationMs: duration,
        records,
        where,
      })),
      ...silent.map((pid) => ({ ...NOT_ANSWERING, where: `process ${pid}` })),
    ];
  };
  return answer(flags, find, (jobs) =>
    jobs.length === 0
      ? 'no job runs here'
      : table(
          ['id', 'name', 'state', 'since', 'records', 'where'],
          jobs.map(({ id, name, state, durationMs, records, where }) => [
            id ?? '',
            name ?? '',
            state,
            durationMs === null ? '' : formatDuration(durationMs),
            records === null ? '' : formatCount(records),
            where,
          ]),
        ),
  );
}

export function infoCommand(job: string, flags: AnswerFlags): Promise<number> {
  const find = async (): Promise<JobInfo> => await (await findRunningJob(job)).ask('GET', '');
  return answer(flags, find, (info) => {
    const { jid, name, state, duration, records, restarts, vertices } = info;
    const head = `${oneLine(name)} (${jid}): ${state} for ${formatDuration(duration)}, ${formatCount(records)} records, ${restarts} restarts`;
    const rows = vertices.map(({ id, name: task, parallelism, status, metrics }) => [
      id,
      task,
      String(parallelism),
      status,
      formatCount(metrics['read-records']!),
      formatCount(metrics['write-records']!),
      ...sharesOf(metrics),
    ]);
    const titles = ['', 'task', 'subtasks', 'state', 'in', 'out', 'busy', 'held up'];
    return `${head}\n\n${table(titles, rows)}`;
  });
}

/** Of the time since the attempt began. */
function sharesOf(metrics: Readonly<Record<string, number>>): string[] {
  const busy = metrics['accumulated-busy-time']!;
  const held = metrics['accumulated-backpressured-time']!;
  const all = Math.max(1, busy + held + metrics['accumulated-idle-time']!);
  return [busy, held].map((ms) => `${Math.round((100 * ms) / all)} %`);
}

export function checkpointsCommand(job: string, flags: AnswerFlags): Promise<number> {
  const find = async (): Promise<JobCheckpoints> =>
    await (await findRunningJob(job)).ask('GET', '/checkpoints');
  return answer(flags, find, ({ counts, history }) => {
    const head = `${counts.completed} completed, ${counts.failed} failed, ${counts.in_progress} in progress`;
    if (history.length === 0) return head;
    const rows = history.map((one) => [
      String(one.id),
      one.is_savepoint ? 'savepoint' : 'checkpoint',
      one.status,
      formatTime(one.trigger_timestamp),
      formatDuration(one.end_to_end_duration),
      formatBytes(one.checkpointed_size),
      formatBytes(one.state_size),
      one.external_path ?? one.failure_message ?? '',
    ]);
    const titles = ['id', 'kind', 'state', 'begun (UTC)', 'took', 'written', 'state of', 'where'];
    return `${head}\n\n${table(titles, rows)}`;
  });
}

export function cancelCommand(job: string, flags: AnswerFlags): Promise<number> {
  const find = async () => {
    const found = await findRunningJob(job);
    await found.ask('PATCH', '?mode=cancel');
    return { id: found.jid, name: found.name };
  };
  return answer(flags, find, ({ id, name }) => `${oneLine(name)} (${id}) is being cancelled`);
}
