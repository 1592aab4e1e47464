/** The view as lines: no more of them than the terminal has, none wider. Nothing here knows of a terminal. */
import { cutTo, oneLine } from '../../base/text-width.ts';
import { formatBytes, formatCount, formatDuration, formatTime, table } from '../format.ts';
import type { TopDetails, TopJob, TopTask, TopView } from './top.ts';

export type Size = { readonly columns: number; readonly rows: number };

const BAR = 10;

/** `keys`: what the keys do, in the last line; null where there are none. */
export function topText(view: TopView, size: Size, keys: string | null = null): string[] {
  const { jobs, silent, chosen } = view;
  const head = `millrace  ${formatTime(view.at)} UTC  ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}`;
  const body =
    jobs.length + silent.length === 0
      ? ['', 'no job runs here']
      : [...jobLines(jobs, chosen), ...silentLines(silent), ...detailLines(view)];
  const room = Math.max(1, size.rows - (keys === null ? 0 : 1));
  const lines = [head, ...body].slice(0, room);
  return [...lines, ...(keys === null ? [] : [keys])].map((line) => cutTo(line, size.columns));
}

function jobLines(jobs: readonly TopJob[], chosen: TopDetails | null): string[] {
  if (jobs.length === 0) return [];
  const titles = ['', 'id', 'name', 'state', 'for', 'records', 'records/s', 'where'];
  const rows = jobs.map((job) => [
    job.id === chosen?.id ? '>' : '',
    job.id,
    job.name,
    job.state,
    formatDuration(job.durationMs),
    formatCount(job.records),
    count(job.recordsPerSecond),
    job.where,
  ]);
  return ['', ...table(titles, rows).split('\n')];
}

function silentLines(silent: readonly number[]): string[] {
  return silent.length === 0 ? [] : ['', ...silent.map((pid) => `process ${pid} does not answer`)];
}

function detailLines({ jobs, chosen }: TopView): string[] {
  if (chosen === null) return [];
  const name = jobs.find(({ id }) => id === chosen.id)?.name ?? chosen.id;
  const titles = ['', 'task', 'subtasks', 'state', 'in/s', 'out/s', 'busy', 'held up', 'watermark'];
  const rows = chosen.tasks.map((task) => [
    task.id,
    task.name,
    String(task.parallelism),
    task.state,
    count(task.inPerSecond),
    count(task.outPerSecond),
    share(task.busy),
    share(task.backPressured),
    watermark(task),
  ]);
  const restarts = chosen.restarts === 0 ? '' : `, ${chosen.restarts} restarts`;
  return [
    '',
    `${oneLine(name)}: ${checkpointText(chosen)}${restarts}`,
    ...table(titles, rows).split('\n'),
  ];
}

function checkpointText({
  lastCheckpoint: last,
  completedCheckpoints,
  failedCheckpoints,
}: TopDetails) {
  if (last === null) return 'no checkpoint yet';
  const kind = last.isSavepoint ? 'savepoint' : 'checkpoint';
  const failed = failedCheckpoints === 0 ? '' : `, ${formatCount(failedCheckpoints)} failed`;
  return (
    `${kind} ${last.id} ${last.state} ${formatDuration(last.ageMs)} ago, took ${formatDuration(last.durationMs)}, ` +
    `${formatBytes(last.bytes)} written; ${formatCount(completedCheckpoints)} completed${failed}`
  );
}

function count(value: number | null): string {
  return value === null ? '-' : formatCount(value);
}

/** `███░░░░░░░ 30 %` */
function share(value: number | null): string {
  if (value === null) return '-';
  const full = Math.round(value * BAR);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${Math.round(value * 100)} %`;
}

function watermark({ watermark: at }: TopTask): string {
  if (at === null) return '-';
  return at === 'end' ? 'end' : formatTime(at);
}
