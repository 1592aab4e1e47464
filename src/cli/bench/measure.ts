/** Measures a job that has just been started, from its first record on. */
import { delay } from '../../base/event-loop.ts';
import type { WatchedJob } from '../../job/job.ts';
import type { TaskMetrics } from '../../job/job-metrics.ts';
import type { BusiestTask, Measurement } from './bench.ts';

/** How often it looks for the first record. */
const LOOK_MS = 2;

/** A moment of the whole process: milliseconds since it began, and of all its threads. */
type Moment = { readonly ms: number; readonly cpuMs: number };

/** Until it ends, or for `durationMs` from its first record, when it is cancelled. Rejects where the job fails. */
export async function measureJob(job: WatchedJob, durationMs: number | null): Promise<Measurement> {
  const started = now();
  const ended = job.result();
  // Awaited further below, where it may have failed long before.
  ended.catch(() => {});
  const first = await firstRecord(job, started);
  const begin = first ?? started;
  const isCut = durationMs !== null && (await isRunningAfter(durationMs, ended));
  if (!isCut) await ended;
  const end = now();
  const { records } = job.status();
  if (isCut) await cancelled(job, ended);
  const { tasks, threads } = job.metrics();
  const busyMs = sum(threads.map((thread) => thread.busyMs));
  return {
    job: job.name,
    threads: job.config.threads,
    parallelism: job.config.parallelism,
    records,
    wallMs: end.ms - begin.ms,
    cpuMs: end.cpuMs - begin.cpuMs,
    startUpMs: first?.ms ?? null,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    gcShare: share(sum(threads.map((thread) => thread.gcMs)), busyMs),
    busiest: busiestOf(tasks),
  };
}

function now(): Moment {
  const { user, system } = process.cpuUsage();
  return { ms: performance.now(), cpuMs: (user + system) / 1000 };
}

/** The look before of a job that has read all of its input, and ended, between two looks; null where it has read none. */
async function firstRecord(job: WatchedJob, started: Moment): Promise<Moment | null> {
  for (let before = started; ; before = now()) {
    const { state, records } = job.status();
    if (state !== 'running') return records > 0 ? before : null;
    if (records > 0) return now();
    await delay(LOOK_MS);
  }
}

async function isRunningAfter(ms: number, ended: Promise<unknown>): Promise<boolean> {
  return await Promise.race([ended.then(() => false), delay(ms).then(() => true)]);
}

async function cancelled(job: WatchedJob, ended: Promise<unknown>): Promise<void> {
  await job.cancel();
  await ended.catch(() => {});
}

function busiestOf(tasks: readonly TaskMetrics[]): BusiestTask | null {
  const all = tasks.map(({ name, subtasks }) => {
    const busy = sum(subtasks.map((one) => one.busyMs));
    const held = sum(subtasks.map((one) => one.backPressuredMs));
    const whole = busy + held + sum(subtasks.map((one) => one.idleMs));
    return { name, busy: share(busy, whole), backPressured: share(held, whole) };
  });
  return all.sort((a, b) => b.busy - a.busy)[0] ?? null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.min(1, part / whole);
}
