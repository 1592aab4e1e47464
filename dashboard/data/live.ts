/**
 * The job as it is now. One stream of events feeds all pages; it is closed while nobody looks at them, opened again when it
 * breaks, and the job asked for anew where another attempt, or another process, may have changed it.
 */
import { eventStream } from './event-stream.ts';
import { NO_POINTS, type Points, withPoint } from './history.ts';
import { type Rates, ratesOver, withRecent } from './rates.ts';
import { messageOf, request } from './request.ts';
import { chosenJob } from './route.ts';
import type { Job, JobState, JobSummary, Jobs, Progress } from './shapes.ts';
import { Store } from './store.ts';

export type Connection = 'connecting' | 'open' | 'lost' | 'ended';

export type Live = {
  readonly connection: Connection;
  /** Why it is lost; null otherwise. */
  readonly problem: string | null;
  /** Those of the process: mostly one. */
  readonly jobs: readonly JobSummary[];
  readonly job: Job | null;
  readonly progress: Progress | null;
  /** The last seconds of it. */
  readonly recent: readonly Progress[];
  /** Over these seconds; null before there is more than one moment. */
  readonly rates: Rates | null;
  readonly points: Points;
};

const RETRY_MS = 1000;
/** After the end of a job another one may come to the same port. */
const RETRY_ENDED_MS = 5000;

export const live = new Store<Live>({
  connection: 'connecting',
  problem: null,
  jobs: [],
  job: null,
  progress: null,
  recent: [],
  rates: null,
  points: NO_POINTS,
});

function change(parts: Partial<Live>): void {
  live.set({ ...live.value, ...parts });
}

/** Goes on as long as the page is open. */
export function watch(): void {
  let aborted: AbortController | null = null;
  const begin = (): void => {
    aborted?.abort();
    aborted = null;
    if (document.hidden) return;
    aborted = new AbortController();
    void follow(aborted.signal);
  };
  document.addEventListener('visibilitychange', begin);
  begin();
}

async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const end = await once(signal);
    if (signal.aborted) return;
    const wasEnded = live.value.connection === 'ended';
    if (end === 'ended') change({ connection: 'ended', problem: null });
    else if (!wasEnded) change({ connection: 'lost', problem: end });
    await pause(live.value.connection === 'ended' ? RETRY_ENDED_MS : RETRY_MS, signal);
  }
}

/** 'ended' when the job has, otherwise why there are no more events. */
async function once(signal: AbortSignal): Promise<string> {
  try {
    const { jid, state } = await loadJob(signal);
    if (isOver(state)) {
      // The last event that was seen is of a time when it ran.
      const { progress } = live.value;
      if (progress !== null) change({ progress: { ...progress, state } });
      return 'ended';
    }
    for await (const { name, data } of eventStream(`events?job=${jid}`, signal)) {
      await onProgress(JSON.parse(data) as Progress, signal);
      if (name === 'end') return 'ended';
    }
    return 'the stream of events has ended';
  } catch (error) {
    return messageOf(error);
  }
}

async function loadJob(signal: AbortSignal): Promise<Job> {
  const { jobs } = await request<Jobs>('jobs/overview', { signal });
  change({ jobs });
  const id = idAmong(jobs);
  if (id === null) throw new Error('no job runs here');
  const job = await request<Job>(`jobs/${id}`, { signal });
  const before = live.value.job;
  const isOther = before?.jid !== job.jid || before['start-time'] !== job['start-time'];
  change(isOther ? { job, progress: null, recent: [], rates: null, points: NO_POINTS } : { job });
  return job;
}

/** The job that the address names, or that is shown already, or one that runs; null where there is none. */
function idAmong(jobs: readonly JobSummary[]): string | null {
  const chosen = chosenJob() ?? live.value.job?.jid;
  if (chosen !== undefined && jobs.some(({ jid }) => jid === chosen)) return chosen;
  return (jobs.find(({ state }) => !isOver(state)) ?? jobs[0])?.jid ?? null;
}

export function isOver(state: JobState): boolean {
  return state !== 'RUNNING' && state !== 'RESTARTING';
}

async function onProgress(progress: Progress, signal: AbortSignal): Promise<void> {
  const { progress: before, job, points } = live.value;
  const isNewAttempt = before !== null && before.restarts !== progress.restarts;
  if (isNewAttempt || job?.vertices.length !== progress.vertices.length) await loadJob(signal);
  const recent = withRecent(live.value.recent, progress);
  const rates = ratesOver(recent);
  change({
    connection: 'open',
    problem: null,
    progress,
    recent,
    rates,
    points: before?.now === progress.now ? points : withPoint(live.value.points, progress, rates),
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
